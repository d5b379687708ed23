package stack_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/stack"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

func TestAttribution_BadMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.process()
		w.filled(s)
		w.faults(
			sandbox.Fault{
				ResourceType: "AWS::IAM::User", PhysicalID: "acme-user01", Phase: "create",
				Reason: "the quota of users is used up", Times: 1,
			},
		)
		outcomes := commitAll(t.Context(), s, 3, creations("user", 3)...)
		var failed *commit.CommitError
		if err := outcomes[1]; !errors.As(err, &failed) || failed.Status != "UPDATE_ROLLBACK_COMPLETE" ||
			!strings.Contains(err.Error(), "the quota of users is used up") {
			t.Errorf("the bad change ended with %v", err)
		}
		mustAll(t, []error{outcomes[0], outcomes[2]})
		if got := len(w.contents().Users); got != 2 {
			t.Errorf("%d users, want the 2 good ones", got)
		}
		if got := w.called("ExecuteChangeSet"); got != 2 {
			t.Errorf("%d commits, want 1 and one for the bad member", got)
		}
		must(t, s.Commit(t.Context(), create(user("user01"))))
	})
}

// The validation names the resource and nothing is rolled back.
func TestCommit_TakenName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.process()
		w.filled(s)
		changes := creations("bucket", 3)
		taken := bucket("bucket01")
		taken.BucketName = "somebody-was-here-before"
		changes[1] = create(taken)
		_, err := w.client().S3.CreateBucket(t.Context(), &s3.CreateBucketInput{
			Bucket:                    aws.String(taken.BucketName),
			CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
		})
		must(t, err)
		outcomes := commitAll(t.Context(), s, 3, changes...)
		if err := outcomes[1]; err == nil || !strings.Contains(err.Error(), "already exists") ||
			!strings.Contains(err.Error(), "Bucketbucket01") {
			t.Errorf("the change with the taken name ended with %v", err)
		}
		mustAll(t, []error{outcomes[0], outcomes[2]})
		if got := w.called("ExecuteChangeSet"); got != 1 {
			t.Errorf("%d commits, want 1: a taken name is found before", got)
		}
		sets, err := w.client().CloudFormation.ListChangeSets(
			t.Context(), &cloudformation.ListChangeSetsInput{StackName: aws.String(stackName)},
		)
		must(t, err)
		if len(sets.Summaries) != 0 {
			t.Errorf("%d change sets are left behind", len(sets.Summaries))
		}
	})
}

func permission(user, bucket string, access model.Access) model.Permission {
	return model.Permission{User: user, Bucket: bucket, Access: access}
}

// stuck makes a stack whose rollback fails the given number of times. A bad user rolls back a good
// change of a policy.
func (w *world) stuck(s *stack.Stack, times int) (outcomes []error) {
	w.t.Helper()
	w.filled(s)
	mustAll(
		w.t,
		commitAll(
			w.t.Context(), s, 3, create(user("partner")), create(bucket("inbox")),
			create(permission("partner", "inbox", model.Read)),
		),
	)
	w.faults(
		sandbox.Fault{
			ResourceType: "AWS::IAM::User", PhysicalID: "acme-bad", Phase: "create", Reason: "no such luck", Times: 1,
		},
		sandbox.Fault{
			ResourceType: "AWS::IAM::ManagedPolicy", Phase: "rollback", Reason: "the policy can't be rolled back",
			Times: times,
		},
	)
	w.box.ResetCalls()
	return commitAll(w.t.Context(), s, 2, create(user("bad")),
		template.Change{Op: template.Update, Entity: permission("partner", "inbox", model.Write)})
}

// policyOf returns the JSON of the only policy of the user partner in IAM, decoded by
// CloudFormation's own reader.
func (w *world) policyOf(ctx context.Context) string {
	w.t.Helper()
	client := iam.NewFromConfig(w.config())
	list, err := client.ListAttachedGroupPolicies(
		ctx, &iam.ListAttachedGroupPoliciesInput{GroupName: aws.String("acme-partner")},
	)
	must(w.t, err)
	if len(list.AttachedPolicies) != 1 {
		w.t.Fatalf("%d policies", len(list.AttachedPolicies))
	}
	arn := list.AttachedPolicies[0].PolicyArn
	policy, err := client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: arn})
	must(w.t, err)
	version, err := client.GetPolicyVersion(
		ctx, &iam.GetPolicyVersionInput{PolicyArn: arn, VersionId: policy.Policy.DefaultVersionId},
	)
	must(w.t, err)
	return aws.ToString(version.PolicyVersion.Document)
}

