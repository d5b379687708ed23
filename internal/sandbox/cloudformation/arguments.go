package cloudformation

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Limits of the arguments of stack operations (the SDK's model of CloudFormation).
const (
	maxTopics      = 5
	maxStackTags   = 50
	maxTagKey      = 128 // characters
	maxTagValue    = 256 // characters
	maxToken       = 128 // characters
	maxDescription = 1024
)

// token matches ClientToken and ClientRequestToken (the SDK's model of CloudFormation).
var token = regexp.MustCompile(`^[a-zA-Z0-9][-a-zA-Z0-9]*$`)

func tooMany(member, value string, most int) error {
	return invalid(
		"1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must have length less than or equal to %d",
		value,
		member,
		most,
	)
}

func tooShort(member, value string) error {
	return invalid(
		"1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must have length greater than or equal to 1",
		value,
		member,
	)
}

// checkStackTags checks a stack's tags: the number and the lengths of the model, and no aws: prefix
// (CloudFormation API reference, Tag). The text for the prefix is from memory.
func checkStackTags(tags []tag) error {
	if len(tags) > maxStackTags {
		return tooMany("tags", fmt.Sprint(tags), maxStackTags)
	}
	for i, t := range tags {
		key, value := fmt.Sprintf("tags.%d.member.key", i+1), fmt.Sprintf("tags.%d.member.value", i+1)
		switch {
		case t.Key == "":
			return tooShort(key, t.Key)
		case utf8.RuneCountInString(t.Key) > maxTagKey:
			return tooMany(key, t.Key, maxTagKey)
		case t.Value == "":
			return tooShort(value, t.Value)
		case utf8.RuneCountInString(t.Value) > maxTagValue:
			return tooMany(value, t.Value, maxTagValue)
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			return invalid("Tag key '%s' is invalid: aws: prefixed tag key names are not allowed for external use.", t.Key)
		}
	}
	return nil
}

func checkArguments(form url.Values) error {
	for _, name := range []string{"ClientToken", "ClientRequestToken"} {
		value, member := form.Get(name), strings.ToLower(name[:1])+name[1:]
		switch {
		case !form.Has(name):
		case value == "":
			return tooShort(member, value)
		case len(value) > maxToken:
			return tooMany(member, value, maxToken)
		case !token.MatchString(value):
			return invalid(
				"1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9][-a-zA-Z0-9]*",
				value,
				member,
			)
		}
	}
	if description := form.Get("Description"); len(description) > maxDescription {
		return tooMany("description", description, maxDescription)
	}
	return nil
}
