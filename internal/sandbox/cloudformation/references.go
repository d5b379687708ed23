package cloudformation

import "strings"

// reference is a Ref or GetAtt found in a value; attribute is "" for Ref.
type reference struct{ name, attribute string }

// computedAttribute represents the attribute of a Fn::GetAtt that names it by a function.
const computedAttribute = "*"

// cause returns its name in a change set's CausingEntity.
func (r reference) cause() string {
	if r.attribute == "" {
		return r.name
	}
	return r.name + "." + r.attribute
}

// references returns the references of a value, without pseudo parameters.
func references(v any) []reference {
	if name, argument, ok := function(v); ok {
		return referencesOfCall(name, argument)
	}
	var found []reference
	switch v := v.(type) {
	case map[string]any:
		for _, k := range sortedKeys(v) {
			found = append(found, references(v[k])...)
		}
	case []any:
		for _, e := range v {
			found = append(found, references(e)...)
		}
	}
	return found
}

func referencesOfCall(name string, argument any) []reference {
	switch name {
	case "Ref":
		if s, ok := argument.(string); ok && !strings.HasPrefix(s, "AWS::") {
			return []reference{{name: s}}
		}
		return nil
	case "Fn::GetAtt":
		if resource, attribute, ok := attributeOf(argument); ok {
			return []reference{{resource, attribute}}
		}
		args, ok := argument.([]any)
		if !ok || len(args) != 2 || !isString(args[0]) {
			return nil
		}
		computed := reference{args[0].(string), computedAttribute} //nolint:forcetypeassert // checked
		return append([]reference{computed}, references(args[1])...)
	case "Fn::Sub":
		text, variables, ok := subArguments(argument)
		if !ok {
			return nil
		}
		var found []reference
		for _, part := range subParts(text) {
			if _, own := variables[part.variable]; part.variable == "" || own || strings.HasPrefix(part.variable, "AWS::") {
				continue
			}
			resource, attribute, _ := strings.Cut(part.variable, ".")
			found = append(found, reference{resource, attribute})
		}
		return append(found, references(any(variables))...)
	case "Condition":
		return nil
	}
	return references(argument)
}

func attributeOf(argument any) (resource, attribute string, ok bool) {
	switch a := argument.(type) {
	case string:
		return strings.Cut(a, ".")
	case []any:
		if len(a) == 2 {
			r, ok1 := a[0].(string)
			at, ok2 := a[1].(string)
			return r, at, ok1 && ok2
		}
	}
	return "", "", false
}

func subArguments(argument any) (text string, variables map[string]any, ok bool) {
	switch a := argument.(type) {
	case string:
		return a, nil, true
	case []any:
		if len(a) == 2 {
			text, ok1 := a[0].(string)
			variables, ok2 := a[1].(map[string]any)
			return text, variables, ok1 && ok2
		}
	}
	return "", nil, false
}

type subPart struct{ literal, variable string }

// subParts splits the text of Fn::Sub; ${!Literal} becomes ${Literal}.
func subParts(text string) []subPart {
	var parts []subPart
	for {
		before, rest, found := strings.Cut(text, "${")
		parts = append(parts, subPart{literal: before})
		if !found {
			return parts
		}
		variable, after, closed := strings.Cut(rest, "}")
		switch {
		case !closed:
			return append(parts, subPart{literal: "${" + rest})
		case strings.HasPrefix(variable, "!"):
			parts = append(parts, subPart{literal: "${" + variable[1:] + "}"})
		default:
			parts = append(parts, subPart{variable: strings.TrimSpace(variable)})
		}
		text = after
	}
}
