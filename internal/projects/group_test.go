package projects_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// terraform is how Terraform walks a graph whose nodes don't depend on each other: as many at once
// as -parallelism says, the next one as soon as one has finished. Before a node lies the work of
// the CLI and of the plugin protocol.
type terraform struct {
	parallelism int
	// before is the most that lies before a node; between the most that lies between two nodes of
	// one slot, or 0 for the same.
	before, between time.Duration
	rand            *rand.Rand
}

// apply does all steps and returns their errors, in the order of the steps.
func (tf terraform) apply(steps []func() error) []error {
	outcomes := make([]error, len(steps))
	gaps := make([]time.Duration, len(steps))
	for i := range gaps {
		most := tf.before
		if i >= tf.parallelism && tf.between > 0 {
			most = tf.between
		}
		if most > 0 {
			gaps[i] = time.Duration(tf.rand.Int64N(int64(most)))
		}
	}
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		next  int
	)
	take := func() int {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1
	}
	for range min(tf.parallelism, len(steps)) {
		group.Go(func() {
			for i := take(); i < len(steps); i = take() {
				time.Sleep(gaps[i])
				outcomes[i] = steps[i]()
			}
		})
	}
	group.Wait()
	return outcomes
}

// creations are steps that create entities.
func creations(ctx context.Context, s *projects.Service, project string, entities ...model.Entity) []func() error {
	steps := make([]func() error, len(entities))
	for i, e := range entities {
		steps[i] = func() error { return s.Create(ctx, project, e) }
	}
	return steps
}

// allowed makes users and buckets and returns m permissions on them, which don't depend on each
// other: more entities than a stack has room for users or buckets.
func (w *world) allowed(s *projects.Service, project string, m int) []model.Entity {
	w.t.Helper()
	const each = 10 // permissions of a user
	var parents []model.Entity
	for i := range each {
		parents = append(parents, bucketIn(project, fmt.Sprintf("b%d", i)))
	}
	for i := range (m + each - 1) / each {
		parents = append(parents, model.User{Name: fmt.Sprintf("u%d", i)})
	}
	mustAll(w.t, terraform{parallelism: len(parents)}.apply(creations(w.t.Context(), s, project, parents...)))
	entities := make([]model.Entity, m)
	for i := range entities {
		entities[i] = model.Permission{
			User: fmt.Sprintf("u%d", i/each), Bucket: fmt.Sprintf("b%d", i%each), Access: model.Read,
		}
	}
	return entities
}

func mustAll(t *testing.T, errs []error) {
	t.Helper()
	for i, err := range errs {
		if err != nil {
			t.Errorf("step %d: %v", i, err)
		}
	}
}

// TestCreatesShareCommits counts the commits of applies: m creates at parallelism n take m/n,
// rounded up. 300 commits of one change each would take the test long and show what ten show.
func TestCreatesShareCommits(t *testing.T) {
	t.Parallel()
	for _, m := range []int{1, 10, 25, 300} {
		for _, n := range []int{1, 10, 30, 100, 300} {
			if m/n <= 30 {
				t.Run(fmt.Sprintf("%d at parallelism %d", m, n), func(t *testing.T) {
					t.Parallel()
					countCommits(t, m, terraform{parallelism: n, before: 100 * time.Millisecond, rand: newRand(1000*m + n)})
				})
			}
		}
	}
}

// TestSlowSlotsShareCommits lets the slots that a commit has released come back one by one, for
// most of a second: the next commit waits for them.
func TestSlowSlotsShareCommits(t *testing.T) {
	t.Parallel()
	for _, n := range []int{10, 30, 100} {
		t.Run(fmt.Sprint("parallelism ", n), func(t *testing.T) {
			t.Parallel()
			countCommits(
				t, 95,
				terraform{parallelism: n, before: 100 * time.Millisecond, between: 900 * time.Millisecond, rand: newRand(n)},
			)
		})
	}
}

// countCommits creates m entities, which must take the fewest commits possible.
func countCommits(t *testing.T, m int, tf terraform) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		s := w.process()
		must(t, s.CreateProject(t.Context(), acme()))
		entities := w.allowed(s, "acme", m)
		w.resetCalls()
		mustAll(t, tf.apply(creations(t.Context(), w.process(), "acme", entities...)))
		if got, want := w.calls()["cloudformation.ExecuteChangeSet"], (m+tf.parallelism-1)/tf.parallelism; got != want {
			t.Errorf("%d commits, want %d", got, want)
		}
		if got := len(w.read(projects.Authoritative).Contents.Permissions); got != m {
			t.Errorf("%d permissions, want %d", got, m)
		}
	})
}

// TestGroup_SeveralRunsAndProjects lets projects be applied at once, each by a run of its
// own: none waits for another, none takes a commit more.
func TestGroup_SeveralRunsAndProjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const m, n = 60, 10
		w := newWorld(t, true)
		names := []string{"acme", "bolt", "crux"}
		applies := w.prepare(w.process(), names, m)
		w.resetCalls()
		var group sync.WaitGroup
		for i, steps := range applies {
			group.Go(func() {
				mustAll(t, terraform{parallelism: n, before: 100 * time.Millisecond, rand: newRand(i)}.apply(steps))
			})
		}
		group.Wait()
		if got, want := w.calls()["cloudformation.ExecuteChangeSet"], len(names)*m/n; got != want {
			t.Errorf("%d commits, want %d", got, want)
		}
	})
}

