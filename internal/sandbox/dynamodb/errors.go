package dynamodb

import (
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

func invalid(format string, args ...any) *cloud.Error {
	return cloud.Errorf("ValidationException", format, args...)
}

// constraint returns the ValidationException for a parameter out of its bounds, which AWS checks
// before the service does.
func constraint(value, member, rule string) *cloud.Error {
	return invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, rule)
}

// keyMismatch returns the error for a key with other attributes than the table's key.
func keyMismatch() *cloud.Error {
	return invalid("The provided key element does not match the schema")
}

// conditionFailed returns the error for a condition that does not hold; old is the returned item,
// nil for none.
func conditionFailed(old item) *cloud.Error {
	e := cloud.Errorf("ConditionalCheckFailedException", "The conditional request failed")
	if old != nil {
		e.Extra = map[string]any{"Item": old}
	}
	return e
}

// oneOf checks a parameter with a fixed set of values; nil or empty means not given.
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