// TestRollback_Continued continues the rollback once its cause has passed, and skips
// nothing.
func TestRollback_Continued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		outcomes := w.stuck(w.process(), 1)
		if err := outcomes[0]; err == nil || !strings.Contains(err.Error(), "no such luck") {
			t.Errorf("the bad change ended with %v", err)
		}
		must(t, outcomes[1])
		if got := w.contents().Permissions[0].Access; got != model.Write {
			t.Errorf("the permission's access is %q", got)
		}
		if got := w.called("ContinueUpdateRollback"); got != 1 {
			t.Errorf("%d continuations, want 1", got)
		}
		if got := w.called("ExecuteChangeSet"); got != 2 {
			t.Errorf("%d commits, want 2: nothing had to be healed", got)
		}
	})
}

// TestHeal_SkippedResource writes a resource again that the rollback had to skip, so that IAM
// matches the template.
func TestHeal_SkippedResource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var told reports
		s := w.process(func(c *stack.Config) { c.Observer = &told })
		w.filled(s)
		mustAll(
			t,
			commitAll(
				t.Context(), s, 3, create(user("partner")), create(bucket("inbox")),
				create(permission("partner", "inbox", model.Read)),
			),
		)
		before := w.policyOf(t.Context())
		w.faults(
			sandbox.Fault{
				ResourceType: "AWS::IAM::User", PhysicalID: "acme-bad", Phase: "create", Reason: "no such luck",
				Times: 2,
			},
			sandbox.Fault{
				ResourceType: "AWS::IAM::ManagedPolicy", Phase: "rollback", Reason: "the policy can't be rolled back",
				Times: 2,
			},
		)
		w.box.ResetCalls()
		// Both changes are of one member. No member is left to commit again, but the stack is
		// healed.
		outcomes := commitAll(t.Context(), s, 2, create(user("bad")),
			template.Change{Op: template.Update, Entity: permission("partner", "inbox", model.Write)})
		if outcomes[0] == nil {
			t.Error("the bad change succeeded")
		}
		must(t, outcomes[1])
		if got := w.called("ContinueUpdateRollback"); got != 2 {
			t.Errorf("%d continuations, want 2", got)
		}
		// The bad commit, two for the healing, and the good member's commit.
		if got := w.called("ExecuteChangeSet"); got != 4 {
			t.Errorf("%d commits, want 4", got)
		}
		must(
			t,
			s.Commit(t.Context(), template.Change{Op: template.Update, Entity: permission("partner", "inbox", model.Read)}),
		)
		if after := w.policyOf(t.Context()); after != before {
			t.Errorf("the policy is\n%s\nand was\n%s", after, before)
		}
		if contents := w.contents(); len(contents.Drift) != 0 {
			t.Errorf("the healing has left %v", contents.Drift)
		}
		if told.unhealed != 0 {
			t.Errorf("%d times something could not be healed", told.unhealed)
		}
	})
}

// TestRecovery_ContinuesRollback lets a new process find a failed rollback. It brings the
// stack to rest and heals what was skipped.
func TestRecovery_ContinuesRollback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.process()
		w.filled(s)
		mustAll(
			t,
			commitAll(
				t.Context(), s, 3, create(user("partner")), create(bucket("inbox")),
				create(permission("partner", "inbox", model.Read)),
			),
		)
		before := w.policyOf(t.Context())
		w.faults(
			sandbox.Fault{ResourceType: "AWS::IAM::User", Phase: "create", Reason: "no such luck", Times: 1},
			sandbox.Fault{
				ResourceType: "AWS::IAM::ManagedPolicy", Phase: "rollback", Reason: "the policy can't be rolled back",
				Times: 2,
			},
		)
		w.byHand(nil, func(sections map[string]any) {
			resources := section(sections, "Resources")
			resources["Theirs"] = map[string]any{
				"Type": "AWS::IAM::User", "DependsOn": "PolicypartnerN1",
				"Properties": map[string]any{"UserName": "theirs"},
			}
			policy := section(section(section(sections, "Resources"), "PolicypartnerN1"), "Properties")
			policy["PolicyDocument"] = map[string]any{"Version": "2012-10-17", "Statement": []any{
				map[string]any{"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
			}}
		})
		must(t, w.process().Commit(t.Context(), create(user("next"))))
		if after := w.policyOf(t.Context()); after != before {
			t.Errorf("the policy is\n%s\nand was\n%s", after, before)
		}
		if got := w.contents(); len(got.Users) != 2 || len(got.Drift) != 0 {
			t.Errorf("%d users, drift %v", len(got.Users), got.Drift)
		}
	})
}

