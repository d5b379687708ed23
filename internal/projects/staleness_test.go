package projects_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// TestRefreshStack_DeletionBehindSeen: CloudFormation answers with the stack as a process remembers
// it, although the process has seen that another writer changed it. That an entity is gone is
// uncertain then, and no deletion of it succeeds.
func TestRefreshStack_DeletionBehindSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true) // in which an update takes longer than two accounts of one moment may differ by
		s := w.process()
		must(t, s.CreateProject(t.Context(), acme()))
		must(t, s.Create(t.Context(), "acme", model.User{Name: "first"}))
		partner := model.User{Name: "partner"}
		must(t, w.process().Create(t.Context(), "acme", partner))
		w.faults(
			sandbox.Fault{Service: "cloudformation", Operation: "DescribeStacks", Effect: sandbox.StaleRead, After: 1},
			sandbox.Fault{Service: "cloudformation", Operation: "GetTemplate", Effect: sandbox.StaleRead})
		var maybeStale *commit.StaleTemplateError
		if err := s.Delete(t.Context(), "acme", partner.ID()); !errors.As(err, &maybeStale) {
			t.Errorf("deleting ended with %v", err)
		}
		w.box.ClearFaults()
		if view := w.read(projects.Authoritative); len(view.Contents.Users) != 2 {
			t.Fatalf("users %v", view.Contents.Users)
		}
		must(t, s.Delete(t.Context(), "acme", partner.ID()))
		if view := w.read(projects.Authoritative); len(view.Contents.Users) != 1 {
			t.Errorf("users %v are left", view.Contents.Users)
		}
	})
}
