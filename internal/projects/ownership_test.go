package projects_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/model/modeltest"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// exchange returns a bucket, a user with all optional parts, and a permission.
func exchange() []model.Entity {
	user := rotated(nil, "")
	user.SFTP = &model.SFTP{PublicKeys: []string{modeltest.PublicKey(0)}}
	return []model.Entity{bucket("inbox"), user, model.Permission{User: user.Name, Bucket: "inbox", Access: model.Read}}
}

// withServer is a world with a project that has an SFTP server and an exchange, all of the
// incarnation one.
func withServer(t *testing.T, change ...func(*projects.Config)) *world {
	t.Helper()
	w := newWorld(t, false)
	project := acme()
	project.SFTP = true
	first := w.process(change...)
	must(t, first.CreateProject(t.Context(), project, projects.As("one")))
	for _, e := range exchange() {
		must(t, first.Create(t.Context(), "acme", e, projects.As("one")))
	}
	return w
}

// wantExchange checks that all of an exchange is in AWS, with an incarnation.
func (w *world) wantExchange(incarnation string) {
	w.t.Helper()
	view := w.read(projects.Authoritative)
	for _, e := range exchange() {
		if got := view.Contents.IncarnationOf(e.ID()); got != incarnation {
			w.t.Errorf("the %s has the incarnation %q, want %q", e.ID(), got, incarnation)
		}
	}
	if len(view.Contents.Drift) > 0 {
		w.t.Errorf("drift %v", view.Contents.Drift)
	}
	if _, err := w.member().S3.GetBucketPolicy(
		w.t.Context(), &s3.GetBucketPolicyInput{Bucket: aws.String(bucket("inbox").BucketName)},
	); err != nil {
		w.t.Errorf("the bucket and its policy: %v", err)
	}
	there, _ := view.Contents.Of(model.User{Name: "partner"}.ID())
	user, ok := there.(model.User)
	if !ok {
		w.t.Fatal("the user is gone")
	}
	w.wantKeys(user)
	if home := w.sftpUser(view.Contents.Env.SFTPServerID, "partner").HomeDirectoryMappings; len(home) != 1 ||
		home[0].Entry != "/inbox" {
		w.t.Errorf("in SFTP the user has %+v", home)
	}
	policies, err := w.member().IAM.ListAttachedGroupPolicies(
		w.t.Context(), &iam.ListAttachedGroupPoliciesInput{GroupName: aws.String("acme-partner")},
	)
	must(w.t, err)
	if len(policies.AttachedPolicies) != 1 {
		w.t.Errorf("the user has %d policies", len(policies.AttachedPolicies))
	}
}

// TestOwnership_CreateBeforeDestroy creates what exists and then deletes it as the old object.
func TestOwnership_CreateBeforeDestroy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withServer(t, origin("ws"))
		s := w.process(origin("ws"))
		for _, e := range exchange() {
			must(t, s.Create(t.Context(), "acme", e, projects.As("two")))
		}
		entities := exchange()
		slices.Reverse(entities)
		for _, e := range entities {
			var another *model.ConflictError
			if err := s.Delete(
				t.Context(), "acme", e.ID(), projects.As("one"),
			); !errors.As(err, &another) || another.Kind != model.ConflictOwner ||
				another.Present != "two" {
				t.Errorf("deleting the old %s: %v", e.ID(), err)
			}
		}
		w.wantExchange("two")

		project := acme()
		project.SFTP = true
		must(t, s.CreateProject(t.Context(), project, projects.As("two")))
		w.resetCalls()
		if err := s.DeleteProject(t.Context(), "acme", projects.As("one")); !model.IsConflict(err, model.ConflictOwner) {
			t.Errorf("deleting the old project: %v", err)
		}
		if n := w.calls()["cloudformation.CreateChangeSet"]; n > 0 {
			t.Errorf("%d change sets for a project of another incarnation", n)
		}
		w.wantExchange("two")
		if w.read(projects.Authoritative).Contents.Project.Closing {
			t.Error("the project is closing")
		}
	})
}

// TestOwnership_RenamedAddress deletes and creates each entity at once, as Terraform does when the
// address of a resource changes. The one goes first that comes first. Without an origin a creation
// fails that comes before the deletion, as when the deletion waits for another resource. In no case
// does an acknowledged creation leave nothing.
func TestOwnership_RenamedAddress(t *testing.T) {
	for _, o := range []string{"", "ws"} {
		for _, after := range []time.Duration{-5 * time.Second, -10 * time.Millisecond, 0, 10 * time.Millisecond, 5 * time.Second} {
			t.Run(fmt.Sprintf("origin %q, creation %s after the deletion", o, after), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { renamed(t, o, after) })
			})
		}
	}
}

