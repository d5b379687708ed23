package provider

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// fill returns an object of a type with some values; the rest is null.
func fill(t *testing.T, typ tftypes.Type, values map[string]tftypes.Value) tftypes.Value {
	t.Helper()
	object, ok := typ.(tftypes.Object)
	if !ok {
		t.Fatalf("%s is no object", typ)
	}
	all := map[string]tftypes.Value{}
	for name, attribute := range object.AttributeTypes {
		all[name] = tftypes.NewValue(attribute, nil)
	}
	for name, value := range values {
		all[name] = value
	}
	return tftypes.NewValue(object, all)
}

func number(value any) tftypes.Value { return tftypes.NewValue(tftypes.Number, value) }

func word(value string) tftypes.Value { return tftypes.NewValue(tftypes.String, value) }

// nested returns the value of a nested attribute.
func nested(t *testing.T, typ tftypes.Type, attribute string, values map[string]tftypes.Value) tftypes.Value {
	t.Helper()
	return fill(t, typ.(tftypes.Object).AttributeTypes[attribute], values)
}

// validated returns the errors of a configuration: their details by path.
func validated(
	t *testing.T, s *Server, resource string, values func(typ tftypes.Type) map[string]tftypes.Value,
) map[string][]string {
	t.Helper()
	typ := s.schemas(t.Context()).ResourceSchemas[resource].ValueType()
	config, err := tfprotov6.NewDynamicValue(typ, fill(t, typ, values(typ)))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.ValidateResourceConfig(
		t.Context(), &tfprotov6.ValidateResourceConfigRequest{TypeName: resource, Config: &config},
	)
	if err != nil {
		t.Fatal(err)
	}
	errors := map[string][]string{}
	for _, d := range resp.Diagnostics {
		at := strings.NewReplacer(`AttributeName("`, "", `")`, "").Replace(d.Attribute.String())
		errors[at] = append(errors[at], d.Detail)
	}
	return errors
}

// wantOnce checks that each error is reported once.
func wantOnce(t *testing.T, got map[string][]string, want map[string]string) {
	t.Helper()
	for at, detail := range want {
		if len(got[at]) != 1 || !strings.Contains(got[at][0], detail) {
			t.Errorf("%s: %q, want %q", at, got[at], detail)
		}
	}
	if len(got) != len(want) {
		t.Errorf("errors at %v", slices.Sorted(maps.Keys(got)))
	}
}

// TestFractions sets attributes to numbers that are not integers.
func TestFractions(t *testing.T) {
	s := NewServer(ServerOptions{Version: "test"})
	wantOnce(t, validated(t, s, "stowage_project_bucket", func(bucket tftypes.Type) map[string]tftypes.Value {
		return map[string]tftypes.Value{
			"project": word("acme"),
			"name":    word("inbox"),
			"lifecycle_rules": nested(t, bucket, "lifecycle_rules", map[string]tftypes.Value{
				"expire_after_days": number(1.5), "abort_multipart_after_days": number(1e30),
			}),
		}
	}), map[string]string{
		"lifecycle_rules.expire_after_days":          "The value must be a whole number, got: 1.5",
		"lifecycle_rules.abort_multipart_after_days": "The value must be a whole number, got: 1000000000000000000000000000000",
	})

	provider := s.schemas(t.Context()).Provider.ValueType()
	config, err := tfprotov6.NewDynamicValue(
		provider, fill(t, provider, map[string]tftypes.Value{"max_retries": number(2.5)}),
	)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.ValidateProviderConfig(t.Context(), &tfprotov6.ValidateProviderConfigRequest{Config: &config})
	if err != nil || len(resp.Diagnostics) != 1 ||
		!strings.Contains(resp.Diagnostics[0].Detail, "whole number, got: 2.5") {
		for _, d := range resp.Diagnostics {
			t.Errorf("the provider: %s: %s", d.Summary, d.Detail)
		}
	}
}

// TestMistakes_ToldOnce has several errors in one configuration.
func TestMistakes_ToldOnce(t *testing.T) {
	s := NewServer(ServerOptions{Version: "test"})
	for _, days := range []int64{-1, 40000} {
		wantOnce(t, validated(t, s, "stowage_project_bucket", func(bucket tftypes.Type) map[string]tftypes.Value {
			return map[string]tftypes.Value{
				"project":   word("acme"),
				"name":      word("inbox"),
				"on_delete": word("destroy"),
				"lifecycle_rules": nested(t, bucket, "lifecycle_rules", map[string]tftypes.Value{
					"expire_after_days":            number(days),
					"expire_noncurrent_after_days": number(days),
					"abort_multipart_after_days":   number(days),
				}),
				"object_lock": nested(
					t, bucket, "object_lock", map[string]tftypes.Value{"mode": word("governance"), "days": number(days)},
				),
			}
		}), map[string]string{
			"on_delete":                                    `must be "refuse", "retain" or "empty"`,
			"object_lock.mode":                             `must be "GOVERNANCE" or "COMPLIANCE"`,
			"object_lock.days":                             "must be between 1 and 36500 days",
			"lifecycle_rules.expire_after_days":            "must be between 1 and 36500 days",
			"lifecycle_rules.expire_noncurrent_after_days": "must be between 0 (never) and 36500 days",
			"lifecycle_rules.abort_multipart_after_days":   "must be between 0 (never) and 36500 days",
		})
	}
	wantOnce(t, validated(t, s, "stowage_project_bucket", func(bucket tftypes.Type) map[string]tftypes.Value {
		return map[string]tftypes.Value{
			"project": word("acme"), "name": word("inbox"),
			"lifecycle_rules": nested(t, bucket, "lifecycle_rules", map[string]tftypes.Value{
				"expire_after_days": number(0), "expire_noncurrent_after_days": number(0), "abort_multipart_after_days": number(0),
			}),
		}
	}), map[string]string{"lifecycle_rules.expire_after_days": "must be at least 1 day. Leave it out for never."})
	wantOnce(t, validated(t, s, "stowage_project", func(tftypes.Type) map[string]tftypes.Value {
		return map[string]tftypes.Value{"name": word("acme"), "account_id": word("1"), "on_delete": word("destroy")}
	}), map[string]string{"on_delete": `must be "refuse"`, "account_id": "12 digits"})
	wantOnce(t, validated(t, s, "stowage_user_permission", func(tftypes.Type) map[string]tftypes.Value {
		return map[string]tftypes.Value{
			"project": word("acme"),
			"user":    word("partner"),
			"bucket":  word("inbox"),
			"access":  word("delete"),
		}
	}), map[string]string{"access": `must be "read", "write" or "read_write"`})
}
