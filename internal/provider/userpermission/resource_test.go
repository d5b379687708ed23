package userpermission

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

type values = entitytest.Values

const typ = "stowage_user_permission"

func start(t *testing.T) (*entitytest.Terraform, *entitytest.Projects) {
	t.Helper()
	p := entitytest.NewProjects()
	for _, e := range []model.Entity{
		model.User{Name: "partner"},
		model.Bucket{Name: "inbox", BucketName: "acme-inbox", OnDelete: model.Refuse},
	} {
		if err := p.Create(t.Context(), "acme", e); err != nil {
			t.Fatal(err)
		}
	}
	return entitytest.StartObjects(t, &entity.Services{Projects: p, Region: "eu-west-1"}, NewResource), p
}

func TestModel_SchemaAttributes(t *testing.T) { entitytest.Parity(t, NewResource(), Model{}) }

func TestApplyReadAndImportAgree(t *testing.T) {
	for id, c := range map[string]struct{ config, identity values }{
		"acme/partner/inbox": {
			values{"project": "acme", "user": "partner", "bucket": "inbox", "access": "read"},
			values{"project": "acme", "user": "partner", "bucket": "inbox", "prefix": nil},
		},
		"acme/partner/inbox/incoming/": {
			values{"project": "acme", "user": "partner", "bucket": "inbox", "access": "read_write", "allow_delete": true, "prefix": "incoming/"},
			values{"project": "acme", "user": "partner", "bucket": "inbox", "prefix": "incoming/"},
		},
	} {
		t.Run(id, func(t *testing.T) {
			tf, _ := start(t)
			object := tf.Created(typ, c.config)
			if object.Get("id") != id {
				t.Errorf("the id is %v", object.Get("id"))
			}
			if diff := cmp.Diff(c.identity, tf.Identity(object)); diff != "" {
				t.Error(diff)
			}
			byID, diagnostics := tf.Import(typ, id)
			entitytest.Must(t, diagnostics)
			byIdentity, diagnostics := tf.ImportIdentity(typ, c.identity)
			entitytest.Must(t, diagnostics)
			for _, o := range []*entitytest.Object{object, byID, byIdentity} {
				if action := tf.Action(o, c.config); action != "no-op" {
					t.Errorf("the plan would %s", action)
				}
			}
			if object = tf.Applied(typ, object, nil); object != nil {
				t.Error("the permission is still in the state")
			}
		})
	}
}

func TestUpdateInPlace(t *testing.T) {
	tf, _ := start(t)
	config := values{"project": "acme", "user": "partner", "bucket": "inbox", "access": "read"}
	object := tf.Created(typ, config)
	config["access"], config["allow_delete"] = "write", true
	plan, diagnostics := tf.Plan(typ, object, config)
	entitytest.Must(t, diagnostics)
	if plan.Action != "update" {
		t.Errorf("the plan would %s", plan.Action)
	}
}

// TestSchema_Thin limits the attributes: a configuration has thousands of permissions, and
// Terraform's work grows with every attribute.
func TestSchema_Thin(t *testing.T) {
	var resp resource.SchemaResponse
	NewResource().Schema(t.Context(), resource.SchemaRequest{}, &resp)
	for name, attribute := range resp.Schema.Attributes {
		switch attribute.(type) {
		case schema.StringAttribute, schema.BoolAttribute:
		default:
			t.Errorf("the attribute %s is a %T", name, attribute)
		}
	}
}

func TestPlan_RemovedPrefixReplaces(t *testing.T) {
	tf, _ := start(t)
	config := values{"project": "acme", "user": "partner", "bucket": "inbox", "access": "read", "prefix": "incoming/"}
	object := tf.Created(typ, config)
	delete(config, "prefix")
	plan, diagnostics := tf.Plan(typ, object, config)
	entitytest.Must(t, diagnostics)
	if diff := cmp.Diff([]string{"prefix"}, plan.Replaced); diff != "" {
		t.Error(diff)
	}
	if object, diagnostics = tf.Apply(plan); object == nil || object.Get("id") != "acme/partner/inbox" {
		t.Errorf("after the replacement: %v", diagnostics)
	}
}