func renamed(t *testing.T, o string, after time.Duration) {
	w := withServer(t, origin(o))
	w.box.World().Latency = sandbox.LatencyAWS()
	s := w.process(origin(o))
	entities := exchange()
	created, deleted := make([]error, len(entities)), make([]error, len(entities))
	parents, permission := make(chan struct{}, 2), make(chan struct{})
	var group sync.WaitGroup
	for i, e := range entities {
		_, isPermission := e.(model.Permission) // it is created after the others, and deleted before them
		group.Go(func() {
			time.Sleep(max(-after, 0))
			if !isPermission {
				<-permission
			} else {
				defer close(permission)
			}
			deleted[i] = s.Delete(t.Context(), "acme", e.ID(), projects.As("one"))
		})
		group.Go(func() {
			time.Sleep(max(after, 0))
			if isPermission {
				<-parents
				<-parents
			} else {
				defer func() { parents <- struct{}{} }()
			}
			created[i] = s.Create(t.Context(), "acme", e, projects.As("two"))
		})
	}
	group.Wait()
	for i, e := range entities {
		if deleted[i] != nil && !model.IsConflict(deleted[i], model.ConflictOwner) {
			t.Errorf("deleting the %s: %v", e.ID(), deleted[i])
		}
		var missing *model.NotFoundError
		switch early := model.IsConflict(created[i], model.ConflictExists) || errors.As(created[i], &missing); {
		case early && o == "" && after < 5*time.Second: // the next apply creates it
			must(t, s.Create(t.Context(), "acme", e, projects.As("two")))
		case created[i] != nil:
			t.Errorf("creating the %s: %v", e.ID(), created[i])
		}
	}
	w.wantExchange("two")
}

// TestOwnership_RenamedAddressAlone deletes and creates one bucket at once: whichever call comes
// first, both succeed.
func TestOwnership_RenamedAddressAlone(t *testing.T) {
	for _, after := range []time.Duration{-10 * time.Millisecond, 0, 10 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, true)
			s := w.process()
			must(t, s.CreateProject(t.Context(), acme()))
			must(t, s.Create(t.Context(), "acme", bucket("inbox"), projects.As("one")))
			s = w.process()
			var group sync.WaitGroup
			group.Go(func() {
				time.Sleep(max(-after, 0))
				must(t, s.Delete(t.Context(), "acme", bucket("inbox").ID(), projects.As("one")))
			})
			group.Go(func() {
				time.Sleep(max(after, 0))
				must(t, s.Create(t.Context(), "acme", bucket("inbox"), projects.As("two")))
			})
			group.Wait()
			if got := w.read(projects.Authoritative).Contents.IncarnationOf(bucket("inbox").ID()); got != "two" {
				t.Errorf("the incarnation is %q", got)
			}
			_, err := w.member().S3.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String(bucket("inbox").BucketName)})
			must(t, err)
		})
	}
}

// TestOwnership_TwinsInOneProcess creates the same thing twice at once, and one after the other.
func TestOwnership_TwinsInOneProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		s := w.process(origin("ws"))
		twice := func(create func(incarnation string) error) {
			t.Helper()
			errs := make([]error, 3)
			var group sync.WaitGroup
			for i := range 2 {
				group.Go(func() { errs[i] = create(fmt.Sprint("twin", i)) })
			}
			group.Wait()
			errs[2] = create("a third")
			twins := 0
			for _, err := range errs {
				if model.IsConflict(err, model.ConflictDuplicate) {
					twins++
				} else if err != nil {
					t.Errorf("creating twice: %v", err)
				}
			}
			if twins != 2 {
				t.Errorf("%v: %d are refused as twins, want 2", errs, twins)
			}
		}
		twice(func(incarnation string) error { return s.CreateProject(t.Context(), acme(), projects.As(incarnation)) })
		twice(func(incarnation string) error {
			return s.Create(t.Context(), "acme", bucket("inbox"), projects.As(incarnation))
		})
		// What was deleted in between is no twin.
		must(t, s.Delete(t.Context(), "acme", bucket("inbox").ID()))
		must(t, s.Create(t.Context(), "acme", bucket("inbox"), projects.As("again")))
	})
}

