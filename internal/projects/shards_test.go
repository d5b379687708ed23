package projects_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/stowage/terraform-provider-stowage/examples/onboarding"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// small lets stacks take this many resources only. The project itself takes eight of its first
// stack's, and the revision marker one of every stack's.
func small(resources int) func(*projects.Config) {
	return func(c *projects.Config) {
		c.Budget = template.Budget()
		c.Budget.Resources = resources
	}
}

// partners are users, each with permissions on all of some buckets.
func partners(users, buckets int) (parents, permissions []model.Entity) {
	for i := range buckets {
		parents = append(parents, bucket(fmt.Sprintf("b%d", i)))
	}
	for i := range users {
		parents = append(parents, model.User{Name: fmt.Sprintf("u%d", i)})
		for j := range buckets {
			permissions = append(
				permissions,
				model.Permission{User: fmt.Sprintf("u%d", i), Bucket: fmt.Sprintf("b%d", j), Access: model.Read},
			)
		}
	}
	return parents, permissions
}

// all creates entities, all at once.
func all(t *testing.T, s *projects.Service, entities ...model.Entity) {
	t.Helper()
	mustAll(t, terraform{parallelism: len(entities)}.apply(creations(t.Context(), s, "acme", entities...)))
}

// whole checks that a project holds exactly some entities in so many stacks, that nothing deviates,
// that no stack is over the budget, and that all read modes agree.
func (w *world) whole(stacks, resources int, entities ...model.Entity) *projects.View {
	w.t.Helper()
	truth := w.read(projects.Authoritative)
	var have, want []string
	for e := range truth.Contents.Entities() {
		if e.ID().Kind != model.KindProject {
			have = append(have, e.ID().String())
		}
	}
	for _, e := range entities {
		want = append(want, e.ID().String())
	}
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		w.t.Errorf("the project holds %d entities, want %d:\n%v\n%v", len(have), len(want), have, want)
	}
	if len(truth.Stacks) != stacks {
		w.t.Errorf("%d stacks, want %d", len(truth.Stacks), stacks)
	}
	for _, stack := range truth.Stacks {
		if stack.Usage.Resources > resources {
			w.t.Errorf("the stack %s has %d resources, more than %d", stack.Name, stack.Usage.Resources, resources)
		}
	}
	if len(truth.Contents.Drift) > 0 || len(truth.Contents.Dangling) > 0 {
		w.t.Errorf("drift %v, dangling %v", truth.Contents.Drift, truth.Contents.Dangling)
	}
	sameView(w.t, truth, w.read(projects.Cached))
	w.resetCalls()
	sameView(w.t, truth, w.read(projects.Verified))
	if calls := w.calls(); calls["cloudformation.GetTemplate"] > 0 || calls["cloudformation.DescribeStacks"] != stacks {
		w.t.Errorf("a verified read took %v, want one description for each of %d stacks and no template", calls, stacks)
	}
	return truth
}

func TestShards_FullStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		s := w.process(small(14))
		must(t, s.CreateProject(t.Context(), acme()))
		parents, permissions := partners(4, 5)
		all(t, s, parents...)
		all(t, s, permissions...)
		view := w.whole(3, 14, slices.Concat(parents, permissions)...)
		var grown []projects.Warning
		for _, warning := range s.Warnings() {
			if _, ok := warning.(projects.GrownWarning); ok {
				grown = append(grown, warning)
			}
		}
		if want := []projects.Warning{
			projects.GrownWarning{Project: "acme", Stacks: 2},
			projects.GrownWarning{Project: "acme", Stacks: 3},
		}; !slices.Equal(grown, want) {
			t.Errorf("warnings %v, want %v", grown, want)
		}
		for _, stack := range view.Stacks {
			out, err := w.member().CloudFormation.DescribeStacks(
				t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String(stack.Name)},
			)
			must(t, err)
			if !aws.ToBool(out.Stacks[0].EnableTerminationProtection) || len(out.Stacks[0].NotificationARNs) != 1 {
				t.Errorf("the stack %s is not protected, or doesn't report", stack.Name)
			}
		}
		// What is made is found where it is, and can be changed and deleted there.
		for i := range 5 {
			b := bucket(fmt.Sprintf("b%d", i))
			b.Tags = map[string]string{"seen": "yes"}
			must(t, w.process(small(14)).Update(t.Context(), "acme", b))
		}
		next := w.process(small(14))
		for _, e := range slices.Concat(permissions, parents) {
			must(t, next.Delete(t.Context(), "acme", e.ID()))
		}
		w.whole(3, 14)
		must(t, w.process().DeleteProject(t.Context(), "acme"))
		w.nothingIsLeft()
	})
}

