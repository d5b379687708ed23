package projects_test

import (
	"errors"
	"maps"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// at is where the first stack of acme is.
var at = projects.StackAddress{Project: "acme", AccountID: account, Region: "eu-west-1"}

// retag changes the revision of the project's stack by hand, as a person in the console would with
// any parameter.
func (w *world) retag(value string) {
	w.t.Helper()
	client, name := w.member().CloudFormation, aws.String("stowage-acme-0")
	_, err := client.UpdateStack(w.t.Context(), &cloudformation.UpdateStackInput{
		StackName:           name,
		UsePreviousTemplate: aws.Bool(true),
		Capabilities:        []cfntypes.Capability{cfntypes.CapabilityCapabilityNamedIam},
		Parameters: []cfntypes.Parameter{
			{ParameterKey: aws.String(template.RevisionParameter), ParameterValue: aws.String(value)},
		},
	})
	must(w.t, err)
	must(
		w.t,
		cloudformation.NewStackUpdateCompleteWaiter(client).Wait(
			w.t.Context(), &cloudformation.DescribeStacksInput{StackName: name}, 1<<40,
		),
	)
}

func (w *world) mirrored(project string) *mirror.Snapshot {
	w.t.Helper()
	snapshot, err := mirror.New(w.clients().Hub().DynamoDB, "stowage").Read(w.t.Context(), project)
	must(w.t, err)
	return snapshot
}

// TestRefreshStack_CurrentCostsTwoCalls: a reading of the mirror and a description of the stack.
func TestRefreshStack_CurrentCostsTwoCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		fill(t, w.process())
		relay := w.process()
		_, err := relay.Synchronizer().RefreshStack(t.Context(), at)
		must(t, err)
		w.resetCalls()
		done, err := relay.Synchronizer().RefreshStack(t.Context(), at)
		must(t, err)
		want := map[string]int{"dynamodb.Query": 1, "cloudformation.DescribeStacks": 1}
		if calls := w.calls(); done.Changed || !done.AtRest() || !maps.Equal(calls, want) {
			t.Errorf("%+v: %s", done, cmp.Diff(want, calls))
		}
	})
}

func TestRefreshStack_HandEdit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		fill(t, w.process())
		relay := w.process()
		_, err := relay.Synchronizer().RefreshStack(t.Context(), at)
		must(t, err)
		w.retag("77")
		w.resetCalls()
		done, err := relay.Synchronizer().RefreshStack(t.Context(), at)
		must(t, err)
		if head := w.mirrored("acme").Heads[0]; !done.Changed || head.Revision != 77 {
			t.Errorf("%+v, revision %d in the mirror", done, head.Revision)
		}
	})
}

func TestRefreshingRefusesForeignStacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		fill(t, w.process())
		relay := w.process()
		before := w.mirrored("acme")
		for name, foreign := range map[string]projects.StackAddress{
			"another account": {Project: "acme", AccountID: "999999999999", Region: "eu-west-1"},
			"another region":  {Project: "acme", AccountID: account, Region: "eu-west-2"},
			"not counted":     {Project: "acme", Shard: 7, AccountID: account, Region: "eu-west-1"},
			"directory":       {Project: mirror.Directory, AccountID: account, Region: "eu-west-1"},
		} {
			if done, err := relay.Synchronizer().RefreshStack(t.Context(), foreign); done.Changed ||
				!model.IsNotFound(err, model.NotFoundOwner) {
				t.Errorf("%s: %+v, %v", name, done, err)
			}
		}
		var unknown *model.NotFoundError
		if _, err := relay.Synchronizer().RefreshStack(
			t.Context(), projects.StackAddress{Project: "nope", AccountID: account, Region: "eu-west-1"},
		); !errors.As(err, &unknown) ||
			unknown.Kind != model.NotFoundProject {
			t.Errorf("an unknown project: %v", err)
		}
		if diff := cmp.Diff(before, w.mirrored("acme")); diff != "" {
			t.Error(diff)
		}
	})
}

func TestRefreshStack_DeletedByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		fill(t, w.process())
		relay := w.process()
		w.deleteStack()
		changed, err := relay.Synchronizer().Refresh(t.Context(), "acme")
		must(t, err)
		snapshot := w.mirrored("acme")
		if head := snapshot.Heads[0]; !changed || head.Status != "DELETE_COMPLETE" || snapshot.Bodies[0] != nil {
			t.Errorf("changed %v, status %s, body %v", changed, head.Status, snapshot.Bodies[0])
		}
		if changed, err := relay.Synchronizer().Refresh(t.Context(), "acme"); err != nil || changed {
			t.Errorf("again: %v, %v", changed, err)
		}
		if _, err := w.process().Read(t.Context(), "acme"); !model.IsNotFound(err, model.NotFoundStack) {
			t.Errorf("reading the project: %v", err)
		}
	})
}

// TestRefreshStack_InterruptedDeletion: it alone shows that the project was closing, once the stack
// has gone.
func TestRefreshStack_InterruptedDeletion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		must(t, w.process().CreateProject(t.Context(), acme()))
		// The first change set closes the project, the second would take it out of the directory.
		w.faults(
			sandbox.Fault{
				Service: "cloudformation", Operation: "CreateChangeSet", Effect: sandbox.FailCall, Code: "AccessDenied",
				After: 1,
			},
		)
		if err := w.process().DeleteProject(t.Context(), "acme"); err == nil {
			t.Fatal("the deletion was not interrupted")
		}
		w.box.ClearFaults()
		_, err := w.process().Synchronizer().Refresh(t.Context(), "acme")
		must(t, err)
		if body := w.mirrored("acme").Bodies[0]; body == nil || !body.Contents.Project.Closing {
			t.Errorf("the mirror shows %+v", body)
		}
		must(t, w.process().DeleteProject(t.Context(), "acme"))
	})
}

// TestRefreshStack_ProjectMadeAgainElsewhere: a relay that knows a project finds it where it was
// made again, in another region or account.
func TestRefreshStack_ProjectMadeAgainElsewhere(t *testing.T) {
	for name, moved := range map[string]model.Project{
		"region":  {Name: "acme", AccountID: account, Region: "eu-west-2", OnDelete: model.Refuse},
		"account": {Name: "acme", AccountID: "444455556666", Region: "eu-west-1", OnDelete: model.Refuse},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, false)
			must(t, w.process().CreateProject(t.Context(), acme()))
			relay := w.process()
			_, err := relay.Synchronizer().RefreshStack(t.Context(), at)
			must(t, err)
			must(t, w.process().DeleteProject(t.Context(), "acme"))
			must(t, w.process().CreateProject(t.Context(), moved))
			there := projects.StackAddress{Project: "acme", AccountID: moved.AccountID, Region: moved.Region}
			if done, err := relay.Synchronizer().RefreshStack(t.Context(), there); err != nil || !done.AtRest() {
				t.Errorf("another %s: %+v, %v", name, done, err)
			}
			if _, err := relay.Synchronizer().RefreshStack(t.Context(), at); !model.IsNotFound(err, model.NotFoundOwner) {
				t.Errorf("another %s: the stack where the project was: %v", name, err)
			}
		})
	}
}
