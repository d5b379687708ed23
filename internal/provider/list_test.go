package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// querying is a server of the provider with a project that has one object of each kind, and whose
// account has more buckets.
type querying struct {
	*Server
	t       *testing.T
	schemas *tfprotov6.GetProviderSchemaResponse
	ids     *tfprotov6.GetResourceIdentitySchemasResponse
}

func query(t *testing.T, p *entitytest.Projects) *querying {
	t.Helper()
	clean(t)
	for _, e := range []model.Entity{
		model.Bucket{Name: "inbox", BucketName: "acme-inbox", OnDelete: model.Refuse}, model.User{Name: "partner"},
		model.Permission{User: "partner", Bucket: "inbox", Prefix: "in/", Access: model.Read},
	} {
		if err := p.Create(t.Context(), "acme", e); err != nil {
			t.Fatal(err)
		}
	}
	p.Exist = map[string]*template.Live{}
	for name, settings := range map[string]string{"legacy": "", "legacy-site": `,"WebsiteConfiguration":{"IndexDocument":"i"}`} {
		live, err := template.DecodeLive(fmt.Sprintf(`{"BucketName":%q%s}`, name, settings), "")
		if err != nil {
			t.Fatal(err)
		}
		p.Exist[name] = live
	}
	q := &querying{t: t, Server: newServer(&Stowage{
		version: "test",
		connect: func(context.Context, awsclient.Config, projects.Config) (entity.Projects, entity.Hubs, string, []awsclient.Warning, error) {
			return p, entitytest.NewHubs(), "eu-west-1", nil, nil
		},
	}, ServerOptions{Version: "test"})}
	var err error
	if q.schemas, err = q.GetProviderSchema(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if q.ids, err = q.GetResourceIdentitySchemas(t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{}); err != nil {
		t.Fatal(err)
	}
	config := q.null(q.schemas.Provider.ValueType(), nil)
	resp, err := q.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{Config: config})
	if err != nil || len(entitytest.Errors(resp.Diagnostics)) > 0 {
		t.Fatal(err, resp)
	}
	return q
}

// null is an object whose attributes are null but for some.
func (q *querying) null(typ tftypes.Type, set values) *tfprotov6.DynamicValue {
	q.t.Helper()
	attributes := map[string]tftypes.Value{}
	for name, of := range typ.(tftypes.Object).AttributeTypes {
		attributes[name] = tftypes.NewValue(of, set[name])
	}
	value, err := tfprotov6.NewDynamicValue(typ, tftypes.NewValue(typ, attributes))
	if err != nil {
		q.t.Fatal(err)
	}
	return &value
}

// list returns the results of a list as texts: the display name, the identity, and some attributes of
// the resource; and the diagnostics.
func (q *querying) list(typ string, config values, limit int64, attributes ...string) (results, diagnostics []string) {
	q.t.Helper()
	stream, err := q.ListResource(q.t.Context(), &tfprotov6.ListResourceRequest{
		TypeName: typ, Config: q.null(q.schemas.ListResourceSchemas[typ].ValueType(), config), Limit: limit,
		IncludeResource: len(attributes) > 0,
	})
	if err != nil {
		q.t.Fatal(err)
	}
	for result := range stream.Results {
		for _, d := range result.Diagnostics {
			diagnostics = append(diagnostics, d.Summary+": "+d.Detail)
		}
		if result.Identity == nil {
			continue
		}
		identity, err := result.Identity.IdentityData.Unmarshal(q.ids.IdentitySchemas[typ].ValueType())
		if err != nil {
			q.t.Fatal(err)
		}
		text := fmt.Sprint(result.DisplayName, " ", entitytest.Plain(identity))
		if result.Resource != nil && len(attributes) > 0 {
			state, err := result.Resource.Unmarshal(q.schemas.ResourceSchemas[typ].ValueType())
			if err != nil {
				q.t.Fatal(err)
			}
			values, _ := entitytest.Plain(state).(values)
			for _, attribute := range attributes {
				text += fmt.Sprint(" ", values[attribute])
			}
		}
		results = append(results, text)
	}
	return results, diagnostics
}

func TestList(t *testing.T) {
	q := query(t, entitytest.NewProjects())
	for typ, want := range map[string]string{
		"stowage_project":         "acme map[name:acme] acme",
		"stowage_project_bucket":  "acme/inbox map[bucket_name:<nil> name:inbox project:acme] acme/inbox",
		"stowage_project_user":    "acme/partner map[name:partner project:acme] acme/partner",
		"stowage_user_permission": "acme/partner/inbox/in/ map[bucket:inbox prefix:in/ project:acme user:partner] acme/partner/inbox/in/",
	} {
		config := values{"project": "acme"}
		if typ == "stowage_project" {
			config = nil
		}
		results, diagnostics := q.list(typ, config, 100, "id")
		if diff := cmp.Diff([]string{want}, results); diff != "" || len(diagnostics) > 0 {
			t.Errorf("%s: %v\n%s", typ, diagnostics, diff)
		}
		results, diagnostics = q.list(typ, config, 100)
		if short := want[:strings.LastIndex(want, " ")]; !slices.Equal(results, []string{short}) || len(diagnostics) > 0 {
			t.Errorf("%s without resources: %v, %v", typ, results, diagnostics)
		}
	}
	_, diagnostics := q.list("stowage_project_bucket", values{"project": "nowhere"}, 100)
	if len(diagnostics) != 1 || !strings.Contains(diagnostics[0], "Unable to Read Project Buckets") {
		t.Errorf("a project that does not exist: %v", diagnostics)
	}
}

func TestList_Unmanaged(t *testing.T) {
	p := entitytest.NewProjects()
	q := query(t, p)
	config := values{"project": "acme", "unmanaged": true}
	results, diagnostics := q.list("stowage_project_bucket", config, 100, "id", "managed", "unmodeled_settings")
	want := []string{
		"legacy map[bucket_name:legacy name:legacy project:acme] acme/legacy false <nil>",
		"legacy-site map[bucket_name:legacy-site name:legacy-site project:acme] acme/legacy-site false keep",
	}
	if diff := cmp.Diff(want, results); diff != "" || len(diagnostics) > 0 {
		t.Errorf("%v\n%s", diagnostics, diff)
	}
	results, diagnostics = q.list("stowage_project_bucket", config, 1)
	if len(results) != 1 || len(diagnostics) != 1 || !strings.Contains(diagnostics[0], "there are 1 more. Set limit = 2") {
		t.Errorf("with a limit: %v, %v", results, diagnostics)
	}
	p.Fail = func(_ context.Context, method string) error {
		if method == "Existing" {
			return &projects.UnadoptableError{Bucket: "x", Cause: "It is in a stack."}
		}
		return nil
	}
	results, diagnostics = q.list("stowage_project_bucket", config, 100, "id")
	if len(results) != 0 || len(diagnostics) != 1 || !strings.Contains(diagnostics[0], "- It is in a stack.\n- It is in a stack.") {
		t.Errorf("what cannot be adopted: %v, %v", results, diagnostics)
	}
	p.Fail = func(_ context.Context, method string) error {
		if method == "Existing" {
			return errors.New("it failed")
		}
		return nil
	}
	if _, diagnostics = q.list("stowage_project_bucket", config, 100, "id"); len(diagnostics) == 0 ||
		!strings.Contains(diagnostics[0], "it failed") {
		t.Errorf("a failure: %v", diagnostics)
	}
}
