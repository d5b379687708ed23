package entity

import (
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Strings returns the known elements of a set of strings, sorted; nil if there are none.
func Strings(set types.Set) []string {
	var result []string
	for _, element := range set.Elements() {
		if s, ok := element.(types.String); ok && !s.IsNull() && !s.IsUnknown() {
			result = append(result, s.ValueString())
		}
	}
	slices.Sort(result)
	return result
}

// StringSet returns a set of strings, never null.
func StringSet(values []string) types.Set {
	return types.SetValueMust(types.StringType, stringValues(values))
}

// StringList returns a list of strings, never null. Computed collections are lists, because
// Terraform sorts the elements of a set at each access.
func StringList(values []string) types.List {
	return types.ListValueMust(types.StringType, stringValues(values))
}

func stringValues(values []string) []attr.Value {
	elements := make([]attr.Value, len(values))
	for i, v := range values {
		elements[i] = types.StringValue(v)
	}
	return elements
}

// EmptySet returns the empty set of strings.
func EmptySet() types.Set { return StringSet(nil) }

// stringMap returns the known elements of a map of strings; nil if there are none.
func stringMap(m types.Map) map[string]string {
	var result map[string]string
	for key, element := range m.Elements() {
		if s, ok := element.(types.String); ok && !s.IsNull() && !s.IsUnknown() {
			if result == nil {
				result = map[string]string{}
			}
			result[key] = s.ValueString()
		}
	}
	return result
}

// StringMap returns a map of strings, never null.
func StringMap(values map[string]string) types.Map {
	elements := make(map[string]attr.Value, len(values))
	for key, value := range values {
		elements[key] = types.StringValue(value)
	}
	return types.MapValueMust(types.StringType, elements)
}

func known(v attr.Value) bool { return !v.IsNull() && !v.IsUnknown() }

// Known reports whether all values are neither null nor unknown.
func Known(values ...attr.Value) bool {
	return !slices.ContainsFunc(values, func(v attr.Value) bool { return !known(v) })
}

// Optional returns a string attribute, null for "".
func Optional(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}
