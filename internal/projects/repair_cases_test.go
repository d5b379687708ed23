package projects_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/stowage/terraform-provider-stowage/examples/onboarding"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/model/modeltest"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

var partner = aws.String("acme-partner") // the user and its group

// TestRepair changes and deletes every kind of resource in AWS. The comparison with AWS shows that
// as drift of the entity, an update repairs it, and after that there is none.
func TestRepair(t *testing.T) {
	for name, test := range map[string]struct {
		change func(r *repairing)
		repair func(r *repairing)
	}{
		"public access block removed": {func(r *repairing) { r.unblockOf(r.bucket.BucketName) }, repairBucket},
		"bucket policy deleted": {func(r *repairing) {
			_, err := r.member().S3.DeleteBucketPolicy(
				r.t.Context(), &s3.DeleteBucketPolicyInput{Bucket: aws.String(r.bucket.BucketName)},
			)
			must(r.t, err)
		}, repairBucket},
		"versioning suspended": {func(r *repairing) {
			_, err := r.member().S3.PutBucketVersioning(r.t.Context(), &s3.PutBucketVersioningInput{
				Bucket:                  aws.String(r.bucket.BucketName),
				VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusSuspended},
			})
			must(r.t, err)
		}, repairBucket},
		"lifecycle removed": {func(r *repairing) {
			_, err := r.member().S3.DeleteBucketLifecycle(
				r.t.Context(), &s3.DeleteBucketLifecycleInput{Bucket: aws.String(r.bucket.BucketName)},
			)
			must(r.t, err)
		}, repairBucket},
		"encryption changed":          {nothing, encryptionChanged},
		"tags changed":                {nothing, tagsChanged},
		"bucket deleted":              {func(r *repairing) { r.deleteBucketOf(r.bucket.BucketName) }, repairBucket},
		"user removed from its group": {leaveGroup, repairUser},
		"group deleted": {func(r *repairing) {
			leaveGroup(r)
			detachPolicies(r)
			_, err := r.member().IAM.DeleteGroup(r.t.Context(), &iam.DeleteGroupInput{GroupName: partner})
			must(r.t, err)
		}, func(r *repairing) { r.repair(r.user); r.repair(r.permission) }},
		"key deactivated": {func(r *repairing) {
			for id := range r.keys() {
				_, err := r.member().IAM.UpdateAccessKey(
					r.t.Context(), &iam.UpdateAccessKeyInput{UserName: partner, AccessKeyId: aws.String(id), Status: "Inactive"},
				)
				must(r.t, err)
			}
		}, func(r *repairing) { r.repair(r.user); r.wantKeys(r.user) }},
		"key deleted":  {deleteKeys, replaceKey},
		"user deleted": {deleteUser, replaceKey},
		"boundary of a user removed": {func(r *repairing) {
			_, err := r.member().IAM.DeleteUserPermissionsBoundary(
				r.t.Context(), &iam.DeleteUserPermissionsBoundaryInput{UserName: partner},
			)
			must(r.t, err)
		}, func(r *repairing) {
			r.repair(r.user)
			out, err := r.member().IAM.GetUser(r.t.Context(), &iam.GetUserInput{UserName: partner})
			must(r.t, err)
			if b := out.User.PermissionsBoundary; b == nil || !strings.HasSuffix(*b.PermissionsBoundaryArn, "/StowageBoundary") {
				r.t.Errorf("the boundary is %v", b)
			}
		}},
		"policy detached": {func(r *repairing) { detachPolicies(r) }, func(r *repairing) { r.repair(r.permission) }},
		"policy deleted": {func(r *repairing) {
			for _, policy := range detachPolicies(r) {
				_, err := r.member().IAM.DeletePolicy(r.t.Context(), &iam.DeletePolicyInput{PolicyArn: policy})
				must(r.t, err)
			}
		}, func(r *repairing) { r.repair(r.permission) }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRepairing(t)
				test.change(r)
				test.repair(r)
			})
		})
		t.Run(name+", other answers", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box := sandbox.New(sandbox.Options{Seed: 1, Onboarding: onboarding.Account, Answers: otherAnswers})
				r := newRepairingIn(t, &world{t: t, box: box})
				test.change(r)
				test.repair(r)
			})
		})
	}
}

