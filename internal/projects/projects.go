package projects

// ReadMode defines how far a read trusts the mirror.
type ReadMode string

// The read modes.
const (
	// Verified compares the mirror with one DescribeStacks per stack and reads the templates that
	// differ.
	Verified ReadMode = "verified"
	// Cached uses the mirror unchecked; templates are read only when it has nothing.
	Cached ReadMode = "cached"
	// Authoritative reads the templates and ignores the mirror.
	Authoritative ReadMode = "authoritative"
)
