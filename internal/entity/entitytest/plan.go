package entitytest

import (
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Plan is the planned change of an object.
type Plan struct {
	// Action is "no-op", "create", "update", "replace" or "delete".
	Action   string
	Replaced []string // the attributes that force the replacement
	Warnings []*tfprotov6.Diagnostic

	typ     string
	prior   *Object
	config  tftypes.Value
	planned tftypes.Value
	private []byte
}

// Proposed returns the value that Terraform proposes: the configuration, with prior values for
// computed attributes that it omits.
func Proposed(attributes []*tfprotov6.SchemaAttribute, prior, config tftypes.Value) tftypes.Value {
	c, p := map[string]tftypes.Value{}, map[string]tftypes.Value{}
	if config.IsNull() || !config.IsKnown() || config.As(&c) != nil {
		return config
	}
	if !prior.IsNull() {
		_ = prior.As(&p)
	}
	result := maps.Clone(c)
	for _, a := range attributes {
		before, stood := p[a.Name]
		switch {
		case a.Computed && c[a.Name].IsNull():
			if stood {
				result[a.Name] = before
			}
		case a.NestedType != nil && a.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeSingle:
			if !stood {
				before = tftypes.NewValue(c[a.Name].Type(), nil)
			}
			result[a.Name] = Proposed(a.NestedType.Attributes, before, c[a.Name])
		case a.NestedType != nil:
			var now, then []tftypes.Value
			if !c[a.Name].IsKnown() || c[a.Name].As(&now) != nil {
				continue
			}
			now = slices.Clone(now) // As returns the configuration's own slice
			if stood && !before.IsNull() {
				_ = before.As(&then)
			}
			for i := range now {
				old := tftypes.NewValue(now[i].Type(), nil)
				if i < len(then) {
					old = then[i]
				}
				now[i] = Proposed(a.NestedType.Attributes, old, now[i])
			}
			if !c[a.Name].IsNull() {
				result[a.Name] = tftypes.NewValue(c[a.Name].Type(), now)
			}
		}
	}
	return tftypes.NewValue(config.Type(), result)
}

// Plan plans a change of an object (nil to create one) to a configuration (nil to delete it).
func (tf *Terraform) Plan(typ string, prior *Object, config Values) (*Plan, []*tfprotov6.Diagnostic) {
	tf.t.Helper()
	return tf.planFor(typ, prior, config, false)
}

// Replace is Plan with the option -replace for the object.
func (tf *Terraform) Replace(typ string, prior *Object, config Values) (*Plan, []*tfprotov6.Diagnostic) {
	tf.t.Helper()
	return tf.planFor(typ, prior, config, true)
}

func (tf *Terraform) planFor(typ string, prior *Object, config Values, replace bool) (*Plan, []*tfprotov6.Diagnostic) {
	tf.t.Helper()
	tf.beginWalk()
	schema, valueType := tf.resource(typ)
	plan := &Plan{typ: typ, prior: prior, config: tftypes.NewValue(valueType, nil)}
	if config != nil {
		plan.config = tf.value(valueType, config)
		valid, err := tf.server.ValidateResourceConfig(
			tf.t.Context(),
			&tfprotov6.ValidateResourceConfigRequest{TypeName: typ, Config: tf.dynamic(valueType, plan.config)},
		)
		tf.must(err)
		if len(Errors(valid.Diagnostics)) > 0 {
			return nil, valid.Diagnostics
		}
	}
	state := tftypes.NewValue(valueType, nil)
	if prior != nil {
		state = prior.state
	}
	var private []byte
	if prior != nil {
		private = prior.private
	}
	resp, err := tf.plan(schema, plan, state, private)
	tf.must(err)
	if len(Errors(resp.Diagnostics)) > 0 {
		return nil, resp.Diagnostics
	}
	diagnostics := resp.Diagnostics
	switch {
	case config == nil:
		plan.Action = "delete"
	case prior == nil:
		plan.Action = "create"
	case replace, len(resp.RequiresReplace) > 0:
		plan.Action = "replace"
		for _, at := range resp.RequiresReplace {
			plan.Replaced = append(plan.Replaced, pathText(at))
		}
		slices.Sort(plan.Replaced)
		again, err := tf.plan(schema, plan, tftypes.NewValue(valueType, nil), plan.private)
		tf.must(err)
		diagnostics = append(diagnostics, again.Diagnostics...)
	case plan.planned.Equal(state):
		plan.Action = "no-op"
	default:
		plan.Action = "update"
	}
	plan.Warnings = diagnostics
	return plan, diagnostics
}

func (tf *Terraform) plan(
	schema *tfprotov6.Schema, plan *Plan, prior tftypes.Value, private []byte,
) (*tfprotov6.PlanResourceChangeResponse, error) {
	typ := schema.ValueType()
	req := &tfprotov6.PlanResourceChangeRequest{
		TypeName: plan.typ, PriorState: tf.dynamic(typ, prior), Config: tf.dynamic(typ, plan.config),
		ProposedNewState: tf.dynamic(typ, Proposed(schema.Block.Attributes, prior, plan.config)), PriorPrivate: private,
	}
	if plan.prior != nil && !prior.IsNull() {
		req.PriorIdentity = plan.prior.identity
	}
	resp, err := tf.server.PlanResourceChange(tf.t.Context(), req)
	if err != nil || len(Errors(resp.Diagnostics)) > 0 {
		return resp, err
	}
	plan.planned, err = resp.PlannedState.Unmarshal(typ)
	plan.private = resp.PlannedPrivate
	if err == nil && !plan.config.IsNull() {
		for _, problem := range disobeyed(schema.Block.Attributes, prior, plan.config, plan.planned, plan.typ) {
			tf.t.Errorf("the plan is not what is configured: %s", problem)
		}
	}
	return resp, err
}

// Planned returns an attribute of the plan as a Go value; Unknown if it is only known after the
// apply.
func (p *Plan) Planned(attribute string) any { return attributeOf(p.planned, attribute) }

// Action refreshes an object and returns the action of its plan, which must succeed.
func (tf *Terraform) Action(object *Object, config Values) string {
	tf.t.Helper()
	object, diagnostics := tf.Read(object)
	Must(tf.t, diagnostics)
	if object == nil {
		return "create"
	}
	plan, diagnostics := tf.Plan(object.Type, object, config)
	Must(tf.t, diagnostics)
	return plan.Action
}
