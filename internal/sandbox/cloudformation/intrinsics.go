package cloudformation

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// knownAfterApply is a change set's placeholder for a value that is known after execution (recorded
// from AWS).
const knownAfterApply = "{{changeSet:KNOWN_AFTER_APPLY}}"

// unknown is a value that is not known yet; noValue is AWS::NoValue, which removes its property.
type (
	unknown struct{}
	noValue struct{}
)

// scope contains the values for intrinsic functions.
type scope struct {
	template   *template
	parameters map[string]any    // string, or []any of strings for list types
	pseudo     map[string]string // AWS::AccountId ...
	// resource returns the value of Ref (attribute "") or GetAtt; unknown{} if execution determines
	// it.
	resource func(name, attribute string) (any, error)
	// gives reports whether Fn::GetAtt accepts an attribute of a resource type.
	gives func(kind, attribute string) bool
}

// function parses a value that is a call of an intrinsic function.
func function(v any) (name string, argument any, ok bool) {
	m, isMap := v.(map[string]any)
	if !isMap || len(m) != 1 {
		return "", nil, false
	}
	for k, a := range m {
		if k == "Ref" || k == "Condition" && isString(a) || strings.HasPrefix(k, "Fn::") {
			return k, a, true
		}
	}
	return "", nil, false
}

func isString(v any) bool { _, ok := v.(string); return ok }

func (s *scope) resolve(v any) (any, error) {
	if name, argument, ok := function(v); ok {
		return s.call(name, argument)
	}
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for _, k := range sortedKeys(v) {
			r, err := s.resolve(v[k])
			if err != nil {
				return nil, err
			}
			if r != (any)(noValue{}) {
				m[k] = r
			}
		}
		return m, nil
	case []any:
		l := make([]any, 0, len(v))
		for _, e := range v {
			r, err := s.resolve(e)
			if err != nil {
				return nil, err
			}
			if r != (any)(noValue{}) {
				l = append(l, r)
			}
		}
		return l, nil
	case string:
		if strings.Contains(v, "{{resolve:") && !dynamicReference.MatchString(v) {
			return nil, cloud.NotModelled("dynamic references ({{resolve:...}})")
		}
	}
	return v, nil
}

// object resolves a map, such as the properties of a resource.
func (s *scope) object(m map[string]any) (map[string]any, error) {
	v, err := s.resolve(m)
	if err != nil {
		return nil, err
	}
	r, ok := v.(map[string]any)
	if !ok {
		return nil, invalid("Template error: Properties must be an object.")
	}
	return r, nil
}

func (s *scope) call(name string, argument any) (any, error) {
	switch name {
	case "Ref":
		target, ok := argument.(string)
		if !ok {
			return nil, invalid("Template format error: Every Ref object must have a single String value.")
		}
		return s.ref(target)
	case "Fn::GetAtt":
		return s.getAtt(argument)
	case "Fn::Sub":
		return s.sub(argument)
	case "Fn::Join":
		return s.join(argument)
	case "Fn::Split":
		args, delimiter, err := s.listCall(name, argument)
		if err != nil || args == nil {
			return unknown{}, err
		}
		text, ok := args[1].(string)
		if !ok {
			return nil, invalid(
				"Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split",
			)
		}
		var parts []any
		for _, p := range strings.Split(text, delimiter) {
			parts = append(parts, p)
		}
		return parts, nil
	case "Fn::Select":
		return s.pick(argument)
	case "Fn::If":
		branch, err := s.branch(argument)
		if err != nil {
			return nil, err
		}
		return s.resolve(branch)
	case "Fn::FindInMap":
		return s.find(argument)
	}
	return nil, cloud.NotModelled("the intrinsic function %s", name)
}

func (s *scope) ref(target string) (any, error) {
	if target == "AWS::NoValue" {
		return noValue{}, nil
	}
	if v, ok := s.pseudo[target]; ok {
		return v, nil
	}
	if v, ok := s.parameters[target]; ok {
		return v, nil
	}
	if strings.HasPrefix(target, "AWS::") {
		return nil, cloud.NotModelled("the pseudo parameter %s", target)
	}
	return s.resource(target, "")
}

// getAtt accepts a function as the attribute's name, too: Ref of a parameter (CloudFormation user
// guide, Fn::GetAtt).
func (s *scope) getAtt(argument any) (any, error) {
	if args, ok := argument.([]any); ok && len(args) == 2 {
		attribute, err := s.resolve(args[1])
		if err != nil {
			return nil, err
		}
		argument = []any{args[0], attribute}
	}
	resource, attribute, ok := attributeOf(argument)
	if !ok || resource == "" || attribute == "" {
		return nil, invalid(
			"Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute",
		)
	}
	d := s.template.resources[resource]
	if d != nil && s.gives != nil && !s.gives(d.kind, attribute) {
		return nil, invalid(
			"Template error: resource %s does not support attribute type %s in Fn::GetAtt", resource, attribute,
		)
	}
	return s.resource(resource, attribute)
}

// branch returns the argument of an Fn::If that its condition selects.
func (s *scope) branch(argument any) (any, error) {
	args, ok := argument.([]any)
	if !ok || len(args) != 3 || !isString(args[0]) {
		return nil, invalid("Template error: Fn::If requires a list argument with three elements")
	}
	holds, err := s.condition(args[0].(string)) //nolint:forcetypeassert // checked
	if err != nil {
		return nil, err
	}
	if holds {
		return args[1], nil
	}
	return args[2], nil
}