// TestBuckets of a later stack are encrypted with the project's key, like all others.
func TestShards_BucketsOfLaterStacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process(small(12))
		must(t, s.CreateProject(t.Context(), acme()))
		parents, _ := partners(0, 6)
		all(t, s, parents...)
		w.whole(2, 12, parents...)
		var bodies []string
		for n := range 2 {
			out, err := w.member().CloudFormation.GetTemplate(
				t.Context(), &cloudformation.GetTemplateInput{StackName: aws.String(fmt.Sprintf("stowage-acme-%d", n))},
			)
			must(t, err)
			bodies = append(bodies, aws.ToString(out.TemplateBody))
		}
		if key := w.read(projects.Verified).Contents.Env.KeyARN; key == "" || !strings.Contains(bodies[1], key) {
			t.Errorf("the project's key %q is not in the template of the second stack", key)
		}
	})
}

// TestPoliciesOverflowIntoAnotherStack fills a stack with users before they get any permissions.
func TestPoliciesOverflowIntoAnotherStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process(small(20))
		must(t, s.CreateProject(t.Context(), acme()))
		parents, _ := partners(1, 4)
		all(t, s, parents...)
		// With so many characters only two or three of them fit into a policy.
		long := strings.Repeat("p", 900)
		var permissions []model.Entity
		for i := range 16 {
			permissions = append(
				permissions,
				model.Permission{
					User: "u0", Bucket: fmt.Sprintf("b%d", i%4), Access: model.ReadWrite,
					Prefix: fmt.Sprintf("%s%d/", long, i),
				},
			)
		}
		all(t, s, permissions...)
		view := w.whole(2, 20, slices.Concat(parents, permissions)...)
		attached, err := w.member().IAM.ListAttachedGroupPolicies(
			t.Context(), &iam.ListAttachedGroupPoliciesInput{GroupName: aws.String("acme-u0")},
		)
		must(t, err)
		if want := len(view.Contents.Permissions) / 3; len(attached.AttachedPolicies) < want {
			t.Errorf("%d policies, want at least %d", len(attached.AttachedPolicies), want)
		}

		// What the policies in the other stack say of the user and the buckets follows their changes.
		key := "arn:aws:kms:eu-west-1:" + account + ":key/12345678-1234-1234-1234-123456789012"
		changed := bucket("b0")
		changed.KMSKeyARN = key
		user := model.User{Name: "u0", SourceIPs: []string{"192.0.2.0/24"}}
		next := w.process(small(20))
		must(t, next.Update(t.Context(), "acme", changed))
		must(t, next.Update(t.Context(), "acme", user))
		// The policies are longer by the networks, so that some permissions have to move to others:
		// changes are never refused for want of a stack's room, which the budget leaves.
		w.whole(2, 24, slices.Concat(parents, permissions)...)
		second := w.body(1)
		if !strings.Contains(second, key) || !strings.Contains(second, "192.0.2.0/24") {
			t.Error("the policies in the other stack do not match the first one")
		}

		// While another stack has permissions of theirs, user and bucket can't go.
		var inUse *model.ConflictError
		for _, e := range []model.Entity{user, changed} {
			if err := next.Delete(t.Context(), "acme", e.ID()); !errors.As(err, &inUse) || inUse.Kind != model.ConflictInUse ||
				len(inUse.By) == 0 {
				t.Errorf("deleting the %s: %v", e.ID(), err)
			}
		}
		// But they can go together with these, in whatever order.
		steps := make([]func() error, 0, len(parents)+len(permissions))
		for _, e := range slices.Concat(parents, permissions) {
			steps = append(steps, func() error { return next.Delete(t.Context(), "acme", e.ID()) })
		}
		for i, err := range (terraform{parallelism: len(steps), before: 90 * time.Millisecond, rand: newRand(1)}).apply(steps) {
			if err != nil && !errors.As(err, &inUse) || inUse.Kind != model.ConflictInUse {
				t.Errorf("step %d: %v", i, err)
			}
		}
		for _, e := range parents {
			must(t, next.Delete(t.Context(), "acme", e.ID()))
		}
		w.whole(2, 20)
	})
}