// TestRecovery_ManualIntervention fails to roll back a user. A user cannot be written
// again, so it is not skipped; the error states what failed.
func TestRecovery_ManualIntervention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.process()
		w.filled(s)
		must(t, s.Commit(t.Context(), create(user("partner"))))
		w.faults(
			sandbox.Fault{ResourceType: "AWS::IAM::User", PhysicalID: "acme-bad", Phase: "create", Reason: "no such luck"},
			sandbox.Fault{
				ResourceType: "AWS::IAM::User", PhysicalID: "acme-partner", Phase: "rollback",
				Reason: "the user can't be rolled back",
			},
		)
		tagged := user("partner")
		tagged.Tags = map[string]string{"a": "b"}
		outcomes := commitAll(t.Context(), s, 2, create(user("bad")), template.Change{Op: template.Update, Entity: tagged})
		if err := outcomes[0]; err == nil || !strings.Contains(err.Error(), "no such luck") {
			t.Errorf("the bad change ended with %v", err)
		}
		var stuck *commit.StuckError
		if err := outcomes[1]; !errors.As(err, &stuck) || !strings.Contains(err.Error(), "the user can't be rolled back") ||
			!strings.Contains(err.Error(), "Userpartner") {
			t.Errorf("the other change ended with %v", err)
		}
		if got := w.called("ContinueUpdateRollback"); got != 1 {
			t.Errorf("%d continuations, want 1", got)
		}
	})
}

// TestRecovery_FailedFirstCreation lets the next writer delete the stack that cannot be updated,
// and create it again.
func TestRecovery_FailedFirstCreation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.faults(
			sandbox.Fault{
				ResourceType: "AWS::SSM::Parameter", Phase: "create", Reason: "not allowed to put parameters", Times: 1,
			},
		)
		err := w.process().Commit(t.Context(), create(user("partner")))
		if err == nil || !strings.Contains(err.Error(), "not allowed to put parameters") {
			t.Errorf("the first creation ended with %v", err)
		}
		dead := aws.ToString(w.described().StackId)
		must(t, w.process().Commit(t.Context(), create(user("partner"))))
		if alive := aws.ToString(w.described().StackId); alive == dead {
			t.Error("it is still the same stack")
		}
		if got := len(w.contents().Users); got != 1 {
			t.Errorf("%d users, want 1", got)
		}
	})
}

// TestRecovery_FailedFirstCreationWithResources deletes a stack only if it is empty.
func TestRecovery_FailedFirstCreationWithResources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var gone strings.Builder // fills the first page of the stack's resources
		for n := range 120 {
			fmt.Fprintf(&gone, `"A%d":{"Type":"AWS::IAM::Group","Properties":{"GroupName":"a%d"}},`, n, n)
		}
		body := `{"Resources":{` + gone.String() + `
			"Kept":{"Type":"AWS::S3::Bucket","DeletionPolicy":"Retain","Properties":{"BucketName":"kept-bucket"}},
			"Bad":{"Type":"AWS::IAM::User","DependsOn":"Kept","Properties":{"UserName":"bad"}}}}`
		w.faults(sandbox.Fault{ResourceType: "AWS::IAM::User", Phase: "create", Reason: "no such luck", Times: 1})
		client := w.client().CloudFormation
		_, err := client.CreateStack(t.Context(), &cloudformation.CreateStackInput{
			StackName:    aws.String(stackName),
			TemplateBody: aws.String(body),
			Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam},
		})
		must(t, err)
		var stuck *commit.StuckError
		err = w.process().Commit(t.Context(), create(user("partner")))
		if !errors.As(err, &stuck) || !strings.Contains(err.Error(), "Kept") {
			t.Errorf("the commit ended with %v", err)
		}
		if got := w.called("DeleteStack"); got != 0 {
			t.Errorf("the stack was deleted %d times", got)
		}
	})
}

// deletions records the deleted change sets, and the order in which change sets are created,
// executed and deleted.
type deletions struct {
	next    http.RoundTripper
	deleted []string
	actions []string
}

