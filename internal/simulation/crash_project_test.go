package simulation

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

func acme() model.Project {
	return model.Project{Name: project, AccountID: account, Region: region, OnDelete: model.Refuse}
}

// TestCrash_ProjectCreation is TestCrashAtEveryStep for the creation of the project.
func TestCrash_ProjectCreation(t *testing.T) {
	atEveryStep(t, 0, func(w *world, first, next *process) {
		if err := first.CreateProject(first.ctx, acme()); err != nil && !first.crashed() {
			w.problem("outcomes", "%v", err)
		}
		if !first.crashed() {
			return
		}
		time.Sleep(time.Second)
		// The next plan finds the project, nothing, or only its directory entry.
		_, err := next.Read(next.ctx, project)
		if err != nil && !model.IsNotFound(err, model.NotFoundProject, model.NotFoundDirectory) &&
			!model.IsNotFound(err, model.NotFoundStack) {
			w.problem("outcomes", "the next plan: %v", err)
		}
		if err := next.CreateProject(next.ctx, acme()); err != nil {
			w.problem("outcomes", "the next creation: %v", err)
		}
	}, func(w *world) {
		w.atRest(swarm{})
		user := w.start("user", 30)
		if err := user.Create(user.ctx, project, model.User{Name: "late"}); err != nil {
			w.problem("end", "the project can't be used: %v", err)
		}
	})
}

// TestCrash_ProjectDeletion is TestCrashAtEveryStep for the deletion of the project.
func TestCrash_ProjectDeletion(t *testing.T) {
	atEveryStep(t, 0, func(w *world, first, next *process) {
		founder := w.start("founder", 1)
		if err := founder.CreateProject(founder.ctx, acme()); err != nil {
			w.problem("setup", "%v", err)
		}
		if err := first.DeleteProject(first.ctx, project); err != nil && !first.crashed() {
			w.problem("outcomes", "%v", err)
		}
		if !first.crashed() {
			return
		}
		time.Sleep(time.Second)
		// The next destroy refreshes first. An unknown project then leaves the state, and nothing
		// is left to do.
		_, err := next.Read(next.ctx, project)
		if model.IsNotFound(err, model.NotFoundProject, model.NotFoundDirectory) {
			return
		}
		if err = errors.Join(err, next.DeleteProject(next.ctx, project)); err != nil {
			w.problem("outcomes", "the next destroy: %v", err)
		}
	}, (*world).wantNoProject)
}

// TestCrash_ProjectGrowth is TestCrashAtEveryStep for the first entities in a second
// stack, for the effect there of a change in the first stack, and for the deletion of the project
// with both.
func TestCrash_ProjectGrowth(t *testing.T) {
	bucket := model.Bucket{
		Name:       "b0",
		BucketName: model.DefaultBucketName(project, "b0", account, region),
		Lifecycle:  model.DefaultLifecycle(),
		OnDelete:   model.Refuse,
	}
	changed := bucket
	changed.KMSKeyARN = "arn:aws:kms:" + region + ":" + account + ":key/12345678-1234-1234-1234-123456789012"
	user, permission := model.User{Name: "u0"}, model.Permission{User: "u0", Bucket: "b0", Access: model.Read}
	steps := []func(p *process) error{
		func(p *process) error { return p.Create(p.ctx, project, user) },
		func(p *process) error { return p.Create(p.ctx, project, permission) },
		func(p *process) error {
			// The next plan shows the outdated policies in the other stack, and its apply corrects
			// them.
			if err := p.Update(p.ctx, project, changed); err != nil {
				return err
			}
			view, err := p.Read(p.ctx, project)
			if err != nil || len(view.Contents.Drift) == 0 {
				return err
			}
			return p.Update(p.ctx, project, permission)
		},
		func(p *process) error { return p.Delete(p.ctx, project, permission.ID()) },
		func(p *process) error { return p.Delete(p.ctx, project, user.ID()) },
		func(p *process) error { return p.Delete(p.ctx, project, bucket.ID()) },
		func(p *process) error { return p.DeleteProject(p.ctx, project) },
	}
	atEveryStep(t, 9, func(w *world, first, next *process) {
		founder := w.start("founder", 1)
		if err := errors.Join(
			founder.CreateProject(founder.ctx, acme()), founder.Create(founder.ctx, project, bucket),
		); err != nil {
			w.problem("setup", "%v", err)
		}
		for i := 0; i < len(steps); i++ {
			p := first
			if first.crashed() {
				p = next
			}
			if err := steps[i](p); err != nil && !p.crashed() {
				w.problem("outcomes", "step %d: %v", i, err)
				return
			}
			if p == first && first.crashed() {
				time.Sleep(time.Second)
				i-- // its outcome is unknown
			}
			if i == 2 && !p.crashed() {
				w.checkGrown()
			}
		}
	}, (*world).wantNoProject)
}