// TestShards_FewPoliciesLeft once, and its permissions beyond are refused before anything is changed.
func TestShards_FewPoliciesLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process()
		must(t, s.CreateProject(t.Context(), acme()))
		all(t, s, bucket("b0"), model.User{Name: "u0"})
		var full *template.FullError
		n, warned := 0, 0
		for ; ; n++ {
			permission := model.Permission{
				User: "u0", Bucket: "b0", Access: model.ReadWrite,
				Prefix: fmt.Sprintf("%s%d/", strings.Repeat("p", 900), n),
			}
			if err := s.Create(t.Context(), "acme", permission); err != nil {
				if !errors.As(err, &full) || full.Stack {
					t.Fatal(err)
				}
				break
			}
			for _, warning := range s.Warnings() {
				if got, ok := warning.(projects.HeadroomWarning); ok {
					warned++
					if got.Policies != template.MaxUserPolicies-1 {
						t.Errorf("%+v", got)
					}
				}
			}
		}
		if warned != 1 || n < template.MaxUserPolicies {
			t.Errorf("%d warnings before the permission %d was refused: %v", warned, n, full)
		}
		if view := w.read(projects.Verified); len(view.Headroom()) != 1 || len(view.Contents.Permissions) != n ||
			len(view.Stacks) != 1 {
			t.Errorf("headroom %v, %d permissions, %d stacks", view.Headroom(), len(view.Contents.Permissions), len(view.Stacks))
		}
	})
}

// body is the template of the n-th stack of the project.
func (w *world) body(n int) string {
	w.t.Helper()
	out, err := w.member().CloudFormation.GetTemplate(
		w.t.Context(), &cloudformation.GetTemplateInput{StackName: aws.String(fmt.Sprintf("stowage-acme-%d", n))},
	)
	must(w.t, err)
	return aws.ToString(out.TemplateBody)
}

// TestDrift_OutdatedPolicies checks that a process that dies after it has changed a bucket,
// but not the policies in another stack, leaves drift that can be repaired.
func TestDrift_OutdatedPolicies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process(small(13))
		must(t, s.CreateProject(t.Context(), acme()))
		away := model.Permission{User: "u0", Bucket: "b0", Access: model.Read}
		all(t, s, bucket("b0"))
		all(t, s, bucket("b1"))
		all(t, s, model.User{Name: "u0"})
		all(t, s, away)
		w.whole(2, 13, bucket("b0"), bucket("b1"), model.User{Name: "u0"}, away)
		changed := bucket("b0")
		changed.KMSKeyARN = "arn:aws:kms:eu-west-1:" + account + ":key/12345678-1234-1234-1234-123456789012"
		w.faults(
			sandbox.Fault{
				Service: "cloudformation", Operation: "ExecuteChangeSet", After: 1, Effect: sandbox.FailCall,
				Code: "AccessDenied",
			},
		)
		must(t, s.Update(t.Context(), "acme", changed))
		w.box.ClearFaults()
		d := w.read(projects.Verified).Contents.DriftOf(away.ID())
		if len(d) != 1 || !strings.Contains(d[0].Want, changed.KMSKeyARN) {
			t.Fatalf("drift %v", d)
		}
		must(t, w.process().Update(t.Context(), "acme", away))
		w.whole(2, 13, bucket("b0"), bucket("b1"), model.User{Name: "u0"}, away)
	})
}

