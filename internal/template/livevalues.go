package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
)

// LiveValues returns where properties in AWS differ from the expected ones, both as JSON, at the
// given paths: JSON pointers, as in CloudFormation's drift detection. A path into a list stands for
// the list. Differences of spelling only are left out.
func LiveValues(expected, actual string, paths []string) ([]LiveValue, error) {
	want, err := decodeValue(json.RawMessage(expected))
	if err != nil {
		return nil, fmt.Errorf("the expected properties: %w", err)
	}
	have, err := decodeValue(json.RawMessage(actual))
	if err != nil {
		return nil, fmt.Errorf("the actual properties: %w", err)
	}
	var values []LiveValue
	seen := map[string]bool{}
	for _, pointer := range slices.Sorted(slices.Values(paths)) {
		path := pointed(pointer)
		if key := strings.Join(path, "/"); seen[key] || len(path) == 0 {
			continue
		} else {
			seen[key] = true
		}
		w, h := at(want, path), at(have, path)
		if !sameLive(path[len(path)-1], w, h) {
			values = append(values, LiveValue{path, w, h})
		}
	}
	return values, nil
}

// CompareProperties returns where a resource's properties in AWS differ from the template's. It
// compares only literals of the template: others are AWS's own, or unknown here.
func CompareProperties(want, have map[string]any) []LiveValue {
	var values []LiveValue
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !literal(want[name]) || sameLive(name, want[name], have[name]) {
			continue
		}
		values = append(values, LiveValue{[]string{name}, want[name], have[name]})
	}
	return values
}

// pointed returns the names in a JSON pointer, up to the first index of a list.
func pointed(pointer string) []string {
	var path []string
	for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if _, err := strconv.Atoi(name); err == nil || name == "" {
			break
		}
		path = append(path, strings.NewReplacer("~1", "/", "~0", "~").Replace(name))
	}
	return path
}

// at returns the member of a value at a path, or nil.
func at(value any, path []string) any {
	for _, name := range path {
		members, _ := value.(map[string]any)
		value = members[name]
	}
	return value
}

func literal(value any) bool {
	switch v := value.(type) {
	case map[string]any:
		if cfn.IsFunction(v) {
			return false
		}
		for _, member := range v {
			if !literal(member) {
				return false
			}
		}
	case []any:
		return !slices.ContainsFunc(v, func(member any) bool { return !literal(member) })
	case string:
		return !strings.Contains(v, dynamicReference)
	}
	return true
}

// sameLive reports whether a value in AWS means what the template says. AWS adds members to objects
// (the service's defaults) and tags of its own, returns lists without a meaningful order in any
// order, and spells numbers and truth values as strings in some answers. It returns a key's ID for
// its ARN.
func sameLive(name string, want, have any) bool {
	switch w := want.(type) {
	case nil:
		return isEmpty(have)
	case map[string]any:
		h, ok := have.(map[string]any)
		if !ok {
			return len(w) == 0 && isEmpty(have)
		}
		for member, value := range w {
			if !sameLive(member, value, h[member]) {
				return false
			}
		}
		return policyAddsNothing(w, h)
	case []any:
		h, ok := have.([]any)
		if !ok {
			return sameOne(name, w, have)
		}
		return sameLists(name, w, h)
	}
	if list, ok := have.([]any); ok { // a policy's only action, for example
		return len(list) == 1 && sameLive(name, want, list[0])
	}
	w, h := cfn.Text(want), cfn.Text(have)
	return w == h || h != "" && strings.HasPrefix(w, "arn:") && strings.HasSuffix(w, "/"+h)
}

// sameOne reports whether a list of one value or none is spelled as the value, or left out.
func sameOne(name string, want []any, have any) bool {
	return len(want) == 0 && isEmpty(have) || len(want) == 1 && have != nil && sameLive(name, want[0], have)
}

// policyAddsNothing reports whether a policy's statement has no additional member, which would
// change its meaning. Elsewhere AWS adds defaults.
func policyAddsNothing(want, have map[string]any) bool {
	if _, statement := want["Effect"]; !statement {
		return true
	}
	for member, value := range have {
		if _, there := want[member]; !there && !isEmpty(value) {
			return false
		}
	}
	return true
}

func sameLists(name string, want, have []any) bool {
	if name == "Tags" {
		have = withoutAWSTags(have)
	}
	if len(want) != len(have) {
		return false
	}
	if slices.Contains(ordered, name) {
		for i := range want {
			if !sameLive("", want[i], have[i]) {
				return false
			}
		}
		return true
	}
	left := slices.Clone(have)
	for _, w := range want {
		i := slices.IndexFunc(left, func(h any) bool { return sameLive("", w, h) })
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	return true
}

// StillDiffer returns the differences that a direct read of the resource's properties shows, too.
func StillDiffer(values []LiveValue, properties map[string]any) []LiveValue {
	var differ []LiveValue
	for _, value := range values {
		have := at(properties, value.Path)
		if !sameLive(value.Path[len(value.Path)-1], value.Want, have) {
			differ = append(differ, LiveValue{value.Path, value.Want, have})
		}
	}
	return differ
}
