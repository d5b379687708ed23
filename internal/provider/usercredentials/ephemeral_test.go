package usercredentials

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
)

func open(t *testing.T, p *entitytest.Projects, arn string) (Model, string) {
	t.Helper()
	c := &Credentials{}
	var s ephemeral.SchemaResponse
	c.Schema(t.Context(), ephemeral.SchemaRequest{}, &s)
	var configured ephemeral.ConfigureResponse
	c.Configure(t.Context(), ephemeral.ConfigureRequest{ProviderData: &entity.Services{Projects: p}}, &configured)
	if configured.Diagnostics.HasError() {
		t.Fatal(configured.Diagnostics)
	}
	typ := s.Schema.Type().TerraformType(t.Context())
	raw := map[string]tftypes.Value{"secret_arn": tftypes.NewValue(tftypes.String, arn)}
	for name, a := range s.Schema.Attributes {
		if _, ok := raw[name]; !ok {
			raw[name] = tftypes.NewValue(a.GetType().TerraformType(t.Context()), nil)
		}
	}
	resp := ephemeral.OpenResponse{Result: tfsdk.EphemeralResultData{Schema: s.Schema, Raw: tftypes.NewValue(typ, nil)}}
	c.Open(
		t.Context(),
		ephemeral.OpenRequest{Config: tfsdk.Config{Schema: s.Schema, Raw: tftypes.NewValue(typ, raw)}}, &resp,
	)
	var m Model
	if resp.Diagnostics.HasError() {
		return m, resp.Diagnostics[0].Summary() + ": " + resp.Diagnostics[0].Detail()
	}
	if d := resp.Result.Get(t.Context(), &m); d.HasError() {
		t.Fatal(d)
	}
	return m, ""
}

func TestSecretKey_Opened(t *testing.T) {
	m, failed := open(t, entitytest.NewProjects(), entitytest.SecretARN)
	if failed != "" || m.AccessKeyID.ValueString() != "AKIAPARTNER" || m.SecretAccessKey.ValueString() != "a-secret" ||
		m.UserName.ValueString() != "acme-partner" || m.Region.ValueString() != "eu-west-1" {
		t.Errorf("%+v, error %s", m, failed)
	}
}

func TestSecret_Sensitive(t *testing.T) {
	var s ephemeral.SchemaResponse
	New().Schema(t.Context(), ephemeral.SchemaRequest{}, &s)
	if secret, ok := s.Schema.Attributes["secret_access_key"].(schema.StringAttribute); !ok || !secret.Sensitive {
		t.Error("secret_access_key is not sensitive")
	}
}

func TestSecretKey_Errors(t *testing.T) {
	_, failed := open(t, entitytest.NewProjects(), strings.Replace(entitytest.SecretARN, "partner", "other", 1))
	if !strings.Contains(failed, "Unable to Read User Credentials: ") ||
		!strings.Contains(failed, "something else than the access key") {
		t.Error(failed)
	}
	p := entitytest.NewProjects()
	p.Fail = func(context.Context, string) error { return errors.New("AccessDeniedException") }
	if _, failed := open(t, p, entitytest.SecretARN); !strings.Contains(failed, "Original error: AccessDeniedException") {
		t.Error(failed)
	}
}
