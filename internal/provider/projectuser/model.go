package projectuser

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Model is stowage_project_user in state, plan and configuration.
type Model struct {
	entity.Common
	entity.Tagged
	Project   types.String `tfsdk:"project"`
	Name      types.String `tfsdk:"name"`
	SourceIPs types.Set    `tfsdk:"source_ips"`
	UserName  types.String `tfsdk:"user_name"`
	ARN       types.String `tfsdk:"arn"`
}

func toEntity(_ context.Context, _ *entity.Services, m *Model, tags map[string]string) (model.Entity, diag.Diagnostics) {
	return model.User{Name: m.Name.ValueString(), SourceIPs: entity.Strings(m.SourceIPs), Tags: tags}, nil
}

func plan(_ context.Context, p *entity.Planning[Model]) diag.Diagnostics {
	m := p.Plan
	if p.InPlace() {
		m.UserName, m.ARN = p.State.UserName, p.State.ARN
		return nil
	}
	m.UserName, m.ARN = types.StringUnknown(), types.StringUnknown()
	if entity.Known(m.Project, m.Name) {
		m.UserName = types.StringValue(model.UserName(m.Project.ValueString(), m.Name.ValueString()))
		if p.View != nil {
			m.ARN = types.StringValue(arn(p.View.Contents.Env, m.Name.ValueString()))
		}
	}
	return nil
}

func fill(_ context.Context, m *Model, view *projects.View, e model.Entity) diag.Diagnostics {
	var diags diag.Diagnostics
	user, ok := e.(model.User)
	if !ok {
		diags.AddError("Unexpected Entity", fmt.Sprintf("The user %s is a %T. This is a bug in the provider, please report it.", m.Name, e))
		return diags
	}
	m.Name, m.SourceIPs = types.StringValue(user.Name), entity.StringSet(user.SourceIPs)
	m.UserName = types.StringValue(model.UserName(m.Project.ValueString(), user.Name))
	m.ARN = types.StringValue(arn(view.Contents.Env, user.Name))
	return diags
}

// arn is the ARN of a user: its path is what the compiler says.
func arn(env template.Env, user string) string {
	path := "/"
	for _, resource := range template.Compile(env, model.User{Name: user}, "") {
		if p, ok := resource.Properties["Path"].(string); ok && resource.Type == "AWS::IAM::User" {
			path = p
		}
	}
	return fmt.Sprintf("arn:%s:iam::%s:user%s%s", env.Partition, env.AccountID, path, model.UserName(env.Project, user))
}
