package entitytest

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Schema returns the schema of a resource.
func (tf *Terraform) Schema(typ string) *tfprotov6.Schema {
	tf.t.Helper()
	schema, _ := tf.resource(typ)
	return schema
}

// ProviderSchema returns the schema of the provider block.
func (tf *Terraform) ProviderSchema() *tfprotov6.Schema { return tf.schemas.Provider }

// Replan plans again with the configuration known during the apply, as Terraform does before it
// applies a change. problems lists where the second plan contradicts the first ("Provider produced
// inconsistent final plan").
func (tf *Terraform) Replan(
	plan *Plan, config Values,
) (again *Plan, diagnostics []*tfprotov6.Diagnostic, problems []string) {
	tf.t.Helper()
	prior := plan.prior
	if plan.Action == "replace" {
		prior = nil // already destroyed
	}
	again, diagnostics = tf.Plan(plan.typ, prior, config)
	if again == nil {
		return nil, diagnostics, nil
	}
	switch {
	case plan.Action == "replace" && again.Action == "create":
		again.Action, again.prior = "replace", plan.prior
	case plan.Action != again.Action && (plan.Action != "update" || again.Action != "no-op"):
		problems = append(problems, fmt.Sprintf("the action was %s, and is %s", plan.Action, again.Action))
	}
	differ(
		plan.planned,
		again.planned,
		tftypes.NewAttributePath(),
		func(at *tftypes.AttributePath, planned, final tftypes.Value) {
			problems = append(problems, fmt.Sprintf("%s: planned as %s, and then as %s", at, planned, final))
		},
	)
	return again, diagnostics, problems
}

// differ reports where a final value differs from the planned one. Unknown values may become
// anything.
func differ(
	planned, final tftypes.Value, at *tftypes.AttributePath,
	report func(at *tftypes.AttributePath, planned, final tftypes.Value),
) {
	if !planned.IsKnown() || planned.Equal(final) {
		return
	}
	if !final.IsKnown() || planned.IsNull() || final.IsNull() {
		report(at, planned, final)
		return
	}
	switch {
	case planned.Type().Is(tftypes.Object{}), planned.Type().Is(tftypes.Map{}):
		p, f := map[string]tftypes.Value{}, map[string]tftypes.Value{}
		if planned.As(&p) != nil || final.As(&f) != nil || len(p) != len(f) {
			report(at, planned, final)
			return
		}
		for name, value := range p {
			member, there := f[name]
			if !there {
				report(at, planned, final)
				return
			}
			differ(value, member, at.WithAttributeName(name), report)
		}
	case planned.Type().Is(tftypes.List{}):
		var p, f []tftypes.Value
		if planned.As(&p) != nil || final.As(&f) != nil || len(p) != len(f) {
			report(at, planned, final)
			return
		}
		for i := range p {
			differ(p[i], f[i], at.WithElementKeyInt(i), report)
		}
	case planned.Type().Is(tftypes.Set{}) && !planned.IsFullyKnown(): // the elements cannot be matched
	default:
		report(at, planned, final)
	}
}

// disobeyed lists the attributes whose planned value is not the configured one ("Provider produced
// invalid plan"). Allowed are the prior value, and any value for a computed attribute that is not
// configured.
func disobeyed(attributes []*tfprotov6.SchemaAttribute, prior, config, planned tftypes.Value, at string) []string {
	if planned.Equal(config) {
		return nil
	}
	wrong := func(at string, config, planned tftypes.Value) []string {
		return []string{fmt.Sprintf("%s: configured as %s, planned as %s", at, config, planned)}
	}
	if config.IsNull() || planned.IsNull() || !config.IsKnown() || !planned.IsKnown() {
		return wrong(at, config, planned)
	}
	b, c, p := map[string]tftypes.Value{}, map[string]tftypes.Value{}, map[string]tftypes.Value{}
	if config.As(&c) != nil || planned.As(&p) != nil {
		return wrong(at, config, planned)
	}
	if !prior.IsNull() {
		_ = prior.As(&b)
	}
	var problems []string
	for _, a := range attributes {
		where, have, want := at+"."+a.Name, p[a.Name], c[a.Name]
		before, stood := b[a.Name]
		if !stood {
			before = tftypes.NewValue(a.ValueType(), nil)
		}
		switch {
		case have.Equal(want), a.Computed && want.IsNull(), have.Equal(before) && !before.IsNull():
		case a.NestedType != nil && a.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeSingle:
			problems = append(problems, disobeyed(a.NestedType.Attributes, before, want, have, where)...)
		case a.NestedType != nil && a.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeList:
			var wanted, given []tftypes.Value
			if !want.IsKnown() || !have.IsKnown() || want.As(&wanted) != nil || have.As(&given) != nil ||
				len(wanted) != len(given) {
				problems = append(problems, wrong(where, want, have)...)
				continue
			}
			for i := range wanted {
				problems = append(
					problems,
					disobeyed(
						a.NestedType.Attributes, tftypes.NewValue(wanted[i].Type(), nil), wanted[i], given[i],
						fmt.Sprintf("%s[%d]", where, i),
					)...)
			}
		default:
			problems = append(problems, wrong(where, want, have)...)
		}
	}
	return problems
}
