package entity

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// ModifyPlan implements resource.ResourceWithModifyPlan.
func (r *Resource[M, P]) ModifyPlan(
	ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	if r.services == nil {
		return // the provider's configuration is unknown
	}
	if req.Plan.Raw.IsNull() {
		resp.Diagnostics.Append(r.planner.planRemoval(ctx, req.State)...)
		return
	}
	p := &PlanRequest[M]{Services: r.services, Config: new(M), Plan: new(M)}
	resp.Diagnostics.Append(req.Config.Get(ctx, p.Config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, p.Plan)...)
	if !req.State.Raw.IsNull() {
		p.State = new(M)
		resp.Diagnostics.Append(req.State.Get(ctx, p.State)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	created, diags, planned := r.planner.plan(ctx, p, planValues{req.Config, req.Plan, req.State}, resp.Private)
	resp.Diagnostics.Append(diags...)
	for _, attribute := range p.Replaced {
		resp.RequiresReplace.Append(path.Root(attribute))
	}
	if !planned {
		return
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, p.Plan)...)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(r.validator(r.services).problems(ctx, p.Plan, p.View, resp.Plan)...)
	}
	if created.named && !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(r.planner.meets(ctx, p, created, resp.Plan)...)
	}
}

type planner[M any, P Model[M]] struct {
	object     *Object[M]
	services   *Services
	conversion conversion[M, P]
}

type planValues struct{ config, plan, state attributes }

// creation is what a plan needs to know about the creation of its object.
type creation struct {
	name  name
	named bool // the name is known
	// replaced is the incarnation of the resource that the plan replaces; replaces is false if
	// there is none.
	replaced string
	replaces bool
}

// plan makes the plan for an object that is created or kept. ok is false if there is none.
func (pl *planner[M, P]) plan(
	ctx context.Context, p *PlanRequest[M], values planValues, private private,
) (created creation, diags diag.Diagnostics, ok bool) {
	moved := p.State != nil && pl.object.isMoved(ctx, p.State, values.state)
	if p.State != nil {
		if !moved {
			p.Replaced = pl.object.replaced(ctx, values, &diags)
		}
		if pl.object.NeedsUpdate != nil {
			asOf, more := dueAsOf(ctx, private)
			diags.Append(more...)
			p.AsOf = asOf
		}
	}
	n, named, more := pl.object.knownName(ctx, values.plan)
	if diags.Append(more...); diags.HasError() {
		return creation{}, diags, false
	}
	if p.View, more = pl.view(ctx, n, p.State == nil); more.HasError() {
		return creation{}, append(diags, more...), false
	}
	if moved {
		if diags.Append(pl.planMoved(ctx, p, n, named, private)...); diags.HasError() {
			return creation{}, diags, false
		}
	}

	common := P(p.Plan).common()
	common.ID = types.StringUnknown()
	if named {
		common.ID = types.StringValue(n.String())
	}
	common.Drift = types.StringNull()
	if t := tagged(P(p.Plan)); t != nil {
		t.plan(pl.services)
	}
	created = creation{name: n, named: named}
	created.replaced, created.replaces, more = replacedIncarnation(ctx, private)
	p.Replaces = p.State == nil && created.replaces
	diags.Append(more...)
	diags.Append(pl.planOwnership(ctx, p, created, private)...)
	diags.Append(pl.object.Plan(ctx, p)...)
	diags.Append(pl.planAdoption(ctx, p, n, private)...)
	return created, diags, true
}

// view returns the current project; nil if its name is unknown or it does not exist, because this
// apply may create it, or its hub. An interrupted creation leaves a project without a stack, which also counts
// as missing for objects to create. For all others a missing stack means a wrong account.
func (pl *planner[M, P]) view(ctx context.Context, n name, creating bool) (*projects.View, diag.Diagnostics) {
	if n.project() == "" {
		return nil, nil
	}
	view, err := pl.services.read(ctx, n.project())
	switch {
	case model.IsNotFound(err, model.NotFoundProject, model.NotFoundDirectory),
		creating && (model.IsNotFound(err, model.NotFoundStack) || pl.services.awaitsHub(err)):
		return nil, nil
	case err != nil:
		return nil, diag.Diagnostics{pl.object.failure(planning, n).diagnostic(err)}
	}
	return view, nil
}

// replaced returns the attributes whose change replaces the object. An unknown value replaces,
// unless the provider computes it.
func (o *Object[M]) replaced(ctx context.Context, values planValues, diags *diag.Diagnostics) []string {
	names := slices.Clone(o.Replaces)
	for _, part := range o.Identity {
		names = append(names, part.Name)
	}
	var result []string
	for _, attribute := range names {
		var config, planned, state types.String
		diags.Append(values.config.GetAttribute(ctx, path.Root(attribute), &config)...)
		diags.Append(values.plan.GetAttribute(ctx, path.Root(attribute), &planned)...)
		diags.Append(values.state.GetAttribute(ctx, path.Root(attribute), &state)...)
		leftOpen := planned.IsUnknown() && config.IsNull()
		if !planned.Equal(state) && !leftOpen {
			result = append(result, attribute)
		}
	}
	return result
}
