package cloudformation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// difference is a difference between the expected and the actual value at a path. A value that does
// not exist is nil.
type difference struct {
	path             string // JSON pointer
	expected, actual any
	kind             string // ADD, REMOVE or NOT_EQUAL
}

// sets are the lists whose order has no meaning, with the member that identifies an element; "" for
// lists of strings (resource type schemas, "insertionOrder": false).
var sets = map[string]string{
	"Groups": "", "ManagedPolicyArns": "", "Roles": "", "SshPublicKeys": "", "Users": "",
	"Policies": "PolicyName", "Tags": "Key",
}

// documents are the properties that are policies. They are compared as structures: an element and a
// list of it are the same, and the order of strings in a list has no meaning.
var documents = []string{"AssumeRolePolicyDocument", "KeyPolicy", "PolicyDocument", "ResourcePolicy"}

// differences compares the properties of a resource. Only what expected has is compared, but for
// additional elements of lists (the SDK's model of CloudFormation, PropertyDifference).
func differences(expected, actual map[string]any) []difference {
	var found []difference
	for _, name := range sortedKeys(expected) {
		found = append(found, property("/"+name, name, expected[name], actual[name])...)
	}
	return found
}

func property(path, name string, expected, actual any) []difference {
	switch {
	case actual == nil:
		return []difference{{path, expected, nil, "REMOVE"}}
	case slices.Contains(documents, name):
		return document(path, parsed(expected), parsed(actual))
	}
	if key, ok := sets[name]; ok {
		e, listed := expected.([]any)
		a, also := actual.([]any)
		if listed && also {
			return set(path, key, e, a)
		}
	}
	return value(path, expected, actual)
}

func value(path string, expected, actual any) []difference {
	switch e := expected.(type) {
	case map[string]any:
		if a, ok := actual.(map[string]any); ok {
			var found []difference
			for _, name := range sortedKeys(e) {
				found = append(found, property(path+"/"+name, name, e[name], a[name])...)
			}
			return found
		}
	case []any:
		if a, ok := actual.([]any); ok {
			return elements(path, e, a, value)
		}
	default:
		if scalar(expected) == scalar(actual) {
			return nil
		}
	}
	return []difference{{path, expected, actual, "NOT_EQUAL"}}
}

// elements compares two lists by position.
func elements(path string, expected, actual []any, compare func(string, any, any) []difference) []difference {
	var found []difference
	for i := range max(len(expected), len(actual)) {
		at := path + "/" + strconv.Itoa(i)
		switch {
		case i >= len(actual):
			found = append(found, difference{at, expected[i], nil, "REMOVE"})
		case i >= len(expected):
			found = append(found, difference{at, nil, actual[i], "ADD"})
		default:
			found = append(found, compare(at, expected[i], actual[i])...)
		}
	}
	return found
}

// set compares two lists by the identity of their elements.
func set(path, key string, expected, actual []any) []difference {
	identity := func(v any) string {
		if id, ok := keyOf(v, key); ok {
			return id
		}
		return scalar(v)
	}
	at := func(list []any, id string) int {
		return slices.IndexFunc(list, func(v any) bool { return identity(v) == id })
	}
	var found []difference
	for i, e := range expected {
		where := path + "/" + strconv.Itoa(i)
		if j := at(actual, identity(e)); j >= 0 {
			found = append(found, value(where, e, actual[j])...)
		} else {
			found = append(found, difference{where, e, nil, "REMOVE"})
		}
	}
	for i, a := range actual {
		if at(expected, identity(a)) < 0 {
			found = append(found, difference{path + "/" + strconv.Itoa(i), nil, a, "ADD"})
		}
	}
	return found
}

// document compares two policies, of which every part counts.
func document(path string, expected, actual any) []difference {
	if canonical(expected) == canonical(actual) {
		return nil
	}
	switch e := expected.(type) {
	case map[string]any:
		if a, ok := actual.(map[string]any); ok {
			var found []difference
			for _, name := range sortedKeys(e) {
				if _, there := a[name]; there {
					found = append(found, document(path+"/"+name, e[name], a[name])...)
				} else {
					found = append(found, difference{path + "/" + name, e[name], nil, "REMOVE"})
				}
			}
			for _, name := range sortedKeys(a) {
				if _, there := e[name]; !there {
					found = append(found, difference{path + "/" + name, nil, a[name], "ADD"})
				}
			}
			return found
		}
	case []any:
		if a, ok := actual.([]any); ok && !allStrings(e) {
			return elements(path, e, a, document)
		}
	}
	return []difference{{path, expected, actual, "NOT_EQUAL"}}
}

// canonical returns a text that is the same for policies of the same meaning.
func canonical(v any) string {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]string, len(v))
		for name, member := range v {
			m[name] = canonical(member)
		}
		return jsonText(m)
	case []any:
		if len(v) == 1 {
			return canonical(v[0])
		}
		var all []string
		for _, one := range v {
			all = append(all, canonical(one))
		}
		if allStrings(v) {
			slices.Sort(all)
		}
		return jsonText(all)
	default:
		return scalar(v)
	}
}

func allStrings(list []any) bool {
	return !slices.ContainsFunc(list, func(v any) bool { return !isString(v) })
}

// parsed returns a policy that is given as text as an object.
func parsed(v any) any {
	text, ok := v.(string)
	if !ok {
		return v
	}
	var object map[string]any
	if json.Unmarshal([]byte(text), &object) != nil {
		return v
	}
	return object
}

// keyOf returns the member that identifies an element of a list.
func keyOf(element any, member string) (string, bool) {
	m, ok := element.(map[string]any)
	if !ok || m[member] == nil {
		return "", false
	}
	return scalar(m[member]), true
}

// scalar returns a scalar as text: a template may give a number or a boolean as a string.
func scalar(v any) string {
	switch v.(type) {
	case map[string]any, []any:
		return jsonText(v)
	}
	return fmt.Sprint(v)
}

// text returns a value of a PropertyDifference: "null" for none (LocalStack's test_drift_detection,
// recorded from AWS).
func (difference) text(v any) string {
	if v == nil {
		return "null"
	}
	return scalar(v)
}