// TestGroup_OneRunOfSeveralProjects lets one run change several projects. Their commits run
// side by side. Terraform's slots are no project's own, so some wait in the queue of a project
// while another one's commit runs: that takes more than the fewest commits possible, but never
// twice as many.
func TestGroup_OneRunOfSeveralProjects(t *testing.T) {
	for _, n := range []int{30, 180} {
		t.Run(fmt.Sprint("parallelism ", n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const m = 60
				w := newWorld(t, true)
				names := []string{"acme", "bolt", "crux"}
				steps := slices.Concat(w.prepare(w.process(), names, m)...)
				random := newRand(n)
				random.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
				w.resetCalls()
				mustAll(t, terraform{parallelism: n, before: 100 * time.Millisecond, rand: random}.apply(steps))
				got, least := w.calls()["cloudformation.ExecuteChangeSet"], len(names)*((len(steps)+n-1)/n)
				if n >= len(steps) && got != least || got >= 2*least {
					t.Errorf("%d commits, the fewest possible are %d", got, least)
				}
			})
		})
	}
}

// TestSaturatedApplyWarnsOnce applies more than Terraform's slots hold, to one project or to
// several at once: one warning for the process, with the number of slots. When everything fits into
// a few waves, there is none.
func TestSaturatedApplyWarnsOnce(t *testing.T) {
	for _, c := range []struct {
		projects, m, n int // projects of m entities each, at parallelism n
		warn           bool
	}{
		{1, 50, 10, true}, {1, 30, 5, true}, {3, 20, 10, true}, {3, 60, 30, true},
		{1, 30, 10, false}, {1, 60, 30, false}, {1, 60, 100, false}, {3, 20, 60, false}, {3, 20, 100, false}, {1, 20, 4, false},
	} {
		t.Run(fmt.Sprintf("%d in each of %d at parallelism %d", c.m, c.projects, c.n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, true)
				s := w.process()
				steps := slices.Concat(w.prepare(s, []string{"acme", "bolt", "crux"}[:c.projects], c.m)...)
				random := newRand(c.n)
				random.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
				mustAll(t, terraform{parallelism: c.n, before: 100 * time.Millisecond, rand: random}.apply(steps))
				var want []projects.Warning
				if c.warn {
					want = []projects.Warning{projects.SaturatedWarning{AtOnce: c.n}}
				}
				if diff := cmp.Diff(want, s.Warnings()); diff != "" {
					t.Errorf("warnings (-want +got):\n%s", diff)
				}
				if again := s.Warnings(); len(again) > 0 {
					t.Errorf("told twice: %v", again)
				}
			})
		})
	}
}

// prepare makes projects and what m permissions need in each, and returns the steps by which s
// creates the permissions.
func (w *world) prepare(s *projects.Service, names []string, m int) [][]func() error {
	w.t.Helper()
	applies := make([][]func() error, len(names))
	for i, name := range names {
		p := acme()
		p.Name = name
		must(w.t, w.process().CreateProject(w.t.Context(), p))
		applies[i] = creations(w.t.Context(), s, name, w.allowed(w.process(), name, m)...)
	}
	return applies
}

// TestGroup_DependentMembersInAnyOrder creates a user, a bucket and the permission that needs
// both, in every order and in one batch or in two: a permission that comes too early waits for the
// next batch.
func TestGroup_DependentMembersInAnyOrder(t *testing.T) {
	entities := map[string]model.Entity{
		"bucket": bucket("inbox"), "user": model.User{Name: "partner"},
		"permission": model.Permission{User: "partner", Bucket: "inbox", Access: model.Read},
	}
	var want *projects.View
	for _, order := range [][]string{
		{"user", "bucket", "permission"}, {"bucket", "user", "permission"}, {"permission", "user", "bucket"},
		{"permission", "bucket", "user"}, {"user", "permission", "bucket"}, {"bucket", "permission", "user"},
	} {
		for _, batch := range []struct {
			name string
			gaps [3]time.Duration // before each of them
		}{
			{"one batch", [3]time.Duration{}},
			{"the first apart", [3]time.Duration{0, 250 * time.Millisecond, 0}},
			{"the last apart", [3]time.Duration{0, 0, 250 * time.Millisecond}},
		} {
			t.Run(fmt.Sprint(order, ", ", batch.name), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, true)
					s := w.process()
					must(t, s.CreateProject(t.Context(), acme()))
					w.resetCalls()
					var group sync.WaitGroup
					for i, name := range order {
						time.Sleep(batch.gaps[i])
						group.Go(func() {
							if err := s.Create(t.Context(), "acme", entities[name]); err != nil {
								t.Errorf("the %s: %v", name, err)
							}
						})
						synctest.Wait() // it is in the queue before the next one comes
					}
					group.Wait()
					commits := 2
					if batch.name == "one batch" || batch.name == "the first apart" && order[0] == "permission" {
						commits = 1
					}
					if got := w.calls()["cloudformation.ExecuteChangeSet"]; got != commits {
						t.Errorf("%d commits, want %d", got, commits)
					}
					got := w.read(projects.Authoritative)
					if want == nil {
						want = got
						return
					}
					if diff := cmp.Diff(
						want.Contents, got.Contents, cmpopts.IgnoreFields(template.Contents{}, "Incarnations"),
					); diff != "" {
						t.Errorf("it ends differently (-first +this):\n%s", diff)
					}
				})
			})
		}
	}
}

