package cloudformation

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"sort"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// template is a parsed template, immutable so that stacks, change sets and snapshots share it.
type template struct {
	body        string // the original bytes
	description string
	metadata    any
	parameters  map[string]map[string]any
	mappings    map[string]any
	conditions  map[string]any
	resources   map[string]*declaration
	outputs     map[string]map[string]any
}

type declaration struct {
	name          string
	kind          string // resource type
	properties    map[string]any
	metadata      any
	dependsOn     []string
	condition     string
	description   string
	deletion      string // DeletionPolicy, "" when not given
	updateReplace string // UpdateReplacePolicy, "" when not given
}

// The modelled deletion policies.
const (
	policyDelete               = "Delete"
	policyRetain               = "Retain"
	policyRetainExceptOnCreate = "RetainExceptOnCreate"
)

var templateSections = []string{
	"AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Mappings", "Conditions", "Transform", "Rules",
	"Resources", "Outputs", "Hooks", "Globals",
}

var resourceAttributes = []string{
	"Type",
	"Properties",
	"Metadata",
	"DependsOn",
	"Condition",
	"Description",
	"DeletionPolicy",
	"UpdateReplacePolicy",
	"UpdatePolicy",
	"CreationPolicy",
}

// parseTemplate parses a template: JSON, or the block YAML that yaml.go supports. AWS's users
// report the error texts without another source; "unsupported structure", "Any Resources member
// must be an object" and "non alphanumeric" are recorded from AWS.
func parseTemplate(body string) (*template, error) {
	if err := checkDynamicReferences(body); err != nil {
		return nil, err
	}
	root, err := decodeTemplate(body)
	if err != nil {
		return nil, err
	}
	t := &template{body: body, resources: map[string]*declaration{}}
	for section := range root {
		if !slices.Contains(templateSections, section) {
			return nil, invalid("Invalid template property or properties [%s]", section)
		}
	}
	for _, section := range []string{"Transform", "Rules", "Hooks", "Globals"} {
		if _, ok := root[section]; ok {
			return nil, cloud.NotModelled("the template section %s", section)
		}
	}
	if d, ok := root["Description"].(string); ok {
		t.description = d
	}
	if len(t.description) > maxDescription { // CloudFormation user guide, "CloudFormation quotas"
		return nil, invalid("Template format error: 'Description' length is greater than %d.", maxDescription)
	}
	t.metadata = root["Metadata"]
	t.mappings, _ = root["Mappings"].(map[string]any)
	t.conditions, _ = root["Conditions"].(map[string]any)
	if t.parameters, err = objects(root, "Parameters", "Parameter"); err != nil {
		return nil, err
	}
	if t.outputs, err = objects(root, "Outputs", "Output"); err != nil {
		return nil, err
	}
	resources, err := objects(root, "Resources", "Resource")
	if err != nil {
		return nil, err
	}
	if len(resources) == 0 {
		return nil, invalid("Template format error: At least one Resources member must be defined.")
	}
	for name, r := range resources {
		d, err := declare(name, r)
		if err != nil {
			return nil, err
		}
		t.resources[name] = d
	}
	return t, nil
}

func decodeTemplate(body string) (map[string]any, error) {
	text := strings.TrimSpace(body)
	if !strings.HasPrefix(text, "{") {
		v, err := parseYAML(body)
		if err != nil {
			return nil, err
		}
		root, ok := v.(map[string]any)
		if !ok {
			return nil, invalid("Template format error: unsupported structure.")
		}
		return root, nil
	}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var root map[string]any
	if err := d.Decode(&root); err != nil {
		line, column := position(text, d.InputOffset(), err)
		return nil, invalid("Template format error: JSON not well-formed. (line %d, column %d)", line, column)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		line, column := position(text, d.InputOffset(), nil)
		return nil, invalid("Template format error: JSON not well-formed. (line %d, column %d)", line, column)
	}
	return root, nil
}

func position(text string, offset int64, err error) (line, column int) {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		offset = syntax.Offset - 1 // the invalid byte
	}
	before := text[:min(int(offset), len(text))]
	line = strings.Count(before, "\n") + 1
	return line, len(before) - strings.LastIndex(before, "\n")
}

