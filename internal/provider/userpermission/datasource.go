package userpermission

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// PolicyModel is the model of the data source stowage_user_policy.
type PolicyModel struct {
	Project    types.String      `tfsdk:"project"`
	User       types.String      `tfsdk:"user"`
	Policies   types.Int64       `tfsdk:"policies"`
	JSON       types.String      `tfsdk:"json"`
	Statements []PolicyStatement `tfsdk:"statements"`
	Table      types.String      `tfsdk:"table"`
}

// PolicyStatement is one statement of a policy.
type PolicyStatement struct {
	Effect    types.String `tfsdk:"effect"`
	Actions   types.List   `tfsdk:"actions"`
	Resources types.List   `tfsdk:"resources"`
	Condition types.String `tfsdk:"condition"`
}

// NewPolicyDataSource returns the data source stowage_user_policy.
func NewPolicyDataSource() datasource.DataSource {
	return entity.NewDataSource(entity.Lookup[PolicyModel]{
		Name:             "user_policy",
		Title:            "User Policy",
		ProjectAttribute: "project",
		Description:      "Provides the combined permissions of a user as policy statements and as a table. In the account, the statements are spread over several managed policies if necessary, and the account's permissions boundary limits them.",
		Attributes: map[string]schema.Attribute{
			"project": schema.StringAttribute{Required: true, MarkdownDescription: "Name of the project."},
			"user":    schema.StringAttribute{Required: true, MarkdownDescription: "Name of the user in the project."},
			"policies": schema.Int64Attribute{
				Computed:            true,
				MarkdownDescription: "Number of policies that the permissions need. A user can have 10.",
			},
			"json": schema.StringAttribute{
				Computed: true, MarkdownDescription: "Policy as JSON. Empty if the permissions grant nothing.",
			},
			"statements": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "Statements of the policy.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"effect": schema.StringAttribute{Computed: true, MarkdownDescription: "`Allow` or `Deny`."},
					"actions": schema.ListAttribute{
						Computed: true, ElementType: types.StringType, MarkdownDescription: "IAM actions.",
					},
					"resources": schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "ARNs of the resources."},
					"condition": schema.StringAttribute{Computed: true, MarkdownDescription: "Condition as JSON. Null if there is none."},
				}},
			},
			"table": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Permissions of the user as a Markdown table, one line per permission. Permissions are cumulative.",
			},
		},
		Project: func(m *PolicyModel) types.String { return m.Project },
		Read: func(ctx context.Context, s *entity.Services, m *PolicyModel) (diag.Diagnostics, error) {
			view, err := s.Projects.Read(ctx, m.Project.ValueString())
			if err != nil {
				return nil, err
			}
			user := m.User.ValueString()
			if _, ok := view.Contents.Of(model.ID{Kind: model.KindUser, Name: user}); !ok {
				return diag.Diagnostics{
					diag.NewAttributeErrorDiagnostic(path.Root("user"), "Unable to Read User Policy", fmt.Sprintf(
						"The project %q has no user %q.\n\nCheck the name, or refer to the resource (user = stowage_project_user.<NAME>.name) so that Terraform creates it first.",
						m.Project.ValueString(),
						user,
					)),
				}, nil
			}
			document, statements := template.PolicyOf(&view.Contents, user)
			m.JSON, m.Table = types.StringValue(document), types.StringValue(template.TableOf(&view.Contents, user))
			m.Policies = types.Int64Value(int64(view.Policies(user)))
			m.Statements = []PolicyStatement{}
			for _, statement := range statements {
				m.Statements = append(m.Statements, PolicyStatement{
					Effect:    types.StringValue(statement.Effect),
					Actions:   entity.StringList(statement.Actions),
					Resources: entity.StringList(statement.Resources),
					Condition: entity.Optional(statement.Condition),
				})
			}
			return nil, nil
		},
	})
}
