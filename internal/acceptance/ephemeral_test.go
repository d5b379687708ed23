package acceptance_test

import (
	"context"
	"encoding/json"
	"maps"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	fwresource "github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-testing/echoprovider"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"
)

type storedKey struct {
	ID     string `json:"access_key_id"`
	Secret string `json:"secret_access_key"`
}

func (x *tenant) key(user string) storedKey {
	x.t.Helper()
	client := secretsmanager.NewFromConfig(x.w.config(x.account))
	out, err := client.GetSecretValue(
		x.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String(x.in("stowage/acme/" + user))},
	)
	var key storedKey
	if err := json.Unmarshal([]byte(aws.ToString(must(x.w, out, err).SecretString)), &key); err != nil {
		x.t.Fatal(err)
	}
	return key
}

// TestAccUserCredentials opens the ephemeral resource, and reads its values from the state of the
// library's echo provider.
func TestAccUserCredentials(t *testing.T) {
	x := newTenant(t)
	setup := x.in(acmeProject, userOf("partner", "access_key = {}", afterProject))
	open := func(arn string) string {
		return x.in(setup, `
ephemeral "stowage_user_credentials" "partner" {
  secret_arn = `+arn+`
}

provider "echo" {
  data = ephemeral.stowage_user_credentials.partner
}

resource "echo" "partner" {}
`)
	}
	testCase := x.testCase(
		resource.TestStep{Config: setup},
		resource.TestStep{
			Config: open(partner + ".secret_arn"),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("echo.partner", at("data"), knownvalue.ObjectExact(map[string]knownvalue.Check{
					"secret_arn":    knownvalue.NotNull(),
					"access_key_id": knownvalue.StringFunc(func(id string) error { return wantEqual(id, x.key("partner").ID) }),
					"secret_access_key": knownvalue.StringFunc(
						func(secret string) error { return wantEqual(secret, x.key("partner").Secret) },
					),
					"user_name": knownvalue.StringExact(x.in("acme-partner")),
					"region":    knownvalue.StringExact(region),
				})),
			},
		},
		resource.TestStep{
			Config:      open(`"arn:aws:secretsmanager:eu-west-1:` + account + `:secret:stowage/acme/other-AbCdEf"`),
			PlanOnly:    true,
			ExpectError: x.says("Unable to Read User Credentials"),
		},
		resource.TestStep{Config: setup},
	)
	testCase.ProtoV6ProviderFactories = maps.Clone(providers)
	testCase.ProtoV6ProviderFactories["echo"] = echoprovider.NewProviderServer()
	testCase.TerraformVersionChecks = []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_10_0)}
	resource.ParallelTest(t, testCase)
}

// TestAccExample_Ephemeral applies the example with a fake vault provider, which keeps what is
// written to it.
func TestAccExample_Ephemeral(t *testing.T) {
	x := newTenant(t)
	v := &vault{}
	testCase := x.testCase(resource.TestStep{
		Config: x.in(
			acmeProject, userOf("partner", "access_key = {}", afterProject),
			x.read("examples/ephemeral-resources/stowage_user_credentials/ephemeral-resource.tf"),
		),
		PostApplyFunc: func() {
			var written storedKey
			if err := json.Unmarshal([]byte(v.written), &written); err != nil {
				t.Fatalf("vault received %q: %v", v.written, err)
			}
			if key := x.key("partner"); written != key {
				t.Errorf("vault received the key %s, want %s, or another secret", written.ID, key.ID)
			}
		},
	})
	testCase.ProtoV6ProviderFactories = maps.Clone(providers)
	testCase.ProtoV6ProviderFactories["vault"] = providerserver.NewProtocol6WithError(v)
	// Write-only arguments.
	testCase.TerraformVersionChecks = []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_11_0)}
	resource.ParallelTest(t, testCase)
}

// vault is a provider with the resource of the vault provider that the example uses.
type vault struct{ written string }

func (*vault) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "vault"
}
func (*vault) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse)          {}
func (*vault) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}
func (*vault) DataSources(context.Context) []func() datasource.DataSource                        { return nil }
func (v *vault) Resources(context.Context) []func() fwresource.Resource {
	return []func() fwresource.Resource{func() fwresource.Resource { return &vaultSecret{v} }}
}

// vaultSecret is vault_kv_secret_v2 with the arguments of the example.
type vaultSecret struct{ vault *vault }

type vaultSecretModel struct {
	Mount   types.String `tfsdk:"mount"`
	Name    types.String `tfsdk:"name"`
	Data    types.String `tfsdk:"data_json_wo"`
	Version types.Int64  `tfsdk:"data_json_wo_version"`
}

func (*vaultSecret) Metadata(_ context.Context, _ fwresource.MetadataRequest, resp *fwresource.MetadataResponse) {
	resp.TypeName = "vault_kv_secret_v2"
}

func (*vaultSecret) Schema(_ context.Context, _ fwresource.SchemaRequest, resp *fwresource.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"mount":                schema.StringAttribute{Required: true},
		"name":                 schema.StringAttribute{Required: true},
		"data_json_wo":         schema.StringAttribute{Optional: true, WriteOnly: true},
		"data_json_wo_version": schema.Int64Attribute{Optional: true},
	}}
}

func (s *vaultSecret) Create(ctx context.Context, req fwresource.CreateRequest, resp *fwresource.CreateResponse) {
	var m vaultSecretModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	s.vault.written = m.Data.ValueString()
	m.Data = types.StringNull()
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (*vaultSecret) Read(context.Context, fwresource.ReadRequest, *fwresource.ReadResponse)       {}
func (*vaultSecret) Update(context.Context, fwresource.UpdateRequest, *fwresource.UpdateResponse) {}
func (*vaultSecret) Delete(context.Context, fwresource.DeleteRequest, *fwresource.DeleteResponse) {}
