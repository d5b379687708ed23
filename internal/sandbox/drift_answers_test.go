package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

func TestDrift_Pages(t *testing.T) {
	t.Parallel()
	d := newDrifting(t, sandbox.Options{})
	d.detect()
	pages := cloudformation.NewDescribeStackResourceDriftsPaginator(d.stacks, &cloudformation.DescribeStackResourceDriftsInput{
		StackName: aws.String("partner"), MaxResults: aws.Int32(5),
	})
	var sizes []int
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		d.must(err)
		sizes = append(sizes, len(page.StackResourceDrifts))
	}
	if fmt.Sprint(sizes) != "[5 5 2]" {
		t.Errorf("pages of %v", sizes)
	}
}

func TestDrift_OnlySome(t *testing.T) {
	t.Parallel()
	d := newDrifting(t, sandbox.Options{})
	d.detect("Marker", "KeyA")
	if diff := cmp.Diff(map[string]string{"Marker": "IN_SYNC"}, d.drifts()); diff != "" {
		t.Errorf("results: %s", diff)
	}
}

// An operation on the stack resets the results.
func TestDrift_AfterUpdate(t *testing.T) {
	t.Parallel()
	d := newDrifting(t, sandbox.Options{})
	d.detect()
	d.resources["Marker"] = strings.Replace(d.resources["Marker"], `"1"`, `"2"`, 1)
	d.update("UPDATE_COMPLETE")
	if got := d.stack().DriftInformation; got.StackDriftStatus != "NOT_CHECKED" || len(d.drifts()) != 0 {
		t.Errorf("after an update: %s, %v", got.StackDriftStatus, d.drifts())
	}
}

// TestDrift_AfterFailedRollback detects drift of a stack whose rollback has failed. The
// continuation resets the results.
func TestDrift_AfterFailedRollback(t *testing.T) {
	t.Parallel()
	d := newDrifting(t, sandbox.Options{})
	d.must(d.box.AddFaults(
		sandbox.Fault{Phase: "update", PhysicalID: "acme-inbox", Reason: "no"},
		sandbox.Fault{Phase: "rollback", PhysicalID: "/acme/revision", Reason: "no"},
	))
	d.resources["Marker"] = strings.Replace(d.resources["Marker"], `"1"`, `"2"`, 1)
	d.resources["Bucket"] = strings.Replace(
		strings.Replace(d.resources["Bucket"], "blue", "red", 1), `"AWS::S3::Bucket",`, `"AWS::S3::Bucket","DependsOn":"Marker",`, 1,
	)
	d.update("UPDATE_ROLLBACK_FAILED")
	d.detect()
	if got, want := d.modified(), "Marker MODIFIED; /Value NOT_EQUAL 1 2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	_, err := d.stacks.ContinueUpdateRollback(t.Context(), &cloudformation.ContinueUpdateRollbackInput{
		StackName: aws.String("partner"), ResourcesToSkip: []string{"Marker"},
	})
	d.must(err)
	d.wantStatus("UPDATE_ROLLBACK_COMPLETE")
	if got := d.stack().DriftInformation.StackDriftStatus; got != types.StackDriftStatusNotChecked || len(d.drifts()) != 0 {
		t.Errorf("after the continuation: %s, %v", got, d.drifts())
	}
}

// TestDrift_Unreadable checks resources whose read fails, under both answers.
func TestDrift_Unreadable(t *testing.T) {
	t.Parallel()
	fail := func(d *drifting) {
		d.must(d.box.AddFaults(sandbox.Fault{Phase: "read", PhysicalID: "acme-inbox", Reason: "Rate exceeded"}))
	}
	change := func(d *drifting) {
		_, err := d.ssm.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String("/acme/revision")})
		d.must(err)
	}
	for _, test := range []struct {
		answer  string
		drifted bool
		want    string
		reason  string
		results string
	}{
		{unproven.Unknown, false, "DETECTION_COMPLETE UNKNOWN 0", "", "Bucket UNKNOWN"},
		{unproven.Unknown, true, "DETECTION_COMPLETE DRIFTED 1", "", "Bucket UNKNOWN\nMarker DELETED"},
		{
			unproven.Fails, false, "DETECTION_FAILED IN_SYNC 0",
			`{"Summary":"Failed to detect drift on resources [Bucket]","Failures":[{"Resource":"Bucket","FailureReason":"Rate exceeded"}]}`, "",
		},
		{
			unproven.Fails, true, "DETECTION_FAILED DRIFTED 1",
			`{"Summary":"Failed to detect drift on resources [Bucket]","Failures":[{"Resource":"Bucket","FailureReason":"Rate exceeded"}]}`, "Marker DELETED",
		},
	} {
		d := newDrifting(t, sandbox.Options{Answers: unproven.Answers{unproven.DriftUnreadable: test.answer}})
		fail(d)
		if test.drifted {
			change(d)
		}
		status := d.detect()
		got := fmt.Sprintf("%s %s %d", status.DetectionStatus, status.StackDriftStatus, aws.ToInt32(status.DriftedStackResourceCount))
		if got != test.want || aws.ToString(status.DetectionStatusReason) != test.reason || d.modified() != test.results {
			t.Errorf("%s, drifted %t: %s %s\n%s", test.answer, test.drifted, got, aws.ToString(status.DetectionStatusReason), d.modified())
		}
		if test.answer == unproven.Unknown {
			out, err := d.stacks.DescribeStackResourceDrifts(t.Context(), &cloudformation.DescribeStackResourceDriftsInput{
				StackName: aws.String("partner"), StackResourceDriftStatusFilters: []types.StackResourceDriftStatus{"UNKNOWN"},
			})
			d.must(err)
			if reason := aws.ToString(out.StackResourceDrifts[0].DriftStatusReason); reason != "Rate exceeded" {
				t.Errorf("the reason is %q", reason)
			}
		}
	}
}

