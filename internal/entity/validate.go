package entity

import (
	"context"
	"fmt"
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
	resp.Diagnostics.Append(r.validator(&Services{}).problems(ctx, &m, nil, configuration{req.Config})...)
}

// validator returns the validator of the object's models.
func (r *Resource[M, P]) validator(s *Services) validator[M] { return validator[M]{&r.object, s} }

type configuration struct{ attributes }

type validator[M any] struct {
	object   *Object[M]
	services *Services // with the provider's defaults; empty before the provider is configured
}

// problems reports on each attribute what makes a model's entity invalid, in general and in its
// project once that is known. It omits unknown attributes and, in a configuration, null ones, which
// get their defaults later.
func (v validator[M]) problems(
	ctx context.Context, m *M, view *projects.View, at attributes,
) diag.Diagnostics {
	var tags map[string]string
	if t := tagged(m); t != nil {
		tags = t.entity()
	}
	e, diags := v.object.Entity(ctx, v.services, m, tags)
	if diags.HasError() {
		return diags
	}
	problems := e.Problems()
	if v.object.Kind != model.KindProject {
		var project types.String
		diags.Append(at.GetAttribute(ctx, path.Root(v.object.Identity[0].Name), &project)...)
		problems = append(problems, model.ProjectNameProblems(v.object.Identity[0].Name, project.ValueString())...)
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
			diags.Append(v.object.invalid(where, problem))
		}
	}
	return diags
}

func (o *Object[M]) invalid(where path.Path, problem model.Problem) diag.Diagnostic {
	summary, detail := "Invalid "+o.Title, fmt.Sprintf(
		"The argument %q of the %s can't be used: %s.", problem.Field, strings.ToLower(o.Title), problem.Reason)
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

func fullyKnown(ctx context.Context, value attr.Value) bool {
	raw, err := value.ToTerraformValue(ctx)
	return err == nil && raw.IsFullyKnown()
}
