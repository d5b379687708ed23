package provider_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// partner is the id of the user in config.
var partner = model.ID{Kind: model.KindUser, Name: "partner"}

// TestRead_OtherHub reads an object with the credentials of another hub. An object that is missing
// there is not gone.
func TestRead_OtherHub(t *testing.T) {
	home := projects.HubLocation{AccountID: "000000000000", Region: "eu-west-1"}
	for name, c := range map[string]struct {
		now  projects.HubLocation
		err  error // of the look-up; nil if the project does not hold the user
		text string
	}{
		"same hub":                       {now: home},
		"same hub, no project":           {now: home, err: &model.NotFoundError{Kind: model.NotFoundProject, Project: "acme"}},
		"same hub without a directory":   {home, &model.NotFoundError{Kind: model.NotFoundDirectory, Project: "acme"}, "the hub in account 000000000000, Region eu-west-1 has never held a project"},
		"other region":                   {projects.HubLocation{AccountID: "000000000000", Region: "us-east-1"}, nil, "It was read from the hub in account 000000000000, Region eu-west-1. The provider now uses the hub in account 000000000000, Region us-east-1"},
		"other account, no such project": {projects.HubLocation{AccountID: "999999999999", Region: "eu-west-1"}, &model.NotFoundError{Kind: model.NotFoundProject, Project: "acme"}, "the hub in account 999999999999, Region eu-west-1, which does not have it"},
	} {
		t.Run(name, func(t *testing.T) {
			tf, p := start(t, entity.Services{})
			created := tf.Created(typ, config(nil))
			if err := p.Delete(t.Context(), "acme", partner); err != nil {
				t.Fatal(err)
			}
			p.Location = c.now
			if c.err != nil {
				p.Fail = failing("Read", c.err)
			}
			read, diagnostics := tf.Read(created)
			if c.text == "" {
				entitytest.Must(t, diagnostics)
				if read != nil {
					t.Error("it is still in the state")
				}
				return
			}
			wantError(t, diagnostics, "Unable to Read Project User", c.text, "")

			plan, diagnostics := tf.Plan(typ, created, nil)
			entitytest.Must(t, diagnostics)
			if c.err != nil {
				p.Fail = func(_ context.Context, method string) error {
					if method == "Read" || method == "Delete" {
						return c.err
					}
					return nil
				}
			}
			_, diagnostics = tf.Apply(plan)
			wantError(t, diagnostics, "Unable to Delete Project User", c.text, "")
		})
	}
}

// TestRead_MovedHub reads an object that the other hub also has, because the hub was moved. From
// then on the object belongs to that hub.
func TestRead_MovedHub(t *testing.T) {
	tf, p := start(t, entity.Services{})
	created := tf.Created(typ, config(nil))
	p.Location.Region = "us-east-1"
	moved, diagnostics := tf.Read(created)
	entitytest.Must(t, diagnostics)
	if err := p.Delete(t.Context(), "acme", partner); err != nil {
		t.Fatal(err)
	}
	gone, diagnostics := tf.Read(moved)
	entitytest.Must(t, diagnostics)
	if gone != nil {
		t.Error("it is still in the state")
	}
}

// TestRead_MirrorWarning warns in every kind of read that the mirror could not be read.
func TestRead_MirrorWarning(t *testing.T) {
	tf, p := start(t, entity.Services{})
	created := tf.Created(typ, config(nil))
	p.Pending = []projects.Warning{
		projects.MirrorWarning{Table: "stowage", Hub: p.Location, Err: errors.New("no answer within 2s")},
	}
	_, diagnostics := tf.Read(created)
	entitytest.Must(t, diagnostics)
	if len(diagnostics) != 1 || diagnostics[0].Summary != "Mirror Unavailable" ||
		!strings.Contains(
			diagnostics[0].Detail,
			`"stowage" of the hub (account 000000000000, Region eu-west-1) could not be read: no answer within 2s.`,
		) {
		t.Errorf("diagnostics %v", diagnostics)
	}
}
