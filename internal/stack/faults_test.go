package stack_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/stack"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// TestFaultsOfCallsEndWell fails every kind of call in a way that the writer must survive. The
// change is committed exactly once, and a later change too.
func TestFaultsOfCallsEndWell(t *testing.T) {
	fault := func(operation string, effect sandbox.Effect, times int) sandbox.Fault {
		return sandbox.Fault{Service: "cloudformation", Operation: operation, Effect: effect, Times: times}
	}
	cases := map[string][]sandbox.Fault{
		"lost reply of CreateChangeSet":                {fault("CreateChangeSet", sandbox.LostReply, 1)},
		"lost reply of ExecuteChangeSet":               {fault("ExecuteChangeSet", sandbox.LostReply, 1)},
		"all replies of one ExecuteChangeSet are lost": {fault("ExecuteChangeSet", sandbox.LostReply, 25)},
		"all replies of one CreateChangeSet are lost":  {fault("CreateChangeSet", sandbox.LostReply, 25)},
		"lost replies of everything":                   {fault("", sandbox.LostReply, 6)},
		"throttling at the start":                      {fault("", sandbox.Throttle, 8)},
		"throttled while following": {
			{Service: "cloudformation", Operation: "DescribeStacks", Effect: sandbox.Throttle, After: 3, Times: 40},
		},
		"stale descriptions": {fault("DescribeStacks", sandbox.StaleRead, 2)},
		"stale descriptions and templates": {
			fault("DescribeStacks", sandbox.StaleRead, 2),
			fault("GetTemplate", sandbox.StaleRead, 1),
		},
		"stale descriptions after the execution": {
			{Service: "cloudformation", Operation: "DescribeStacks", Effect: sandbox.StaleRead, After: 2, Times: 10},
		},
		"internal errors": {fault("", sandbox.FailCall, 5)},
	}
	for name, faults := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				first := w.process()
				w.filled(first)
				must(t, first.Commit(t.Context(), create(user("before"))))
				w.faults(faults...)
				// A new process has to read everything.
				s := w.process()
				must(t, s.Commit(t.Context(), create(user("partner"))))
				w.box.ClearFaults()
				must(t, first.Commit(t.Context(), create(user("after"))))
				if got := len(w.contents().Users); got != 3 {
					t.Errorf("%d users, want 3", got)
				}
				if got := revision(w); got != "4" {
					t.Errorf("the stack is at revision %s, want 4: the project and each user once", got)
				}
			})
		})
	}
}

func revision(w *world) string {
	for _, p := range w.described().Parameters {
		if aws.ToString(p.ParameterKey) == template.RevisionParameter {
			return aws.ToString(p.ParameterValue)
		}
	}
	return ""
}

func TestThrottling_EverySecondCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.process()
		w.filled(s)
		for n := range 100 {
			w.faults(sandbox.Fault{Service: "cloudformation", Effect: sandbox.Throttle, After: 2 * n, Times: 1})
		}
		mustAll(t, commitAll(t.Context(), s, 5, creations("user", 10)...))
		w.box.ClearFaults()
		if got := len(w.contents().Users); got != 10 {
			t.Errorf("%d users, want 10", got)
		}
	})
}

func TestBusyStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.process()
		w.filled(s)
		for _, process := range []struct {
			name    string
			process interface {
				Name() string
			}
		}{{"one that knows the stack", s}, {"one that reads it", w.process()}} {
			w.byHand(nil, func(sections map[string]any) {
				section(sections, "Resources")["Foreign"+strings.ReplaceAll(process.name, " ", "")] = map[string]any{
					"Type": "AWS::SNS::Topic", "Properties": map[string]any{"TopicName": strings.ReplaceAll(process.name, " ", "-")},
				}
			})
			if status := w.described().StackStatus; status != types.StackStatusUpdateInProgress {
				t.Fatalf("the update by hand is in the status %s", status)
			}
			must(t, s.Commit(t.Context(), create(user("user-"+strings.ReplaceAll(process.name, " ", "-")))))
		}
		contents := w.contents()
		if len(contents.Users) != 2 || len(contents.Foreign) != 2 {
			t.Errorf("users %v, foreign %v", contents.Users, contents.Foreign)
		}
	})
}

