package entitytest

import (
	"context"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
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

// Fields returns the attributes of a model, with those of embedded structs.
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

// Diagnostic is a diagnostic of the protocol.
type Diagnostic = tfprotov6.Diagnostic

// Lacks returns what is missing: an error with the summary ("" for any), the text in its detail,
// and the path (as in cors[0].allowed_methods; "" for none). It returns "" if the error exists.
func Lacks(diagnostics []*Diagnostic, summary, text, at string) string {
	var all strings.Builder
	for _, d := range Errors(diagnostics) {
		where := pathText(d.Attribute)
		if (summary == "" || d.Summary == summary) && strings.Contains(d.Detail, text) && where == at {
			return ""
		}
		fmt.Fprintf(&all, "\n[%s] %s: %s", where, d.Summary, d.Detail)
	}
	return fmt.Sprintf("no error %q at %q with %q among:%s", summary, at, text, all.String())
}

func pathText(path *tftypes.AttributePath) string {
	var text strings.Builder
	for i, step := range path.Steps() {
		switch step := step.(type) {
		case tftypes.AttributeName:
			if i > 0 {
				text.WriteByte('.')
			}
			text.WriteString(string(step))
		case tftypes.ElementKeyInt:
			fmt.Fprintf(&text, "[%d]", int64(step))
		default:
			fmt.Fprintf(&text, "[%v]", step)
		}
	}
	return text.String()
}

// StartLookups starts and configures a provider of some data sources with given services.
func StartLookups(t *testing.T, s *entity.Services, lookups ...func() datasource.DataSource) *Terraform {
	t.Helper()
	tf := Start(t, &Provider{Services: s, Lookups: lookups})
	Must(t, tf.Configure(Values{}))
	return tf
}
