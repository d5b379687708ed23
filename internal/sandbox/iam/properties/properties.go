// Package properties decodes the resolved properties of a CloudFormation resource into a struct as
// strictly as CloudFormation's schemas with additionalProperties false: it refuses unknown names at
// every depth, and case matters.
package properties

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// Decode fills the struct that into points to. Its error is a *cloud.Error in the words of
// CloudFormation's validation.
func Decode(resolved map[string]any, into any) error {
	if err := exact(resolved, reflect.TypeOf(into), "#"); err != nil {
		return err
	}
	text, err := json.Marshal(resolved)
	if err != nil {
		return invalid("%v", err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return invalid("%s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// Plain converts properties to their decoded JSON: maps, lists, strings, booleans and numbers as
// json.Number.
func Plain(p map[string]any) (map[string]any, error) {
	result := map[string]any{}
	if err := Decode(p, &result); err != nil {
		return nil, err
	}
	return result, nil
}

func invalid(format string, args ...any) error {
	return cloud.Errorf("ValidationError", "Properties validation failed: "+format, args...)
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// exact compares names with the struct's, including their case, which encoding/json ignores.
func exact(value any, t reflect.Type, path string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if reflect.PointerTo(t).Implements(unmarshaler) {
		return nil // has its own decoding
	}
	switch v := value.(type) {
	case []any:
		if t.Kind() != reflect.Slice {
			return nil // the decoder reports that error
		}
		for _, one := range v {
			if err := exact(one, t.Elem(), path); err != nil {
				return err
			}
		}
	case map[string]any:
		if t.Kind() != reflect.Struct {
			return nil
		}
		fields := fieldsOf(t)
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			field, ok := fields[name]
			if !ok {
				return invalid("%s: extraneous key [%s] is not permitted", path, name)
			}
			if err := exact(v[name], field, path+"/"+name); err != nil {
				return err
			}
		}
	}
	return nil
}

// fieldsOf returns the types of a struct's fields by their JSON names, including those of embedded
// structs.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := make(map[string]reflect.Type)
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			for name, embedded := range fieldsOf(f.Type) {
				fields[name] = embedded
			}
		case !f.IsExported() || name == "-":
		case name == "":
			fields[f.Name] = f.Type
		default:
			fields[name] = f.Type
		}
	}
	return fields
}