func TestCommit_ForeignResourcesSurvive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.process()
		w.filled(s)
		w.byHand(
			[]types.Parameter{{ParameterKey: aws.String("Colour"), ParameterValue: aws.String("green")}},
			func(sections map[string]any) {
				section(sections, "Parameters")["Colour"] = map[string]any{"Type": "String", "Default": "red"}
				section(sections, "Outputs")["Hue"] = map[string]any{"Value": map[string]any{"Ref": "Colour"}}
				section(sections, "Resources")["Foreign"] = map[string]any{
					"Type": "AWS::SNS::Topic", "Properties": map[string]any{"TopicName": "foreign"},
				}
				section(sections, "Metadata")["Team"] = "storage"
			},
		)
		must(t, s.Commit(t.Context(), create(user("partner"))))
		must(t, w.process().Commit(t.Context(), create(user("other"))))
		described := w.described()
		values := map[string]string{}
		for _, o := range described.Outputs {
			values[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
		}
		if values["Hue"] != "green" {
			t.Errorf("outputs %v, want Hue=green: the value of a foreign parameter was lost", values)
		}
		if foreign := w.contents().Foreign; !slices.Equal(foreign, []string{"Foreign"}) {
			t.Errorf("foreign resources %v", foreign)
		}
		got, err := w.client().CloudFormation.GetTemplate(
			t.Context(), &cloudformation.GetTemplateInput{StackName: aws.String(stackName)},
		)
		must(t, err)
		if !strings.Contains(aws.ToString(got.TemplateBody), `"Team":"storage"`) {
			t.Error("the template's own metadata was lost")
		}
	})
}

func TestCommit_LargeTemplate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.process()
		w.filled(s)
		mustAll(t, commitAll(t.Context(), s, 60, creations("bucket", 60)...))
		contents := w.contents()
		if got := len(contents.Buckets); got != 60 {
			t.Errorf("%d buckets, want 60", got)
		}
		if contents.Usage.TemplateBytes <= template.MaxInlineBytes {
			t.Errorf("the template has only %d bytes: the test shows nothing", contents.Usage.TemplateBytes)
		}
		if w.box.Calls()["s3"]["PutObject"] != 1 {
			t.Errorf("calls of S3: %v", w.box.Calls()["s3"])
		}
		// The same template, as after a lost race, is the same object.
		must(t, w.process().Commit(t.Context(), create(user("partner"))))
	})
}

// TestThrottling_Message makes all attempts and reports why they failed.
func TestThrottling_Message(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.filled(w.process())
		w.faults(sandbox.Fault{Service: "cloudformation", Operation: "DescribeStacks", Effect: sandbox.Throttle})
		err := w.process().Commit(t.Context(), create(user("partner")))
		if err == nil || !strings.Contains(err.Error(), "exceeded maximum number of attempts, 25") ||
			!strings.Contains(err.Error(), "Rate exceeded") {
			t.Errorf("the commit ended with %v", err)
		}
		if got := w.called("DescribeStacks"); got != 25 {
			t.Errorf("%d attempts, want 25", got)
		}
	})
}

func TestProtect_EveryStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.filled(w.process())
		described := w.described()
		if !aws.ToBool(described.EnableTerminationProtection) {
			t.Error("the termination protection is off")
		}
		if want := []string{
			"arn:aws:sns:eu-west-1:111122223333:stowage-events",
		}; !slices.Equal(described.NotificationARNs, want) {
			t.Errorf("notifications go to %v, want %v", described.NotificationARNs, want)
		}
		policy, err := w.client().CloudFormation.GetStackPolicy(
			t.Context(), &cloudformation.GetStackPolicyInput{StackName: aws.String(stackName)},
		)
		must(t, err)
		if body := aws.ToString(policy.StackPolicyBody); !strings.Contains(body, `"Deny"`) ||
			!strings.Contains(body, "Update:Replace") {
			t.Errorf("the stack policy is %s", body)
		}
	})
}

func TestProtect_AfterInterruption(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.faults(
			sandbox.Fault{
				Service: "cloudformation", Operation: "UpdateTerminationProtection", Effect: sandbox.FailCall,
				Code: "AccessDenied", Times: 1,
			},
		)
		if err := w.process().Commit(t.Context(), create(user("partner"))); err == nil {
			t.Error("an unprotected stack was filled")
		}
		must(t, w.process().Commit(t.Context(), create(user("partner"))))
		if !aws.ToBool(w.described().EnableTerminationProtection) {
			t.Error("the termination protection is off")
		}
	})
}

// TestDelete_DuringCreation returns an error to the stack's creator, and no member keeps
// waiting.
func TestDelete_DuringCreation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		made := make(chan error, 1)
		go func() { made <- w.process().Commit(t.Context(), create(user("partner"))) }()
		began := time.Now()
		for w.called("ExecuteChangeSet") == 0 {
			time.Sleep(100 * time.Millisecond)
		}
		_, err := w.client().CloudFormation.DeleteStack(
			t.Context(), &cloudformation.DeleteStackInput{StackName: aws.String(stackName)},
		)
		must(t, err)
		var failed *commit.CommitError
		if err := <-made; !errors.As(err, &failed) || failed.Status != "DELETE_COMPLETE" || len(failed.Reasons) == 0 {
			t.Errorf("making the stack ended with %v", err)
		}
		if took := time.Since(began); took > 2*time.Minute {
			t.Errorf("it was found out after %v", took)
		}
	})
}

