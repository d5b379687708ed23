package projects_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// named is an adoption under another name and with another incarnation.
func named(a projects.Adoption, name, incarnation string) projects.Adoption {
	a.Prior.Name, a.Planned.Name, a.Incarnation = name, name, incarnation
	return a
}

// TestAdopt_TwoAtOnce lets two runs adopt one bucket, in one process and in two, under one name and
// under two: one of them gets it.
func TestAdopt_TwoAtOnce(t *testing.T) {
	for _, processes := range []int{1, 2} {
		for _, second := range []string{"old", "other"} {
			t.Run(fmt.Sprintf("%d processes, as old and %s", processes, second), func(t *testing.T) {
				w := newWorld(t, false)
				ctx := t.Context()
				w.must(w.process().CreateProject(ctx, acme()))
				w.legacy(account, "", "")
				one := w.process()
				two := one
				if processes == 2 {
					two = w.process()
				}
				first, other := w.adoption(one, ""), named(w.adoption(two, ""), second, "two")
				outcomes := make(chan error, 2)
				go func() { outcomes <- one.Adopt(ctx, "acme", first) }()
				go func() { outcomes <- two.Adopt(ctx, "acme", other) }()
				errs := []error{<-outcomes, <-outcomes}
				failed := slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err == nil })
				if len(failed) != 1 {
					t.Fatalf("the outcomes are %v", errs)
				}
				view, err := w.process().Read(ctx, "acme")
				w.must(err)
				if n := len(view.Contents.Buckets); n != 1 {
					t.Fatalf("the project has %d buckets", n)
				}
				got := view.Contents.Buckets[0]
				if got.Adoption == nil || got.Adoption.Begun || len(view.Contents.DriftOf(got.ID())) > 0 {
					t.Errorf("the bucket in the model: %+v, drift %v", got, view.Contents.DriftOf(got.ID()))
				}
				w.holds("legacy")
			})
		}
	}
}

// takenOver imports the bucket legacy into a stack of another owner.
func (w *world) takenOver() {
	w.t.Helper()
	ctx, client := w.t.Context(), w.memberOf(account).CloudFormation
	set, err := client.CreateChangeSet(ctx, &cloudformation.CreateChangeSetInput{
		StackName: aws.String("theirs"), ChangeSetName: aws.String("import"), ChangeSetType: cfntypes.ChangeSetTypeImport,
		TemplateBody: aws.String(`{"Resources":{"B":{"Type":"AWS::S3::Bucket","DeletionPolicy":"Retain","Properties":{"BucketName":"legacy"}}}}`),
		ResourcesToImport: []cfntypes.ResourceToImport{{
			LogicalResourceId: aws.String("B"), ResourceType: aws.String("AWS::S3::Bucket"),
			ResourceIdentifier: map[string]string{"BucketName": "legacy"},
		}},
	})
	w.must(err)
	_, err = client.ExecuteChangeSet(ctx, &cloudformation.ExecuteChangeSetInput{ChangeSetName: set.Id})
	w.must(err)
}

// TestAdopt_TakenMeanwhile lets another stack import the bucket after the plan, and after the check
// of the apply.
func TestAdopt_TakenMeanwhile(t *testing.T) {
	for name, when := range map[string]string{"after the plan": "", "after the check": "CreateChangeSet", "after the change set": "ExecuteChangeSet"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, false)
			ctx := t.Context()
			w.must(w.process().CreateProject(ctx, acme()))
			w.legacy(account, "", "")
			adoption := w.adoption(w.process(), "")
			s := w.process()
			if when == "" {
				w.takenOver()
			} else {
				s = w.process(func(c *projects.Config) {
					c.Clients = w.clientsBy(sandbox.HubAccount, before(when, "", w.takenOver))
				})
			}
			err := s.Adopt(ctx, "acme", adoption)
			explanation, _ := model.Explain(err)
			if err == nil || explanation.Cause == "" || explanation.Remedy == "" {
				t.Errorf("the error is %v, explained as %+v", err, explanation)
			}
			view, err := w.process().Read(ctx, "acme")
			w.must(err)
			if n := len(view.Contents.Buckets); n != 0 {
				t.Errorf("the project has %d buckets", n)
			}
			w.holds("legacy")
			w.must(w.process().Create(ctx, "acme", bucket("inbox"))) // the project goes on
		})
	}
}

// TestAdopt_ImportRollsBack fails the import itself: nothing has changed, and the next apply adopts
// the bucket. Others in the commit are adopted.
func TestAdopt_ImportRollsBack(t *testing.T) {
	w := newWorld(t, false)
	ctx := t.Context()
	w.must(w.process().CreateProject(ctx, acme()))
	client := w.legacy(account, "", "")
	_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{
		Bucket:                    aws.String("second"),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"},
	})
	w.must(err)
	s := w.process()
	first := w.adoption(s, "")
	live, err := s.Existing(ctx, "acme", "second", "second")
	w.must(err)
	second := named(first, "second", "two")
	second.Live, second.Prior.BucketName, second.Planned.BucketName = live, "second", "second"
	w.must(w.box.AddFaults(sandbox.Fault{
		ResourceType: "AWS::S3::Bucket", PhysicalID: "legacy", Phase: "update", Reason: "it failed", Times: 1,
	}))
	outcomes := make(chan error, 2)
	go func() { outcomes <- s.Adopt(ctx, "acme", first) }()
	go func() { outcomes <- s.Adopt(ctx, "acme", second) }()
	failed := errors.Join(<-outcomes, <-outcomes)
	if failed == nil || !strings.Contains(failed.Error(), "it failed") {
		t.Fatalf("the errors are %v", failed)
	}
	view, err := w.process().Read(ctx, "acme")
	w.must(err)
	if n := len(view.Contents.Buckets); n != 1 || view.Contents.Buckets[0].Name != "second" {
		t.Errorf("the project has %+v", view.Contents.Buckets)
	}
	w.holds("legacy")
	again := w.process()
	w.must(again.Adopt(ctx, "acme", w.adoption(again, "")))
}
