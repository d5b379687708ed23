package cloud

import (
	"strings"
	"unicode"
)

// Tag is a tag in the properties of a resource.
type Tag struct{ Key, Value string }

// Retag replaces a template's former tags by its own in the tags of a resource. Other tags stay,
// such as the stack's.
func Retag(all map[string]string, former, own []Tag) {
	for _, t := range former {
		delete(all, t.Key)
	}
	for _, t := range own {
		all[t.Key] = t.Value
	}
}

// TagCharacters reports whether a text has only the characters that AWS generally allows in tags:
// letters, digits, spaces and _ . : / = + - @ (AWS General Reference, "Tag naming limits and
// requirements"; the pattern of the models of IAM, SSM and CloudWatch Logs).
func TagCharacters(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool {
		return !unicode.In(r, unicode.L, unicode.Z, unicode.N) && !strings.ContainsRune("_.:/=+-@", r)
	}) < 0
}
