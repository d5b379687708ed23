package events

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// maxPattern is the maximum size of a pattern in characters (EventBridge quotas).
const maxPattern = 2048

// pattern is an event pattern (EventBridge user guide, eb-event-patterns): an object of the names
// of members, with an object or the list of their values, or of comparisons.
type pattern map[string]any

// parsePattern checks a pattern, given as an object or as JSON text.
func parsePattern(value any) (pattern, error) {
	if text, ok := value.(string); ok {
		var decoded any
		if err := json.Unmarshal([]byte(text), &decoded); err != nil {
			return nil, invalidPattern("not a JSON object")
		}
		value = decoded
	}
	object, ok := value.(map[string]any)
	if !ok || len(object) == 0 {
		return nil, invalidPattern("not an object with members")
	}
	text, err := json.Marshal(object)
	if err != nil || len(text) > maxPattern {
		return nil, invalidPattern("too long")
	}
	// Numbers are decoded alike in patterns and in events.
	var p pattern
	if err := json.Unmarshal(text, &p); err != nil {
		return nil, invalidPattern(err.Error())
	}
	return p, checkPattern(p)
}

func invalidPattern(reason string) error {
	return cloud.Errorf("InvalidEventPatternException", "Event pattern is not valid. Reason: %s", reason)
}

func checkPattern(p map[string]any) error {
	for name, value := range p {
		switch v := value.(type) {
		case map[string]any:
			if err := checkPattern(v); err != nil {
				return err
			}
		case []any:
			if len(v) == 0 {
				return invalidPattern("Empty arrays are not allowed")
			}
			for _, one := range v {
				if err := checkComparison(one); err != nil {
					return err
				}
			}
		default:
			return invalidPattern(`"` + name + `" must be an object or an array`)
		}
	}
	return nil
}

func checkComparison(value any) error {
	comparison, ok := value.(map[string]any)
	if !ok {
		return nil
	}
	if len(comparison) != 1 {
		return invalidPattern("Only one key allowed in match expression")
	}
	for operator, operand := range comparison {
		_, text := operand.(string)
		_, flag := operand.(bool)
		switch operator {
		case "prefix", "suffix", "wildcard":
			if !text {
				return invalidPattern(operator + " match pattern must be a string")
			}
			if pattern, _ := operand.(string); operator == "wildcard" && strings.Contains(pattern, "**") {
				return invalidPattern("Consecutive wildcard characters")
			}
		case "exists":
			if !flag {
				return invalidPattern("exists match pattern must be either true or false.")
			}
		case "anything-but":
			if _, nested := operand.(map[string]any); nested {
				return cloud.NotModelled("nested comparisons in event patterns")
			}
		default:
			return cloud.NotModelled("the comparison %q in event patterns", operator)
		}
	}
	return nil
}

// matches reports whether an event, as decoded JSON, matches the pattern.
func (p pattern) matches(event map[string]any) bool {
	for name, value := range p {
		has, there := event[name]
		if nested, ok := value.(map[string]any); ok {
			inner, _ := has.(map[string]any)
			if !pattern(nested).matches(inner) {
				return false
			}
			continue
		}
		wanted, _ := value.([]any)
		matched := false
		for _, one := range wanted {
			matched = matched || matchesValue(one, has, there)
		}
		if !matched {
			return false
		}
	}
	return true
}

// matchesValue compares one value of a pattern with a member. Of an array, any element may match.
func matchesValue(want, has any, there bool) bool {
	comparison, _ := want.(map[string]any)
	if exists, ok := comparison["exists"].(bool); ok {
		return exists == there
	}
	if !there {
		return false
	}
	if all, ok := has.([]any); ok {
		for _, one := range all {
			if matchesValue(want, one, true) {
				return true
			}
		}
		return false
	}
	if comparison == nil {
		return reflect.DeepEqual(want, has)
	}
	text, isText := has.(string)
	for operator, operand := range comparison {
		expected, _ := operand.(string)
		switch operator {
		case "prefix":
			return isText && strings.HasPrefix(text, expected)
		case "suffix":
			return isText && strings.HasSuffix(text, expected)
		case "wildcard":
			return isText && wildcard(expected, text)
		case "anything-but":
			if list, ok := operand.([]any); ok {
				for _, one := range list {
					if reflect.DeepEqual(one, has) {
						return false
					}
				}
				return true
			}
			return !reflect.DeepEqual(operand, has)
		}
	}
	return false
}

// wildcard reports whether a text matches a pattern in which * stands for any characters.
func wildcard(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return strings.HasSuffix(text, last)
}
