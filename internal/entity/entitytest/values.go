package entitytest

import (
	"context"
	"math/big"
	"reflect"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func number(value tftypes.Value) int64 {
	n := new(big.Float)
	_ = value.As(&n)
	i, _ := n.Int64()
	return i
}

// Parity fails the test if a model's fields and its schema's attributes differ.
func Parity(t *testing.T, r resource.Resource, model any) {
	t.Helper()
	var resp resource.SchemaResponse
	r.Schema(context.Background(), resource.SchemaRequest{}, &resp)
	if diags := resp.Schema.ValidateImplementation(context.Background()); diags.HasError() {
		t.Errorf("the schema is not valid: %v", diags)
	}
	var want []string
	for name, attribute := range resp.Schema.Attributes {
		want = append(want, name)
		if attribute.GetMarkdownDescription() == "" && attribute.GetDescription() == "" && name != "timeouts" {
			t.Errorf("the attribute %s has no description", name)
		}
	}
	have := Fields(reflect.TypeOf(model))
	slices.Sort(want)
	slices.Sort(have)
	if !slices.Equal(want, have) {
		t.Errorf("the model has the fields\n%v\nand the schema the attributes\n%v", have, want)
	}
}

// Fields are the attributes that a model has, those of embedded structs included.
func Fields(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Anonymous {
			names = append(names, Fields(field.Type)...)
		} else {
			names = append(names, field.Tag.Get("tfsdk"))
		}
	}
	return names
}
