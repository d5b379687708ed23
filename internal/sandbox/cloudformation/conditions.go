package cloudformation

import (
	"fmt"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// condition reports whether a named condition of the template holds.
func (s *scope) condition(name string) (bool, error) {
	expression, ok := s.template.conditions[name]
	if !ok {
		return false, invalid(
			"Template format error: Unresolved condition dependency %s in the Fn::If section of the template", name,
		)
	}
	return s.truth(expression)
}

func (s *scope) truth(expression any) (bool, error) {
	name, argument, ok := function(expression)
	if !ok {
		return false, invalid(
			"Template format error: Conditions can only be boolean operations on parameters and other conditions",
		)
	}
	if name == "Condition" {
		return s.condition(argument.(string)) //nolint:forcetypeassert // function checked it
	}
	args, ok := argument.([]any)
	if !ok {
		return false, invalid("Template error: every %s object requires a list of arguments", name)
	}
	switch name {
	case "Fn::Equals":
		if len(args) != 2 {
			return false, invalid("Template error: every Fn::Equals object requires a list of 2 string parameters.")
		}
		a, err := s.resolve(args[0])
		if err != nil {
			return false, err
		}
		b, err := s.resolve(args[1])
		if err != nil {
			return false, err
		}
		return fmt.Sprint(a) == fmt.Sprint(b), nil
	case "Fn::Not", "Fn::And", "Fn::Or":
		result := name == "Fn::And"
		for _, a := range args {
			t, err := s.truth(a)
			if err != nil {
				return false, err
			}
			switch name {
			case "Fn::Not":
				return !t, nil
			case "Fn::And":
				result = result && t
			default:
				result = result || t
			}
		}
		return result, nil
	}
	return false, cloud.NotModelled("%s in a condition", name)
}

// wanted reports whether a resource or output with this condition is part of the stack.
func (s *scope) wanted(condition string) (bool, error) {
	if condition == "" {
		return true, nil
	}
	return s.condition(condition)
}