func TestApply_MissingParent(t *testing.T) {
	for _, c := range []struct{ attribute, text string }{
		{"user", `Its user "nobody" does not exist in the project.`}, {"bucket", `Its bucket "nobody" does not exist in the project.`},
	} {
		tf, p := start(t)
		before := len(p.Written())
		config := values{"project": "acme", "user": "partner", "bucket": "inbox", "access": "read"}
		config[c.attribute] = "nobody"
		plan, diagnostics := tf.Plan(typ, nil, config)
		entitytest.Must(t, diagnostics)
		object, diagnostics := tf.Apply(plan)
		if problem := entitytest.Lacks(diagnostics, "Unable to Create User Permission", c.text, c.attribute); problem != "" {
			t.Error(problem)
		}
		if object != nil || len(p.Written()) != before {
			t.Error("something was made")
		}
	}
}

func TestBadInput(t *testing.T) {
	for _, c := range []struct {
		argument string
		value    any
		text     string
	}{
		{"access", "all", `must be "read", "write" or "read_write"`},
		{"prefix", "/incoming", "must not begin with a slash"},
		{"allow_delete", true, `needs access = "write" or "read_write"`},
	} {
		tf, _ := start(t)
		config := values{"project": "acme", "user": "partner", "bucket": "inbox", "access": "read"}
		config[c.argument] = c.value
		_, diagnostics := tf.Plan(typ, nil, config)
		if problem := entitytest.Lacks(diagnostics, "", c.text, c.argument); problem != "" {
			t.Error(problem)
		}
	}
}

func TestBadImportIDs(t *testing.T) {
	tf, _ := start(t)
	for _, id := range []string{"acme", "acme/partner", "acme//inbox", "/partner/inbox", ""} {
		_, diagnostics := tf.Import(typ, id)
		if problem := entitytest.Lacks(
			diagnostics, "Invalid Import ID", "has not the form `<project>/<user>/<bucket>[/<prefix>]`", "",
		); problem != "" {
			t.Errorf("%q: %s", id, problem)
		}
	}
	_, diagnostics := tf.Import(typ, "acme/partner/outbox")
	if problem := entitytest.Lacks(
		diagnostics, "Cannot Import User Permission", `There is no user permission "acme/partner/outbox"`, "",
	); problem != "" {
		t.Error(problem)
	}
}

func TestUserPolicy(t *testing.T) {
	p := entitytest.NewProjects()
	for _, e := range []model.Entity{
		model.User{Name: "partner", SourceIPs: []string{"203.0.113.0/24"}}, model.User{Name: "nobody"},
		model.Bucket{Name: "inbox", BucketName: "acme-inbox", OnDelete: model.Refuse},
		model.Permission{User: "partner", Bucket: "inbox", Access: model.Read},
		model.Permission{User: "partner", Bucket: "inbox", Prefix: "in/", Access: model.Write, AllowDelete: true},
	} {
		if err := p.Create(t.Context(), "acme", e); err != nil {
			t.Fatal(err)
		}
	}
	tf := entitytest.StartLookups(t, &entity.Services{Projects: p}, NewPolicyDataSource)
	got, diagnostics := tf.Lookup("stowage_user_policy", values{"project": "acme", "user": "partner"})
	entitytest.Must(t, diagnostics)
	const table = `| Bucket | Below | List | Read | Write | Delete |
|--------|-------|------|------|-------|--------|
| inbox  | (all) | yes  | yes  | no    | no     |
| inbox  | in/   | no   | no   | yes   | yes    |
`
	if diff := cmp.Diff(table, got["table"]); diff != "" {
		t.Error(diff)
	}
	var effects []string
	for _, s := range got["statements"].([]any) {
		effects = append(effects, fmt.Sprint(s.(values)["effect"], " ", s.(values)["condition"]))
	}
	if !strings.HasPrefix(effects[0], `Deny {"NotIpAddress":{"aws:SourceIp":["203.0.113.0/24"]}`) || len(effects) != 6 {
		t.Errorf("statements %v", effects)
	}
	got, diagnostics = tf.Lookup("stowage_user_policy", values{"project": "acme", "user": "nobody"})
	entitytest.Must(t, diagnostics)
	if got["json"] != "" || len(got["statements"].([]any)) != 0 {
		t.Errorf("a user without permissions may %v", got)
	}
	_, diagnostics = tf.Lookup("stowage_user_policy", values{"project": "acme", "user": "ghost"})
	if problem := entitytest.Lacks(
		diagnostics, "Unable to Read User Policy", `has no user "ghost"`, "user",
	); problem != "" {
		t.Error(problem)
	}
}