// TestGroup_UserAndPermissionsInAnyOrder deletes a user and its permission in one batch: it is
// judged by its end.
func TestGroup_UserAndPermissionsInAnyOrder(t *testing.T) {
	for _, order := range [][]int{{0, 1}, {1, 0}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, true)
			s := w.process()
			must(t, s.CreateProject(t.Context(), acme()))
			permission := w.allowed(s, "acme", 1)[0]
			must(t, s.Create(t.Context(), "acme", permission))
			ids := []model.ID{permission.ID(), {Kind: model.KindUser, Name: "u0"}}
			w.resetCalls()
			var group sync.WaitGroup
			for _, i := range order {
				group.Go(func() {
					if err := s.Delete(t.Context(), "acme", ids[i]); err != nil {
						t.Errorf("%s: %v", ids[i], err)
					}
				})
				synctest.Wait()
			}
			group.Wait()
			if got := w.calls()["cloudformation.ExecuteChangeSet"]; got != 1 {
				t.Errorf("%d commits, want 1", got)
			}
			if got := w.read(projects.Authoritative).Contents; len(got.Users)+len(got.Permissions) != 0 {
				t.Errorf("left: %v %v", got.Users, got.Permissions)
			}
		})
	}
}

// newRand is a source of random numbers of its own.
func newRand(seed int) *rand.Rand { return rand.New(rand.NewPCG(uint64(seed), 1)) }

// bucketIn is a bucket of a project.
func bucketIn(project, name string) model.Bucket {
	b := bucket(name)
	b.BucketName = model.DefaultBucketName(project, name, account, "eu-west-1")
	return b
}

// TestGroup_WavesOverSeveralStacks changes entities in several stacks of a project at
// once: each wave takes one commit in each stack that it reaches, concurrently.
func TestGroup_WavesOverSeveralStacks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		s := w.process(small(20))
		must(t, s.CreateProject(t.Context(), acme()))
		var entities []model.Entity
		for i := range 24 {
			entities = append(entities, bucket(fmt.Sprintf("b%d", i)))
		}
		all(t, s, entities...)
		stacks := len(w.whole(3, 20, entities...).Stacks)

		var steps []func() error
		for i := range 24 {
			b := bucket(fmt.Sprintf("b%d", i))
			b.Tags = map[string]string{"team": "blue"}
			steps = append(steps, func() error { return s.Update(t.Context(), "acme", b) })
		}
		w.resetCalls()
		began := time.Now()
		mustAll(t, terraform{parallelism: 24, before: 100 * time.Millisecond, rand: newRand(24)}.apply(steps))
		if got := w.calls()["cloudformation.ExecuteChangeSet"]; got != stacks {
			t.Errorf("%d commits for a wave over %d stacks", got, stacks)
		}
		one := w.process(small(20))
		took := time.Since(began)
		began = time.Now()
		must(t, one.Update(t.Context(), "acme", bucket("b0")))
		if alone := time.Since(began); took > 2*alone {
			t.Errorf("the wave took %s, and one commit %s: they were not made side by side", took, alone)
		}
	})
}

// TestGroup_RefusedDeletionIsNotGone has a process delete a user, change it, and make it again, all
// at once; AWS refuses that commit.
func TestGroup_RefusedDeletionIsNotGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		s := w.process()
		must(t, s.CreateProject(t.Context(), acme()))
		must(t, s.Create(t.Context(), "acme", model.User{Name: "partner"}))
		w.faults(
			sandbox.Fault{
				Service: "cloudformation", Operation: "ExecuteChangeSet", Effect: sandbox.FailCall, Code: "AccessDenied",
				Times: 1,
			},
		)
		tagged := func(value string) model.User { return model.User{Name: "partner", Tags: map[string]string{"v": value}} }
		var group sync.WaitGroup
		var deleted, updated, created error
		group.Go(func() { deleted = s.Delete(t.Context(), "acme", tagged("").ID()) })
		time.Sleep(time.Millisecond)
		group.Go(func() { updated = s.Update(t.Context(), "acme", tagged("updated")) })
		time.Sleep(time.Millisecond)
		group.Go(func() { created = s.Create(t.Context(), "acme", tagged("created")) })
		group.Wait()
		if deleted == nil || model.IsNotFound(updated, model.NotFoundEntity) {
			t.Errorf(
				"deleting ended with %v, updating with %v, creating with %v: the user was there all the time", deleted,
				updated, created,
			)
		}
	})
}
