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
		Description:      "What a user may do: all of its permissions together, as statements of one policy and as a table. In the account they are packed into as many policies as they need; the permissions boundary of the account limits them.",
		Attributes: map[string]schema.Attribute{
			"project": schema.StringAttribute{Required: true, MarkdownDescription: "The project's name."},
			"user":    schema.StringAttribute{Required: true, MarkdownDescription: "The user's name in the project."},
			"policies": schema.Int64Attribute{
				Computed:            true,
				MarkdownDescription: "How many policies the permissions take, of the 10 that a user can have.",
			},
			"json": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The policy as JSON. Empty when the permissions grant nothing.",
			},
			"statements": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The statements of the policy.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"effect": schema.StringAttribute{Computed: true, MarkdownDescription: "`Allow` or `Deny`."},
					"actions": schema.ListAttribute{
						Computed: true, ElementType: types.StringType, MarkdownDescription: "The IAM actions.",
					},
					"resources": schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "The ARNs."},
					"condition": schema.StringAttribute{Computed: true, MarkdownDescription: "The condition as JSON. Null for none."},
				}},
			},
			"table": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "What the user may do as a table in Markdown, a line for each permission. Permissions add up.",
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
