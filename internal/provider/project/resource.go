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
		Description: "A project: an isolated account of its own, with an encryption key, a bucket for access logs and a bucket for templates. Its buckets, users and permissions live in CloudFormation stacks in that account.",
		Identity:    []entity.IdentityAttribute{{Name: "name", Description: "The project's name."}},
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
			MarkdownDescription: "The project's name, unique in the hub: 2 to 20 characters of `a-z`, `0-9` and single inner hyphens. It is part of physical names. Changing it replaces the project.",
		},
		"account_id": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "The AWS account in which the project lives. It can't change while the project holds anything.",
		},
		"region": schema.StringAttribute{
			Optional:            true,
			Computed:            true,
			MarkdownDescription: "The AWS region in which the project lives. Default: the provider's. It can't change while the project holds anything.",
		},
		"on_delete": schema.StringAttribute{
			Optional: true,
			Computed: true,
			Default:  stringdefault.StaticString(string(model.Refuse)),
			MarkdownDescription: "What deleting the project does with its log bucket, template bucket and key: `refuse` (default) fails while a bucket holds anything, `retain` leaves them in the account, `empty` deletes the data. " +
				"What counts is the value that was applied last: to delete data, first apply `empty`, then remove the resource.",
		},
		"sftp": schema.SingleNestedAttribute{
			Optional:            true,
			Computed:            true,
			Default:             objectdefault.StaticValue(sftpValue(false)),
			MarkdownDescription: "The project's SFTP server, an AWS Transfer Family server at which the project's users log in. It costs some 0.30 USD an hour as long as it stands, users or not. Its address belongs to the server: a server that was taken away and made again has another one. Default: none.",
			Attributes: map[string]schema.Attribute{
				"enabled": schema.BoolAttribute{
					Required: true, MarkdownDescription: "Whether there is a server. It can't be taken away while users have `sftp`.",
				},
			},
		},
		"kms_key_arn": schema.StringAttribute{
			Computed: true, MarkdownDescription: "ARN of the key that encrypts the project's buckets.",
		},
		"log_bucket_name": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "Physical name of the bucket that holds the access logs of the project's buckets.",
		},
		"sftp_endpoint": schema.StringAttribute{
			Computed: true, MarkdownDescription: "The host to which the project's users connect by SFTP. Null without a server.",
		},
		"notification_topic_arn": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "ARN of the SNS topic to which CloudFormation reports what happens to the project's stacks.",
		},
	}
}
