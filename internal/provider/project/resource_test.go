package project

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

type values = entitytest.Values

const typ = "stowage_project"

func start(t *testing.T) (*entitytest.Terraform, *entitytest.Projects) {
	t.Helper()
	p := entitytest.NewProjects()
	return entitytest.StartObjects(
		t, &entity.Services{Projects: p, Region: "eu-central-1", RoleName: "StowageProvisioner"}, NewResource,
	), p
}

func TestModel_SchemaAttributes(t *testing.T) { entitytest.Parity(t, NewResource(), Model{}) }

func TestFirstPlan(t *testing.T) {
	tf, _ := start(t)
	plan, diagnostics := tf.Plan(typ, nil, values{"name": "beta", "account_id": "222233334444"})
	entitytest.Must(t, diagnostics)
	wants := values{
		"id":                     "beta",
		"region":                 "eu-central-1",
		"on_delete":              "refuse",
		"tags":                   nil,
		"tags_all":               values{},
		"drift":                  nil,
		"log_bucket_name":        "stowage-beta-logs-222233334444-eu-central-1-an",
		"kms_key_arn":            entitytest.Unknown,
		"notification_topic_arn": entitytest.Unknown,
	}
	for attribute, want := range wants {
		if diff := cmp.Diff(want, plan.Planned(attribute)); diff != "" {
			t.Errorf("%s: %s", attribute, diff)
		}
	}
}

func TestApplyReadAndImportAgree(t *testing.T) {
	for name, config := range map[string]values{
		"smallest": {"name": "beta", "account_id": "222233334444"},
		"full":     {"name": "beta", "account_id": "222233334444", "region": "eu-west-1", "on_delete": "empty", "tags": values{"client": "Beta"}},
	} {
		t.Run(name, func(t *testing.T) {
			tf, p := start(t)
			object := tf.Created(typ, config)
			if action := tf.Action(object, config); action != "no-op" {
				t.Errorf("the second plan would %s", action)
			}
			imported, diagnostics := tf.Import(typ, "beta")
			entitytest.Must(t, diagnostics)
			if action := tf.Action(imported, config); action != "no-op" {
				t.Errorf("the plan after an import would %s", action)
			}
			if got, _ := p.Written()[0].(model.Project); got.RoleName != "StowageProvisioner" {
				t.Errorf("written: %+v", got)
			}
			region, _ := object.Get("region").(string)
			if got, want := object.Get(
				"notification_topic_arn",
			), "arn:aws:sns:"+region+":222233334444:stowage-events"; got != want {
				t.Errorf("the topic is %v, not %s", got, want)
			}
		})
	}
}

func TestPlan_ProjectWithEntitiesNotReplaced(t *testing.T) {
	tf, p := start(t)
	config := values{"name": "acme", "account_id": "111122223333", "region": "eu-west-1"}
	object, diagnostics := tf.Import(typ, "acme")
	entitytest.Must(t, diagnostics)
	moved := values{"name": "acme", "account_id": "999900001111", "region": "eu-west-1"}
	plan, diagnostics := tf.Plan(typ, object, moved)
	entitytest.Must(t, diagnostics)
	if diff := cmp.Diff([]string{"account_id"}, plan.Replaced); diff != "" {
		t.Error(diff)
	}
	if err := p.Create(t.Context(), "acme", model.User{Name: "partner"}); err != nil {
		t.Fatal(err)
	}
	_, diagnostics = tf.Plan(typ, object, moved)
	if problem := entitytest.Lacks(
		diagnostics, "Unable to Replace Project",
		`holds 0 buckets, 1 users and 0 permissions, and can't change its account_id`, "account_id",
	); problem != "" {
		t.Error(problem)
	}
	// Only the apply can validate a destroy, because the plan does not know what else it destroys.
	plan, diagnostics = tf.Plan(typ, object, nil)
	entitytest.Must(t, diagnostics)
	_, diagnostics = tf.Apply(plan)
	if problem := entitytest.Lacks(
		diagnostics, "Unable to Delete Project", `It is still needed by: user partner.`, "",
	); problem != "" {
		t.Error(problem)
	}
	if action := tf.Action(object, config); action != "no-op" {
		t.Errorf("after the refusal the plan would %s", action)
	}
}

func TestDestroy(t *testing.T) {
	tf, _ := start(t)
	object, diagnostics := tf.Import(typ, "acme")
	entitytest.Must(t, diagnostics)
	if object = tf.Applied(typ, object, nil); object != nil {
		t.Error("the project is still in the state")
	}
}

func TestBadInput(t *testing.T) {
	for _, c := range []struct {
		argument, value, text string
	}{
		{"name", "a", `"a" has 1 characters; a project name has 2 to 20`},
		{"name", "hub", `"hub" is reserved`},
		{"account_id", "12", "must be the 12 digits of an AWS account"},
		{"region", "Ireland", "must be the code of an AWS region, such as eu-west-1"},
		{"on_delete", "keep", `must be "refuse", "retain" or "empty"`},
	} {
		tf, _ := start(t)
		config := values{"name": "beta", "account_id": "222233334444"}
		config[c.argument] = c.value
		_, diagnostics := tf.Plan(typ, nil, config)
		if problem := entitytest.Lacks(diagnostics, "", c.text, c.argument); problem != "" {
			t.Error(problem)
		}
	}
}

func TestImportOfAnUnknownProject(t *testing.T) {
	tf, _ := start(t)
	_, diagnostics := tf.Import(typ, "nobody")
	if problem := entitytest.Lacks(
		diagnostics, "Cannot Import Project", `There is no project "nobody"`, "",
	); problem != "" {
		t.Error(problem)
	}
}

func TestLookups(t *testing.T) {
	p := entitytest.NewProjects()
	tf := entitytest.StartLookups(t, &entity.Services{Projects: p}, NewDataSource, NewListDataSource)
	got, diagnostics := tf.Lookup("stowage_project", values{"name": "acme"})
	entitytest.Must(t, diagnostics)
	if got["revision"] != int64(7) || got["status"] != "UPDATE_COMPLETE" || got["account_id"] != "111122223333" {
		t.Errorf("the project is %v", got)
	}
	headroom, _ := got["headroom"].(values)
	if room, _ := headroom["resources"].(int64); room < 400 || room >= 450 {
		t.Errorf("there is room for %d resources", room)
	}
	got, diagnostics = tf.Lookup("stowage_projects", values{})
	entitytest.Must(t, diagnostics)
	want := []any{values{"name": "acme", "account_id": "111122223333", "region": "eu-west-1", "role_name": nil}}
	if diff := cmp.Diff(want, got["projects"]); diff != "" {
		t.Error(diff)
	}
	_, diagnostics = tf.Lookup("stowage_project", values{"name": "nobody"})
	if problem := entitytest.Lacks(
		diagnostics, "Unable to Read Project", `The directory has no project "nobody".`, "name",
	); problem != "" {
		t.Error(problem)
	}
}
