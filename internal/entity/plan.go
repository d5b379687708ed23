package entity

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// ValidateConfig implements resource.ResourceWithValidateConfig. It validates the configured
// values, without defaults and unknown values.
func (r *Resource[M, P]) ValidateConfig(
	ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse,
) {
	var m M
	if resp.Diagnostics.Append(req.Config.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(r.problems(ctx, &Services{}, &m, nil, configuration{req.Config})...)
}

// ModifyPlan implements resource.ResourceWithModifyPlan.
func (r *Resource[M, P]) ModifyPlan(
	ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	if r.services == nil {
		return // the provider's configuration is unknown
	}
	if req.Plan.Raw.IsNull() {
		resp.Diagnostics.Append(r.planRemoval(ctx, req.State)...)
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
	created, diags, planned := r.plan(ctx, p, planValues{req.Config, req.Plan, req.State}, resp.Private)
	resp.Diagnostics.Append(diags...)
	for _, attribute := range p.Replaced {
		resp.RequiresReplace.Append(path.Root(attribute))
	}
	if !planned {
		return
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, p.Plan)...)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(r.problems(ctx, r.services, p.Plan, p.View, resp.Plan)...)
	}
	if created.named && !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(r.meets(ctx, p, created, resp.Plan)...)
	}
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
func (r *Resource[M, P]) plan(
	ctx context.Context, p *PlanRequest[M], values planValues, private private,
) (created creation, diags diag.Diagnostics, ok bool) {
	if p.State != nil {
		p.Replaced = r.replaced(ctx, values, &diags)
		if r.object.NeedsUpdate != nil {
			asOf, more := dueAsOf(ctx, private)
			diags.Append(more...)
			p.AsOf = asOf
		}
	}
	n, named, more := r.knownName(ctx, values.plan)
	if diags.Append(more...); diags.HasError() {
		return creation{}, diags, false
	}
	if p.View, more = r.view(ctx, n, p.State == nil); more.HasError() {
		return creation{}, append(diags, more...), false
	}

	common := P(p.Plan).common()
	common.ID = types.StringUnknown()
	if named {
		common.ID = types.StringValue(n.String())
	}
	common.Drift = types.StringNull()
	if t := tagged(P(p.Plan)); t != nil {
		t.plan(r.services)
	}
	created = creation{name: n, named: named}
	created.replaced, created.replaces, more = replacedIncarnation(ctx, private)
	p.Replaces = p.State == nil && created.replaces
	diags.Append(more...)
	diags.Append(r.planOwnership(ctx, p, created, private)...)
	diags.Append(r.object.Plan(ctx, p)...)
	diags.Append(r.planAdoption(ctx, p, n, private)...)
	return created, diags, true
}

// view returns the current project; nil if its name is unknown or it does not exist, because this
// apply may create it. An interrupted creation leaves a project without a stack, which also counts
// as missing for objects to create. For all others a missing stack means a wrong account.
func (r *Resource[M, P]) view(ctx context.Context, n name, creating bool) (*projects.View, diag.Diagnostics) {
	if n.project() == "" {
		return nil, nil
	}
	view, err := r.services.read(ctx, n.project())
	switch {
	case model.IsNotFound(err, model.NotFoundProject, model.NotFoundDirectory),
		creating && model.IsNotFound(err, model.NotFoundStack):
		return nil, nil
	case err != nil:
		return nil, diag.Diagnostics{r.failure(planning, n).diagnostic(err)}
	}
	return view, nil
}

// replaced returns the attributes whose change replaces the object. An unknown value replaces,
// unless the provider computes it.
func (r *Resource[M, P]) replaced(ctx context.Context, values planValues, diags *diag.Diagnostics) []string {
	names := slices.Clone(r.object.Replaces)
	for _, part := range r.object.Identity {
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

type configuration struct{ attributes }

// problems reports on each attribute what makes a model's entity invalid, in general and in its
// project once that is known. It omits unknown attributes and, in a configuration, null ones, which
// get their defaults later.
func (r *Resource[M, P]) problems(
	ctx context.Context, s *Services, m *M, view *projects.View, at attributes,
) diag.Diagnostics {
	var tags map[string]string
	if t := tagged(P(m)); t != nil {
		tags = t.entity()
	}
	e, diags := r.object.Entity(ctx, s, m, tags)
	if diags.HasError() {
		return diags
	}
	problems := e.Problems()
	if r.object.Kind != model.KindProject {
		var project types.String
		diags.Append(at.GetAttribute(ctx, path.Root(r.object.Identity[0].Name), &project)...)
		problems = append(problems, model.ProjectNameProblems(r.object.Identity[0].Name, project.ValueString())...)
	}
	if located, ok := e.(model.Located); ok && view != nil {
		env := view.Contents.Env
		problems = append(problems, located.ProblemsAt(model.Location{
			Project: env.Project, Partition: env.Partition, AccountID: env.AccountID, Region: env.Region,
		})...)
	}
	_, skipNull := at.(configuration)
	for _, problem := range problems {
		where, ok := locate(ctx, at, problem.Field, skipNull)
		for _, other := range model.DependsOn(problem.Field) {
			ok = ok && !unknownAt(ctx, at, other)
		}
		if ok {
			diags.Append(r.invalid(where, problem))
		}
	}
	return diags
}

func (r *Resource[M, P]) invalid(where path.Path, problem model.Problem) diag.Diagnostic {
	summary, detail := "Invalid "+r.object.Title, fmt.Sprintf(
		"The argument %q of the %s can't be used: %s.", problem.Field, strings.ToLower(r.object.Title), problem.Reason)
	if !model.Quotable(problem.Field) {
		return diag.NewErrorDiagnostic(summary, detail)
	}
	return diag.NewAttributeErrorDiagnostic(where, summary, detail)
}

// locate converts a problem's field (lifecycle_rules.expire_after_days, cors.0.allowed_origins) to
// the path of its attribute, or of the innermost existing one. ok is false if the value at or above
// it is unknown, or null with skipNull, or contains unknown values.
func locate(ctx context.Context, at attributes, field string, skipNull bool) (where path.Path, ok bool) {
	where = path.Empty()
	steps := strings.Split(field, ".")
	for i, step := range steps {
		next := where.AtName(step)
		if index, err := strconv.Atoi(step); err == nil {
			next = where.AtListIndex(index)
		}
		var value attr.Value
		if at.GetAttribute(ctx, next, &value).HasError() {
			return where, true
		}
		if value.IsUnknown() || (value.IsNull() && skipNull) || (i == len(steps)-1 && !fullyKnown(ctx, value)) {
			return next, false
		}
		if where = next; value.IsNull() {
			return where, true
		}
	}
	return where, true
}

// unknownAt reports whether the value of a field, or one above it, is unknown.
func unknownAt(ctx context.Context, at attributes, field string) bool {
	where := path.Empty()
	for _, step := range strings.Split(field, ".") {
		where = where.AtName(step)
		var value attr.Value
		if at.GetAttribute(ctx, where, &value).HasError() || value.IsNull() {
			return false
		}
		if value.IsUnknown() {
			return true
		}
	}
	return false
}

// fullyKnown reports whether a value contains no unknown value.
func fullyKnown(ctx context.Context, value attr.Value) bool {
	raw, err := value.ToTerraformValue(ctx)
	return err == nil && raw.IsFullyKnown()
}
