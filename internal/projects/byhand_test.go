package projects_test

import (
	"testing"
	"testing/synctest"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// edited is the decoded resource of a template that a person edits.
func edited(resources map[string]any, logicalID string) map[string]any {
	resource, _ := resources[logicalID].(map[string]any)
	return resource
}

// TestPolicies_EditedByHand: a hand edit of a resource's DeletionPolicy or UpdateReplacePolicy is
// drift of the entity that owns the resource. It blocks neither the entity nor the other changes of
// its batch, and the entity's next update reverts it.
func TestPolicies_EditedByHand(t *testing.T) {
	for name, remembers := range map[string]bool{"a new process": false, "a process that remembers": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, false)
				s := w.one(model.Refuse)
				must(t, s.Create(t.Context(), "acme", model.User{Name: "partner"}))
				w.byHand(func(resources map[string]any) {
					edited(resources, "BucketPolicyinbox")["DeletionPolicy"] = "Delete"
					edited(resources, "Grouppartner")["DeletionPolicy"] = "Retain"
					edited(resources, "Userpartner")["UpdateReplacePolicy"] = "Retain"
				})
				drift := func(id model.ID) int {
					view := w.read(projects.Authoritative)
					return len(view.Contents.DriftOf(id))
				}
				inbox, partner := bucket("inbox"), model.User{Name: "partner"}
				if drift(inbox.ID()) != 1 || drift(partner.ID()) != 2 {
					t.Errorf("drift of the bucket %d, of the user %d", drift(inbox.ID()), drift(partner.ID()))
				}
				if !remembers {
					s = w.process()
				}
				inbox.Lifecycle.ExpireAfterDays, partner.Tags = 60, map[string]string{"a": "b"}
				outcomes := make(chan error)
				go func() { outcomes <- s.Update(t.Context(), "acme", inbox) }()
				go func() { outcomes <- s.Update(t.Context(), "acme", partner) }()
				go func() { outcomes <- s.Create(t.Context(), "acme", bucket("other")) }()
				for range 3 {
					must(t, <-outcomes)
				}
				if drift(inbox.ID()) != 0 || drift(partner.ID()) != 0 {
					t.Errorf("after the update, drift of the bucket %d, of the user %d", drift(inbox.ID()), drift(partner.ID()))
				}
			})
		})
	}
}
