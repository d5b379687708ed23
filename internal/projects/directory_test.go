package projects_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

var everyMode = []projects.ReadMode{projects.Verified, projects.Cached, projects.Authoritative}

// deleteDirectory deletes the directory's stack by hand.
func (w *world) deleteDirectory() {
	w.t.Helper()
	client, name := w.memberOf(sandbox.HubAccount).CloudFormation, aws.String("stowage-directory")
	_, err := client.UpdateTerminationProtection(w.t.Context(), &cloudformation.UpdateTerminationProtectionInput{
		StackName: name, EnableTerminationProtection: aws.Bool(false),
	})
	must(w.t, err)
	_, err = client.DeleteStack(w.t.Context(), &cloudformation.DeleteStackInput{StackName: name})
	must(w.t, err)
	must(
		w.t,
		cloudformation.NewStackDeleteCompleteWaiter(client).Wait(
			w.t.Context(), &cloudformation.DescribeStacksInput{StackName: name}, time.Hour,
		),
	)
}

// TestDirectory_Missing deletes the directory's stack of a hub that has projects. The hub is not
// taken for a new one: a new directory would have one project, and all others would look deleted.
func TestDirectory_Missing(t *testing.T) {
	for _, m := range everyMode {
		t.Run(string(m), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, false)
				fill(t, w.process())
				w.deleteDirectory()
				w.resetCalls()
				s := w.process(mode(m))
				globex := acme()
				globex.Name = "globex"
				_, readErr := s.Read(t.Context(), "globex")
				errs := map[string]error{
					"read": readErr, "create": s.CreateProject(t.Context(), globex),
					"delete": s.DeleteProject(t.Context(), "acme"),
				}
				if m != projects.Cached { // which answers from the mirror alone
					_, errs["list"] = s.List(t.Context())
				}
				if _, err := w.process().Synchronizer().Refresh(t.Context(), "directory"); err == nil {
					t.Error("a refresh of the directory succeeded")
				}
				_, errs["read after the relay's refresh"] = w.process(mode(m)).Read(t.Context(), "globex")
				for action, err := range errs {
					var hub *projects.HubError
					if !errors.As(err, &hub) || !errors.Is(err, projects.ErrDirectoryLost) ||
						!strings.Contains(err.Error(), "lists 1 projects") {
						t.Errorf("%s: %v", action, err)
					}
				}
				if n := w.calls()["cloudformation.CreateChangeSet"]; n != 0 {
					t.Errorf("%d change sets were created", n)
				}
			})
		})
	}
}

// TestDirectory_New reads a hub that has never held a project. A project that is managed already
// cannot be in it.
func TestDirectory_New(t *testing.T) {
	for _, m := range everyMode {
		t.Run(string(m), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, false)
				s := w.process(mode(m))
				entries, err := s.List(t.Context())
				must(t, err)
				if len(entries) != 0 {
					t.Errorf("listings %v", entries)
				}
				_, readErr := s.Read(t.Context(), "acme")
				for action, err := range map[string]error{
					"read": readErr, "delete": s.Delete(t.Context(), "acme", bucket("inbox").ID()), "delete project": s.DeleteProject(t.Context(), "acme"),
				} {
					if !model.IsNotFound(err, model.NotFoundDirectory) {
						t.Errorf("%s: %v", action, err)
					}
				}
				fill(t, s)
				if _, err := s.Read(t.Context(), "globex"); !model.IsNotFound(err, model.NotFoundProject) {
					t.Errorf("reading another project: %v", err)
				}
				must(t, s.DeleteProject(t.Context(), "globex"))
			})
		})
	}
}

// TestDirectory_UnknownWhileMirrorFails creates no directory while it cannot be determined whether
// there was one.
func TestDirectory_UnknownWhileMirrorFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		w.faults(sandbox.Fault{Service: "dynamodb", Effect: sandbox.FailCall})
		var hub *projects.HubError
		err := w.process().CreateProject(t.Context(), acme())
		if !errors.As(err, &hub) || !strings.Contains(err.Error(), "whether it lost it cannot be determined") {
			t.Errorf("creating: %v", err)
		}
		w.box.ClearFaults()
		must(t, w.process().CreateProject(t.Context(), acme()))
	})
}

// TestDirectory_JustCreated reads the directory just after another process has created it, while
// CloudFormation does not show it yet.
func TestDirectory_JustCreated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		fill(t, w.process())
		w.faults(sandbox.Fault{
			Service: "cloudformation", Operation: "DescribeStacks", Effect: sandbox.FailCall, Code: "ValidationError",
			Message: "Stack with id stowage-directory does not exist", Status: 400, Times: 2,
		})
		_, err := w.process(mode(projects.Authoritative)).Read(t.Context(), "acme")
		must(t, err)
	})
}
