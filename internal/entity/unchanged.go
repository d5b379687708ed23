package entity

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/unchanged"
)

var _ unchanged.Object = (*Resource[example, *example])(nil)

// NewModel implements unchanged.Object.
func (r *Resource[M, P]) NewModel() any { return new(M) }

func (r *Resource[M, P]) modelOf(v *unchanged.Value) *M {
	m, _ := v.Model.(*M)
	return m
}

// IdentityOf implements unchanged.Object.
func (r *Resource[M, P]) IdentityOf(ctx context.Context, state *unchanged.Value) (map[string]types.String, bool) {
	n, known, diags := r.object.knownName(ctx, state)
	if !known || len(diags) > 0 {
		return nil, false
	}
	return r.object.identity(n, r.object.unmanagedName(r.modelOf(state))), true
}

// ValidateModel implements unchanged.Object.
func (r *Resource[M, P]) ValidateModel(ctx context.Context, config *unchanged.Value) bool {
	return len(r.validator(&Services{}).problems(ctx, r.modelOf(config), nil, configuration{config})) == 0
}

// ReadModel implements unchanged.Object.
func (r *Resource[M, P]) ReadModel(ctx context.Context, state *unchanged.Value, private *unchanged.Private) bool {
	n, diags := r.object.nameOf(ctx, state)
	if r.services == nil || len(diags) > 0 {
		return false
	}
	diags, outcome := r.reader.refresh(ctx, r.modelOf(state), n, private)
	return outcome == present && len(diags) == 0
}

// PlanModel implements unchanged.Object.
func (r *Resource[M, P]) PlanModel(
	ctx context.Context, config, plan, state *unchanged.Value, private *unchanged.Private,
) bool {
	if r.services == nil {
		return false
	}
	p := &PlanRequest[M]{Services: r.services, Config: r.modelOf(config), Plan: r.modelOf(plan), State: r.modelOf(state)}
	_, diags, planned := r.planner.plan(ctx, p, planValues{config, plan, state}, private)
	if !planned || len(diags) > 0 || len(p.Replaced) > 0 {
		return false
	}
	return len(r.validator(r.services).problems(ctx, p.Plan, p.View, plan)) == 0
}

// PlanDestroyModel implements unchanged.Object.
func (r *Resource[M, P]) PlanDestroyModel(ctx context.Context, state *unchanged.Value, _ *unchanged.Private) bool {
	return r.services != nil && len(r.planner.planRemoval(ctx, state)) == 0
}