// choose replaces every Fn::If by the branch of its condition, and leaves all other functions as
// they are.
func (s *scope) choose(v any) (any, error) {
	if name, argument, ok := function(v); ok && name == "Fn::If" {
		branch, err := s.branch(argument)
		if err != nil {
			return nil, err
		}
		return s.choose(branch)
	}
	switch v := v.(type) {
	case map[string]any:
		chosen := make(map[string]any, len(v))
		for _, k := range sortedKeys(v) {
			c, err := s.choose(v[k])
			if err != nil {
				return nil, err
			}
			chosen[k] = c
		}
		return chosen, nil
	case []any:
		chosen := make([]any, len(v))
		for i, e := range v {
			c, err := s.choose(e)
			if err != nil {
				return nil, err
			}
			chosen[i] = c
		}
		return chosen, nil
	}
	return v, nil
}

func (s *scope) sub(argument any) (any, error) {
	text, variables, ok := subArguments(argument)
	if !ok {
		return nil, invalid(
			"Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string",
		)
	}
	var b strings.Builder
	for _, part := range subParts(text) {
		if part.variable == "" {
			b.WriteString(part.literal)
			continue
		}
		var v any
		var err error
		if own, ok := variables[part.variable]; ok {
			v, err = s.resolve(own)
		} else if resource, attribute, dotted := strings.Cut(part.variable, "."); dotted {
			v, err = s.resource(resource, attribute)
		} else {
			v, err = s.ref(part.variable)
		}
		if err != nil {
			return nil, err
		}
		if v == (any)(unknown{}) {
			return unknown{}, nil
		}
		t, err := textOf(v)
		if err != nil {
			return nil, err
		}
		b.WriteString(t)
	}
	return b.String(), nil
}

func (s *scope) join(argument any) (any, error) {
	args, delimiter, err := s.listCall("Fn::Join", argument)
	if err != nil || args == nil {
		return unknown{}, err
	}
	list, ok := args[1].([]any)
	if !ok {
		return nil, invalid(
			"Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.",
		)
	}
	var parts []string
	for _, e := range list {
		if e == (any)(unknown{}) {
			return unknown{}, nil
		}
		t, err := textOf(e)
		if err != nil {
			return nil, err
		}
		parts = append(parts, t)
	}
	return strings.Join(parts, delimiter), nil
}

// listCall resolves the arguments of a function with a delimiter and a value; nil arguments mean
// unknown.
func (s *scope) listCall(name string, argument any) (arguments []any, delimiter string, err error) {
	args, ok := argument.([]any)
	if !ok || len(args) != 2 || !isString(args[0]) {
		return nil, "", invalid("Template error: every %s object requires two parameters", name)
	}
	v, err := s.resolve(args[1])
	if err != nil {
		return nil, "", err
	}
	if v == (any)(unknown{}) {
		return nil, "", nil
	}
	return []any{args[0], v}, args[0].(string), nil //nolint:forcetypeassert // checked
}

func (s *scope) pick(argument any) (any, error) {
	args, ok := argument.([]any)
	if !ok || len(args) != 2 {
		return nil, invalid(
			"Template error: Fn::Select requires a list argument with two elements: an integer index and a list",
		)
	}
	index, err := s.resolve(args[0])
	if err != nil {
		return nil, err
	}
	v, err := s.resolve(args[1])
	if err != nil {
		return nil, err
	}
	if index == (any)(unknown{}) || v == (any)(unknown{}) {
		return unknown{}, nil
	}
	list, ok := v.([]any)
	i, err := strconv.Atoi(fmt.Sprint(index))
	if err != nil || !ok {
		return nil, invalid(
			"Template error: Fn::Select requires a list argument with two elements: an integer index and a list",
		)
	}
	if i < 0 || i >= len(list) {
		return nil, invalid("Template error: Fn::Select cannot select nonexistent value at index %v", index)
	}
	return list[i], nil
}

func (s *scope) find(argument any) (any, error) {
	args, ok := argument.([]any)
	if !ok || len(args) != 3 {
		return nil, invalid(
			"Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value",
		)
	}
	var v any = s.template.mappings
	for _, a := range args {
		key, err := s.resolve(a)
		if err != nil {
			return nil, err
		}
		m, ok := v.(map[string]any)
		if ok {
			v, ok = m[fmt.Sprint(key)]
		}
		if !ok {
			return nil, invalid("Template error: Unable to get mapping for %v::%v::%v", args[0], args[1], args[2])
		}
	}
	return v, nil
}

func textOf(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return strconv.FormatBool(v), nil
	}
	return "", invalid("Template error: a string is wanted where a template gives %T", v)
}

// reveal replaces unknown values by the text that change sets show.
func reveal(v any) any {
	switch v := v.(type) {
	case unknown:
		return knownAfterApply
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = reveal(e)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, e := range v {
			l[i] = reveal(e)
		}
		return l
	}
	return v
}

// hasUnknown reports whether any part of a resolved value is unknown.
func hasUnknown(v any) bool {
	switch v := v.(type) {
	case unknown:
		return true
	case map[string]any:
		for _, e := range v {
			if hasUnknown(e) {
				return true
			}
		}
	case []any:
		for _, e := range v {
			if hasUnknown(e) {
				return true
			}
		}
	}
	return false
}