// TestShards_ParentsCreatedAtOnce creates buckets, users and permissions that say nothing
// of their order, all at once, while they end up in several stacks.
func TestShards_ParentsCreatedAtOnce(t *testing.T) {
	for seed := range 10 {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, true)
				s := w.process(small(17))
				must(t, s.CreateProject(t.Context(), acme()))
				parents, permissions := partners(3, 4)
				entities := slices.Concat(parents, permissions)
				r := newRand(seed)
				r.Shuffle(len(entities), func(i, j int) { entities[i], entities[j] = entities[j], entities[i] })
				mustAll(
					t,
					terraform{
						parallelism: len(entities), before: 120 * time.Millisecond, rand: r,
					}.apply(creations(t.Context(), s, "acme", entities...)),
				)
				w.whole(len(w.read(projects.Verified).Stacks), 17, entities...)
			})
		})
	}
}

// TestShards_ConcurrentGrowth lets processes fill the stacks of a project at once.
func TestShards_ConcurrentGrowth(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &world{
					t:   t,
					box: sandbox.New(sandbox.Options{Seed: seed, Latency: sandbox.LatencyAWS(), Onboarding: onboarding.Account}),
				}
				must(t, w.process().CreateProject(t.Context(), acme()))
				var group sync.WaitGroup
				var entities []model.Entity
				for n := range 3 {
					s := w.process(small(16))
					for i := range 5 {
						b := bucket(fmt.Sprintf("b%d%d", n, i))
						entities = append(entities, b)
						group.Go(func() {
							time.Sleep(time.Duration(n*i) * 9 * time.Second)
							if err := s.Create(t.Context(), "acme", b); err != nil {
								t.Errorf("process %d: %v", n, err)
							}
						})
					}
				}
				group.Wait()
				w.whole(len(w.read(projects.Verified).Stacks), 16, entities...)
				if got := len(w.read(projects.Verified).Stacks); got != 3 {
					t.Errorf("%d stacks for 15 buckets", got)
				}
			})
		})
	}
}

// TestShards_EntityOfAnotherProcess: what a process has read may be older than another one's stack.
func TestShards_EntityOfAnotherProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		first, other := w.process(small(11), origin("ws")), w.process(small(11), origin("ws"))
		must(t, first.CreateProject(t.Context(), acme()))
		all(t, first, bucket("b0"), bucket("b1"))
		_, err := first.Read(t.Context(), "acme")
		must(t, err)
		all(t, other, bucket("b2"))

		b2 := bucket("b2")
		must(t, first.Create(t.Context(), "acme", b2)) // an interrupted run of the same configuration
		changed := bucket("b2")
		changed.Tags = map[string]string{"seen": "yes"}
		if err := w.process(small(11)).Create(t.Context(), "acme", changed); !model.IsConflict(err, model.ConflictExists) {
			t.Errorf("creating what is in another stack: %v", err)
		}
		late := w.process(small(11))
		_, err = late.Read(t.Context(), "acme")
		must(t, err)
		must(t, other.Delete(t.Context(), "acme", b2.ID()))
		all(t, other, bucket("b3"))
		all(t, other, bucket("b2")) // in the same stack as before
		must(t, late.Update(t.Context(), "acme", changed))

		// Where a process believes an entity to be, there is no room for it any more.
		old := w.process(small(11))
		_, err = old.Read(t.Context(), "acme")
		must(t, err)
		must(t, other.Delete(t.Context(), "acme", bucket("b0").ID()))
		all(t, other, bucket("b4"))
		all(t, old, bucket("b0"))
		w.whole(2, 11, bucket("b0"), bucket("b1"), changed, bucket("b3"), bucket("b4"))
	})
}

