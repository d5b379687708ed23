// Package layout contains only tests: which package may import which, how many methods a type may
// have, and how many lines a file and a function.
package layout
