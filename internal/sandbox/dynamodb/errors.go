package dynamodb

import (
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// invalid is a ValidationException.
func invalid(format string, args ...any) *cloud.Error {
	return cloud.Errorf("ValidationException", format, args...)
}

// constraint is the ValidationException for a parameter out of its bounds: AWS answers it before the service looks closer.
func constraint(value, member, rule string) *cloud.Error {
	return invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, rule)
}

// keyMismatch is the answer to a key that isn't exactly the table's key.
func keyMismatch() *cloud.Error {
	return invalid("The provided key element does not match the schema")
}

// conditionFailed is the answer to a condition that doesn't hold; old is the item to show, nil for none.
func conditionFailed(old item) *cloud.Error {
	e := cloud.Errorf("ConditionalCheckFailedException", "The conditional request failed")
	if old != nil {
		e.Extra = map[string]any{"Item": old}
	}
	return e
}

// oneOf checks a parameter that takes named values only; nil or empty is not given.
func oneOf(given *string, member string, allowed ...string) *cloud.Error {
	if given == nil {
		return nil
	}
	for _, a := range allowed {
		if a == *given {
			return nil
		}
	}
	return constraint(*given, member, "Member must satisfy enum value set: ["+strings.Join(allowed, ", ")+"]")
}
