package model

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxTags is the maximum number of an entity's tags. AWS allows 50; CloudFormation and Stowage use
// some of them (S3 and IAM tagging documentation).
const MaxTags = 40

// TagProblems lists what makes tags invalid for any kind of entity. All resources of an entity get
// its tags, so the common rules of S3, KMS, IAM, Secrets Manager, Transfer Family and CloudWatch
// Logs apply (AWS General Reference, "Tag naming limits and requirements").
func TagProblems(tags map[string]string) []Problem {
	var problems []Problem
	if len(tags) > MaxTags {
		problems = append(problems, Problem{"tags", fmt.Sprintf("has %d tags; at most %d are possible", len(tags), MaxTags)})
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if reason := tagProblem(key, tags[key]); reason != "" {
			problems = append(problems, Problem{"tags", reason})
		}
	}
	return problems
}

func tagProblem(key, value string) string {
	lower := strings.ToLower(key)
	if n := utf8.RuneCountInString(key); n < 1 || n > 128 {
		return fmt.Sprintf("the key %q must have 1 to 128 characters", key)
	}
	if utf8.RuneCountInString(value) > 256 {
		return fmt.Sprintf("the value of %q has more than 256 characters", key)
	}
	if strings.HasPrefix(lower, "aws:") || strings.HasPrefix(lower, "stowage:") {
		return fmt.Sprintf("the key %q begins with a reserved prefix (aws:, stowage:)", key)
	}
	for _, text := range []string{key, value} {
		if HoldsReference(text) {
			return fmt.Sprintf("the tag %q %s", key, referenceReason)
		}
		if bad := strings.IndexFunc(text, notInTags); bad >= 0 {
			char, _ := utf8.DecodeRuneInString(text[bad:])
			return fmt.Sprintf("the tag %q holds %q: AWS takes letters, digits, spaces and _.:/=+-@ only", key, char)
		}
	}
	return ""
}

// notInTags reports whether AWS accepts a character in no tag (IAM API reference, Tag:
// [\p{L}\p{Z}\p{N}_.:/=+\-@]*).
func notInTags(char rune) bool {
	return !unicode.In(char, unicode.L, unicode.Z, unicode.N) && !strings.ContainsRune("_.:/=+-@", char)
}

// tagCaseProblems lists keys that differ in case only. To IAM they are one key (IAM user guide,
// id_tags).
func tagCaseProblems(tags map[string]string) []Problem {
	var problems []Problem
	seen := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		lower := strings.ToLower(key)
		if other, there := seen[lower]; there {
			problems = append(problems, Problem{
				"tags",
				fmt.Sprintf(
					"the keys %q and %q differ in case only, which is the same key to IAM (the provider's default_tags count as well)",
					other, key,
				),
			})
		}
		seen[lower] = key
	}
	return problems
}
