package projects_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// blockPublicAccess sets the public access block of the bucket by hand.
func (r *repairing) blockPublicAccess(block bool) {
	r.t.Helper()
	_, err := r.member().S3.PutPublicAccessBlock(r.t.Context(), &s3.PutPublicAccessBlockInput{
		Bucket: aws.String(r.bucket.BucketName),
		PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
			BlockPublicAcls: &block, BlockPublicPolicy: &block, IgnorePublicAcls: &block, RestrictPublicBuckets: &block,
		},
	})
	must(r.t, err)
}

// suspend suspends the versioning of the bucket by hand.
func (r *repairing) suspend() {
	r.t.Helper()
	_, err := r.member().S3.PutBucketVersioning(r.t.Context(), &s3.PutBucketVersioningInput{
		Bucket:                  aws.String(r.bucket.BucketName),
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusSuspended},
	})
	must(r.t, err)
}

// TestRepair_Meanwhile changes the bucket by hand while a repair is under way: after it was read, and
// after the first change set was made. The repair ends, and what it did not see is found by the next
// comparison and repaired by the next apply.
func TestRepair_Meanwhile(t *testing.T) {
	for name, c := range map[string]struct {
		action string
		byHand func(r *repairing)
		left   string // the drift afterwards
	}{
		"repaired by hand before the first set": {"CreateChangeSet", func(r *repairing) { r.blockPublicAccess(true) }, ""},
		"repaired by hand before its execution": {"ExecuteChangeSet", func(r *repairing) { r.blockPublicAccess(true) }, ""},
		"drifts again before the first set":     {"CreateChangeSet", func(r *repairing) { r.blockPublicAccess(false) }, ""},
		"drifts again before its execution":     {"ExecuteChangeSet", func(r *repairing) { r.blockPublicAccess(false) }, ""},
		"drifts elsewhere before the first set": {"CreateChangeSet", (*repairing).suspend, "VersioningConfiguration.Status"},
		"drifts elsewhere before its execution": {"ExecuteChangeSet", (*repairing).suspend, "VersioningConfiguration.Status"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRepairing(t)
				r.unblock()
				own := before(c.action, "", func() { c.byHand(r) })
				commits, err := r.repairNow(r.bucket, func(config *projects.Config) {
					config.Clients = r.clientsBy(sandbox.HubAccount, own)
				})
				if err != nil || commits != 2 {
					t.Errorf("%d commits, %v", commits, err)
				}
				found := strings.Join(r.compare(r.bucket.ID()), "\n")
				if c.left == "" && found != "" || !strings.Contains(found, c.left) || strings.Contains(found, "PublicAccess") {
					t.Errorf("the drift is %q", found)
				}
				if _, err := r.repairNow(r.bucket); err != nil {
					t.Error(err)
				}
				time.Sleep(24 * time.Hour)
				if found := r.compare(r.bucket.ID()); len(found) > 0 {
					t.Errorf("after the next repair: %q", found)
				}
			})
		})
	}
}

// TestRepair_ForeignDrift changes a bucket, and a resource that a person added to the stack. The
// repair of the bucket leaves the other one alone, and no entity shows its drift.
func TestRepair_ForeignDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRepairing(t)
		const name = "/team/setting"
		r.byHand(func(resources map[string]any) {
			resources["TeamSetting"] = map[string]any{
				"Type": "AWS::SSM::Parameter", "Properties": map[string]any{"Name": name, "Type": "String", "Value": "theirs"},
			}
		})
		_, err := r.member().SSM.PutParameter(t.Context(), &ssm.PutParameterInput{
			Name: aws.String(name), Value: aws.String("changed"), Overwrite: aws.Bool(true),
		})
		must(t, err)
		r.unblock()
		r.repair(r.bucket)
		out, err := r.member().SSM.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String(name)})
		must(t, err)
		if got := aws.ToString(out.Parameter.Value); got != "changed" {
			t.Errorf("the value of the other resource is %q", got)
		}
		view := r.read(projects.Verified)
		for id := range view.Live {
			t.Errorf("the %s has drifted: %v", id, view.Live[id])
		}
		if !slices.Contains(view.Contents.Foreign, "TeamSetting") {
			t.Errorf("the resources of others are %v", view.Contents.Foreign)
		}
	})
}

// TestRepair_PlanCost reads a project with and without drift. It makes the same calls.
func TestRepair_PlanCost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRepairing(t)
		plan := func() map[string]int {
			r.resetCalls()
			_, err := r.process().Read(t.Context(), "acme")
			must(t, err)
			return r.calls()
		}
		want := map[string]int{
			"sts.GetCallerIdentity": 1, "sts.AssumeRole": 1, "ssm.GetParameter": 1, "dynamodb.Query": 1,
			"cloudformation.DescribeStacks": 1,
		}
		without := plan()
		r.unblock()
		r.suspend()
		if found := r.compare(r.bucket.ID()); len(found) != 2 {
			t.Errorf("the drift is %q", found)
		}
		with := plan()
		if !maps.Equal(without, want) || !maps.Equal(with, want) {
			t.Errorf("without drift: %s\nwith drift: %s", cmp.Diff(want, without), cmp.Diff(want, with))
		}
	})
}
