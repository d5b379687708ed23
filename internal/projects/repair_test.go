package projects_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// repairing is a project with a bucket, a user with a key and a permission.
type repairing struct {
	*world
	bucket     model.Bucket
	user       model.User
	permission model.Permission
}

func newRepairing(t *testing.T, change ...func(p *model.Project, user *model.User)) *repairing {
	t.Helper()
	return newRepairingIn(t, newWorld(t, false), change...)
}

// newRepairingIn makes the project in a world.
func newRepairingIn(t *testing.T, w *world, change ...func(p *model.Project, user *model.User)) *repairing {
	t.Helper()
	ctx := t.Context()
	project, user := acme(), rotated(nil, "")
	for _, c := range change {
		c(&project, &user)
	}
	must(t, w.process().CreateProject(ctx, project, projects.As("one")))
	r := &repairing{
		w, model.Bucket{
			Name: "inbox", BucketName: model.DefaultBucketName("acme", "inbox", account, "eu-west-1"),
			Lifecycle: model.DefaultLifecycle(), OnDelete: model.Refuse,
		}, user, model.Permission{User: "partner", Bucket: "inbox", Access: model.Read},
	}
	s := w.process()
	must(t, s.Create(ctx, "acme", r.bucket, projects.As("one")))
	must(t, s.Create(ctx, "acme", r.user, projects.As("one")))
	must(t, s.Create(ctx, "acme", r.permission, projects.As("one")))
	return r
}

// compare compares the project with AWS, as the relay does, and returns the drift of an entity.
func (r *repairing) compare(id model.ID) []string {
	r.t.Helper()
	s := r.process(func(c *projects.Config) { c.RoleName = "StowageReader" })
	began := time.Now()
	for range 4 {
		_, err := s.Synchronizer().RefreshAndCheck(r.t.Context(), "acme", time.Since(began)+time.Minute)
		must(r.t, err)
		time.Sleep(5 * time.Minute)
	}
	var texts []string
	for _, d := range r.read(projects.Verified).LiveDriftOf(id) {
		texts = append(texts, d.String())
	}
	return texts
}

// update applies a plan that shows drift in AWS.
func (r *repairing) update(prior, planned model.Entity) error {
	r.t.Helper()
	options := []projects.WriteOption{projects.As("one"), projects.From(prior), projects.Repairing()}
	if p, isProject := planned.(model.Project); isProject {
		return r.process().UpdateProject(r.t.Context(), p, options...)
	}
	return r.process().Update(r.t.Context(), "acme", planned, options...)
}

// repair repairs an entity, and expects that this leaves no drift.
func (r *repairing) repair(e model.Entity, planned ...model.Entity) {
	r.t.Helper()
	if found := r.compare(e.ID()); len(found) == 0 {
		r.t.Fatalf("no drift of the %s is found", e.ID())
	}
	must(r.t, r.update(e, append(planned, e)[0]))
	if d := r.read(projects.Verified).LiveDriftOf(e.ID()); len(d) > 0 {
		r.t.Errorf("the mirror still shows %v", d)
	}
	time.Sleep(24 * time.Hour)
	if found := r.compare(e.ID()); len(found) > 0 {
		r.t.Errorf("after the repair: %q", found)
	}
	view := r.read(projects.Authoritative)
	if view.Contents.IncarnationOf(e.ID()) != "one" || len(view.Contents.DriftOf(e.ID())) > 0 {
		r.t.Errorf("the template has %q, %v", view.Contents.IncarnationOf(e.ID()), view.Contents.DriftOf(e.ID()))
	}
}

// otherAnswers are the unlikely answers about drift detection. Those about drift-aware change sets
// do not matter, as no such set is made.
var otherAnswers = unproven.Answers{
	unproven.DriftDoubtedTypes:         unproven.Omitted,
	unproven.DriftUnlistedTypes:        unproven.Detected,
	unproven.DriftUnreadable:           unproven.Fails,
	unproven.StackInSyncDespiteDrift:   unproven.On,
	unproven.BucketEncryptionDrifts:    unproven.On,
	unproven.PolicyDocumentDriftMissed: unproven.On,
	unproven.UpdateDuringDetection:     unproven.Refused,
	unproven.SecretReadHandler:         unproven.Tolerated,
}