// TestDrift_Answers checks the other answers to what is unproven.
func TestDrift_Answers(t *testing.T) {
	t.Parallel()
	absent := "IN_SYNC, absent: Key SFTP Secret Server User"
	for title, test := range map[string]struct {
		answers unproven.Answers
		change  func(d *drifting) error
		want    string
	}{
		"doubted types": {unproven.Answers{unproven.DriftDoubtedTypes: unproven.Omitted}, nil, absent},
		"unlisted types": {
			unproven.Answers{unproven.DriftUnlistedTypes: unproven.Detected},
			func(d *drifting) error {
				_, err := d.s3.DeleteBucketPolicy(t.Context(), &s3.DeleteBucketPolicyInput{Bucket: aws.String("acme-inbox")})
				return err
			},
			"DRIFTED\nBucketPolicy DELETED",
		},
		"status of the stack": {
			unproven.Answers{unproven.StackInSyncDespiteDrift: unproven.On},
			func(d *drifting) error {
				_, err := d.ssm.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String("/acme/revision")})
				return err
			},
			"IN_SYNC\nMarker DELETED",
		},
		"documents": {
			unproven.Answers{unproven.PolicyDocumentDriftMissed: unproven.On},
			func(d *drifting) error {
				_, err := d.iam.CreatePolicyVersion(t.Context(), &iam.CreatePolicyVersionInput{
					PolicyArn: aws.String("arn:aws:iam::000000000000:policy/acme-ann-1"), SetAsDefault: true,
					PolicyDocument: aws.String(strings.ReplaceAll(boundary, "acme-*", "*")),
				})
				return err
			},
			"IN_SYNC",
		},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			d := newDrifting(t, sandbox.Options{Answers: test.answers})
			if test.change != nil {
				d.must(test.change(d))
			}
			got := string(d.detect().StackDriftStatus)
			if drifts := d.modified(); drifts != "" {
				got += "\n" + drifts
			}
			if test.change == nil {
				var missing []string
				for _, name := range []string{"Bucket", "Group", "Key", "Marker", "SFTP", "Secret", "Server", "User"} {
					if d.drifts()[name] == "" {
						missing = append(missing, name)
					}
				}
				got += ", absent: " + strings.Join(missing, " ")
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func (d *drifting) wait() {
	d.Helper()
	for strings.HasSuffix(string(d.stack().StackStatus), "_IN_PROGRESS") {
		time.Sleep(time.Second)
	}
}

// TestDrift_Durations detects drift with AWS's durations: one detection at a time, none while an
// operation runs.
func TestDrift_Durations(t *testing.T) {
	for _, answer := range []string{unproven.Allowed, unproven.Refused} {
		synctest.Test(t, func(t *testing.T) {
			d := newDrifting(t, sandbox.Options{
				Latency: sandbox.LatencyAWS(), Answers: unproven.Answers{unproven.UpdateDuringDetection: answer},
			})
			detect := func() (*string, error) {
				out, err := d.stacks.DetectStackDrift(
					t.Context(), &cloudformation.DetectStackDriftInput{StackName: aws.String("partner")},
				)
				if err != nil {
					return nil, err
				}
				return out.StackDriftDetectionId, nil
			}
			started := time.Now()
			id, err := detect()
			d.must(err)
			got := d.detection(id)
			if got.DetectionStatus != "DETECTION_IN_PROGRESS" || got.StackDriftStatus != "" || got.DriftedStackResourceCount != nil ||
				aws.ToString(got.DetectionStatusReason) != "User Initiated" {
				t.Errorf("in progress: %s", jsonOf(t, got))
			}
			_, err = detect()
			wantRefusal(t, err, "ValidationError", "Drift detection is already in progress for stack")
			d.resources["Marker"] = strings.Replace(d.resources["Marker"], `"1"`, `"2"`, 1)
			update := func() error {
				_, err := d.stacks.UpdateStack(t.Context(), &cloudformation.UpdateStackInput{
					StackName: aws.String("partner"), TemplateBody: d.template(),
					Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam},
				})
				return err
			}
			err = update()
			if answer == unproven.Allowed {
				d.must(err)
			} else {
				wantRefusal(t, err, "ValidationError", "cannot be updated while drift detection is in progress")
			}
			for d.detection(id).DetectionStatus == "DETECTION_IN_PROGRESS" {
				time.Sleep(time.Second)
			}
			if took := time.Since(started); took < 3*time.Second || took > time.Minute {
				t.Errorf("took %v", took)
			}
			d.wait()
			d.resources["Marker"] = strings.Replace(d.resources["Marker"], `"2"`, `"3"`, 1)
			d.must(update())
			_, err = detect()
			wantRefusal(t, err, "ValidationError", "while it is in [UPDATE_IN_PROGRESS] state")
			d.wait()
			d.wantStatus("UPDATE_COMPLETE")
			_, err = detect()
			d.must(err)
		})
	}
}