// TestRepair_Project changes and deletes a project's own resources, and those of a user in SFTP.
func TestRepair_Project(t *testing.T) {
	logs := model.LogBucketName("acme", account, "eu-west-1")
	templates := model.TemplateBucketName("acme", account, "eu-west-1")
	for name, test := range map[string]struct {
		change func(r *repairing)
		repair func(r *repairing)
	}{
		"rotation of the key turned off": {func(r *repairing) {
			_, err := r.member().KMS.DisableKeyRotation(
				r.t.Context(), &kms.DisableKeyRotationInput{KeyId: aws.String(r.read(projects.Verified).Contents.Env.KeyARN)},
			)
			must(r.t, err)
		}, repairProject},
		"public access block of the log bucket removed": {func(r *repairing) { r.unblockOf(logs) }, repairProject},
		"log bucket deleted":                            {func(r *repairing) { r.deleteBucketOf(logs) }, repairProject},
		"template bucket deleted":                       {func(r *repairing) { r.deleteBucketOf(templates) }, repairProject},
		"log group deleted": {func(r *repairing) {
			r.call("logs", "Logs_20140328.DeleteLogGroup", map[string]string{"logGroupName": "/stowage/acme/sftp"}, &struct{}{})
		}, func(r *repairing) {
			servers := r.servers()
			repairProject(r)
			if now := r.servers(); len(now) != 1 || now[0] != servers[0] {
				r.t.Errorf("the server %v was replaced by %v", servers, now)
			}
		}},
		"SFTP server deleted": {func(r *repairing) {
			r.transfer("DeleteServer", map[string]string{"ServerId": r.servers()[0]}, &struct{}{})
		}, func(r *repairing) { repairProject(r); r.repair(r.user); r.wantSFTPUser() }},
		"SFTP user deleted": {func(r *repairing) {
			r.transfer("DeleteUser", map[string]string{"ServerId": r.servers()[0], "UserName": "partner"}, &struct{}{})
		}, func(r *repairing) { r.repair(r.user); r.wantSFTPUser() }},
		"boundary of a role removed": {func(r *repairing) {
			_, err := r.member().IAM.DeleteRolePermissionsBoundary(
				r.t.Context(), &iam.DeleteRolePermissionsBoundaryInput{RoleName: aws.String("acme-partner-sftp")},
			)
			must(r.t, err)
		}, repairUser},
		"role deleted": {func(r *repairing) {
			detachPolicies(r)
			_, err := r.member().IAM.DeleteRole(
				r.t.Context(), &iam.DeleteRoleInput{RoleName: aws.String("acme-partner-sftp")},
			)
			must(r.t, err)
		}, func(r *repairing) { r.repair(r.user); r.repair(r.permission); r.wantSFTPUser() }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRepairing(t, withSFTP)
				test.change(r)
				test.repair(r)
			})
		})
		if !strings.Contains(name, "SFTP") {
			continue
		}
		t.Run(name+", read directly", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, false)
				w.box = sandbox.New(sandbox.Options{
					Seed: 1, Onboarding: onboarding.Account, Answers: unproven.Answers{unproven.DriftDoubtedTypes: unproven.Omitted},
				})
				r := newRepairingIn(t, w, withSFTP)
				test.change(r)
				test.repair(r)
			})
		})
	}
}

func withSFTP(p *model.Project, user *model.User) {
	p.SFTP, user.SFTP = true, &model.SFTP{PublicKeys: []string{modeltest.PublicKey(1)}}
}