// checkGrown checks that the project has two stacks, which agree with each other and the mirror.
func (w *world) checkGrown() {
	reader := w.start("reader", 2, func(c *projects.Config) { c.ReadMode = projects.Authoritative })
	truth, err := reader.Read(reader.ctx, project)
	if err != nil || len(truth.Stacks) != 2 || len(truth.Contents.Drift) > 0 {
		w.problem("middle", "%+v, %v", truth, err)
		return
	}
	w.checkMirror(swarm{}, truth)
}

// longRun is the number of calls from which a run is crashed only at some calls in the usual tests:
// each crash takes half a second.
const longRun = 150

// atEveryStep runs something once for each of its calls, in a process that dies before or after
// that call reaches AWS. resources is the maximum of resources in a stack; 0 for the usual number.
func atEveryStep(t *testing.T, resources int, run func(w *world, first, next *process), check func(w *world)) {
	t.Helper()
	once := func(t *testing.T, at int64, after bool) int64 {
		t.Helper()
		var began func() int64
		cryptotest.SetGlobalRandom(t, 1)
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 1)
			w.resources = resources
			first, next := w.start("first", 100), w.start("next", 200)
			began = first.crashAt(at, after)
			run(w, first, next)
			if at > 0 && !first.crashed() {
				t.Errorf("the process never came to call %d", at)
			}
			time.Sleep(time.Hour) // the dead process's operations end
			check(w)
			for _, problem := range w.problems {
				t.Error(problem)
			}
		})
		return began()
	}
	calls := once(t, 0, false)
	if calls < 20 {
		t.Fatalf("only %d calls: the test shows little", calls)
	}
	every := int64(1)
	if calls > longRun {
		every = *stride
	}
	for at := int64(1); at <= calls; at += every {
		for when, after := range map[string]bool{"before": false, "after": true} {
			t.Run(fmt.Sprintf("%s call %d", when, at), func(t *testing.T) {
				if once(t, at, after); t.Failed() {
					t.Logf("replay with: go test ./internal/simulation -run '^%s$'", strings.ReplaceAll(t.Name(), "/", "$/^"))
				}
			})
		}
	}
}

// wantNoProject checks that nothing is left of the project in the account, the directory and the
// mirror.
func (w *world) wantNoProject() {
	for n, mode := range []projects.ReadMode{projects.Verified, projects.Cached, projects.Authoritative} {
		reader := w.start("reader", 20+n, func(c *projects.Config) { c.ReadMode = mode })
		if view, err := reader.Read(reader.ctx, project); !model.IsNotFound(
			err, model.NotFoundProject, model.NotFoundDirectory,
		) {
			w.problem("end", "%s reads see %+v, %v", mode, view, err)
		}
	}
	lister := w.start("lister", 30)
	listings, err := lister.List(lister.ctx)
	if err != nil || len(listings) > 0 {
		w.problem("end", "the directory holds %v, %v", listings, err)
	}
	c := w.person("inspector")
	stacks, err := cloudformation.NewFromConfig(c).DescribeStacks(w.t.Context(), &cloudformation.DescribeStacksInput{})
	if err != nil ||
		slices.ContainsFunc(
			stacks.Stacks,
			func(s types.Stack) bool { return strings.HasPrefix(aws.ToString(s.StackName), "stowage-") },
		) {
		w.problem("end", "there are stacks: %v, %v", stacks, err)
	}
	buckets, err := s3.NewFromConfig(c).ListBuckets(w.t.Context(), &s3.ListBucketsInput{})
	if err != nil {
		w.problem("end", "%v", err)
		return
	}
	for _, bucket := range buckets.Buckets {
		w.problem("end", "the bucket %s is left", aws.ToString(bucket.Name))
	}
	snapshot, err := w.table().Read(w.t.Context(), project)
	if err != nil || len(snapshot.Heads)+len(snapshot.Bodies) > 0 {
		w.problem("end", "the mirror holds %+v, %v", snapshot, err)
	}
}