// objects parses a section whose members are objects with alphanumeric names.
func objects(root map[string]any, section, word string) (map[string]map[string]any, error) {
	v, ok := root[section]
	if !ok {
		return nil, nil
	}
	members, ok := v.(map[string]any)
	if !ok {
		return nil, invalid("Template format error: %s must be an object.", section)
	}
	result := make(map[string]map[string]any, len(members))
	for _, name := range sortedKeys(members) {
		member, ok := members[name].(map[string]any)
		if !ok {
			return nil, invalid("Template format error: Any %s member must be an object.", section)
		}
		if !alphanumeric(name) {
			return nil, invalid("Template format error: %s name %s is non alphanumeric.", word, name)
		}
		if len(name) > 255 {
			return nil, invalid("Template format error: %s name %s is longer than 255 characters.", word, name)
		}
		result[name] = member
	}
	return result, nil
}

func declare(name string, r map[string]any) (*declaration, error) {
	for _, attribute := range sortedKeys(r) {
		if !slices.Contains(resourceAttributes, attribute) {
			return nil, invalid("Invalid template resource property '%s'", attribute)
		}
		if attribute == "CreationPolicy" || attribute == "UpdatePolicy" {
			return nil, cloud.NotModelled("the resource attribute %s", attribute)
		}
	}
	d := &declaration{name: name, metadata: r["Metadata"]}
	var ok bool
	if d.kind, ok = r["Type"].(string); !ok {
		return nil, invalid("Template format error: [/Resources/%s] Every Resources object must contain a Type member.", name)
	}
	if p, given := r["Properties"]; given {
		if d.properties, ok = p.(map[string]any); !ok {
			return nil, invalid(
				"Template format error: [/Resources/%s/Properties] 'null' values are not allowed in templates", name,
			)
		}
	}
	if d.properties == nil {
		d.properties = map[string]any{}
	}
	switch v := r["DependsOn"].(type) {
	case nil:
	case string:
		d.dependsOn = []string{v}
	case []any:
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				return nil, invalid("Template format error: Every value of DependsOn in %s must be a string.", name)
			}
			d.dependsOn = append(d.dependsOn, s)
		}
	default:
		return nil, invalid("Template format error: DependsOn must be a string or list of strings.")
	}
	d.condition, _ = r["Condition"].(string)
	d.description, _ = r["Description"].(string)
	var err error
	if d.deletion, err = retention(
		r, "DeletionPolicy", policyDelete, policyRetain, policyRetainExceptOnCreate,
	); err != nil {
		return nil, err
	}
	d.updateReplace, err = retention(r, "UpdateReplacePolicy", policyDelete, policyRetain)
	return d, err
}

func retention(r map[string]any, attribute string, allowed ...string) (string, error) {
	v, given := r[attribute]
	if !given {
		return "", nil
	}
	s, _ := v.(string)
	if s == "Snapshot" {
		return "", cloud.NotModelled("the %s Snapshot", attribute)
	}
	if !slices.Contains(allowed, s) {
		return "", invalid("Template format error: Unrecognized %s %v", attribute, v)
	}
	return s, nil
}

// needs returns the resources that must exist before d, sorted: its references and DependsOn.
func (d *declaration) needs(t *template) []string {
	set := map[string]bool{}
	for _, name := range d.dependsOn {
		set[name] = true
	}
	for _, r := range references(d.properties) {
		if t.resources[r.name] != nil {
			set[r.name] = true
		}
	}
	for _, r := range references(d.metadata) {
		if t.resources[r.name] != nil {
			set[r.name] = true
		}
	}
	return sortedKeys(set)
}

// keeps reports whether a resource outlives its removal from the template, or its stack's deletion.
func (d *declaration) keeps() bool {
	return d.deletion == policyRetain || d.deletion == policyRetainExceptOnCreate
}

func alphanumeric(s string) bool {
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

func invalid(format string, args ...any) *cloud.Error {
	return cloud.Errorf("ValidationError", format, args...)
}
