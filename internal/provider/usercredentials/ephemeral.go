// Package usercredentials implements the ephemeral resource stowage_user_credentials: the access
// key of a user, for one run of Terraform.
package usercredentials

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
)

// Model is the model of stowage_user_credentials.
type Model struct {
	SecretARN       types.String `tfsdk:"secret_arn"`
	AccessKeyID     types.String `tfsdk:"access_key_id"`
	SecretAccessKey types.String `tfsdk:"secret_access_key"`
	UserName        types.String `tfsdk:"user_name"`
	Region          types.String `tfsdk:"region"`
}

// Credentials is the ephemeral resource. It stores nothing, so there is nothing to renew or to
// close.
type Credentials struct{ services *entity.Services }

var _ ephemeral.EphemeralResourceWithConfigure = (*Credentials)(nil)

// New returns stowage_user_credentials.
func New() ephemeral.EphemeralResource { return &Credentials{} }

// Metadata implements ephemeral.EphemeralResource.
func (*Credentials) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_user_credentials"
}

// Schema implements ephemeral.EphemeralResource.
func (*Credentials) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Provides the current access key of a user, read from its secret for this run of Terraform. " +
			"It is stored neither in the state nor in a plan. " +
			"Third parties read the secret with their own credentials, see `secret_readers` of `stowage_project_user`.",
		Attributes: map[string]schema.Attribute{
			"secret_arn": schema.StringAttribute{
				Required: true, MarkdownDescription: "ARN of the user's secret, the `secret_arn` of `stowage_project_user`.",
			},
			"access_key_id": schema.StringAttribute{Computed: true, MarkdownDescription: "ID of the access key."},
			"secret_access_key": schema.StringAttribute{
				Computed: true, Sensitive: true, MarkdownDescription: "Secret access key.",
			},
			"user_name": schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the IAM user."},
			"region":    schema.StringAttribute{Computed: true, MarkdownDescription: "AWS region of the project."},
		},
	}
}

// Configure implements ephemeral.EphemeralResourceWithConfigure.
func (c *Credentials) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	if req.ProviderData == nil {
		return
	}
	services, ok := req.ProviderData.(*entity.Services)
	if !ok {
		resp.Diagnostics.AddError(
			"Unexpected Provider Data",
			fmt.Sprintf(
				"The object got a %T from the provider, not its services. This is a bug in the provider, please report it.",
				req.ProviderData,
			),
		)
		return
	}
	c.services = services
}

// Open implements ephemeral.EphemeralResource.
func (c *Credentials) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var m Model
	if resp.Diagnostics.Append(req.Config.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	key, err := c.services.Projects.Credentials(ctx, m.SecretARN.ValueString())
	if err != nil {
		_, detail := entity.Explained(err)
		resp.Diagnostics.AddAttributeError(path.Root("secret_arn"), "Unable to Read User Credentials", fmt.Sprintf(
			"The access key in the secret %s could not be read. %s", m.SecretARN.ValueString(), detail))
		return
	}
	m.AccessKeyID, m.SecretAccessKey = types.StringValue(key.ID), types.StringValue(key.Secret)
	m.UserName, m.Region = types.StringValue(key.UserName), types.StringValue(key.Region)
	resp.Diagnostics.Append(resp.Result.Set(ctx, &m)...)
}
