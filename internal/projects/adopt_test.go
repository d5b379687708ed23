package projects_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	buckets "github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// legacy creates a bucket "legacy" in an account without Stowage, with an object, and with settings
// and a policy, as the properties of CloudFormation.
func (w *world) legacy(accountID, settings, statements string) *s3.Client {
	w.t.Helper()
	w.stack(accountID, "before", settings, statements)
	_, err := w.memberOf(accountID).CloudFormation.DeleteStack(
		w.t.Context(), &cloudformation.DeleteStackInput{StackName: aws.String("before")},
	)
	w.must(err)
	client := w.memberOf(accountID).S3
	_, err = client.PutObject(
		w.t.Context(),
		&s3.PutObjectInput{Bucket: aws.String("legacy"), Key: aws.String("a"), Body: strings.NewReader("data")},
	)
	w.must(err)
	return client
}

// stack makes a stack with the bucket "legacy".
func (w *world) stack(accountID, name, settings, statements string) {
	w.t.Helper()
	const resource = `{"Type":"AWS::S3::%s","DeletionPolicy":"Retain","Properties":{%s}%s}`
	resources := `"B":` + fmt.Sprintf(resource, "Bucket", `"BucketName":"legacy"`+settings, "")
	if statements != "" {
		resources += `,"P":` + fmt.Sprintf(resource, "BucketPolicy",
			`"Bucket":"legacy","PolicyDocument":{"Version":"2012-10-17","Statement":[`+statements+`]}`, `,"DependsOn":["B"]`)
	}
	_, err := w.memberOf(accountID).CloudFormation.CreateStack(w.t.Context(), &cloudformation.CreateStackInput{
		StackName:    aws.String(name),
		TemplateBody: aws.String(`{"Resources":{` + resources + `}}`),
		OnFailure:    cfntypes.OnFailureDoNothing,
	})
	w.must(err)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// adoption is that of the bucket "legacy" as a plan has read it.
func (w *world) adoption(s *projects.Service, settings model.Unmodeled) projects.Adoption {
	w.t.Helper()
	live, err := s.Existing(w.t.Context(), "acme", "old", "legacy")
	w.must(err)
	view, err := s.Read(w.t.Context(), "acme")
	w.must(err)
	planned := bucket("old")
	planned.BucketName, planned.UnmodeledSettings, planned.OnDelete = "legacy", settings, model.Refuse
	prior := live.Entity(view.Contents.Env, "old", "")
	prior.Adoption = nil // it is in no plan
	return projects.Adoption{Prior: prior, Planned: planned, Live: live, Incarnation: "one"}
}

const partnerStatement = `{"Sid":"Partner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::legacy/*"}`

func TestAdopt(t *testing.T) {
	w := newWorld(t, false)
	ctx := t.Context()
	w.must(w.process().CreateProject(ctx, acme()))
	client := w.legacy(
		account,
		`,"VersioningConfiguration":{"Status":"Enabled"},"Tags":[{"Key":"team","Value":"x"}],"WebsiteConfiguration":{"IndexDocument":"i"}`,
		partnerStatement,
	)
	s := w.process()
	adoption := w.adoption(s, model.KeepUnmodeled)
	w.resetCalls()
	w.must(s.Adopt(ctx, "acme", adoption))
	calls := w.calls()
	for call, want := range map[string]int{
		"cloudformation.CreateChangeSet": 2, "cloudformation.ExecuteChangeSet": 2, "cloudcontrolapi.GetResource": 4, "s3.GetBucketAcl": 1,
		"cloudformation.DescribeStackResources": 1,
	} {
		if calls[call] != want {
			t.Errorf("%d calls of %s, not %d", calls[call], call, want)
		}
	}
	view, err := w.process().Read(ctx, "acme")
	w.must(err)
	there, _ := view.Contents.Of(adoption.Planned.ID())
	got, _ := there.(model.Bucket)
	if got.Adoption == nil || got.Adoption.Begun || got.OnDelete != model.Refuse ||
		view.Contents.IncarnationOf(got.ID()) != "one" {
		t.Errorf("the bucket in the model: %+v", got)
	}
	if drift := view.Contents.DriftOf(got.ID()); len(drift) > 0 {
		t.Errorf("drift: %v", drift)
	}
	policy, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: aws.String("legacy")})
	w.must(err)
	if text := aws.ToString(policy.Policy); !strings.Contains(text, "Partner") || !strings.Contains(text, "RequireTLS") {
		t.Errorf("the policy is %s", text)
	}
	if _, err := client.HeadObject(
		ctx, &s3.HeadObjectInput{Bucket: aws.String("legacy"), Key: aws.String("a")},
	); err != nil {
		t.Errorf("its data: %v", err)
	}
	if _, err := s.Existing(ctx, "acme", "other", "legacy"); err == nil ||
		!strings.Contains(err.Error(), "in the model already") {
		t.Errorf("adopting it again: %v", err)
	}
}

