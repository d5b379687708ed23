package projects_test

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// readAll reads the project acme once for each of n objects, at most parallelism of them at a time,
// as a plan does. All reads must end with the same error.
func readAll(t *testing.T, s *projects.Service, n, parallelism int) error {
	t.Helper()
	var (
		group sync.WaitGroup
		slots = make(chan struct{}, parallelism)
		errs  = make([]error, n)
	)
	for i := range n {
		slots <- struct{}{}
		group.Go(func() {
			_, errs[i] = s.Read(t.Context(), "acme")
			<-slots
		})
	}
	group.Wait()
	for _, err := range errs {
		if err == nil || err.Error() != errs[0].Error() {
			t.Fatalf("one read ended with %v, another one with %v", errs[0], err)
		}
	}
	return errs[0]
}

// TestReadBudget_Absent is the call budget of a plan of a project that is not there, or not whole.
// It does not grow with the number of objects.
func TestReadBudget_Absent(t *testing.T) {
	verified, authoritative := projects.Verified, projects.Authoritative
	for name, c := range map[string]struct {
		mode    projects.ReadMode
		prepare func(w *world)
		budget  map[string]int
		err     error
	}{
		// Without a directory, another Query makes sure that the hub has not lost it.
		"no directory": {verified, func(*world) {}, map[string]int{
			"sts.GetCallerIdentity": 1, "ssm.GetParameter": 1, "dynamodb.Query": 2, "cloudformation.DescribeStacks": 1,
		}, &model.NotFoundError{Kind: model.NotFoundDirectory, Project: "acme"}},
		"not in a directory that holds another project": {verified, func(w *world) {
			other := acme()
			other.Name = "globex"
			must(w.t, w.process().CreateProject(w.t.Context(), other))
		}, map[string]int{
			"sts.GetCallerIdentity": 1, "ssm.GetParameter": 1, "dynamodb.Query": 1, "cloudformation.DescribeStacks": 2, "cloudformation.GetTemplate": 1,
			"dynamodb.TransactGetItems": 1,
		}, &model.NotFoundError{Kind: model.NotFoundProject, Project: "acme"}},
		"no directory, authoritative": {authoritative, func(*world) {}, map[string]int{
			"sts.GetCallerIdentity": 1, "ssm.GetParameter": 1, "dynamodb.Query": 1, "cloudformation.DescribeStacks": 1,
		}, &model.NotFoundError{Kind: model.NotFoundDirectory, Project: "acme"}},
		"without its stack": {verified, func(w *world) {
			fill(w.t, w.process())
			w.deleteStack()
		}, map[string]int{
			"sts.GetCallerIdentity": 1, "ssm.GetParameter": 1, "dynamodb.Query": 2, "sts.AssumeRole": 1, "cloudformation.DescribeStacks": 5, "cloudformation.GetTemplate": 1,
			"dynamodb.TransactGetItems": 1,
		}, &model.NotFoundError{Kind: model.NotFoundStack, Project: "acme", Stack: "stowage-acme-0", AccountID: account, Region: "eu-west-1"}},
	} {
		for _, n := range []int{10, 300, 1000} {
			for _, parallelism := range []int{10, 100} {
				t.Run(fmt.Sprintf("%s, %d objects, %d at a time", name, n, parallelism), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						w := newWorld(t, true)
						c.prepare(w)
						w.resetCalls()
						if err := readAll(t, w.process(mode(c.mode)), n, parallelism); err.Error() != c.err.Error() {
							t.Errorf("the reads end with %v, want %v", err, c.err)
						}
						if calls := w.calls(); !maps.Equal(calls, c.budget) {
							t.Error(cmp.Diff(c.budget, calls))
						}
					})
				})
			}
		}
	}
}

// TestAbsence_OwnCreation: what a process has made is there for it.
func TestAbsence_OwnCreation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		s := w.process()
		if _, err := s.Read(t.Context(), "acme"); !model.IsNotFound(err, model.NotFoundProject, model.NotFoundDirectory) {
			t.Fatal(err)
		}
		must(t, s.CreateProject(t.Context(), acme()))
		_, err := s.Read(t.Context(), "acme")
		must(t, err)
		must(t, s.Create(t.Context(), "acme", bucket("inbox")))
		must(t, s.Delete(t.Context(), "acme", bucket("inbox").ID()))
		must(t, s.DeleteProject(t.Context(), "acme"))
		if _, err := s.Read(t.Context(), "acme"); !model.IsNotFound(err, model.NotFoundProject, model.NotFoundDirectory) {
			t.Errorf("reading what the process has deleted: %v", err)
		}
	})
}

