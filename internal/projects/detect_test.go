package projects_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// unblock lets the public access block of the bucket be removed by hand.
func (r *repairing) unblock() {
	r.t.Helper()
	_, err := r.member().S3.DeletePublicAccessBlock(
		r.t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: aws.String(r.bucket.BucketName)},
	)
	must(r.t, err)
}

// in sets the read mode.
func in(mode projects.ReadMode) func(*projects.Config) {
	return func(c *projects.Config) { c.ReadMode = mode }
}

// TestDetect compares a project on demand, many readers at once. It is compared once, and every
// read mode shows the result.
func TestDetect(t *testing.T) {
	for _, mode := range []projects.ReadMode{projects.Verified, projects.Cached, projects.Authoritative} {
		t.Run(string(mode), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRepairing(t)
				r.unblock()
				s := r.process(in(mode))
				_, err := s.Read(t.Context(), "acme")
				must(t, err)
				r.resetCalls()
				var readers sync.WaitGroup
				for range 10 {
					readers.Go(func() { must(t, s.CheckDrift(t.Context(), "acme")) })
				}
				readers.Wait()
				want := map[string]int{
					"cloudformation.DetectStackDrift": 1, "cloudformation.DescribeStackDriftDetectionStatus": 1,
					"cloudformation.DescribeStackResourceDrifts": 1,
					"cloudformation.DescribeStacks":              3, "cloudformation.GetTemplate": 1,
					"cloudcontrolapi.GetResource": 5, // the bucket, three bucket policies, and the key's alias
					"iam.ListAccessKeys":          1,
				}
				switch mode {
				case projects.Cached:
					want["sts.AssumeRole"] = 1
					fallthrough
				case projects.Verified:
					want["dynamodb.TransactGetItems"], want["dynamodb.TransactWriteItems"] = 1, 1
				case projects.Authoritative:
				}
				calls := r.calls()
				maps.DeleteFunc(calls, func(name string, _ int) bool { return !strings.Contains(name, ".") })
				if diff := cmp.Diff(want, calls); diff != "" {
					t.Error(diff)
				}
				view, err := s.Read(t.Context(), "acme")
				must(t, err)
				if found := view.LiveDriftOf(r.bucket.ID()); len(found) != 1 || found[0].Path != "PublicAccessBlockConfiguration" {
					t.Errorf("the drift is %v", found)
				}
				stored := r.read(projects.Verified).LiveDriftOf(r.bucket.ID())
				if (len(stored) > 0) != (mode != projects.Authoritative) {
					t.Errorf("the mirror holds %v", stored)
				}
				must(t, s.Update(
					t.Context(), "acme", r.bucket, projects.As("one"), projects.From(r.bucket), projects.Repairing(),
				))
				view, err = s.Read(t.Context(), "acme")
				must(t, err)
				if found := view.LiveDriftOf(r.bucket.ID()); len(found) > 0 {
					t.Errorf("after the repair: %v", found)
				}
			})
		})
	}
}

// TestDetect_Progress compares a project that another process compares, too. It waits for that.
func TestDetect_Progress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		must(t, w.process().CreateProject(t.Context(), acme()))
		other := make(chan error)
		go func() {
			_, err := w.process().DetectDrift(t.Context(), "acme", func(string) {})
			other <- err
		}()
		time.Sleep(2 * time.Second)
		var lines []string
		found, err := w.process().DetectDrift(t.Context(), "acme", func(line string) {
			line, _, _ = strings.Cut(line, " [")
			lines = append(lines, line)
		})
		must(t, err)
		must(t, <-other)
		if len(found) != 1 || found[0].Stack != "stowage-acme-0" || len(found[0].Differences) > 0 {
			t.Errorf("the drift is %+v", found)
		}
		want := []string{
			"stowage-acme-0: waiting for another operation",
			"stowage-acme-0: comparing with AWS",
			"stowage-acme-0: compared with AWS, 0 differences",
		}
		if diff := cmp.Diff(want, slices.Compact(lines)); diff != "" {
			t.Error(diff)
		}
	})
}

// TestDetect_UpdatedMeanwhile commits to the stack while it is compared: it is compared again.
func TestDetect_UpdatedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		must(t, w.process().CreateProject(t.Context(), acme()))
		changed := make(chan error)
		var once sync.Once
		found, err := w.process().DetectDrift(t.Context(), "acme", func(string) {
			once.Do(func() {
				go func() {
					changed <- w.process().Create(t.Context(), "acme", model.User{Name: "partner"})
				}()
			})
		})
		must(t, err)
		must(t, <-changed)
		if len(found) != 1 {
			t.Fatalf("the drift is %+v", found)
		}
		if n := w.calls()["cloudformation.DetectStackDrift"]; n < 2 {
			t.Errorf("%d detections", n)
		}
	})
}

// TestDetect_Refused has no right to detect drift: reads go on, and a warning says why.
func TestDetect_Refused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRepairing(t)
		must(t, r.box.AddFaults(sandbox.Fault{
			Service: "cloudformation", Operation: "DetectStackDrift", Effect: sandbox.FailCall, Code: "AccessDenied", Status: 403,
		}))
		s := r.process()
		must(t, s.CheckDrift(t.Context(), "acme"))
		must(t, s.CheckDrift(t.Context(), "acme"))
		warnings := s.Warnings()
		if len(warnings) != 1 || !strings.Contains(warnings[0].Detail(), "Preparing accounts") ||
			warnings[0].Summary() != "Unable to Detect Drift" {
			t.Errorf("the warnings are %v", warnings)
		}
		if _, err := s.DetectDrift(t.Context(), "acme", func(string) {}); err == nil {
			t.Error("the action reports no error")
		}
	})
}

// TestDetect_Bounded never gets an answer: the comparison ends after a quarter of an hour.
func TestDetect_Bounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRepairing(t)
		must(t, r.box.AddFaults(sandbox.Fault{
			Service: "cloudformation", Operation: "DetectStackDrift", Effect: sandbox.FailCall, Code: "ValidationError",
			Message: "Drift detection is already in progress for stack", Status: 400,
		}))
		began := time.Now()
		_, err := r.process().DetectDrift(t.Context(), "acme", func(string) {})
		explained, _ := model.Explain(err)
		if !strings.Contains(explained.Cause, "did not end within 15m0s") || time.Since(began) > 16*time.Minute {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}

// TestDetect_Canceled ends with the caller's context.
func TestDetect_Canceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		must(t, w.process().CreateProject(t.Context(), acme()))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := w.process().CheckDrift(ctx, "acme"); err == nil {
			t.Error("no error")
		}
		time.Sleep(time.Minute) // the comparison goes on without the caller
	})
}

// TestDetect_Absent leaves a project that does not exist to the read.
func TestDetect_Absent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newWorld(t, false).process()
		must(t, s.CheckDrift(t.Context(), "nowhere"))
		if _, err := s.DetectDrift(t.Context(), "nowhere", func(string) {}); !model.IsNotFound(err, model.NotFoundDirectory) {
			t.Errorf("the error is %v", err)
		}
	})
}
