package projectuser

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// DataModel is the model of the data source stowage_project_users.
type DataModel struct {
	Project types.String `tfsdk:"project"`
	Users   []DataUser   `tfsdk:"users"`
}

// DataUser is one user of a project.
type DataUser struct {
	ID        types.String `tfsdk:"id"`
	Name      types.String `tfsdk:"name"`
	SourceIPs types.List   `tfsdk:"source_ips"`
	Tags      types.Map    `tfsdk:"tags"`
	UserName  types.String `tfsdk:"user_name"`
	ARN       types.String `tfsdk:"arn"`
}

// NewDataSource returns the data source stowage_project_users.
func NewDataSource() datasource.DataSource {
	return entity.NewDataSource(entity.Lookup[DataModel]{
		Name: "project_users", Title: "Project Users", ProjectAttribute: "project",
		Description: "Lists the users of a project.",
		Attributes: map[string]schema.Attribute{
			"project": schema.StringAttribute{Required: true, MarkdownDescription: "Name of the project."},
			"users": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "Users, sorted by name.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id":   schema.StringAttribute{Computed: true, MarkdownDescription: "ID for imports."},
					"name": schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the user in the project."},
					"source_ips": schema.ListAttribute{
						Computed: true, ElementType: types.StringType,
						MarkdownDescription: "CIDR blocks from which the user can connect. Empty for any address.",
					},
					"tags": schema.MapAttribute{
						Computed: true, ElementType: types.StringType, MarkdownDescription: "All tags of the user.",
					},
					"user_name": schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the IAM user."},
					"arn":       schema.StringAttribute{Computed: true, MarkdownDescription: "ARN of the IAM user."},
				}},
			},
		},
		Project: func(m *DataModel) types.String { return m.Project },
		Read: func(ctx context.Context, s *entity.Services, m *DataModel) (diag.Diagnostics, error) {
			view, err := s.Projects.Read(ctx, m.Project.ValueString())
			if err != nil {
				return nil, err
			}
			m.Users = []DataUser{}
			for _, u := range view.Contents.Users {
				m.Users = append(m.Users, DataUser{
					ID:        types.StringValue(m.Project.ValueString() + "/" + u.Name),
					Name:      types.StringValue(u.Name),
					SourceIPs: entity.StringList(u.SourceIPs),
					Tags:      entity.StringMap(u.Tags),
					UserName:  types.StringValue(model.UserName(m.Project.ValueString(), u.Name)),
					ARN:       types.StringValue(arn(view.Contents.Env, u.Name)),
				})
			}
			return nil, nil
		},
	})
}
