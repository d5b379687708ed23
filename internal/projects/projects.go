package projects

// ReadMode says how much a read trusts the mirror.
type ReadMode string

// The read modes.
const (
	// Verified compares the mirror with one DescribeStacks per stack and reads the templates where they disagree.
	Verified ReadMode = "verified"
	// Cached takes the mirror as it is; templates are read only when it has nothing.
	Cached ReadMode = "cached"
	// Authoritative reads the templates and leaves the mirror aside.
	Authoritative ReadMode = "authoritative"
)