// TestAdopt_FirstCommitChangesNothing makes the second commit fail: what the first one leaves is
// the bucket as it was.
func TestAdopt_FirstCommitChangesNothing(t *testing.T) {
	w := newWorld(t, false)
	ctx := t.Context()
	w.must(w.process().CreateProject(ctx, acme()))
	w.legacy(
		account, `,"LifecycleConfiguration":{"Rules":[{"Status":"Enabled","Prefix":"x/","ExpirationInDays":5}]}`,
		partnerStatement,
	)
	s := w.process()
	adoption := w.adoption(s, model.RemoveUnmodeled)
	w.must(
		w.box.AddFaults(
			sandbox.Fault{ResourceType: "AWS::S3::BucketPolicy", Phase: "update", After: 1, Reason: "it failed", Times: 1},
		),
	)
	err := s.Adopt(ctx, "acme", adoption)
	explanation, _ := model.Explain(err)
	if err == nil || explanation.Changed != model.ChangedPartly ||
		!strings.Contains(explanation.Done, "They are still the same") {
		t.Fatalf("the error is %v, explained as %+v", err, explanation)
	}
	w.box.ClearFaults()
	var drift []string
	view, err := w.process().Read(ctx, "acme")
	w.must(err)
	for _, d := range view.Contents.DriftOf(adoption.Planned.ID()) {
		drift = append(drift, d.String())
	}
	if text := strings.Join(drift, "\n"); !strings.Contains(text, "LoggingConfiguration") ||
		!strings.Contains(text, "PolicyDocument") {
		t.Errorf("the next plan shows as drift: %s", text)
	}
	w.must(w.process().Adopt(ctx, "acme", adoption)) // the next apply makes the rest
	view, err = w.process().Read(ctx, "acme")
	w.must(err)
	if left := view.Contents.DriftOf(adoption.Planned.ID()); len(left) > 0 {
		t.Errorf("after that there is drift: %v", left)
	}
}

// TestAdopt_BegunIsForgotten deletes a bucket after only the first commit.
func TestAdopt_BegunIsForgotten(t *testing.T) {
	w := newWorld(t, false)
	ctx := t.Context()
	w.must(w.process().CreateProject(ctx, acme()))
	client := w.legacy(account, "", "")
	s := w.process()
	adoption := w.adoption(s, "")
	w.must(
		w.box.AddFaults(sandbox.Fault{ResourceType: "AWS::S3::BucketPolicy", Phase: "create", Reason: "it failed", Times: 1}),
	)
	if err := s.Adopt(ctx, "acme", adoption); err == nil {
		t.Fatal("the second commit did not fail")
	}
	w.must(w.process().Delete(ctx, "acme", adoption.Planned.ID(), projects.As("one")))
	if _, err := client.HeadObject(
		ctx, &s3.HeadObjectInput{Bucket: aws.String("legacy"), Key: aws.String("a")},
	); err != nil {
		t.Errorf("its data: %v", err)
	}
	w.must(w.process().Adopt(ctx, "acme", w.adoption(w.process(), ""))) // and in again
}

func TestAdopt_ChangedSinceThePlan(t *testing.T) {
	w := newWorld(t, false)
	ctx := t.Context()
	w.must(w.process().CreateProject(ctx, acme()))
	client := w.legacy(account, "", "")
	s := w.process()
	adoption := w.adoption(s, "")
	_, err := client.PutBucketVersioning(
		ctx,
		&s3.PutBucketVersioningInput{Bucket: aws.String("legacy"), VersioningConfiguration: &s3types.VersioningConfiguration{
			Status: s3types.BucketVersioningStatusEnabled,
		}},
	)
	w.must(err)
	w.resetCalls()
	err = s.Adopt(ctx, "acme", adoption)
	var refused *buckets.UnadoptableError
	if !errors.As(err, &refused) || !strings.Contains(refused.Cause, "VersioningConfiguration") ||
		w.calls()["cloudformation.CreateChangeSet"] != 0 {
		t.Errorf("the error is %v", err)
	}
}

