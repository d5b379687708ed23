// Package schematest validates JSON against the JSON Schemas of the live protocol. It is for tests,
// and stricter than a client.
package schematest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// strictMetaschema is JSON Schema 2020-12 without unknown keywords, so that a misspelled keyword is
// an error.
const strictMetaschema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"$id": "https://stowage.invalid/strict",
	"$dynamicAnchor": "meta",
	"$ref": "https://json-schema.org/draft/2020-12/schema",
	"unevaluatedProperties": false
}`

// Validator holds the schemas of a folder, which refer to each other by file name. It is not safe
// for concurrent use.
type Validator struct {
	schemas map[string]*jsonschema.Schema // by file name, and by file name and fragment for definitions
	// seen records the members of validated messages, by the location of their schema.
	seen map[string]bool
}

// Load reads all schemas of a folder. It returns an error for an unknown keyword.
func Load(folder fs.FS) (*Validator, error) {
	names, err := fs.Glob(folder, "*.json")
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	meta, err := metaschema()
	if err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for _, name := range names {
		document, err := read(folder, name)
		if err != nil {
			return nil, err
		}
		if err := meta.Validate(document); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		closeObjects(document)
		object, _ := document.(map[string]any)
		if ids[name], _ = object["$id"].(string); ids[name] == "" {
			return nil, fmt.Errorf("%s has no $id", name)
		}
		definitions, _ := object["$defs"].(map[string]any)
		for definition := range definitions {
			ids[name+"#/$defs/"+definition] = ids[name] + "#/$defs/" + definition
		}
		if err := compiler.AddResource(ids[name], document); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	v := &Validator{schemas: map[string]*jsonschema.Schema{}, seen: map[string]bool{}}
	for name, id := range ids {
		if v.schemas[name], err = compiler.Compile(id); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func metaschema() (*jsonschema.Schema, error) {
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(strictMetaschema))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("https://stowage.invalid/strict", document); err != nil {
		return nil, err
	}
	return compiler.Compile("https://stowage.invalid/strict")
}

func read(folder fs.FS, name string) (any, error) {
	text, err := fs.ReadFile(folder, name)
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return document, nil
}

// closeObjects forbids members that a schema does not describe. The schemas allow them for later
// versions, which tests do not have.
func closeObjects(document any) {
	switch document := document.(type) {
	case map[string]any:
		_, described := document["properties"].(map[string]any)
		if _, open := document["additionalProperties"]; described && !open {
			document["additionalProperties"] = false
		}
		for _, member := range document {
			closeObjects(member)
		}
	case []any:
		for _, element := range document {
			closeObjects(element)
		}
	}
}

// Validate returns the violations of the schema in a file.
func (v *Validator) Validate(file string, text []byte) []string {
	schema, ok := v.schemas[file]
	if !ok {
		return []string{"there is no schema " + file}
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return []string{err.Error()}
	}
	v.note(schema, value)
	var invalid *jsonschema.ValidationError
	switch err := schema.Validate(value); {
	case errors.As(err, &invalid):
		return causes(invalid)
	case err != nil:
		return []string{err.Error()}
	}
	return nil
}

// causes returns the innermost causes of an error.
func causes(err *jsonschema.ValidationError) []string {
	if len(err.Causes) == 0 {
		text := err.ErrorKind.LocalizedString(message.NewPrinter(language.English))
		return []string{"/" + strings.Join(err.InstanceLocation, "/") + ": " + text}
	}
	var all []string
	for _, cause := range err.Causes {
		all = append(all, causes(cause)...)
	}
	return all
}

// note records the members of a value.
func (v *Validator) note(schema *jsonschema.Schema, value any) {
	for schema.Ref != nil {
		schema = schema.Ref
	}
	switch value := value.(type) {
	case map[string]any:
		others, _ := schema.AdditionalProperties.(*jsonschema.Schema)
		for name, member := range value {
			if described, ok := schema.Properties[name]; ok {
				v.seen[described.Location] = true
				v.note(described, member)
			} else if others != nil {
				v.note(others, member)
			}
		}
	case []any:
		for _, element := range value {
			if schema.Items2020 != nil {
				v.note(schema.Items2020, element)
			}
		}
	}
}

// Unseen returns the locations of the described members that no validated message had.
func (v *Validator) Unseen() []string {
	described := map[string]bool{}
	visited := map[*jsonschema.Schema]bool{}
	var visit func(*jsonschema.Schema)
	visit = func(schema *jsonschema.Schema) {
		if schema == nil || visited[schema] {
			return
		}
		visited[schema] = true
		visit(schema.Ref)
		visit(schema.Items2020)
		if others, ok := schema.AdditionalProperties.(*jsonschema.Schema); ok {
			visit(others)
		}
		for _, member := range schema.Properties {
			described[member.Location] = true
			visit(member)
		}
	}
	for _, schema := range v.schemas {
		visit(schema)
	}
	maps.DeleteFunc(described, func(location string, _ bool) bool { return v.seen[location] })
	return slices.Sorted(maps.Keys(described))
}
