package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

// What the aws provider needs for a bucket with the settings of a project's bucket: one resource for
// the bucket and one for each of versioning, encryption, public access block, ownership, policy,
// lifecycle, logging, CORS and notifications. Each is imported separately and read in every plan. Its
// sources make about 20 calls for these; they were not measured here.
const (
	awsResources = 10
	awsCalls     = 20
)

// adoptions is the cost of adopting buckets in virtual time, and of a plan that finds nothing to do
// afterwards.
type adoptions struct {
	plan, apply, after virtual
}

func TestAdoptionsInVirtualTime(t *testing.T) {
	if !*full {
		a := adopt(t, 10)
		if a.apply.commits != 2 || a.plan.commits+a.after.commits != 0 {
			t.Errorf("10 adoptions take %d commits, their plans %d", a.apply.commits, a.plan.commits+a.after.commits)
		}
		if want := adopt(t, 1).after.calls; a.after.calls != want {
			t.Errorf("a plan of 10 adopted buckets makes %d calls, one of a single bucket %d", a.after.calls, want)
		}
		if want := planCreated(t, 10).calls; a.after.calls != want {
			t.Errorf("a plan of 10 adopted buckets makes %d calls, one of 10 created buckets %d", a.after.calls, want)
		}
		return
	}
	rows := []string{"buckets\tphase\tcommits\ttime\tAWS calls\tthe aws provider's calls (about)"}
	for _, size := range []int{100, 1000} {
		a := adopt(t, size)
		for _, phase := range []struct {
			name string
			cost virtual
		}{{"plan with imports", a.plan}, {"apply", a.apply}, {"plan without changes", a.after}} {
			rows = append(rows, fmt.Sprintf("%d\t%s\t%d\t%s\t%d\t%d", size, phase.name, phase.cost.commits,
				phase.cost.took.Round(time.Second), phase.cost.calls, size*awsCalls))
		}
		progress("adopted %d buckets in virtual time", size)
	}
	table(fmt.Sprintf(
		"Adoptions of existing buckets in virtual time, all at once. The aws provider needs %d imports and about %d calls for each bucket.",
		awsResources, awsCalls), rows...)
}

func adopt(t *testing.T, size int) (a adoptions) {
	t.Helper()
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		const accountID = "000000300000"
		box := sandbox.New(sandbox.Options{Seed: 1, Latency: sandbox.LatencyAWS()})
		p := model.Project{Name: "acme", AccountID: accountID, Region: "eu-west-1", OnDelete: model.Refuse}
		if err := process(t, box, "setup").CreateProject(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		makeBuckets(t, box, accountID, size)
		all := make([]projects.Adoption, size)
		planner := process(t, box, "plan")
		a.plan = cost(t, box, func() error {
			return atOnce(size, func(n int) (err error) { all[n], err = planAdoption(t.Context(), planner, p.Name, n); return err })
		})
		applier := process(t, box, "apply")
		a.apply = cost(t, box, func() error {
			return atOnce(size, func(n int) error { return applier.Adopt(t.Context(), p.Name, all[n]) })
		})
		after := process(t, box, "after")
		a.after = cost(t, box, func() error {
			return atOnce(size, func(n int) error {
				view, err := after.Read(t.Context(), p.Name)
				if err != nil {
					return err
				}
				if id := all[n].Planned.ID(); len(view.Contents.DriftOf(id)) > 0 || view.Contents.IncarnationOf(id) == "" {
					return fmt.Errorf("the bucket %s is not adopted", id.Name)
				}
				return nil
			})
		})
	})
	a.apply.cpu = time.Since(began)
	return a
}

// planCreated is the cost of a plan of buckets that the provider created.
func planCreated(t *testing.T, size int) (v virtual) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		const accountID = "000000300000"
		box := sandbox.New(sandbox.Options{Seed: 1, Latency: sandbox.LatencyAWS()})
		creator := process(t, box, "create")
		p := model.Project{Name: "acme", AccountID: accountID, Region: "eu-west-1", OnDelete: model.Refuse}
		if err := creator.CreateProject(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if err := atOnce(size, func(n int) error {
			name := fmt.Sprintf("new-%d", n)
			return creator.Create(t.Context(), p.Name, model.Bucket{
				Name: name, BucketName: model.DefaultBucketName(p.Name, name, accountID, p.Region),
				Lifecycle: model.DefaultLifecycle(), OnDelete: model.Refuse,
			})
		}); err != nil {
			t.Fatal(err)
		}
		planner := process(t, box, "plan")
		v = cost(t, box, func() error {
			return atOnce(size, func(int) error {
				_, err := planner.Read(t.Context(), p.Name)
				return err
			})
		})
	})
	return v
}

func makeBuckets(t *testing.T, box *sandbox.Sandbox, accountID string, size int) {
	t.Helper()
	access, secret := sandbox.StaticCredentials(accountID)
	clients, err := awsclient.New(t.Context(), awsclient.Config{
		Region: "eu-west-1", AccessKey: access, SecretKey: secret, Version: "bench",
		HTTPClient: &http.Client{Transport: simulate.NewTransport(box)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := atOnce(size, func(n int) error {
		_, err := clients.Hub().S3.CreateBucket(t.Context(), &s3.CreateBucketInput{
			Bucket:                    aws.String(fmt.Sprintf("legacy-%d", n)),
			CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"},
		})
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// planAdoption reads a bucket as the import and the plan of a resource do.
func planAdoption(ctx context.Context, s *projects.Service, project string, n int) (projects.Adoption, error) {
	name, bucket := fmt.Sprintf("old-%d", n), fmt.Sprintf("legacy-%d", n)
	var live *projects.ExistingBucket
	var err error
	for range 2 { // import, read
		if live, err = s.Existing(ctx, project, name, bucket); err != nil {
			return projects.Adoption{}, err
		}
	}
	view, err := s.Read(ctx, project)
	if err != nil {
		return projects.Adoption{}, err
	}
	prior := live.Entity(view.Contents.Env, name, "")
	prior.Adoption = nil
	return projects.Adoption{Prior: prior, Live: live, Incarnation: name, Planned: model.Bucket{
		Name: name, BucketName: bucket, Lifecycle: model.DefaultLifecycle(), OnDelete: model.Refuse,
	}}, nil
}

func atOnce(n int, do func(n int) error) error {
	errs := make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { errs[i] = do(i) })
	}
	group.Wait()
	return errors.Join(errs...)
}

func cost(t *testing.T, box *sandbox.Sandbox, do func() error) (v virtual) {
	t.Helper()
	control(t, box, http.MethodDelete)
	from := time.Now()
	if err := do(); err != nil {
		t.Fatal(err)
	}
	v.took = time.Since(from)
	var calls map[string]map[string]int
	if err := json.Unmarshal(control(t, box, http.MethodGet), &calls); err != nil {
		t.Fatal(err)
	}
	v.commits = calls["cloudformation"]["ExecuteChangeSet"]
	for _, operations := range calls {
		for _, n := range operations {
			v.calls += n
		}
	}
	return v
}
