// Package layout contains only tests: which package may import which, and how many methods a type
// may have.
package layout
