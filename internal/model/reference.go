package model

import "strings"

// referenceReason tells why a text with a dynamic reference is refused.
const referenceReason = "must not hold a dynamic reference ({{resolve:...}}): CloudFormation would put the value that it names in its place"

// HoldsReference reports whether CloudFormation would replace a part of a text by what a dynamic reference names: a parameter's
// value or a secret, which would then stand in plain text wherever the text goes (CloudFormation user guide, dynamic-references).
func HoldsReference(text string) bool { return strings.Contains(strings.ToLower(text), "{{resolve:") }

// referenceProblems reports those texts of a field that hold a dynamic reference.
func referenceProblems(field string, texts ...string) []Problem {
	for _, text := range texts {
		if HoldsReference(text) {
			return []Problem{{field, referenceReason}}
		}
	}
	return nil
}
