package projects_test

import (
	"maps"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// fill makes a project with two buckets, a user and a permission.
func fill(t *testing.T, s *projects.Service) {
	t.Helper()
	must(t, s.CreateProject(t.Context(), acme()))
	must(t, s.Create(t.Context(), "acme", bucket("inbox")))
	must(t, s.Create(t.Context(), "acme", bucket("outbox")))
	must(t, s.Create(t.Context(), "acme", model.User{Name: "partner"}))
	must(
		t,
		s.Create(t.Context(), "acme", model.Permission{User: "partner", Bucket: "inbox", Access: model.Read, Prefix: "in/"}),
	)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestCreate_ReadByAnotherProcess(t *testing.T) {
	for _, mode := range []projects.ReadMode{projects.Verified, projects.Cached, projects.Authoritative} {
		t.Run(string(mode), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, true)
				fill(t, w.process())
				view, err := w.process(func(c *projects.Config) { c.ReadMode = mode }).Read(t.Context(), "acme")
				must(t, err)
				if got, want := len(view.Contents.Buckets), 2; got != want {
					t.Errorf("%d buckets, want %d", got, want)
				}
				if len(view.Contents.Drift) > 0 || len(view.Contents.Foreign) > 0 {
					t.Errorf("drift %v, foreign %v", view.Contents.Drift, view.Contents.Foreign)
				}
				if view.Contents.Env.KeyARN == "" {
					t.Error("the key's ARN is not known")
				}
				if diff := cmp.Diff(
					[]model.Permission{{User: "partner", Bucket: "inbox", Access: model.Read, Prefix: "in/"}},
					view.Contents.Permissions,
				); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// TestReadBudget is the call budget of a plan, as the package's documentation states it.
func TestReadBudget(t *testing.T) {
	budgets := map[projects.ReadMode]map[string]int{
		projects.Cached: {"sts.GetCallerIdentity": 1, "ssm.GetParameter": 1, "dynamodb.Query": 1},
		projects.Verified: {
			"sts.GetCallerIdentity":         1,
			"ssm.GetParameter":              1,
			"dynamodb.Query":                1,
			"sts.AssumeRole":                1,
			"cloudformation.DescribeStacks": 1,
		},
		// The directory tells where the project is, and each of the two stacks is read in one piece. The
		// Query returns the drift in AWS, which no template holds.
		projects.Authoritative: {
			"sts.GetCallerIdentity":         1,
			"ssm.GetParameter":              1,
			"dynamodb.Query":                1,
			"sts.AssumeRole":                1,
			"cloudformation.DescribeStacks": 4,
			"cloudformation.GetTemplate":    2,
		},
	}
	for mode, budget := range budgets {
		t.Run(string(mode), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, false)
				fill(t, w.process())
				w.resetCalls()
				s := w.process(func(c *projects.Config) { c.ReadMode = mode })
				done := make(chan error)
				for range 50 {
					go func() {
						_, err := s.Read(t.Context(), "acme")
						done <- err
					}()
				}
				for range 50 {
					must(t, <-done)
				}
				if calls := w.calls(); !maps.Equal(calls, budget) {
					t.Error(cmp.Diff(budget, calls))
				}
			})
		})
	}
}

func TestDeleteProject_Empty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		s := w.process()
		fill(t, s)
		if err := s.DeleteProject(t.Context(), "acme"); err == nil {
			t.Fatal("a project that holds entities was deleted")
		}
		view, err := s.Read(t.Context(), "acme")
		must(t, err)
		for _, p := range view.Contents.Permissions {
			must(t, s.Delete(t.Context(), "acme", p.ID()))
		}
		must(t, s.Delete(t.Context(), "acme", model.ID{Kind: model.KindUser, Name: "partner"}))
		must(t, s.Delete(t.Context(), "acme", bucket("inbox").ID()))
		must(t, s.Delete(t.Context(), "acme", bucket("outbox").ID()))
		must(t, s.DeleteProject(t.Context(), "acme"))
		entries, err := w.process().List(t.Context())
		must(t, err)
		if len(entries) > 0 {
			t.Errorf("the directory still holds %v", entries)
		}
	})
}