// TestRepair_ByHandMeanwhile repairs a bucket by hand after the plan: the apply commits nothing.
func TestRepair_ByHandMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRepairing(t)
		before := r.read(projects.Authoritative).Stacks[0].Revision
		must(t, r.process().Update(
			t.Context(), "acme", r.bucket, projects.As("one"), projects.From(r.bucket), projects.Repairing(),
		))
		if now := r.read(projects.Authoritative).Stacks[0].Revision; now != before {
			t.Errorf("%d commits", now-before)
		}
	})
}

// TestRepair_OthersUntouched changes two buckets, and repairs one of them.
func TestRepair_OthersUntouched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRepairing(t)
		other := r.bucket
		other.Name, other.BucketName = "outbox", model.DefaultBucketName("acme", "outbox", account, "eu-west-1")
		must(t, r.process().Create(t.Context(), "acme", other, projects.As("one")))
		for _, b := range []model.Bucket{r.bucket, other} {
			_, err := r.member().S3.DeletePublicAccessBlock(
				t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: aws.String(b.BucketName)},
			)
			must(t, err)
		}
		r.repair(r.bucket)
		if found := r.compare(other.ID()); !slices.ContainsFunc(found, func(d string) bool {
			return strings.Contains(d, "PublicAccessBlockConfiguration")
		}) {
			t.Errorf("the other bucket has the drift %q", found)
		}
	})
}

// TestRepair_ResumesAfterRecording fails the second commit of a repair. What was recorded is drift
// of the template, which an ordinary update repairs.
func TestRepair_ResumesAfterRecording(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRepairing(t)
		_, err := r.member().S3.DeletePublicAccessBlock(
			t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: aws.String(r.bucket.BucketName)},
		)
		must(t, err)
		must(t, r.box.AddFaults(sandbox.Fault{
			ResourceType: "AWS::S3::Bucket", Phase: "update", Reason: "it failed", After: 1, Times: 1,
		}))
		err = r.process().Update(
			t.Context(), "acme", r.bucket, projects.As("one"), projects.From(r.bucket), projects.Repairing(),
		)
		explained, ok := model.Explain(err)
		if !ok || !strings.Contains(explained.Done, "recorded") {
			t.Fatalf("the error is %v, %+v", err, explained)
		}
		if d := r.read(projects.Verified).Contents.DriftOf(r.bucket.ID()); len(d) == 0 {
			t.Error("the template shows no drift")
		}
		must(t, r.process().Update(t.Context(), "acme", r.bucket, projects.As("one"), projects.From(r.bucket)))
		if found := r.compare(r.bucket.ID()); len(found) > 0 {
			t.Errorf("after the repair: %q", found)
		}
	})
}

// TestRepair_BoundaryRefused removes a boundary in an account whose role may not set it. The error
// says what to do, and nothing is committed.
func TestRepair_BoundaryRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRepairing(t)
		_, err := r.member().IAM.DeleteUserPermissionsBoundary(
			t.Context(), &iam.DeleteUserPermissionsBoundaryInput{UserName: aws.String("acme-partner")},
		)
		must(t, err)
		_, err = r.member().IAM.DeletePolicy(
			t.Context(), &iam.DeletePolicyInput{PolicyArn: aws.String("arn:aws:iam::" + account + ":policy/StowageBoundary")},
		)
		must(t, err)
		before := r.read(projects.Authoritative).Stacks[0].Revision
		err = r.process().Update(
			t.Context(), "acme", r.user, projects.As("one"), projects.From(r.user), projects.Repairing(),
		)
		explained, _ := model.Explain(err)
		if !strings.Contains(explained.Remedy, "aws iam put-user-permissions-boundary --user-name acme-partner") {
			t.Errorf("the error is %v", err)
		}
		if now := r.read(projects.Authoritative).Stacks[0].Revision; now != before {
			t.Errorf("%d commits", now-before)
		}
	})
}