func (d *deletions) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	switch action := form.Get("Action"); action {
	case "DeleteChangeSet":
		d.deleted = append(d.deleted, form.Get("ChangeSetName"))
		fallthrough
	case "CreateChangeSet", "ExecuteChangeSet":
		d.actions = append(d.actions, strings.TrimSuffix(action, "ChangeSet"))
	}
	return d.next.RoundTrip(request)
}

// TestSweep_ChangeSetsOfDeadWriters fills a stack with change sets. Ours that are an hour old are
// deleted, whatever page lists them. Those of other tools and recent ones, which another writer may
// be using, stay.
func TestSweep_ChangeSetsOfDeadWriters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.filled(w.process())
		client := w.client().CloudFormation
		body, err := client.GetTemplate(t.Context(), &cloudformation.GetTemplateInput{StackName: aws.String(stackName)})
		must(t, err)
		leave := func(name string) string {
			t.Helper()
			made, err := client.CreateChangeSet(t.Context(), &cloudformation.CreateChangeSetInput{
				StackName:     aws.String(stackName),
				ChangeSetName: aws.String(name),
				TemplateBody:  body.TemplateBody,
				Parameters: []types.Parameter{
					{ParameterKey: aws.String(template.RevisionParameter), ParameterValue: aws.String("99")},
				},
				Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam},
			})
			must(t, err)
			return aws.ToString(made.Id)
		}
		const most = 1000
		stay := []string{leave("theirs"), leave("their-" + commit.ChangeSetPrefix)}
		for n := range most - 3 {
			leave(fmt.Sprintf("%s%d", commit.ChangeSetPrefix, n))
		}
		time.Sleep(2 * time.Hour)
		stay = append(stay, leave(commit.ChangeSetPrefix+"fresh"))
		seen := &deletions{next: w.transport}
		mine := w.clientBy(seen)
		s := w.process(func(c *stack.Config) { c.CloudFormation = mine.CloudFormation })
		must(t, s.Commit(t.Context(), create(user("partner"))))
		if len(seen.deleted) != most-3 {
			t.Errorf("%d change sets were deleted, want %d", len(seen.deleted), most-3)
		}
		for _, arn := range stay {
			if slices.Contains(seen.deleted, arn) {
				t.Errorf("the change set %s was deleted", arn)
			}
		}
	})
}

// TestResolveExecution_AvailableChangeSet has a change set that no call has executed, as far as the
// writer can know. The writer deletes it before it tries another one, so that a delayed call finds
// nothing to execute.
func TestResolveExecution_AvailableChangeSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.filled(w.process())
		seen := &deletions{next: w.transport}
		mine := w.clientBy(seen)
		s := w.process(func(c *stack.Config) { c.CloudFormation = mine.CloudFormation })
		w.faults(sandbox.Fault{Service: "cloudformation", Operation: "ExecuteChangeSet", Effect: sandbox.FailCall, Times: 25})
		must(t, s.Commit(t.Context(), create(user("partner"))))
		if got := slices.Compact(seen.actions); !slices.Equal(
			got, []string{"Create", "Execute", "Delete", "Create", "Execute"},
		) {
			t.Errorf("the calls were %v", got)
		}
		if got := revision(w); got != "2" {
			t.Errorf("the stack is at revision %s, want 2", got)
		}
	})
}

// TestCommit_BusyStack commits the change after another writer's update, which takes minutes.
func TestCommit_BusyStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		waiting := 0
		s := w.process(func(c *stack.Config) {
			c.Log = func(_ context.Context, message string, _ map[string]any) {
				if strings.Contains(message, "waiting") {
					waiting++
				}
			}
		})
		w.filled(s)
		w.byHand(nil, func(sections map[string]any) {
			after := ""
			for i := range 30 { // one after the other
				id := fmt.Sprintf("Theirs%02d", i)
				resource := map[string]any{"Type": "AWS::IAM::User", "Properties": map[string]any{"UserName": id}}
				if after != "" {
					resource["DependsOn"] = after
				}
				section(sections, "Resources")[id], after = resource, id
			}
		})
		began := time.Now()
		must(t, s.Commit(t.Context(), create(user("partner"))))
		if took := time.Since(began); took < 3*time.Minute {
			t.Errorf("the update by hand took %s only: nothing was waited for", took)
		}
		if waiting == 0 {
			t.Error("the wait is nowhere logged")
		}
		if foreign := w.contents().Foreign; len(foreign) != 30 {
			t.Errorf("%d foreign resources, want 30", len(foreign))
		}
	})
}
