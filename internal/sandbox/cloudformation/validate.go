package cloudformation

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

// Limits of a template (AWS CloudFormation User Guide, "CloudFormation quotas").
const (
	maxInlineTemplate = 51_200
	maxURLTemplate    = 1_000_000
	maxResources      = 500
	maxParameters     = 200
	maxOutputs        = 200
	maxParameterValue = 4_096
)

// check validates a template beyond its syntax: quotas, references, cycles, and that the sandbox
// models its resource types.
func (s *Service) check(t *template) error {
	for _, quota := range []struct {
		what        string
		number, max int
	}{
		{"resources", len(t.resources), maxResources}, {"parameters", len(t.parameters), maxParameters},
		{"outputs", len(t.outputs), maxOutputs},
	} {
		if quota.number > quota.max {
			return invalid(
				"Template format error: Number of %s, %d, is greater than maximum allowed, %d", quota.what, quota.number,
				quota.max,
			)
		}
	}
	var missing []string
	for _, name := range sortedKeys(t.resources) {
		d := t.resources[name]
		refs := append(references(d.properties), references(d.metadata)...)
		for _, dependency := range d.dependsOn {
			refs = append(refs, reference{name: dependency, attribute: "DependsOn"})
		}
		for _, r := range refs {
			_, parameter := t.parameters[r.name]
			if t.resources[r.name] == nil && (!parameter || r.attribute != "") && !slices.Contains(missing, r.name) {
				missing = append(missing, r.name)
			}
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return invalid(
			"Template format error: Unresolved resource dependencies [%s] in the Resources block of the template",
			strings.Join(missing, ", "),
		)
	}
	for _, name := range sortedKeys(t.outputs) {
		if _, ok := t.outputs[name]["Export"]; ok {
			return cloud.NotModelled("exported outputs")
		}
		for _, r := range references(t.outputs[name]["Value"]) {
			if _, parameter := t.parameters[r.name]; t.resources[r.name] == nil && !parameter {
				return invalid(
					"Template format error: Unresolved resource dependencies [%s] in the Outputs block of the template",
					r.name,
				)
			}
		}
		if err := s.checkAttributes(t, t.outputs[name]["Value"]); err != nil {
			return err
		}
	}
	for _, name := range sortedKeys(t.resources) {
		d := t.resources[name]
		if s.w.Type(d.kind) == nil {
			return cloud.NotModelled("the resource type %s (%s)", d.kind, name)
		}
		for _, property := range sortedKeys(d.properties) {
			if _, modelled := s.w.Type(d.kind).Schema().Properties[property]; !modelled && isProperty(d.kind, property) {
				return cloud.NotModelled("the property %s of %s (%s)", property, d.kind, name)
			}
		}
		if err := s.checkAttributes(t, d.properties); err != nil {
			return err
		}
		if d.condition != "" {
			if _, ok := t.conditions[d.condition]; !ok {
				return invalid(
					"Template format error: Unresolved condition dependency %s in the Resources block of the template",
					d.condition,
				)
			}
		}
	}
	return circles(t)
}

// checkAttributes refuses attributes that the resources' types lack.
func (s *Service) checkAttributes(t *template, v any) error {
	for _, r := range references(v) {
		target := t.resources[r.name]
		if r.attribute == "" || target == nil {
			continue
		}
		if ty := s.w.Type(target.kind); ty != nil && !gives(ty.Schema(), r.attribute) {
			return invalid("Template error: resource %s does not support attribute type %s in Fn::GetAtt", r.name, r.attribute)
		}
	}
	return nil
}

// gives reports whether Fn::GetAtt accepts an attribute: the type's attributes, and every readable
// property (recorded from AWS, in nine cases: LocalStack's test_change_set_fn_get_attr and others).
func gives(schema *cloud.TypeSchema, attribute string) bool {
	property, ok := schema.Properties[attribute]
	return slices.Contains(schema.Attributes, attribute) || ok && !property.WriteOnly || attribute == computedAttribute
}

// checkConditions refuses references from parts of the stack to resources with a false condition
// (recorded from AWS: LocalStack's test_dependent_ref). DependsOn may name such a resource.
func (s *scope) checkConditions() error {
	present := map[string]bool{}
	for _, name := range sortedKeys(s.template.resources) {
		wanted, err := s.wanted(s.template.resources[name].condition)
		if err != nil {
			return err
		}
		present[name] = wanted
	}
	absent := func(values ...any) ([]string, error) {
		var missing []string
		for _, v := range values {
			chosen, err := s.choose(v)
			if err != nil {
				return nil, err
			}
			for _, r := range references(chosen) {
				if is, resource := present[r.name]; resource && !is && !slices.Contains(missing, r.name) {
					missing = append(missing, r.name)
				}
			}
		}
		return missing, nil
	}
	var missing []string
	for _, name := range sortedKeys(s.template.resources) {
		if !present[name] {
			continue
		}
		more, err := absent(any(s.template.resources[name].properties), s.template.resources[name].metadata)
		if err != nil {
			return err
		}
		missing = append(missing, more...)
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return invalid(
			"Template format error: Unresolved resource dependencies [%s] in the Resources block of the template",
			strings.Join(slices.Compact(missing), ", "),
		)
	}
	for _, name := range sortedKeys(s.template.outputs) {
		condition, _ := s.template.outputs[name]["Condition"].(string)
		wanted, err := s.wanted(condition)
		if err != nil {
			return err
		}
		if !wanted {
			continue
		}
		missing, err := absent(s.template.outputs[name]["Value"])
		if err != nil {
			return err
		}
		if len(missing) > 0 {
			return invalid(
				"Template format error: Unresolved resource dependencies [%s] in the Outputs block of the template",
				strings.Join(missing, ", "),
			)
		}
	}
	return nil
}

func circles(t *template) error {
	needed := map[string]map[string]bool{}
	for name, d := range t.resources {
		needed[name] = map[string]bool{}
		for _, n := range d.needs(t) {
			needed[name][n] = true
		}
	}
	for removed := true; removed; {
		removed = false
		for _, name := range sortedKeys(needed) {
			if len(needed[name]) > 0 {
				continue
			}
			delete(needed, name)
			for _, n := range needed {
				delete(n, name)
			}
			removed = true
		}
	}
	if len(needed) > 0 {
		return invalid("Circular dependency between resources: [%s]", strings.Join(sortedKeys(needed), ", "))
	}
	return nil
}

// namedIAM are the properties that name an IAM entity explicitly, which requires
// CAPABILITY_NAMED_IAM (AWS CloudFormation User Guide, "Acknowledging IAM resources in
// CloudFormation templates").
var namedIAM = []string{"UserName", "GroupName", "RoleName", "ManagedPolicyName", "InstanceProfileName"}

// capabilities returns the capabilities that a template needs, and why.
func (s *Service) capabilities(t *template) (needed []string, reason string) {
	var kinds []string
	named := false
	for _, name := range sortedKeys(t.resources) {
		d := t.resources[name]
		schema := s.w.Type(d.kind).Schema()
		// The list of CreateStack's reference lacks OIDC providers.
		iam := strings.HasPrefix(d.kind, "AWS::IAM::") && d.kind != "AWS::IAM::OIDCProvider"
		if !schema.NamedIAM && !iam {
			continue
		}
		if !slices.Contains(kinds, d.kind) {
			kinds = append(kinds, d.kind)
		}
		for _, property := range namedIAM {
			// A type like AWS::IAM::AccessKey names another resource's user, not itself: there the
			// property is not its own name.
			own := strings.HasSuffix(d.kind, "::"+strings.TrimSuffix(property, "Name"))
			if _, given := d.properties[property]; given && own {
				named = true
			}
		}
	}
	if len(kinds) == 0 {
		return nil, ""
	}
	reason = fmt.Sprintf("The following resource(s) require capabilities: [%s]", strings.Join(kinds, ", "))
	if named {
		return []string{"CAPABILITY_NAMED_IAM"}, reason
	}
	return []string{"CAPABILITY_IAM"}, reason
}

func (s *Service) acknowledged(t *template, given []string) error {
	needed, _ := s.capabilities(t)
	for _, n := range needed {
		if !slices.Contains(given, n) && !slices.Contains(given, "CAPABILITY_NAMED_IAM") {
			return cloud.Errorf("InsufficientCapabilitiesException", "Requires capabilities : [%s]", n)
		}
	}
	return nil
}

type setting struct {
	value  string
	noEcho bool
}

// settings parses the Parameters of a request and adds previous values and defaults. "must have
// values" and "must be a number" are recorded from AWS.
func settings(form url.Values, t *template, previous map[string]setting) (map[string]setting, error) {
	given := map[string]string{}
	keep := map[string]bool{}
	for _, p := range protocol.Members(form, "Parameters") {
		key := p.Get("ParameterKey")
		switch {
		case p.Get("UsePreviousValue") == "true" && p.Has("ParameterValue"):
			return nil, invalid(
				"Invalid input for parameter key %s. Cannot specify usePreviousValue as true and non empty value for a parameter",
				key,
			)
		case p.Get("UsePreviousValue") == "true":
			keep[key] = true
		case p.Has("ParameterValue"):
			given[key] = p.Get("ParameterValue")
		default:
			return nil, invalid(
				"Invalid input for parameter key %s. Need to specify either usePreviousValue as true or a value", key,
			)
		}
	}
	var strangers, missing []string
	for _, key := range append(sortedKeys(given), sortedKeys(keep)...) {
		if t.parameters[key] == nil {
			strangers = append(strangers, key)
		}
	}
	if len(strangers) > 0 {
		return nil, invalid("Parameters: [%s] do not exist in the template", strings.Join(strangers, ", "))
	}
	values := map[string]setting{}
	for _, key := range sortedKeys(t.parameters) {
		declared := t.parameters[key]
		value, ok := given[key]
		if !ok && keep[key] {
			before, existed := previous[key]
			if !existed {
				return nil, invalid(
					"Invalid input for parameter key %s. Cannot specify usePreviousValue as true for a parameter key not in the previous template",
					key,
				)
			}
			value, ok = before.value, true
		}
		if !ok {
			if d, defaulted := declared["Default"]; defaulted {
				text, err := textOf(d)
				if err != nil {
					return nil, invalid("Template format error: Every Default member must be a string.")
				}
				value, ok = text, true
			}
		}
		if !ok {
			missing = append(missing, key)
			continue
		}
		if err := allowed(key, value, declared); err != nil {
			return nil, err
		}
		values[key] = setting{value: value, noEcho: fmt.Sprint(declared["NoEcho"]) == "true"}
	}
	if len(missing) > 0 {
		return nil, invalid("Parameters: [%s] must have values", strings.Join(missing, ", "))
	}
	return values, nil
}

func allowed(key, value string, declared map[string]any) error {
	if len(value) > maxParameterValue {
		return invalid("Parameter '%s' must not be longer than %d bytes", key, maxParameterValue)
	}
	switch declared["Type"] {
	case "String", "CommaDelimitedList", "List<String>":
	case "Number":
		if _, err := strconv.ParseFloat(value, 64); err != nil {
			return invalid("Parameter '%s' must be a number.", key)
		}
	case "List<Number>":
		for _, e := range strings.Split(value, ",") {
			if _, err := strconv.ParseFloat(strings.TrimSpace(e), 64); err != nil {
				return invalid("Parameter '%s' must be a list of numbers.", key)
			}
		}
	case nil:
		return invalid("Template format error: Every Parameters object must contain a Type member.")
	default:
		return cloud.NotModelled("the parameter type %v", declared["Type"])
	}
	if values, ok := declared["AllowedValues"].([]any); ok {
		if !slices.ContainsFunc(values, func(v any) bool { return fmt.Sprint(v) == value }) {
			return invalid("Parameter '%s' must be one of AllowedValues", key)
		}
	}
	if pattern, ok := declared["AllowedPattern"].(string); ok {
		re, err := regexp.Compile("^(?:" + pattern + ")$")
		if err != nil {
			return cloud.NotModelled("the AllowedPattern %q", pattern)
		}
		if !re.MatchString(value) {
			return invalid("Parameter '%s' must match pattern %s", key, pattern)
		}
	}
	number, _ := strconv.ParseFloat(value, 64)
	for _, bound := range []struct {
		name, text string
		broken     func(limit float64) bool
	}{
		{"MinLength", "must contain at least %v characters", func(l float64) bool { return float64(len(value)) < l }},
		{"MaxLength", "must contain at most %v characters", func(l float64) bool { return float64(len(value)) > l }},
		{"MinValue", "must be a number not less than %v", func(l float64) bool { return number < l }},
		{"MaxValue", "must be a number not greater than %v", func(l float64) bool { return number > l }},
	} {
		if limit, ok := declared[bound.name]; ok {
			l, err := strconv.ParseFloat(fmt.Sprint(limit), 64)
			if err == nil && bound.broken(l) {
				return invalid("Parameter '%s' "+bound.text, key, limit)
			}
		}
	}
	return nil
}

// parameterValues returns settings as intrinsic functions use them.
func parameterValues(t *template, settings map[string]setting) map[string]any {
	values := map[string]any{}
	for key, s := range settings {
		kind, _ := t.parameters[key]["Type"].(string)
		if kind != "CommaDelimitedList" && !strings.HasPrefix(kind, "List<") {
			values[key] = s.value
			continue
		}
		var list []any
		for _, e := range strings.Split(s.value, ",") {
			list = append(list, strings.TrimSpace(e))
		}
		values[key] = list
	}
	return values
}

// misfit returns which of a resource's resolved properties its schema refuses, or "". It ignores
// unknown parts.
func misfit(schema *cloud.TypeSchema, properties map[string]any) string {
	var problems []string
	for _, name := range sortedKeys(properties) {
		property, ok := schema.Properties[name]
		if !ok {
			problems = append(problems, fmt.Sprintf("#: extraneous key [%s] is not permitted", name))
			continue
		}
		if v := properties[name]; !hasUnknown(v) && !fits(property.Kind, v) {
			problems = append(
				problems, fmt.Sprintf("#/%s: expected type: %s, found: %s", name, typeNames[property.Kind], kindOf(v)),
			)
		}
	}
	for _, name := range schema.Required {
		if _, ok := properties[name]; !ok {
			problems = append(problems, fmt.Sprintf("#: required key [%s] not found", name))
		}
	}
	return strings.Join(problems, "\n")
}

var typeNames = map[cloud.Kind]string{
	cloud.KindString: "String", cloud.KindBool: "Boolean", cloud.KindNumber: "Number", cloud.KindInteger: "Integer",
	cloud.KindList: "JSONArray", cloud.KindMap: "JSONObject", cloud.KindJSON: "JSONObject",
}

// fits is as lenient as CloudFormation, which converts scalars (numbers and booleans given as
// strings and the reverse).
func fits(kind cloud.Kind, v any) bool {
	text := fmt.Sprint(v)
	switch kind {
	case cloud.KindString:
		_, err := textOf(v)
		return err == nil
	case cloud.KindBool:
		return text == "true" || text == "false"
	case cloud.KindNumber:
		_, err := strconv.ParseFloat(text, 64)
		return err == nil
	case cloud.KindInteger:
		_, err := strconv.ParseInt(text, 10, 64)
		return err == nil
	case cloud.KindList:
		_, ok := v.([]any)
		return ok
	case cloud.KindMap:
		_, ok := v.(map[string]any)
		return ok
	default:
		return true
	}
}

func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "String"
	case bool:
		return "Boolean"
	case json.Number:
		return "Number"
	case []any:
		return "JSONArray"
	}
	return "JSONObject"
}