func TestAdopt_Refusals(t *testing.T) {
	open := `,"OwnershipControls":{"Rules":[{"ObjectOwnership":"ObjectWriter"}]},"AccessControl":"PublicRead"`
	for name, c := range map[string]struct {
		account, settings, bucket, entity, want string
		stack                                   bool
	}{
		"missing":         {account, "", "nothing-here", "old", "There is no bucket nothing-here", false},
		"another account": {"444455556666", "", "legacy", "old", "belongs to another account", false},
		"another region":  {account, "", "american", "old", "is not in the region of the project, eu-west-1", false},
		"ACL":             {account, open, "legacy", "old", "grants READ to http://acs.amazonaws.com/groups/global/AllUsers", false},
		"another stack":   {account, "", "legacy", "old", "is in the CloudFormation stack theirs, as its resource B", true},
		"dots":            {account, "", "a.b.c", "old", "no dots", false},
		"name taken":      {account, "", "legacy", "inbox", `The project has a bucket "inbox" already`, false},
		"log bucket":      {account, "", model.LogBucketName("acme", account, "eu-west-1"), "old", "one of the project's own", false},
		"reference":       {account, "", "legacy", "old", "would take for a reference", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, false)
			ctx := t.Context()
			w.must(w.process().CreateProject(ctx, acme()))
			w.must(w.process().Create(ctx, "acme", bucket("inbox")))
			if c.stack {
				w.stack(c.account, "theirs", c.settings, "")
			} else {
				client := w.legacy(c.account, c.settings, "")
				if name == "another region" {
					abroad := s3.New(client.Options(), func(o *s3.Options) { o.Region = "us-west-2" })
					_, err := abroad.CreateBucket(ctx, &s3.CreateBucketInput{
						Bucket:                    aws.String("american"),
						CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "us-west-2"},
					})
					w.must(err)
				}
				if name == "reference" {
					_, err := client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{
						Bucket: aws.String("legacy"), Policy: aws.String(`{"Version":"2012-10-17","Statement":[` +
							strings.Replace(
								partnerStatement, `"Partner"`,
								`"Partner","Condition":{"StringEquals":{"aws:PrincipalTag/a":"{{resolve:ssm:b}}"}}`, 1,
							) + `]}`),
					})
					w.must(err)
				}
			}
			_, err := w.process().Existing(ctx, "acme", c.entity, c.bucket)
			var refused *buckets.UnadoptableError
			if !errors.As(err, &refused) || !strings.Contains(refused.Cause, c.want) || refused.Remedy == "" {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// TestAdopt_WithOthers adopts a bucket beside ordinary creations. One has a taken name: only that
// one fails.
func TestAdopt_WithOthers(t *testing.T) {
	w := newWorld(t, false)
	ctx := t.Context()
	w.must(w.process().CreateProject(ctx, acme()))
	w.legacy(account, "", "")
	_, err := w.memberOf(account).S3.CreateBucket(ctx, &s3.CreateBucketInput{
		Bucket:                    aws.String("acme-taken"),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"},
	})
	w.must(err)
	s := w.process()
	adoption := w.adoption(s, "")
	taken := bucket("taken")
	taken.BucketName = "acme-taken"
	outcomes := make(chan string, 3)
	for name, do := range map[string]func() error{
		"adopted": func() error { return s.Adopt(ctx, "acme", adoption) },
		"created": func() error { return s.Create(ctx, "acme", bucket("inbox")) },
		"taken":   func() error { return s.Create(ctx, "acme", taken) },
	} {
		go func() { outcomes <- fmt.Sprintf("%s %t", name, do() == nil) }()
	}
	got := map[string]bool{}
	for range 3 {
		got[<-outcomes] = true
	}
	if diff := cmp.Diff(
		map[string]bool{"adopted true": true, "created true": true, "taken false": true}, got,
	); diff != "" {
		t.Error(diff)
	}
}

// TestAdopt_ManyAtOnce adopts buckets at once: they share the two commits.
func TestAdopt_ManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 20
		w := newWorld(t, true)
		ctx := t.Context()
		w.must(w.process().CreateProject(ctx, acme()))
		client := w.memberOf(account).S3
		s := w.process()
		var adoptions []projects.Adoption
		for i := range n {
			name := fmt.Sprintf("old-%d", i)
			_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{
				Bucket:                    aws.String("legacy-" + name),
				CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"},
			})
			w.must(err)
			live, err := s.Existing(ctx, "acme", name, "legacy-"+name)
			w.must(err)
			view, err := s.Read(ctx, "acme")
			w.must(err)
			planned, prior := bucket(name), live.Entity(view.Contents.Env, name, "")
			planned.BucketName, prior.Adoption = "legacy-"+name, nil
			adoptions = append(
				adoptions,
				projects.Adoption{Prior: prior, Planned: planned, Live: live, Incarnation: fmt.Sprint("one-", i)},
			)
		}
		w.resetCalls()
		outcomes := make(chan error, n)
		for _, a := range adoptions {
			go func() { outcomes <- s.Adopt(ctx, "acme", a) }()
		}
		for range n {
			w.must(<-outcomes)
		}
		calls := w.calls()
		for call, want := range map[string]int{
			"cloudformation.ExecuteChangeSet": 2, "cloudcontrolapi.GetResource": 4 * n, "s3.GetBucketAcl": n, "cloudformation.DescribeStackResources": n,
		} {
			if calls[call] != want {
				t.Errorf("%d calls of %s, not %d", calls[call], call, want)
			}
		}
	})
}
