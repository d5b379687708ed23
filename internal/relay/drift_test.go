package relay_test

import (
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/relay"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// day is the interval of drift checks in these tests.
const day = 24 * time.Hour

func checking(c *relay.Config) { c.DriftCheck = day }

// sweepUntilChecked sweeps every five minutes until a drift detection has been stored.
func (w *world) sweepUntilChecked(r *relay.Relay) {
	w.t.Helper()
	began := time.Now()
	for range 5 {
		sweep(w.t, r)
		time.Sleep(5 * time.Minute)
		if d := w.mirrored("acme").Drifts[0]; d != nil && d.Detection == nil && !d.Checked.Before(began) {
			return
		}
	}
	w.t.Fatal("no drift check has ended")
}

// drift returns what the mirror holds of the project's drift, as text.
func (w *world) drift() []string {
	w.t.Helper()
	snapshot := w.mirrored("acme")
	var texts []string
	for _, d := range snapshot.Drifts[0].Drift.Current(&snapshot.Bodies[0].Contents) {
		texts = append(texts, d.String())
	}
	return texts
}

// drifting creates a project with a bucket, and a user with an access key.
func (w *world) drifting() (bucket, user string) {
	w.t.Helper()
	ctx := w.t.Context()
	must(w.t, w.process().CreateProject(ctx, project("acme")))
	b := model.Bucket{
		Name: "inbox", BucketName: model.DefaultBucketName("acme", "inbox", account, region),
		Lifecycle: model.DefaultLifecycle(), OnDelete: model.Refuse,
	}
	u := model.User{Name: "partner", AccessKey: &model.AccessKey{}}
	u.AccessKey.Keys = u.AccessKey.Next(nil, time.Now())
	must(w.t, w.process().Create(ctx, "acme", b))
	must(w.t, w.process().Create(ctx, "acme", u))
	return b.BucketName, model.UserName("acme", "partner")
}

// TestDrift_FoundBySweep changes a bucket and a user in AWS, whatever CloudFormation's drift
// detection covers and however it errs.
func TestDrift_FoundBySweep(t *testing.T) {
	for name, answers := range map[string]unproven.Answers{
		"likely answers":          nil,
		"more types":              {unproven.DriftUnlistedTypes: unproven.Detected},
		"fewer types":             {unproven.DriftDoubtedTypes: unproven.Omitted},
		"a wrong stack status":    {unproven.StackInSyncDespiteDrift: unproven.On},
		"a wrong difference":      {unproven.BucketEncryptionDrifts: unproven.On},
		"failures for unreadable": {unproven.DriftUnreadable: unproven.Fails},
	} {
		t.Run(name, func(t *testing.T) { foundBySweep(t, answers) })
	}
}

func foundBySweep(t *testing.T, answers unproven.Answers) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		w.box = sandbox.New(sandbox.Options{Seed: 1, Region: region, Answers: answers})
		bucket, user := w.drifting()
		r, _ := w.relay(checking)
		w.sweepUntilChecked(r)
		if found := w.drift(); len(found) > 0 {
			t.Errorf("an untouched project has drifted: %q", found)
		}

		ctx, storage, identities := t.Context(), s3.NewFromConfig(w.sdk(account)), iam.NewFromConfig(w.sdk(account))
		_, err := storage.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: &bucket})
		must(t, err)
		_, err = storage.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: &bucket})
		must(t, err)
		_, err = storage.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
			Bucket:                  &bucket,
			VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusSuspended},
		})
		must(t, err)
		_, err = identities.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{UserName: &user, GroupName: &user})
		must(t, err)
		keys, err := identities.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: &user})
		must(t, err)
		_, err = identities.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{
			UserName: &user, AccessKeyId: keys.AccessKeyMetadata[0].AccessKeyId,
		})
		must(t, err)

		time.Sleep(day)
		w.sweepUntilChecked(r)
		want := []string{
			"AccessKeyApartner (AWS::IAM::AccessKey) was deleted in AWS",
			"BucketPolicyinbox (AWS::S3::BucketPolicy) was deleted in AWS",
			`Bucketinbox PublicAccessBlockConfiguration is nothing in AWS, not {"BlockPublicAcls":true,"BlockPublicPolicy":true,"IgnorePublicAcls":true,"RestrictPublicBuckets":true}`,
			`Bucketinbox VersioningConfiguration.Status is "Suspended" in AWS, not "Enabled"`,
			`Userpartner Groups is nothing in AWS, not ["acme-partner"]`,
		}
		if diff := cmp.Diff(want, w.drift()); diff != "" {
			t.Error(diff)
		}
		live := w.mirrored("acme").Live().Stacks[0].Facts
		if live.DriftChecked == nil || len(live.Drift) != len(want) || !live.Drift[0].Live {
			t.Errorf("web clients are told %+v", live)
		}
		events, err := w.table().Events(ctx, "acme", 0)
		must(t, err)
		last := events[len(events)-1]
		change, err := last.StackChange()
		must(t, err)
		if _, commit := event.CommitOf(last); commit || !change.DriftOnly || len(change.Facts.Drift) != len(want) {
			t.Errorf("the last event is %+v", change)
		}
	})
}

