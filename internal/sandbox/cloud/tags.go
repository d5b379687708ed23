package cloud

import (
	"strings"
	"unicode"
)

// TagCharacters reports whether a text has only the characters that AWS generally allows in tags:
// letters, digits, spaces and _ . : / = + - @ (AWS General Reference, "Tag naming limits and
// requirements"; the pattern of the models of IAM, SSM and CloudWatch Logs).
func TagCharacters(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool {
		return !unicode.In(r, unicode.L, unicode.Z, unicode.N) && !strings.ContainsRune("_.:/=+-@", r)
	}) < 0
}
