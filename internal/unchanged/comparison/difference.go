package comparison

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type types struct{ state, identity tftypes.Type }

func typesFrom(ctx context.Context, provider tfprotov6.ProviderServer) map[string]types {
	all := map[string]types{}
	schemas, err := provider.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return all
	}
	for name, schema := range schemas.ResourceSchemas {
		all[name] = types{state: schema.ValueType()}
	}
	identities, err := provider.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return all
	}
	for name, schema := range identities.IdentitySchemas {
		all[name] = types{all[name].state, schema.ValueType()}
	}
	return all
}

// difference compares all fields of two responses of one type.
func (t types) difference(have, want any) string {
	var differences []string
	h, w := reflect.ValueOf(have).Elem(), reflect.ValueOf(want).Elem()
	for i := range h.NumField() {
		name := h.Type().Field(i).Name
		a, b := t.text(h.Field(i).Interface()), t.text(w.Field(i).Interface())
		if a != b {
			differences = append(differences, fmt.Sprintf("%s is\n  %s\nand of the framework\n  %s", name, a, b))
		}
	}
	return strings.Join(differences, "\n")
}

// text renders a field of a response; fields with equal meaning have equal texts.
func (t types) text(field any) string {
	switch field := field.(type) {
	case *tfprotov6.DynamicValue:
		return value(field, t.state)
	case *tfprotov6.ResourceIdentityData:
		if field == nil {
			return "none"
		}
		return value(field.IdentityData, t.identity)
	case []byte:
		return fmt.Sprintf("%q", field)
	case []*tfprotov6.Diagnostic:
		var text strings.Builder
		for _, d := range field {
			fmt.Fprintf(&text, "[%s %s: %s: %s]", d.Severity, d.Attribute, d.Summary, d.Detail)
		}
		return text.String()
	case []*tftypes.AttributePath:
		return fmt.Sprint(field)
	case *tfprotov6.Deferred:
		if field == nil {
			return "none"
		}
		return field.Reason.String()
	}
	return fmt.Sprintf("%#v", field)
}

func value(v *tfprotov6.DynamicValue, typ tftypes.Type) string {
	if v == nil || typ == nil {
		return fmt.Sprintf("%v of the type %v", v, typ)
	}
	decoded, err := v.Unmarshal(typ)
	if err != nil {
		return "undecodable: " + err.Error()
	}
	return canonical(decoded)
}

// canonical renders a value as JSON, with the elements of sets sorted.
func canonical(v tftypes.Value) string {
	switch {
	case !v.IsKnown():
		return "unknown"
	case v.IsNull():
		return "null"
	}
	switch v.Type().(type) {
	case tftypes.Object, tftypes.Map:
		var inner map[string]tftypes.Value
		if err := v.As(&inner); err != nil {
			return err.Error()
		}
		var text []string
		for _, key := range slices.Sorted(maps.Keys(inner)) {
			text = append(text, fmt.Sprintf("%q:%s", key, canonical(inner[key])))
		}
		return "{" + strings.Join(text, ",") + "}"
	case tftypes.List, tftypes.Set, tftypes.Tuple:
		var inner []tftypes.Value
		if err := v.As(&inner); err != nil {
			return err.Error()
		}
		var text []string
		for _, element := range inner {
			text = append(text, canonical(element))
		}
		if v.Type().Is(tftypes.Set{}) {
			slices.Sort(text)
		}
		return "[" + strings.Join(text, ",") + "]"
	}
	if v.Type().Is(tftypes.Number) {
		n := new(big.Float)
		if err := v.As(&n); err != nil {
			return err.Error()
		}
		return n.Text('g', 40)
	}
	if v.Type().Is(tftypes.Bool) {
		var b bool
		if err := v.As(&b); err != nil {
			return err.Error()
		}
		return fmt.Sprint(b)
	}
	var s string
	if err := v.As(&s); err != nil {
		return err.Error()
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