// TestShards_InterruptedGrowth fails each call on the way to another stack.
func TestShards_InterruptedGrowth(t *testing.T) {
	for after := range 8 {
		t.Run(fmt.Sprint("after ", after), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, false)
				s := w.process(small(12))
				must(t, s.CreateProject(t.Context(), acme()))
				all(t, s, bucket("b0"), bucket("b1"))
				w.faults(
					sandbox.Fault{Service: "cloudformation", Effect: sandbox.FailCall, Code: "AccessDenied", After: after, Times: 100},
				)
				err := w.process(small(12)).Create(t.Context(), "acme", bucket("b2"))
				if err == nil {
					t.Fatal("the creation succeeded: it took fewer calls")
				}
				w.box.ClearFaults()
				w.read(projects.Verified)
				must(t, w.process(small(12)).Create(t.Context(), "acme", bucket("b2")))
				w.whole(2, 12, bucket("b0"), bucket("b1"), bucket("b2"))
				for _, name := range []string{"b0", "b1", "b2"} {
					must(t, s.Delete(t.Context(), "acme", bucket(name).ID()))
				}
				must(t, w.process().DeleteProject(t.Context(), "acme"))
				w.nothingIsLeft()
			})
		})
	}
}

// TestShards_UncountedStackIsDeleted deletes a project after a process died that had
// created the next stack.
func TestShards_UncountedStackIsDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process(small(12))
		must(t, s.CreateProject(t.Context(), acme()))
		all(t, s, bucket("b0"), bucket("b1"))
		// The fifth execution is that of the commit which counts the new stack.
		w.faults(
			sandbox.Fault{
				Service: "cloudformation", Operation: "ExecuteChangeSet", Effect: sandbox.FailCall, Code: "AccessDenied",
				After: 1, Times: 100,
			},
		)
		if err := s.Create(t.Context(), "acme", bucket("b2")); err == nil {
			t.Fatal("the creation succeeded")
		}
		w.box.ClearFaults()
		if got := w.stacks(); !slices.Contains(got, "stowage-acme-1") {
			t.Fatalf("stacks %v: the next one was not made", got)
		}
		for _, name := range []string{"b0", "b1"} {
			must(t, w.process().Delete(t.Context(), "acme", bucket(name).ID()))
		}
		must(t, w.process().DeleteProject(t.Context(), "acme"))
		w.nothingIsLeft()
	})
}

// stacks are the names of the projects' stacks in the project's account.
func (w *world) stacks() []string {
	w.t.Helper()
	out, err := w.member().CloudFormation.DescribeStacks(w.t.Context(), &cloudformation.DescribeStacksInput{})
	must(w.t, err)
	names := map[string]bool{}
	for _, s := range out.Stacks {
		if name := aws.ToString(s.StackName); strings.HasPrefix(name, "stowage-") {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// TestShards_GrowthDuringDeletion lets one process delete a project while another one grows it.
func TestShards_GrowthDuringDeletion(t *testing.T) {
	for seed := range 40 {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, true)
				must(t, w.process().CreateProject(t.Context(), acme()))
				var group sync.WaitGroup
				grower, deleter := w.process(small(8)), w.process()
				var created, deleted error
				group.Go(func() { created = grower.Create(t.Context(), "acme", bucket("b0")) })
				group.Go(func() {
					time.Sleep(time.Duration(seed) * 1511 * time.Millisecond)
					deleted = deleter.DeleteProject(t.Context(), "acme")
				})
				group.Wait()
				switch {
				case deleted == nil && created != nil:
				case created == nil && model.IsConflict(deleted, model.ConflictInUse):
					must(t, grower.Delete(t.Context(), "acme", bucket("b0").ID()))
					must(t, deleter.DeleteProject(t.Context(), "acme"))
				default:
					t.Fatalf("created: %v; deleted: %v", created, deleted)
				}
				w.nothingIsLeft()
			})
		})
	}
}