// TestRepair_KeyDeleted schedules the deletion of a project's key. The error says how to get it back,
// and nothing is committed.
func TestRepair_KeyDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRepairing(t)
		view := r.read(projects.Verified)
		_, err := r.member().KMS.ScheduleKeyDeletion(
			t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: aws.String(view.Contents.Env.KeyARN)},
		)
		must(t, err)
		if found := r.compare(acme().ID()); len(found) != 1 || !strings.Contains(found[0], "Key (AWS::KMS::Key) was deleted") {
			t.Errorf("the drift is %q", found)
		}
		err = r.update(acme(), acme())
		explained, _ := model.Explain(err)
		if !strings.Contains(explained.Remedy, "aws kms cancel-key-deletion --key-id "+view.Contents.Env.KeyARN) {
			t.Errorf("the error is %v", err)
		}
		if now := r.read(projects.Authoritative).Stacks[0].Revision; now != view.Stacks[0].Revision {
			t.Errorf("%d commits", now-view.Stacks[0].Revision)
		}
	})
}

func repairBucket(r *repairing) { r.repair(r.bucket) }
func repairUser(r *repairing)   { r.repair(r.user) }

func repairProject(r *repairing) { r.repair(*r.read(projects.Verified).Contents.Project) }

// unblockOf removes the public access block of a bucket.
func (r *repairing) unblockOf(name string) {
	r.t.Helper()
	_, err := r.member().S3.DeletePublicAccessBlock(
		r.t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: aws.String(name)},
	)
	must(r.t, err)
}

func (r *repairing) deleteBucketOf(name string) {
	r.t.Helper()
	_, err := r.member().S3.DeleteBucket(r.t.Context(), &s3.DeleteBucketInput{Bucket: aws.String(name)})
	must(r.t, err)
}

func leaveGroup(r *repairing) {
	_, err := r.member().IAM.RemoveUserFromGroup(
		r.t.Context(), &iam.RemoveUserFromGroupInput{UserName: partner, GroupName: partner},
	)
	must(r.t, err)
}

// detachPolicies detaches the policies of the user's group and its role in SFTP, and returns their
// ARNs.
func detachPolicies(r *repairing) []*string {
	ctx, client := r.t.Context(), r.member().IAM
	out, err := client.ListAttachedGroupPolicies(ctx, &iam.ListAttachedGroupPoliciesInput{GroupName: partner})
	must(r.t, err)
	var arns []*string
	for _, policy := range out.AttachedPolicies {
		_, err := client.DetachGroupPolicy(ctx, &iam.DetachGroupPolicyInput{GroupName: partner, PolicyArn: policy.PolicyArn})
		must(r.t, err)
		if r.user.SFTP != nil {
			_, err := client.DetachRolePolicy(
				ctx, &iam.DetachRolePolicyInput{RoleName: aws.String("acme-partner-sftp"), PolicyArn: policy.PolicyArn},
			)
			must(r.t, err)
		}
		arns = append(arns, policy.PolicyArn)
	}
	return arns
}

func deleteKeys(r *repairing) {
	for id := range r.keys() {
		_, err := r.member().IAM.DeleteAccessKey(
			r.t.Context(), &iam.DeleteAccessKeyInput{UserName: partner, AccessKeyId: aws.String(id)},
		)
		must(r.t, err)
	}
}

func deleteUser(r *repairing) {
	deleteKeys(r)
	leaveGroup(r)
	_, err := r.member().IAM.DeleteUser(r.t.Context(), &iam.DeleteUserInput{UserName: partner})
	must(r.t, err)
}

// replaceKey repairs a user whose key was deleted, with the key that a plan replaces it by.
func replaceKey(r *repairing) {
	planned := r.user
	planned.AccessKey = &model.AccessKey{Rotation: r.user.AccessKey.Rotation}
	planned.AccessKey.Keys = planned.AccessKey.NextWithout(r.user.AccessKey, []model.Slot{model.SlotA}, time.Now())
	r.repair(r.user, planned)
	r.wantKeys(planned)
}