// TestAbsence_FailedCreation: a creation that fails after the directory was written leaves a
// project without a stack, which is what the process reads from then on.
func TestAbsence_FailedCreation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process()
		if _, err := s.Read(t.Context(), "acme"); !model.IsNotFound(err, model.NotFoundProject, model.NotFoundDirectory) {
			t.Fatal(err)
		}
		w.faults(
			sandbox.Fault{
				ResourceType: "AWS::SSM::Parameter", PhysicalID: "/stowage/acme/*", Phase: cloud.PhaseCreate,
				Reason: "no", Times: 1,
			},
		)
		if err := s.CreateProject(t.Context(), acme()); err == nil {
			t.Fatal("the creation did not fail")
		}
		if _, err := s.Read(t.Context(), "acme"); !model.IsNotFound(err, model.NotFoundStack) {
			t.Errorf("reading: %v", err)
		}
	})
}

// TestAbsence_Writes: a write looks again. What another process has made in the meantime is there for it.
func TestAbsence_Writes(t *testing.T) {
	write := map[string]func(t *testing.T, s *projects.Service) error{
		"create": func(t *testing.T, s *projects.Service) error { return s.Create(t.Context(), "acme", bucket("inbox")) },
		"update": func(t *testing.T, s *projects.Service) error { return s.UpdateProject(t.Context(), acme()) },
		"delete": func(t *testing.T, s *projects.Service) error {
			return s.Delete(t.Context(), "acme", model.User{Name: "partner"}.ID())
		},
	}
	for name, do := range write {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, false)
				s := w.process()
				if _, err := s.Read(t.Context(), "acme"); !model.IsNotFound(err, model.NotFoundProject, model.NotFoundDirectory) {
					t.Fatal(err)
				}
				must(t, w.process().CreateProject(t.Context(), acme()))
				must(t, w.process().Create(t.Context(), "acme", model.User{Name: "partner"}))
				must(t, do(t, s))
				view, err := s.Read(t.Context(), "acme")
				must(t, err)
				if buckets, users := len(view.Contents.Buckets), len(view.Contents.Users); name == "create" && buckets != 1 ||
					name == "delete" && users != 0 {
					t.Errorf("the process reads %d buckets and %d users", buckets, users)
				}
			})
		})
	}
}

// TestAbsence_Failures: a call that failed is made again by the next read.
func TestAbsence_Failures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		fill(t, w.process())
		s := w.process(mode(projects.Authoritative))
		w.faults(
			sandbox.Fault{
				Service: "cloudformation", Operation: "DescribeStacks", Effect: sandbox.FailCall, Code: "AccessDenied",
				Times: 1,
			},
		)
		if _, err := s.Read(t.Context(), "acme"); err == nil {
			t.Fatal("the read did not fail")
		}
		_, err := s.Read(t.Context(), "acme")
		must(t, err)
	})
}

// TestAbsence_StaleDirectory checks that the absence of a project in a template that may be stale
// is not stored.
func TestAbsence_StaleDirectory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		other := acme()
		other.Name = "globex"
		must(t, w.process().CreateProject(t.Context(), other))
		must(t, w.process().CreateProject(t.Context(), acme()))
		w.loseMirror()
		w.faults(sandbox.Fault{Service: "cloudformation", Operation: "GetTemplate", Effect: sandbox.StaleRead})
		s := w.process()
		if _, err := s.Read(t.Context(), "acme"); !model.IsNotFound(err, model.NotFoundProject, model.NotFoundDirectory) {
			t.Fatalf("the directory is not stale: %v", err)
		}
		w.box.ClearFaults()
		_, err := s.Read(t.Context(), "acme")
		must(t, err)
	})
}

// TestReadBudget_Unreadable: a template that cannot be read costs the same calls however many objects ask.
func TestReadBudget_Unreadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		fill(t, w.process())
		w.saveAsYAML()
		calls := map[int]map[string]int{}
		for _, n := range []int{10, 300} {
			w.resetCalls()
			if err := readAll(t, w.process(), n, 10); !errors.Is(err, template.ErrNotJSON) {
				t.Errorf("the reads end with %v", err)
			}
			calls[n] = w.calls()
		}
		if diff := cmp.Diff(calls[10], calls[300]); diff != "" {
			t.Errorf("calls for 10 and 300 objects: %s", diff)
		}
	})
}
