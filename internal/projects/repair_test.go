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
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/stowage/terraform-provider-stowage/examples/onboarding"
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

func newRepairing(t *testing.T) *repairing {
	t.Helper()
	return newRepairingIn(t, newWorld(t, false))
}

func newRepairingIn(t *testing.T, w *world) *repairing {
	t.Helper()
	ctx := t.Context()
	must(t, w.process().CreateProject(ctx, acme()))
	r := &repairing{
		w, model.Bucket{
			Name: "inbox", BucketName: model.DefaultBucketName("acme", "inbox", account, "eu-west-1"),
			Lifecycle: model.DefaultLifecycle(), OnDelete: model.Refuse,
		}, rotated(nil, ""), model.Permission{User: "partner", Bucket: "inbox", Access: model.Read},
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

// repair repairs an entity, and expects that this leaves no drift.
func (r *repairing) repair(e model.Entity, planned ...model.Entity) {
	r.t.Helper()
	if found := r.compare(e.ID()); len(found) == 0 {
		r.t.Fatalf("no drift of the %s is found", e.ID())
	}
	planned = append(planned, e)
	must(r.t, r.process().Update(
		r.t.Context(), "acme", planned[0], projects.As("one"), projects.From(e), projects.Repairing(),
	))
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

// TestRepair repairs each kind of drift, whatever drift detection covers and however it errs.
func TestRepair(t *testing.T) {
	for name, test := range map[string]func(r *repairing){
		"encryption changed": func(r *repairing) {
			_, err := r.member().S3.PutBucketEncryption(r.t.Context(), &s3.PutBucketEncryptionInput{
				Bucket: aws.String(r.bucket.BucketName),
				ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
					Rules: []types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{
						SSEAlgorithm: types.ServerSideEncryptionAes256,
					}}},
				},
			})
			must(r.t, err)
			r.repair(r.bucket)
			out, err := r.member().S3.GetBucketEncryption(
				r.t.Context(), &s3.GetBucketEncryptionInput{Bucket: aws.String(r.bucket.BucketName)},
			)
			must(r.t, err)
			by := out.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault
			if by.SSEAlgorithm != types.ServerSideEncryptionAwsKms || aws.ToString(by.KMSMasterKeyID) == "" {
				r.t.Errorf("the encryption is %+v", by)
			}
		},
		"tags changed": func(r *repairing) {
			ctx, bucket := r.t.Context(), aws.String(r.bucket.BucketName)
			before, err := r.member().S3.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: bucket})
			must(r.t, err)
			changed := []types.Tag{{Key: aws.String("owner"), Value: aws.String("someone")}}
			for _, tag := range before.TagSet {
				if strings.HasPrefix(aws.ToString(tag.Key), "aws:") {
					changed = append(changed, tag)
				}
			}
			_, err = r.member().S3.PutBucketTagging(
				ctx, &s3.PutBucketTaggingInput{Bucket: bucket, Tagging: &types.Tagging{TagSet: changed}},
			)
			must(r.t, err)
			r.repair(r.bucket)
			after, err := r.member().S3.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: bucket})
			must(r.t, err)
			for _, tag := range before.TagSet {
				if !slices.ContainsFunc(after.TagSet, func(t types.Tag) bool {
					return aws.ToString(t.Key) == aws.ToString(tag.Key) && aws.ToString(t.Value) == aws.ToString(tag.Value)
				}) {
					r.t.Errorf("the tag %s=%s is missing", aws.ToString(tag.Key), aws.ToString(tag.Value))
				}
			}
		},
		"bucket changed": func(r *repairing) {
			ctx, bucket := r.t.Context(), aws.String(r.bucket.BucketName)
			_, err := r.member().S3.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: bucket})
			must(r.t, err)
			_, err = r.member().S3.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: bucket})
			must(r.t, err)
			_, err = r.member().S3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
				Bucket: bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusSuspended},
			})
			must(r.t, err)
			_, err = r.member().S3.DeleteBucketLifecycle(ctx, &s3.DeleteBucketLifecycleInput{Bucket: bucket})
			must(r.t, err)
			r.repair(r.bucket)
		},
		"bucket deleted": func(r *repairing) {
			_, err := r.member().S3.DeleteBucket(r.t.Context(), &s3.DeleteBucketInput{Bucket: aws.String(r.bucket.BucketName)})
			must(r.t, err)
			r.repair(r.bucket)
		},
		"user removed from its group": func(r *repairing) {
			name := aws.String("acme-partner")
			_, err := r.member().IAM.RemoveUserFromGroup(
				r.t.Context(), &iam.RemoveUserFromGroupInput{UserName: name, GroupName: name},
			)
			must(r.t, err)
			r.repair(r.user)
		},
		"key deactivated": func(r *repairing) {
			for id := range r.keys() {
				_, err := r.member().IAM.UpdateAccessKey(r.t.Context(), &iam.UpdateAccessKeyInput{
					UserName: aws.String("acme-partner"), AccessKeyId: aws.String(id), Status: "Inactive",
				})
				must(r.t, err)
			}
			r.repair(r.user)
			r.wantKeys(r.user)
		},
		"policy deleted": func(r *repairing) {
			policyDeleted(r)
			r.repair(r.permission)
		},
		"boundary of a user removed": func(r *repairing) {
			_, err := r.member().IAM.DeleteUserPermissionsBoundary(
				r.t.Context(), &iam.DeleteUserPermissionsBoundaryInput{UserName: aws.String("acme-partner")},
			)
			must(r.t, err)
			r.repair(r.user)
			out, err := r.member().IAM.GetUser(r.t.Context(), &iam.GetUserInput{UserName: aws.String("acme-partner")})
			must(r.t, err)
			if b := out.User.PermissionsBoundary; b == nil || !strings.HasSuffix(*b.PermissionsBoundaryArn, "/StowageBoundary") {
				r.t.Errorf("the boundary is %v", b)
			}
		},
		"user deleted": userDeleted,
		"policy detached": func(r *repairing) {
			ctx, group := r.t.Context(), aws.String("acme-partner")
			out, err := r.member().IAM.ListAttachedGroupPolicies(ctx, &iam.ListAttachedGroupPoliciesInput{GroupName: group})
			must(r.t, err)
			for _, policy := range out.AttachedPolicies {
				_, err := r.member().IAM.DetachGroupPolicy(
					ctx, &iam.DetachGroupPolicyInput{GroupName: group, PolicyArn: policy.PolicyArn},
				)
				must(r.t, err)
			}
			r.repair(r.permission)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(newRepairing(t)) })
		})
		t.Run(name+", other answers", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box := sandbox.New(sandbox.Options{Seed: 1, Onboarding: onboarding.Account, Answers: otherAnswers})
				test(newRepairingIn(t, &world{t: t, box: box}))
			})
		})
	}
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

