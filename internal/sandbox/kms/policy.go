package kms

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

const (
	putKeyPolicy = "kms:putkeypolicy"
	maxPolicy    = 32 << 10 // bytes (KMS API reference, CreateKey)
	maxTags      = 50
)

// keyID matches a key's ID, including a multi-Region key's.
var keyID = regexp.MustCompile(`^(mrk-[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$`)

func malformedPolicy(message string) error {
	return cloud.Errorf("MalformedPolicyDocumentException", "%s", message)
}

// checkPolicy returns the refusals of CreateKey and PutKeyPolicy: an unreadable policy, principals
// that do not exist, and a policy that locks the caller out, unless bypass is set (KMS API
// reference, CreateKey). Users report the texts.
func (s *Service) checkPolicy(c cloud.Caller, text string, bypass bool) error {
	if len(text) > maxPolicy {
		return cloud.Errorf("LimitExceededException", "The policy is longer than %d bytes.", maxPolicy)
	}
	document, err := policydoc.Parse(text, policydoc.Resource)
	if err != nil {
		return malformedPolicy("The new key policy is malformed.")
	}
	if err := document.CheckPrincipals(s.world.PrincipalExists); err != nil {
		var unmodelled *cloud.Error
		if errors.As(err, &unmodelled) {
			return err //nolint:wrapcheck // it is the sandbox's own
		}
		return malformedPolicy("Policy contains a statement with one or more invalid principals.")
	}
	if !bypass && !slices.ContainsFunc(document.Statements, func(st policydoc.Statement) bool { return letsIn(c, st) }) {
		return malformedPolicy("The new key policy will not allow you to update the key policy in the future.")
	}
	return nil
}

// letsIn reports whether a statement allows a caller to change the policy. Statements with
// conditions do not count, and the caller's account counts as the caller.
func letsIn(c cloud.Caller, st policydoc.Statement) bool {
	if st.Effect != "Allow" || st.NotPrincipal || st.NotAction || len(st.Conditions) > 0 {
		return false
	}
	names := []string{"*", c.Account, "arn:aws:iam::" + c.Account + ":root", c.ARN}
	if prefix, rest, session := strings.Cut(c.ARN, ":assumed-role/"); session {
		role, _, _ := strings.Cut(rest, "/")
		names = append(names, strings.Replace(prefix, ":sts:", ":iam:", 1)+":role/"+role)
	}
	return slices.ContainsFunc(st.Principals["AWS"], func(name string) bool { return slices.Contains(names, name) }) &&
		slices.ContainsFunc(st.Actions, func(action string) bool {
			lower := strings.ToLower(action)
			prefix, wild := strings.CutSuffix(lower, "*")
			_, begins := strings.CutPrefix(putKeyPolicy, prefix)
			return lower == putKeyPolicy || wild && begins
		})
}

// checkTags checks a key's tags (KMS API reference, CreateKey, TagException; LocalStack's test_kms
// has five recorded cases, the texts here are from memory).
func checkTags(tags []tag) error {
	if len(tags) > maxTags {
		return cloud.Errorf("TagException", "Too many tags")
	}
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case t.TagKey == "" || utf8.RuneCountInString(t.TagKey) > 128:
			return cloud.Errorf(
				"ValidationException",
				"1 validation error detected: Value '%s' at 'tags.member.tagKey' failed to satisfy constraint: Member must have length between 1 and 128",
				t.TagKey,
			)
		case utf8.RuneCountInString(t.TagValue) > 256:
			return cloud.Errorf(
				"ValidationException",
				"1 validation error detected: Value '%s' at 'tags.member.tagValue' failed to satisfy constraint: Member must have length less than or equal to 256",
				t.TagValue,
			)
		case strings.HasPrefix(strings.ToLower(t.TagKey), "aws:"):
			return cloud.Errorf("TagException", "Tags beginning with aws: are reserved")
		case seen[t.TagKey]:
			return cloud.Errorf("TagException", "Duplicate tag keys")
		case !cloud.TagCharacters(t.TagKey), !cloud.TagCharacters(t.TagValue):
			return cloud.Errorf("TagException", "Tag keys and values can only have letters, digits, spaces and _ . / = + - : @")
		}
		seen[t.TagKey] = true
	}
	return nil
}
