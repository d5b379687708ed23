// Package layout holds tests, and nothing else: which package may import which, and how many methods a type may have.
package layout
