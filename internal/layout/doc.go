// Package layout holds a test, and nothing else: which package may import which.
package layout