// TestDelete_DuringProtection lets the stack's creator enable the protection between the two
// calls of a deletion.
func TestDelete_DuringProtection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.filled(w.process())
		client := w.clientBy(&after{next: w.transport, action: "UpdateTerminationProtection", do: func() {
			_, err := w.client().CloudFormation.UpdateTerminationProtection(
				t.Context(),
				&cloudformation.UpdateTerminationProtectionInput{
					StackName: aws.String(stackName), EnableTerminationProtection: aws.Bool(true),
				},
			)
			must(t, err)
		}})
		must(
			t,
			w.process(func(c *stack.Config) { c.CloudFormation = client.CloudFormation }).Delete(
				t.Context(), "delete-it", whatever,
			),
		)
		if n := w.called("DeleteStack"); n != 2 {
			t.Errorf("%d attempts to delete the stack, want 2", n)
		}
	})
}

func TestDelete_RecreatedUnderSameName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.process()
		w.filled(s)
		must(t, s.Commit(t.Context(), create(user("old"))))
		must(t, w.process().Delete(t.Context(), "delete-it", whatever))
		must(t, w.process().Commit(t.Context(), create(user("new"))))
		before := aws.ToString(w.described().StackId)
		must(t, s.Commit(t.Context(), create(user("newer")))) // remembers the old stack
		if after := aws.ToString(w.described().StackId); after != before {
			t.Errorf("the stack is %s, want %s", after, before)
		}
		names := map[string]bool{}
		for _, u := range w.contents().Users {
			names[u.Name] = true
		}
		if !maps.Equal(names, map[string]bool{"new": true, "newer": true}) {
			t.Errorf("users %v, want new and newer", names)
		}
	})
}

// TestCommit_StaleBase commits on the newest state that the process has observed, although
// CloudFormation first returns an older one.
func TestCommit_StaleBase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.filled(w.process())
		must(t, w.process().Commit(t.Context(), create(user("partner"))))
		s := w.process()
		if _, err := s.Describe(t.Context()); err != nil {
			t.Fatal(err)
		}
		stale := func(operation string, times int) sandbox.Fault {
			return sandbox.Fault{Service: "cloudformation", Operation: operation, Effect: sandbox.StaleRead, Times: times}
		}
		w.faults(stale("DescribeStacks", 4), stale("GetTemplate", 2))
		changed := user("partner")
		changed.Tags = map[string]string{"changed": "yes"}
		must(t, s.Commit(t.Context(), template.Change{Op: template.Update, Entity: changed}))
	})
}

// TestReading_CommitKnownFromEvents has descriptions that stay stale beyond the end of a commit. The
// process polls until it sees its own commit, and needs no read for the next one.
func TestReading_CommitKnownFromEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.process()
		w.filled(s)
		executed := w.called("DescribeStackEvents")
		w.faults(sandbox.Fault{Service: "cloudformation", Operation: "DescribeStacks", Effect: sandbox.StaleRead, Times: 12})
		must(t, s.Commit(t.Context(), create(user("partner"))))
		if w.called("DescribeStackEvents") == executed {
			t.Fatal("no events were read: the descriptions were not stale for long enough")
		}
		read := w.called("GetTemplate")
		must(t, s.Commit(t.Context(), create(user("second"))))
		if again := w.called("GetTemplate") - read; again != 0 {
			t.Errorf("the next commit read the template %d times, want 0", again)
		}
	})
}

// whatever allows the deletion of a stack in any state.
func whatever(commit.Description) bool { return true }

// TestDelete_ChangedStack ends another commit while the deletion waits for the stack.
func TestDelete_ChangedStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.filled(w.process())
		before := aws.ToString(w.described().ChangeSetId)
		committed := make(chan error, 1)
		go func() { committed <- w.process().Commit(t.Context(), create(user("partner"))) }()
		executed := w.called("ExecuteChangeSet")
		for w.called("ExecuteChangeSet") == executed {
			time.Sleep(100 * time.Millisecond)
		}
		err := w.process().Delete(
			t.Context(), "delete-it", func(d commit.Description) bool { return d.ChangeSetID == before },
		)
		if !model.IsConflict(err, model.ConflictStackChanged) {
			t.Errorf("deleting it ended with %v", err)
		}
		must(t, <-committed)
		if !aws.ToBool(w.described().EnableTerminationProtection) {
			t.Error("the stack isn't protected any more")
		}
	})
}
