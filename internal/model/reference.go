package model

import "strings"

// referenceReason explains why a text with a dynamic reference is refused.
const referenceReason = "must not hold a dynamic reference ({{resolve:...}}): CloudFormation would put the value that it names in its place"

// HoldsReference reports whether CloudFormation would replace a part of a text by the value of a
// parameter or secret, in plain text wherever the text is used (CloudFormation user guide,
// dynamic-references).
func HoldsReference(text string) bool { return strings.Contains(strings.ToLower(text), "{{resolve:") }

// referenceProblems reports the texts of a field that contain a dynamic reference.
func referenceProblems(field string, texts ...string) []Problem {
	for _, text := range texts {
		if HoldsReference(text) {
			return []Problem{{field, referenceReason}}
		}
	}
	return nil
}
