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
		Description: "Lets a user of a project reach one of its buckets, or the part of it below a prefix. The data source `stowage_user_policy` shows the IAM actions that a user's permissions allow.",
		Identity: []entity.IdentityAttribute{
			{Name: "project", Description: "The project's name."},
			{Name: "user", Description: "The user's name in the project."},
			{Name: "bucket", Description: "The bucket's name in the project."},
			{Name: "prefix", Description: "The prefix of the objects' keys; none: the whole bucket.", Optional: true},
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
			Required: true, MarkdownDescription: "The project's name. Changing it replaces the permission.",
		},
		"user": schema.StringAttribute{
			Required: true, MarkdownDescription: "The user's name in the project. Changing it replaces the permission.",
		},
		"bucket": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "The bucket's name in the project (not the physical name). Changing it replaces the permission.",
		},
		"prefix": schema.StringAttribute{
			Optional:            true,
			Computed:            true,
			Default:             stringdefault.StaticString(""),
			MarkdownDescription: "The part of the bucket that the user reaches: objects whose keys begin so, such as `incoming/`, of characters up to U+00FF. Default: the whole bucket. Changing it replaces the permission.",
		},
		"access": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "What the user may do: `read` (list and download), `write` (upload) or `read_write`.",
		},
		"allow_delete": schema.BoolAttribute{
			Optional:            true,
			Computed:            true,
			Default:             booldefault.StaticBool(false),
			MarkdownDescription: "Whether the user may delete objects, which needs `write` or `read_write`. In a bucket with versioning, a deleted object can be restored for a while. Default: `false`.",
		},
	}
}
