package projectuser

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Model is the model of stowage_project_user in state, plan and configuration.
type Model struct {
	entity.Common
	entity.Timed
	entity.Tagged
	Project       types.String `tfsdk:"project"`
	Name          types.String `tfsdk:"name"`
	SourceIPs     types.Set    `tfsdk:"source_ips"`
	AccessKey     types.Object `tfsdk:"access_key"`
	SecretReaders types.Set    `tfsdk:"secret_readers"`
	SFTP          types.Object `tfsdk:"sftp"`
	UserName      types.String `tfsdk:"user_name"`
	ARN           types.String `tfsdk:"arn"`
	AccessKeyID   types.String `tfsdk:"access_key_id"`
	AccessKeys    types.Map    `tfsdk:"access_keys"`
	KeyCreatedAt  types.String `tfsdk:"key_created_at"`
	SecretARN     types.String `tfsdk:"secret_arn"`
	SFTPUserName  types.String `tfsdk:"sftp_user_name"`
}

type sftp struct {
	SSHPublicKeys types.Set `tfsdk:"ssh_public_keys"`
}

var sftpTypes = map[string]attr.Type{"ssh_public_keys": types.SetType{ElemType: types.StringType}}

func toEntity(
	ctx context.Context, _ *entity.Services, m *Model, tags map[string]string,
) (model.Entity, diag.Diagnostics) {
	user := model.User{
		Name: m.Name.ValueString(), SourceIPs: entity.Strings(m.SourceIPs),
		SecretReaders: entity.Strings(m.SecretReaders), Tags: tags,
	}
	var diags diag.Diagnostics
	user.AccessKey, diags = accessKeyOf(ctx, m)
	if entity.Known(m.SFTP) {
		var s sftp
		diags.Append(m.SFTP.As(ctx, &s, basetypes.ObjectAsOptions{})...)
		user.SFTP = &model.SFTP{PublicKeys: entity.Strings(s.SSHPublicKeys)}
	}
	return user, diags
}

func due(e model.Entity, now time.Time) bool {
	user, ok := e.(model.User)
	return ok && user.AccessKey != nil && user.AccessKey.Due(now)
}

func plan(ctx context.Context, p *entity.PlanRequest[Model]) diag.Diagnostics {
	m := p.Plan
	diags := planKeys(ctx, p)
	planSFTP(p, &diags)
	if p.InPlace() {
		m.UserName, m.ARN = p.State.UserName, p.State.ARN
		return diags
	}
	m.UserName, m.ARN = types.StringUnknown(), types.StringUnknown()
	if entity.Known(m.Project, m.Name) {
		m.UserName = types.StringValue(model.UserName(m.Project.ValueString(), m.Name.ValueString()))
		if p.View != nil {
			m.ARN = types.StringValue(arn(p.View.Contents.Env, m.Name.ValueString()))
		}
	}
	return diags
}

// planSFTP sets the user name for SFTP, and warns that source_ips does not limit SFTP.
func planSFTP(p *entity.PlanRequest[Model], diags *diag.Diagnostics) {
	m := p.Plan
	m.SFTPUserName = types.StringNull()
	switch {
	case m.SFTP.IsUnknown():
		m.SFTPUserName = types.StringUnknown()
		return
	case m.SFTP.IsNull():
		return
	}
	m.SFTPUserName = m.Name
	if len(m.SourceIPs.Elements()) > 0 {
		diags.AddAttributeWarning(path.Root("source_ips"), "Networks Don't Bind SFTP", fmt.Sprintf(
			"The networks in source_ips bind what the user %s does with its access key. They don't bind its SFTP: there AWS Transfer calls S3 for the user, and nothing tells S3 where the client is. "+
				"What protects SFTP is the user's private key.\n\nFor a user whose every access must come from known networks leave sftp out.",
			m.Name.ValueString(),
		))
	}
}

func fill(_ context.Context, m *Model, view *projects.View, e model.Entity) diag.Diagnostics {
	user, ok := e.(model.User)
	if !ok {
		return diag.Diagnostics{entity.Unexpected("user", m.Name, e)}
	}
	m.Name, m.SourceIPs = types.StringValue(user.Name), entity.StringSet(user.SourceIPs)
	m.UserName = types.StringValue(model.UserName(m.Project.ValueString(), user.Name))
	m.ARN = types.StringValue(arn(view.Contents.Env, user.Name))
	m.SecretReaders = entity.StringSet(user.SecretReaders)
	fillKeys(
		m, user, view.Contents.Credentials[user.Name], template.MissingKeys(view.LiveDriftOf(user.ID()), user.Name),
	)
	m.SFTP, m.SFTPUserName = types.ObjectNull(sftpTypes), types.StringNull()
	if user.SFTP != nil {
		m.SFTP = types.ObjectValueMust(
			sftpTypes, map[string]attr.Value{"ssh_public_keys": entity.StringSet(user.SFTP.PublicKeys)},
		)
		m.SFTPUserName = types.StringValue(user.Name)
	}
	return nil
}

// arn returns the ARN of a user, with the path that the compiler sets.
func arn(env template.Env, user string) string {
	path := "/"
	for _, resource := range template.Compile(env, model.User{Name: user}, "") {
		if p, ok := resource.Properties["Path"].(string); ok && resource.Type == "AWS::IAM::User" {
			path = p
		}
	}
	return fmt.Sprintf("arn:%s:iam::%s:user%s%s", env.Partition, env.AccountID, path, model.UserName(env.Project, user))
}