// TestShards_GrowthAfterDeletion holds the process that grows a project until
// another one has deleted the project.
func TestShards_GrowthAfterDeletion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		must(t, w.process().CreateProject(t.Context(), acme()))
		deleted := false
		clients := w.clientsBy(sandbox.HubAccount, before("CreateChangeSet", "stowage-acme-1", func() {
			deleted = true
			if err := w.process().DeleteProject(t.Context(), "acme"); err != nil {
				t.Errorf("deleting the project: %v", err)
			}
		}))
		err := w.process(small(8), func(c *projects.Config) { c.Clients = clients }).Create(t.Context(), "acme", bucket("b0"))
		if !deleted || !model.IsNotFound(err, model.NotFoundStack) {
			t.Errorf("creating a bucket in a project that is gone: %v", err)
		}
		w.nothingIsLeft()
	})
}

// TestShards_EntityTooLarge before another stack is made for it.
func TestShards_EntityTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process(func(c *projects.Config) {
			c.Budget = template.Budget()
			c.Budget.TemplateBytes = 10_000
		})
		must(t, w.process().CreateProject(t.Context(), acme()))
		big := bucket("big")
		big.Tags = map[string]string{}
		for i := range 40 {
			big.Tags[fmt.Sprintf("%s-%d", strings.Repeat("k", 100), i)] = strings.Repeat("v", 200)
		}
		var full *template.FullError
		if err := s.Create(t.Context(), "acme", big); !errors.As(err, &full) || full.Stack {
			t.Errorf("creating a bucket that fits nowhere: %v", err)
		}
		if got := w.stacks(); len(got) != 1 {
			t.Errorf("stacks %v: one was made for it", got)
		}
	})
}

// TestShards_MissingStack: what was in it is not taken for deleted.
func TestShards_MissingStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process(small(12))
		must(t, s.CreateProject(t.Context(), acme()))
		all(t, s, bucket("b0"), bucket("b1"), bucket("b2"))
		w.whole(2, 12, bucket("b0"), bucket("b1"), bucket("b2"))
		client := w.member().CloudFormation
		_, err := client.UpdateTerminationProtection(
			t.Context(),
			&cloudformation.UpdateTerminationProtectionInput{
				StackName: aws.String("stowage-acme-1"), EnableTerminationProtection: aws.Bool(false),
			},
		)
		must(t, err)
		_, err = client.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: aws.String("stowage-acme-1")})
		must(t, err)
		time.Sleep(time.Minute)
		for _, m := range []projects.ReadMode{projects.Verified, projects.Authoritative} {
			var missing *model.NotFoundError
			if _, err := w.process(mode(m)).Read(
				t.Context(), "acme",
			); !errors.As(err, &missing) || missing.Kind != model.NotFoundStack ||
				missing.Stack != "stowage-acme-1" {
				t.Errorf("%s: %v", m, err)
			}
		}
	})
}

// TestFiveThousandEntities fill several stacks of one project, with Terraform's parallelism raised
// as the guide says.
func TestFiveThousandEntities(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		s := w.process()
		must(t, s.CreateProject(t.Context(), acme()))
		var parents, permissions []model.Entity
		for i := range 1250 {
			parents = append(parents, bucket(fmt.Sprintf("b%d", i)))
		}
		for i := range 250 {
			parents = append(parents, model.User{Name: fmt.Sprintf("u%d", i)})
			for j := range 14 {
				permissions = append(
					permissions,
					model.Permission{User: fmt.Sprintf("u%d", i), Bucket: fmt.Sprintf("b%d", (i*5+j)%1250), Access: model.Read},
				)
			}
		}
		tf := terraform{parallelism: 250, before: 100 * time.Millisecond, rand: newRand(5000)}
		mustAll(t, tf.apply(creations(t.Context(), s, "acme", parents...)))
		mustAll(t, tf.apply(creations(t.Context(), s, "acme", permissions...)))
		view := w.whole(
			len(w.read(projects.Verified).Stacks),
			template.BudgetResources,
			slices.Concat(parents, permissions)...)
		t.Logf("%d entities in %d stacks", len(parents)+len(permissions), len(view.Stacks))
		if got := len(view.Stacks); got < 8 || got > 12 {
			t.Errorf("%d stacks", got)
		}
	})
}