func userDeleted(r *repairing) {
	ctx, name := r.t.Context(), aws.String("acme-partner")
	for id := range r.keys() {
		_, err := r.member().IAM.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: name, AccessKeyId: aws.String(id)})
		must(r.t, err)
	}
	_, err := r.member().IAM.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{UserName: name, GroupName: name})
	must(r.t, err)
	_, err = r.member().IAM.DeleteUser(ctx, &iam.DeleteUserInput{UserName: name})
	must(r.t, err)
	planned := r.user
	planned.AccessKey = &model.AccessKey{Rotation: r.user.AccessKey.Rotation}
	planned.AccessKey.Keys = planned.AccessKey.NextWithout(r.user.AccessKey, []model.Slot{model.SlotA}, time.Now())
	r.repair(r.user, planned)
	r.wantKeys(planned)
}

// policyDeleted deletes the policy of the user's permissions.
func policyDeleted(r *repairing) {
	ctx, group := r.t.Context(), aws.String("acme-partner")
	out, err := r.member().IAM.ListAttachedGroupPolicies(ctx, &iam.ListAttachedGroupPoliciesInput{GroupName: group})
	must(r.t, err)
	for _, policy := range out.AttachedPolicies {
		_, err := r.member().IAM.DetachGroupPolicy(
			ctx, &iam.DetachGroupPolicyInput{GroupName: group, PolicyArn: policy.PolicyArn},
		)
		must(r.t, err)
		_, err = r.member().IAM.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: policy.PolicyArn})
		must(r.t, err)
	}
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
