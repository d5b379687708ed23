// Package projectuser is the resource stowage_project_user, and the data source stowage_project_users.
package projectuser

import (
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setdefault"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// NewResource returns stowage_project_user.
func NewResource() resource.Resource { return entity.New[Model](object()) }

func object() entity.Object[Model] {
	return entity.Object[Model]{
		Name: "project_user", Title: "Project User", Kind: model.KindUser,
		Description: "A user of a project: an IAM user that reaches the buckets that its permissions name, and nothing else.",
		Identity: []entity.Part{
			{Name: "project", Description: "The project's name."},
			{Name: "name", Description: "The user's name in the project."},
		},
		Attributes: attributes(),
		Entity:     toEntity,
		Plan:       plan,
		Fill:       fill,
	}
}

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"project": schema.StringAttribute{
			Required: true, MarkdownDescription: "The project's name. Changing it replaces the user.",
		},
		"name": schema.StringAttribute{
			Required: true, MarkdownDescription: "The user's name in the project: 3 to 32 characters of `a-z`, `0-9` and single inner hyphens, not `root`. Changing it replaces the user.",
		},
		"source_ips": schema.SetAttribute{
			ElementType: types.StringType, Optional: true, Computed: true, Default: setdefault.StaticValue(entity.EmptySet()),
			MarkdownDescription: "The networks from which the user may come, such as `203.0.113.0/24`. Default: none, which means from anywhere.",
		},
		"user_name": schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the IAM user: `<project>-<name>`."},
		"arn":       schema.StringAttribute{Computed: true, MarkdownDescription: "ARN of the IAM user."},
	}
}