// TestDrift_Cost counts the calls of the sweeps of a day, for a stack without drift, and with a
// changed or deleted bucket: one more read of the bucket.
func TestDrift_Cost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		bucket, _ := w.drifting()
		aDay := func(change ...func(*relay.Config)) map[string]int {
			r, calls := w.relay(change...)
			for began := time.Now(); time.Since(began) < day; time.Sleep(5 * time.Minute) {
				sweep(t, r)
			}
			return calls.take()
		}
		without := aDay()
		check := func(want map[string]int) {
			t.Helper()
			more := map[string]int{}
			for name, n := range aDay(checking) {
				if n -= without[name]; n != 0 {
					more[name] = n
				}
			}
			if !maps.Equal(more, want) {
				t.Error(cmp.Diff(want, more))
			}
		}
		want := map[string]int{
			"DetectStackDrift": 1, "DescribeStackDriftDetectionStatus": 1, "DescribeStackResourceDrifts": 1,
			"DescribeStacks": 2, "GetTemplate": 1, "ListAccessKeys": 1,
			"GetResource": 4, // the policies of the bucket and of the project's own two, and the key's alias
			"PutItem":     1, "TransactGetItems": 1, "TransactWriteItems": 1,
		}
		check(want)
		storage := s3.NewFromConfig(w.sdk(account))
		_, err := storage.DeletePublicAccessBlock(t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: &bucket})
		must(t, err)
		want["GetResource"]++
		check(want)
		_, err = storage.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: &bucket})
		must(t, err)
		want["GetResource"]--
		want["HEAD /"] = 1 // HeadBucket
		check(want)
	})
}

// TestDrift_CommitDuringDetection commits to a stack while a detection runs, which CloudFormation
// may refuse: then the commit waits. The result of the detection does not count.
func TestDrift_CommitDuringDetection(t *testing.T) {
	for _, answer := range []string{unproven.Allowed, unproven.Refused} {
		t.Run(answer, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, true)
				w.box = sandbox.New(sandbox.Options{
					Seed: 1, Region: region, Latency: sandbox.LatencyAWS(),
					Answers: unproven.Answers{unproven.UpdateDuringDetection: answer},
				})
				w.drifting()
				r, _ := w.relay(checking)
				sweep(t, r)
				if w.mirrored("acme").Drifts[0].Detection == nil {
					t.Fatal("no detection was started")
				}
				must(t, w.process().Create(t.Context(), "acme", model.User{Name: "other"}))
				time.Sleep(5 * time.Minute)
				sweep(t, r)
				if d := w.mirrored("acme").Drifts[0]; !d.Checked.IsZero() || d.Detection != nil {
					t.Errorf("the outdated result counts: %+v", d)
				}
				w.sweepUntilChecked(r)
			})
		})
	}
}
