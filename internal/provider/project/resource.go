// Package project implements the resource stowage_project, and the data sources stowage_project and
// stowage_projects.
package project

import (
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// NewResource returns stowage_project.
func NewResource() resource.Resource { return entity.New[Model](object()) }

// NewListResource returns the list resource stowage_project.
func NewListResource() list.ListResource { return entity.NewList[Model](object()) }

func object() entity.Object[Model] {
	return entity.Object[Model]{
		Name:        "project",
		Title:       "Project",
		Kind:        model.KindProject,
		Description: "Manages a project in an AWS account of its own, with an encryption key, a bucket for access logs and a bucket for templates. The project's buckets, users and permissions are resources of CloudFormation stacks in that account.",
		Identity:    []entity.IdentityAttribute{{Name: "name", Description: "Name of the project."}},
		Replaces:    []string{"account_id", "region"},
		Attributes:  attributes(),
		Entity:      toEntity,
		Plan:        plan,
		FromEntity:  fill,
	}
}

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"name": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "Name of the project, unique in the hub: 2 to 20 characters of `a-z`, `0-9` and single inner hyphens. It is part of physical names. Changing it replaces the project.",
		},
		"account_id": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "ID of the project's AWS account. It cannot change while the project has buckets or users.",
		},
		"region": schema.StringAttribute{
			Optional:            true,
			Computed:            true,
			MarkdownDescription: "AWS region of the project. Default: the provider's region. It cannot change while the project has buckets or users.",
		},
		"on_delete": schema.StringAttribute{
			Optional: true,
			Computed: true,
			Default:  stringdefault.StaticString(string(model.Refuse)),
			MarkdownDescription: "What happens to the project's log bucket, template bucket and key when the project is deleted. `refuse` (default) fails unless the buckets are empty, `retain` leaves them in the account, `empty` deletes their data. " +
				"The value applied last takes effect: to delete data, first apply `empty`, then remove the resource.",
		},
		"sftp": schema.SingleNestedAttribute{
			Optional:            true,
			Computed:            true,
			Default:             objectdefault.StaticValue(sftpValue(false)),
			MarkdownDescription: "SFTP server of the project (AWS Transfer Family). It costs about 0.30 USD per hour, with or without users. A server that is removed and created again gets a new host name. Default: none.",
			Attributes: map[string]schema.Attribute{
				"enabled": schema.BoolAttribute{
					Required: true, MarkdownDescription: "Whether the project has an SFTP server. It cannot be disabled while users have `sftp`.",
				},
			},
		},
		"kms_key_arn": schema.StringAttribute{
			Computed: true, MarkdownDescription: "ARN of the key that encrypts the project's buckets.",
		},
		"log_bucket_name": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "Physical name of the bucket for the access logs of the project's buckets.",
		},
		"sftp_endpoint": schema.StringAttribute{
			Computed: true, MarkdownDescription: "Host name of the project's SFTP server. Null without a server.",
		},
		"notification_topic_arn": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "ARN of the SNS topic for the stack events of the project's stacks.",
		},
	}
}
