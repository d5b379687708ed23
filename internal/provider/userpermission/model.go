package userpermission

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// Model is the model of stowage_user_permission in state, plan and configuration.
type Model struct {
	entity.Common
	Project     types.String `tfsdk:"project"`
	User        types.String `tfsdk:"user"`
	Bucket      types.String `tfsdk:"bucket"`
	Prefix      types.String `tfsdk:"prefix"`
	Access      types.String `tfsdk:"access"`
	AllowDelete types.Bool   `tfsdk:"allow_delete"`
}

func (m *Model) permission() model.Permission {
	return model.Permission{
		User: m.User.ValueString(), Bucket: m.Bucket.ValueString(), Prefix: m.Prefix.ValueString(),
		Access: model.Access(m.Access.ValueString()), AllowDelete: m.AllowDelete.ValueBool(),
	}
}

func toEntity(_ context.Context, _ *entity.Services, m *Model, _ map[string]string) (model.Entity, diag.Diagnostics) {
	return m.permission(), nil
}

func plan(_ context.Context, p *entity.PlanRequest[Model]) diag.Diagnostics {
	if p.View != nil && p.State == nil && entity.Known(p.Plan.User) {
		if scarce, ok := p.View.Scarce(p.Plan.User.ValueString()); ok {
			return diag.Diagnostics{entity.Warning(scarce)}
		}
	}
	return nil
}

func fill(_ context.Context, m *Model, _ *projects.View, e model.Entity) diag.Diagnostics {
	p, ok := e.(model.Permission)
	if !ok {
		return diag.Diagnostics{entity.Unexpected("permission", m.ID, e)}
	}
	m.User, m.Bucket, m.Prefix = types.StringValue(p.User), types.StringValue(p.Bucket), types.StringValue(p.Prefix)
	m.Access, m.AllowDelete = types.StringValue(string(p.Access)), types.BoolValue(p.AllowDelete)
	return nil
}