// TestOwnership_StaleViewDeletesNothing deletes by what the process read before another one took
// the bucket over.
func TestOwnership_StaleViewDeletesNothing(t *testing.T) {
	for _, onDelete := range []model.OnDelete{model.Refuse, model.Empty} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, false)
			first := w.process(origin("ws"))
			must(t, first.CreateProject(t.Context(), acme()))
			inbox := bucket("inbox")
			inbox.OnDelete = onDelete
			must(t, first.Create(t.Context(), "acme", inbox, projects.As("one")))
			must(t, w.process(origin("ws")).Create(t.Context(), "acme", inbox, projects.As("two")))
			if err := first.Delete(t.Context(), "acme", inbox.ID(), projects.As("one")); !model.IsConflict(
				err, model.ConflictOwner,
			) {
				t.Errorf("on_delete = %q: %v", onDelete, err)
			}
			_, err := w.member().S3.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String(inbox.BucketName)})
			must(t, err)
		})
	}
}

// TestOwnership_BucketLost takes a bucket over while another process has deleted it and not yet
// said so in the template.
func TestOwnership_BucketLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		must(t, w.process(origin("ws")).CreateProject(t.Context(), acme()))
		must(t, w.process(origin("ws")).Create(t.Context(), "acme", bucket("inbox"), projects.As("one")))
		clients := w.clientsBy(sandbox.HubAccount, before("CreateChangeSet", "stowage-acme-0", func() {
			must(t, w.process(origin("ws")).Create(t.Context(), "acme", bucket("inbox"), projects.As("two")))
		}))
		var lost *projects.BucketLostError
		err := w.process(origin("ws"), func(c *projects.Config) { c.Clients = clients }).Delete(
			t.Context(), "acme", bucket("inbox").ID(), projects.As("one"),
		)
		if !errors.As(err, &lost) || lost.Bucket != bucket("inbox").BucketName {
			t.Errorf("the deletion says %v", err)
		}
		// As the error says, replacing it repairs it.
		s := w.process(origin("ws"))
		must(t, s.Delete(t.Context(), "acme", bucket("inbox").ID(), projects.As("two")))
		must(t, s.Create(t.Context(), "acme", bucket("inbox"), projects.As("three")))
		_, err = w.member().S3.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String(bucket("inbox").BucketName)})
		must(t, err)
	})
}

// TestOwnership_SeveralStacks: an entity's incarnation is that in its own stack.
func TestOwnership_SeveralStacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process(small(12), origin("ws"))
		must(t, s.CreateProject(t.Context(), acme()))
		for i := range 4 {
			must(t, s.Create(t.Context(), "acme", bucket(fmt.Sprint("b", i)), projects.As(fmt.Sprint("i", i))))
		}
		other := w.process(small(12), origin("ws"))
		for i := range 4 {
			id := bucket(fmt.Sprint("b", i)).ID()
			view := w.read(projects.Verified)
			if got := view.Contents.IncarnationOf(id); got != fmt.Sprint("i", i) || view.Contents.Origins[id.String()] != "ws" {
				t.Errorf("%s has the incarnation %q", id, got)
			}
			if err := other.Delete(t.Context(), "acme", id, projects.As("i9")); !model.IsConflict(err, model.ConflictOwner) {
				t.Errorf("deleting another incarnation: %v", err)
			}
			must(t, other.Delete(t.Context(), "acme", id, projects.As(fmt.Sprint("i", i))))
		}
		if n := len(w.read(projects.Authoritative).Stacks); n < 2 {
			t.Errorf("%d stacks: the test shows little", n)
		}
	})
}

// TestThreeWay_Projects: a plan that was saved changes what it has shown, and leaves alone what
// others have changed since.
func TestThreeWay_Projects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process()
		must(t, s.CreateProject(t.Context(), acme(), projects.As("one")))
		must(t, s.Create(t.Context(), "acme", bucket("inbox"), projects.As("one")))
		tagged, retained := acme(), acme()
		tagged.Tags, retained.OnDelete = map[string]string{"client": "Acme"}, model.Retain
		must(t, w.process().UpdateProject(t.Context(), tagged, projects.As("one"), projects.From(acme())))
		must(t, s.UpdateProject(t.Context(), retained, projects.As("one"), projects.From(acme())))
		want := tagged
		want.OnDelete, want.RoleName = model.Retain, "StowageProvisioner"
		if diff := cmp.Diff(&want, w.read(projects.Authoritative).Contents.Project); diff != "" {
			t.Errorf("the project (-want +got): %s", diff)
		}
		if err := s.UpdateProject(t.Context(), retained, projects.As("two"), projects.From(acme())); !model.IsConflict(
			err, model.ConflictOwner,
		) {
			t.Errorf("updating another incarnation: %v", err)
		}
		empty := acme()
		empty.OnDelete = model.Empty
		var conflict *model.FieldConflictError
		if err := s.UpdateProject(t.Context(), empty, projects.As("one"), projects.From(acme())); !errors.As(err, &conflict) {
			t.Errorf("changing what another one has changed: %v", err)
		}
	})
}
