package projectuser

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

type values = entitytest.Values

const typ = "stowage_project_user"

func start(t *testing.T) *entitytest.Terraform {
	t.Helper()
	return entitytest.StartObjects(
		t, &entity.Services{Projects: entitytest.NewProjects(), Region: "eu-west-1"}, NewResource,
	)
}

func TestModel_SchemaAttributes(t *testing.T) { entitytest.Parity(t, NewResource(), Model{}) }

func TestFirstPlanKnowsEverything(t *testing.T) {
	tf := start(t)
	plan, diagnostics := tf.Plan(typ, nil, values{"project": "acme", "name": "partner"})
	entitytest.Must(t, diagnostics)
	wants := values{
		"id":         "acme/partner",
		"user_name":  "acme-partner",
		"arn":        "arn:aws:iam::111122223333:user/stowage/acme/acme-partner",
		"source_ips": []any{},
		"drift":      nil,
	}
	for attribute, want := range wants {
		if diff := cmp.Diff(want, plan.Planned(attribute)); diff != "" {
			t.Errorf("%s: %s", attribute, diff)
		}
	}
}

func TestApplyReadAndImportAgree(t *testing.T) {
	for name, config := range map[string]values{
		"smallest": {"project": "acme", "name": "partner"},
		"empty":    {"project": "acme", "name": "partner", "source_ips": []any{}},
		"full":     {"project": "acme", "name": "partner", "source_ips": []any{"203.0.113.0/24", "198.51.100.0/24"}, "tags": values{"a": "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			tf := start(t)
			object := tf.Created(typ, config)
			if action := tf.Action(object, config); action != "no-op" {
				t.Errorf("the second plan would %s", action)
			}
			imported, diagnostics := tf.Import(typ, "acme/partner")
			entitytest.Must(t, diagnostics)
			if action := tf.Action(imported, config); action != "no-op" {
				t.Errorf("the plan after an import would %s", action)
			}
			if object = tf.Applied(typ, object, nil); object != nil {
				t.Error("the user is still in the state")
			}
		})
	}
}

func TestBadInput(t *testing.T) {
	for _, c := range []struct {
		argument string
		value    any
		text     string
	}{
		{"name", "root", `"root" is reserved`},
		{"source_ips", []any{"203.0.113.1/24"}, `"203.0.113.1/24" must be a network such as 203.0.113.0/24`},
	} {
		tf := start(t)
		config := values{"project": "acme", "name": "partner"}
		config[c.argument] = c.value
		_, diagnostics := tf.Plan(typ, nil, config)
		if problem := entitytest.Lacks(diagnostics, "Invalid Project User", c.text, c.argument); problem != "" {
			t.Error(problem)
		}
	}
}

func TestUsers_DataSource(t *testing.T) {
	p := entitytest.NewProjects()
	if err := p.Create(
		t.Context(), "acme", model.User{Name: "partner", SourceIPs: []string{"203.0.113.0/24"}},
	); err != nil {
		t.Fatal(err)
	}
	tf := entitytest.StartLookups(t, &entity.Services{Projects: p}, NewDataSource)
	got, diagnostics := tf.Lookup("stowage_project_users", values{"project": "acme"})
	entitytest.Must(t, diagnostics)
	want := []any{
		values{
			"id": "acme/partner", "name": "partner", "source_ips": []any{"203.0.113.0/24"}, "tags": values{},
			"user_name": "acme-partner", "arn": "arn:aws:iam::111122223333:user/stowage/acme/acme-partner",
		},
	}
	if diff := cmp.Diff(want, got["users"]); diff != "" {
		t.Error(diff)
	}
}
