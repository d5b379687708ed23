// Package schematest validates JSON by JSON Schemas, for tests. It knows the part of JSON Schema 2020-12 that the live protocol's schemas
// use, and refuses schemas with anything else in them, so that no rule is passed over.
package schematest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Validator holds the schemas of a folder. They refer to each other by file name.
type Validator struct {
	files map[string]any
	// seen are the members that were in what has been validated, by the place of their schema.
	seen map[string]bool
}

// Load reads all schemas of a folder.
func Load(folder fs.FS) (*Validator, error) {
	v := &Validator{files: map[string]any{}, seen: map[string]bool{}}
	names, err := fs.Glob(folder, "*.json")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, err
		}
		if v.files[name], err = decode(text); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return v, nil
}

func decode(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	return value, decoder.Decode(&value)
}

// Validate says what is wrong with JSON by the schema in a file. Members that no schema describes are wrong, too: the schemas leave room
// for later versions, of which a test has none.
func (v *Validator) Validate(file string, text []byte) []string {
	value, err := decode(text)
	if err != nil {
		return []string{err.Error()}
	}
	schema, ok := v.files[file]
	if !ok {
		return []string{"there is no schema " + file}
	}
	return v.check(file+"#", schema, "", value)
}

// Unseen are the places of the members that the schemas describe and that were in nothing that has been validated.
func (v *Validator) Unseen() []string {
	var unseen []string
	for file, schema := range v.files {
		members(file+"#", schema, func(place string) {
			if !v.seen[place] {
				unseen = append(unseen, place)
			}
		})
	}
	slices.Sort(unseen)
	return unseen
}

// members goes through the places of all members that a schema describes.
func members(place string, schema any, found func(string)) {
	object, ok := schema.(map[string]any)
	if !ok {
		return
	}
	for key, value := range object {
		switch nested, _ := value.(map[string]any); key {
		case "properties":
			for name, member := range nested {
				found(place + "/properties/" + name)
				members(place+"/properties/"+name, member, found)
			}
		case "$defs":
			for name, member := range nested {
				members(place+"/$defs/"+name, member, found)
			}
		case "items", "additionalProperties":
			members(place+"/"+key, value, found)
		}
	}
}

// check validates a value by the schema at a place.
func (v *Validator) check(place string, schema any, at string, value any) []string {
	rules, ok := schema.(map[string]any)
	if !ok {
		return []string{fmt.Sprintf("%s is no schema", place)}
	}
	var problems []string
	wrong := func(format string, args ...any) {
		problems = append(problems, fmt.Sprintf("%s: %s", at, fmt.Sprintf(format, args...)))
	}
	// What is said of a member beside a reference, is said besides.
	if to, ok := rules["$ref"].(string); ok {
		target, referred, err := v.resolve(place, to)
		if err != nil {
			return []string{err.Error()}
		}
		return v.check(target, referred, at, value)
	}
	for _, rule := range slices.Sorted(maps.Keys(rules)) {
		said := rules[rule]
		switch rule {
		case "$schema", "$id", "$defs", "title", "description", "examples", "required", "properties", "additionalProperties", "propertyNames":
		case "type":
			if !isOf(said, value) {
				wrong("%v is no %v", value, said)
			}
		case "const":
			if said != value {
				wrong("%v is not %v", value, said)
			}
		case "enum":
			if list, _ := said.([]any); !slices.Contains(list, value) {
				wrong("%v is none of %v", value, said)
			}
		case "minimum", "maximum":
			if n, ok := value.(json.Number); ok {
				have, limit := number(n), number(said)
				if rule == "minimum" && have < limit || rule == "maximum" && have > limit {
					wrong("%v is beyond the %s %v", value, rule, said)
				}
			}
		case "minLength", "maxLength":
			if s, ok := value.(string); ok {
				have, limit := utf8.RuneCountInString(s), int(number(said))
				if rule == "minLength" && have < limit || rule == "maxLength" && have > limit {
					wrong("%q is beyond the %s %v", s, rule, said)
				}
			}
		case "pattern":
			pattern, _ := said.(string)
			if s, ok := value.(string); ok && !regexp.MustCompile(pattern).MatchString(s) {
				wrong("%q does not match %s", s, pattern)
			}
		case "format":
			if s, ok := value.(string); ok && said == "date-time" {
				if _, err := time.Parse(time.RFC3339Nano, s); err != nil {
					wrong("%q is no time", s)
				}
			} else if said != "date-time" {
				wrong("%s has an unknown format %v", place, said)
			}
		case "minItems":
			if list, ok := value.([]any); ok && len(list) < int(number(said)) {
				wrong("%d items", len(list))
			}
		case "items":
			list, _ := value.([]any)
			for i, element := range list {
				problems = append(problems, v.check(place+"/items", said, fmt.Sprintf("%s[%d]", at, i), element)...)
			}
		default:
			wrong("%s has the unknown rule %q", place, rule)
		}
	}
	if object, ok := value.(map[string]any); ok {
		problems = append(problems, v.object(place, rules, at, object)...)
	}
	return problems
}

func (v *Validator) object(place string, rules map[string]any, at string, object map[string]any) []string {
	var problems []string
	required, _ := rules["required"].([]any)
	for _, name := range required {
		if _, there := object[name.(string)]; !there {
			problems = append(problems, fmt.Sprintf("%s: %v is missing", at, name))
		}
	}
	described, _ := rules["properties"].(map[string]any)
	others, open := rules["additionalProperties"]
	for name, member := range object {
		if names, ok := rules["propertyNames"]; ok {
			problems = append(problems, v.check(place+"/propertyNames", names, at+" name", name)...)
		}
		inside := at + "." + name
		switch schema, known := described[name]; {
		case known:
			v.seen[place+"/properties/"+name] = true
			problems = append(problems, v.check(place+"/properties/"+name, schema, inside, member)...)
		case open:
			problems = append(problems, v.check(place+"/additionalProperties", others, inside, member)...)
		case described != nil:
			problems = append(problems, inside+" is described nowhere")
		}
	}
	return problems
}

// resolve finds what a reference from a place refers to: "file.json", "file.json#/$defs/name".
func (v *Validator) resolve(place, reference string) (target string, schema any, err error) {
	file, pointer, _ := strings.Cut(reference, "#")
	if file == "" {
		file, _, _ = strings.Cut(place, "#")
	}
	schema = v.files[path.Base(file)]
	for _, name := range strings.Split(strings.Trim(pointer, "/"), "/") {
		if name == "" {
			continue
		}
		object, _ := schema.(map[string]any)
		schema = object[name]
	}
	if schema == nil {
		return "", nil, fmt.Errorf("%s refers to %s, which is not there", place, reference)
	}
	return path.Base(file) + "#" + pointer, schema, nil
}

func isOf(kind, value any) bool {
	switch kind {
	case "object":
		_, ok := value.(map[string]any)
		return ok
	case "array":
		_, ok := value.([]any)
		return ok
	case "string":
		_, ok := value.(string)
		return ok
	case "boolean":
		_, ok := value.(bool)
		return ok
	case "integer":
		n, ok := value.(json.Number)
		return ok && !strings.ContainsAny(n.String(), ".eE")
	}
	return false
}

func number(value any) float64 {
	n, _ := value.(json.Number)
	f, _ := n.Float64() // schemas and messages have no numbers that are none
	return f
}