// wantSFTPUser expects that the user is on the project's only server.
func (r *repairing) wantSFTPUser() {
	r.t.Helper()
	if servers := r.servers(); len(servers) != 1 || len(r.sftpUser(servers[0], "partner").SshPublicKeys) != 1 {
		r.t.Errorf("the servers are %v", servers)
	}
}

// TestDrift_ReadModes reads drift in AWS in each mode: no template holds it.
func TestDrift_ReadModes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRepairing(t)
		leaveGroup(r)
		want := r.compare(r.user.ID())
		for _, m := range []projects.ReadMode{projects.Verified, projects.Cached, projects.Authoritative} {
			if found := r.read(m).LiveDriftOf(r.user.ID()); len(found) != 1 || found[0].String() != want[0] {
				t.Errorf("%s: the drift is %v, want %v", m, found, want)
			}
		}
		s := r.process(func(c *projects.Config) { c.ReadMode = projects.Authoritative })
		must(t, s.Update(
			t.Context(), "acme", r.user, projects.As("one"), projects.From(r.user), projects.Repairing(),
		))
		if found := r.read(projects.Authoritative).LiveDriftOf(r.user.ID()); len(found) > 0 {
			t.Errorf("after the repair: %v", found)
		}
		r.faults(sandbox.Fault{Service: "dynamodb", Effect: sandbox.FailCall, Code: "AccessDeniedException"})
		s = r.process(func(c *projects.Config) { c.ReadMode = projects.Authoritative })
		_, err := s.Read(t.Context(), "acme")
		must(t, err)
		if w := s.Warnings(); len(w) != 1 || !strings.Contains(w[0].Detail(), "is not shown") {
			t.Errorf("the warnings are %v", w)
		}
	})
}

// TestRepair_Uncompared repairs a bucket whose comparison AWS refuses while another change is
// committed, and then for good.
func TestRepair_Uncompared(t *testing.T) {
	t.Run("while the stack is updated", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRepairing(t)
			r.unblockOf(r.bucket.BucketName)
			r.compare(r.bucket.ID())
			must(t, r.box.AddFaults(sandbox.Fault{
				Service: "cloudformation", Operation: "DetectStackResourceDrift", Effect: sandbox.FailCall,
				Code: "ValidationError", Times: 2,
			}))
			done := make(chan error, 1)
			s := r.process(func(c *projects.Config) {
				c.Clients = r.clientsBy(sandbox.HubAccount, before("DetectStackResourceDrift", "stowage-acme-0", func() {
					done <- r.process().Create(t.Context(), "acme", bucket("other"), projects.As("two"))
				}))
			})
			must(t, s.Update(
				t.Context(), "acme", r.bucket, projects.As("one"), projects.From(r.bucket), projects.Repairing(),
			))
			must(t, <-done)
			if found := r.compare(r.bucket.ID()); len(found) > 0 {
				t.Errorf("after the repair: %q", found)
			}
		})
	})
	t.Run("for good", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRepairing(t)
			r.unblockOf(r.bucket.BucketName)
			r.compare(r.bucket.ID())
			must(t, r.box.AddFaults(sandbox.Fault{
				Service: "cloudformation", Operation: "DetectStackResourceDrift", Effect: sandbox.FailCall,
				Code: "ValidationError",
			}))
			err := r.update(r.bucket, r.bucket)
			explained, _ := model.Explain(err)
			if !strings.Contains(explained.Cause, "Bucketinbox in AWS, which could not be read again") {
				t.Errorf("the error is %v", err)
			}
			if found := r.read(projects.Verified).LiveDriftOf(r.bucket.ID()); len(found) == 0 {
				t.Error("the drift is no longer shown")
			}
		})
	})
}

func nothing(*repairing) {}

func encryptionChanged(r *repairing) {
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
}

func tagsChanged(r *repairing) {
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
}
