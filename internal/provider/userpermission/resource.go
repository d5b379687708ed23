// Package userpermission implements the resource stowage_user_permission.
package userpermission

import (
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// NewResource returns stowage_user_permission.
func NewResource() resource.Resource { return entity.New[Model](object()) }

// NewListResource returns the list resource stowage_user_permission.
func NewListResource() list.ListResource { return entity.NewList[Model](object()) }

func object() entity.Object[Model] {
	return entity.Object[Model]{
		Name:        "user_permission",
		Title:       "User Permission",
		Kind:        model.KindPermission,
		Description: "Grants a user of a project access to one of its buckets, or to the part of it below a prefix. The data source `stowage_user_policy` shows the IAM actions that a user's permissions allow.",
		Identity: []entity.IdentityAttribute{
			{Name: "project", Description: "Name of the project."},
			{Name: "user", Description: "Name of the user in the project."},
			{Name: "bucket", Description: "Name of the bucket in the project."},
			{Name: "prefix", Description: "Prefix of the object keys. Default: the whole bucket.", Optional: true},
		},
		Attributes: attributes(),
		Entity:     toEntity,
		Plan:       plan,
		FromEntity: fill,
	}
}

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"project": schema.StringAttribute{
			Required: true, MarkdownDescription: "Name of the project. Changing it replaces the permission.",
		},
		"user": schema.StringAttribute{
			Required: true, MarkdownDescription: "Name of the user in the project. Changing it replaces the permission.",
		},
		"bucket": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "Name of the bucket in the project, not its physical name. Changing it replaces the permission.",
		},
		"prefix": schema.StringAttribute{
			Optional:            true,
			Computed:            true,
			Default:             stringdefault.StaticString(""),
			MarkdownDescription: "Prefix of the object keys that the user can access, such as `incoming/`, with characters up to U+00FF. Default: the whole bucket. Changing it replaces the permission.",
		},
		"access": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "Access of the user: `read` (list and download), `write` (upload) or `read_write`.",
		},
		"allow_delete": schema.BoolAttribute{
			Optional:            true,
			Computed:            true,
			Default:             booldefault.StaticBool(false),
			MarkdownDescription: "Whether the user can delete objects. Requires `write` or `read_write`. In a bucket with versioning, deleted objects can be restored until their noncurrent versions expire. Default: `false`.",
		},
	}
}
