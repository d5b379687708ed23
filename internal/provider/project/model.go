package project

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Model is the model of stowage_project in state, plan and configuration.
type Model struct {
	entity.Common
	entity.Timed
	entity.Tagged
	Name                 types.String `tfsdk:"name"`
	AccountID            types.String `tfsdk:"account_id"`
	Region               types.String `tfsdk:"region"`
	OnDelete             types.String `tfsdk:"on_delete"`
	SFTP                 types.Object `tfsdk:"sftp"`
	SFTPEndpoint         types.String `tfsdk:"sftp_endpoint"`
	KMSKeyARN            types.String `tfsdk:"kms_key_arn"`
	LogBucketName        types.String `tfsdk:"log_bucket_name"`
	NotificationTopicARN types.String `tfsdk:"notification_topic_arn"`
}

func sftpValue(enabled bool) types.Object {
	return types.ObjectValueMust(
		map[string]attr.Type{"enabled": types.BoolType},
		map[string]attr.Value{"enabled": types.BoolValue(enabled)},
	)
}

// hasServer reports whether a model has an SFTP server; known is false while that is unknown.
func hasServer(m *Model) (has, known bool) {
	if m.SFTP.IsNull() || m.SFTP.IsUnknown() {
		return false, m.SFTP.IsNull()
	}
	enabled, ok := m.SFTP.Attributes()["enabled"].(types.Bool)
	return ok && enabled.ValueBool(), ok && !enabled.IsUnknown()
}

func toEntity(
	_ context.Context, s *entity.Services, m *Model, tags map[string]string,
) (model.Entity, diag.Diagnostics) {
	server, _ := hasServer(m)
	return model.Project{
		SFTP:      server,
		Name:      m.Name.ValueString(),
		AccountID: m.AccountID.ValueString(),
		Region:    m.Region.ValueString(),
		RoleName:  s.RoleName,
		OnDelete:  model.OnDelete(m.OnDelete.ValueString()),
		Tags:      tags,
	}, nil
}

func plan(_ context.Context, p *entity.PlanRequest[Model]) diag.Diagnostics {
	var diags diag.Diagnostics
	m := p.Plan
	if m.Region.IsUnknown() && p.Config.Region.IsNull() {
		m.Region = types.StringValue(p.Services.Region)
		if p.State != nil {
			m.Region = p.State.Region
		}
	}
	m.SFTPEndpoint = types.StringUnknown()
	if server, known := hasServer(m); known && !server {
		m.SFTPEndpoint = types.StringNull()
	} else if p.InPlace() {
		if had, _ := hasServer(p.State); had && known && !template.LosesServer(p.State.Drift.ValueString()) {
			m.SFTPEndpoint = p.State.SFTPEndpoint
		}
	}
	if p.InPlace() {
		m.KMSKeyARN, m.LogBucketName = p.State.KMSKeyARN, p.State.LogBucketName
		m.NotificationTopicARN = p.State.NotificationTopicARN
		return append(diags, warnOfDeleted(p)...)
	}
	m.KMSKeyARN, m.LogBucketName = types.StringUnknown(), types.StringUnknown()
	m.NotificationTopicARN = types.StringUnknown()
	if entity.Known(m.Name, m.AccountID, m.Region) {
		m.LogBucketName = types.StringValue(
			model.LogBucketName(m.Name.ValueString(), m.AccountID.ValueString(), m.Region.ValueString()),
		)
	}
	return append(diags, refuseMove(p)...)
}

// refuseMove refuses another account or region for a project that holds entities, which would have
// to move too.
func refuseMove(p *entity.PlanRequest[Model]) diag.Diagnostics {
	var diags diag.Diagnostics
	if p.View == nil || p.State == nil || !p.State.Name.Equal(p.Plan.Name) {
		return diags
	}
	c := p.View.Contents
	count := len(c.Buckets) + len(c.Users) + len(c.Permissions)
	if count == 0 {
		return diags
	}
	for _, attribute := range p.Replaced {
		diags.AddAttributeError(path.Root(attribute), "Unable to Replace Project", fmt.Sprintf(
			"The project %q holds %d buckets, %d users and %d permissions, and can't change its %s while it holds any. Nothing was changed.\n\n"+
				"Make a new project there, or first apply the removal of everything in this one.",
			p.State.Name.ValueString(),
			len(c.Buckets),
			len(c.Users),
			len(c.Permissions),
			attribute,
		))
	}
	return diags
}

func fill(_ context.Context, m *Model, view *projects.View, e model.Entity) diag.Diagnostics {
	p, ok := e.(model.Project)
	if !ok {
		return diag.Diagnostics{entity.Unexpected("project", m.Name, e)}
	}
	m.Name, m.AccountID, m.Region = types.StringValue(p.Name), types.StringValue(p.AccountID), types.StringValue(p.Region)
	m.OnDelete = types.StringValue(string(p.OnDelete))
	m.SFTP, m.SFTPEndpoint = sftpValue(p.SFTP), types.StringNull()
	if p.SFTP {
		m.SFTPEndpoint = entity.Optional(template.SFTPEndpoint(view.Contents.Env))
	}
	facts := factsOf(p, view.Contents.Env)
	m.KMSKeyARN, m.LogBucketName, m.NotificationTopicARN = facts.KMSKeyARN, facts.LogBucketName, facts.NotificationTopicARN
	return nil
}

// facts are the attributes that never change in a project's life.
type facts struct{ KMSKeyARN, LogBucketName, NotificationTopicARN types.String }

func factsOf(p model.Project, env template.Env) facts {
	return facts{
		KMSKeyARN:            types.StringValue(env.KeyARN),
		LogBucketName:        types.StringValue(model.LogBucketName(p.Name, p.AccountID, p.Region)),
		NotificationTopicARN: types.StringValue(projects.TopicARN(env)),
	}
}
