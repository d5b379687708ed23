package projects

import (
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// writer changes buckets, users and permissions.
type writer struct {
	registry *registry
	reader   *reader
}

// update changes an entity from change.Prior to change.Entity.
func (w *writer) update(ctx context.Context, project string, change template.Change) error {
	user, isUser := change.Entity.(model.User)
	before, known := change.Prior.(model.User)
	if !isUser || !known {
		return w.change(ctx, project, change)
	}
	change.Target = user
	for i, step := range model.KeySteps(before, user) {
		change.Entity = step
		err := w.change(ctx, project, change)
		if err != nil && i > 0 {
			err = model.AfterChange(err, "A first commit removed the access key that is to be replaced.")
		}
		if err != nil {
			return err
		}
		change.Prior = step
	}
	return nil
}

// change makes a change in its stack (see placement.go). A change that fails because of another
// stack's contents is retried with the current contents.
func (w *writer) change(ctx context.Context, project string, change template.Change) error {
	defer w.registry.process.warnings.enter()()
	change.Origin = w.registry.process.config.Origin
	t, err := w.reader.target(ctx, project)
	if err != nil {
		return err
	}
	if t.view.Contents.Project.Closing { // its stack may be gone already
		return &model.ConflictError{Kind: model.ConflictClosing, Project: project}
	}
	attempt := &attempt{target: t, change: change, full: map[int]bool{}}
	end, waited, err := t.project.changes.begin(ctx, attempt.id())
	if err != nil {
		return err
	}
	attempt.end = end
	defer func() { attempt.end() }()
	if waited {
		if err := t.again(ctx); err != nil {
			return err
		}
	}
	if err := attempt.run(ctx); err != nil {
		return err
	}
	if change.Op == template.Update {
		w.finish(ctx, project, change)
	} else {
		t.project.changes.creation(attempt.id(), change.Incarnation)
	}
	if permission, ok := change.Entity.(model.Permission); ok {
		t.project.warnHeadroom(permission)
	}
	return nil
}

// commit commits a change to the n-th stack, with what it needs of the others.
func (t *target) commit(ctx context.Context, n int, change template.Change) error {
	t.project.changes.locate(change.Entity.ID(), n)
	change.CrossStackRefs = t.view.crossStackRefs(n, change.Entity)
	return t.shard(n).commit(ctx, change)
}

// finish updates other stacks after an update: policies there still hold the bucket's or user's
// previous settings, and a permission can be in two stacks. The change itself is committed. A
// failure here is drift in the next plan, and applying that plan repairs it.
func (w *writer) finish(ctx context.Context, project string, change template.Change) {
	t, err := w.reader.target(ctx, project)
	if err != nil || len(t.view.shards) == 1 {
		return // the next read returns the error
	}
	id := change.Entity.ID()
	var group errgroup.Group
	follow := func(n int, change template.Change) {
		group.Go(func() error {
			if err := t.commit(ctx, n, change); err != nil {
				w.registry.process.config.Warn(
					ctx, "Policies in another stack could not be brought up to date; the next plan shows which",
					map[string]any{"project": project, "changed": id.String(), "stack": stackName(project, n), "error": err.Error()},
				)
			}
			return nil
		})
	}
	for _, o := range t.view.outdated() {
		if o.of == id {
			for _, permission := range o.permissions {
				follow(o.shard, template.Change{Op: template.Update, Entity: permission, Prior: permission, AnyIncarnation: true})
			}
		}
	}
	if shards := t.view.shardsOf(id); len(shards) > 1 {
		for _, n := range shards[1:] {
			follow(n, template.Change{Op: template.Delete, Entity: change.Entity, AnyIncarnation: true})
		}
	}
	_ = group.Wait() // failures are warnings
}

// attempt is a change in progress, which may try several stacks.
type attempt struct {
	*target

	change  template.Change
	end     func()       // ends the change, for other changes of the entity
	full    map[int]bool // stacks without room for it
	waiting int          // how often it has waited for what it needs
}

func (a *attempt) id() model.ID { return a.change.Entity.ID() }

// run commits the change until it succeeds or fails permanently.
func (a *attempt) run(ctx context.Context) error {
	for {
		if a.change.Op == template.Create && a.project.changes.twin(a.id(), a.view.Contents.IncarnationOf(a.id())) {
			return &model.ConflictError{Kind: model.ConflictDuplicate, ID: a.id()}
		}
		n, err := a.place(ctx)
		if err != nil {
			return err
		}
		if n >= len(a.view.shards) { // the project has just grown
			if err := a.again(ctx); err != nil {
				return err
			}
			continue
		}
		failure := a.commit(ctx, n, a.change)
		if failure == nil {
			return nil
		}
		again, err := a.retries(ctx, n, failure)
		if err != nil {
			return err
		}
		if !again {
			return a.bucketNameTaken(ctx, failure)
		}
		if err := a.again(ctx); err != nil {
			return err
		}
	}
}

// mostWaiting is how often a change waits for other stacks: a permission for its user and its
// bucket, and once more for a concurrent change.
const mostWaiting = 3

// retries reports whether a change that failed in the n-th stack is retried: in another stack, or
// after what it needs exists.
func (a *attempt) retries(ctx context.Context, n int, failure error) (again bool, err error) {
	if over := a.project.changes.deletion(a.id()); over != nil && model.IsConflict(failure, model.ConflictExists) {
		// This process is about to delete the entity, because a resource's address has changed.
		// Wait for the deletion.
		a.end()
		a.end, err = a.project.changes.beginAfter(ctx, a.id(), over)
		return err == nil, err
	}
	var full *template.FullError
	if errors.As(failure, &full) && full.Stack {
		a.full[n] = true
		return true, nil
	}
	if a.waiting == mostWaiting {
		return false, nil
	}
	a.waiting++
	var failed *commit.CommitError
	if isGone := model.IsNotFound(failure, model.NotFoundEntity); isGone ||
		errors.As(failure, &failed) && failed.NameTaken {
		// The entity may have been created in another stack, even one unknown to this process. Or
		// the same commit should have deleted it and did not.
		now, err := a.reader.now(ctx, a.project)
		if err != nil {
			return false, err
		}
		shards := now.shardsOf(a.id())
		if len(shards) > 0 && (isGone || !slices.Contains(shards, n)) {
			return true, nil
		}
	}
	var missing *model.NotFoundError
	if errors.As(failure, &missing) && missing.Kind == model.NotFoundParent {
		return a.parentArrived(ctx, missing.ID)
	}
	if errors.As(failure, &failed) && a.id().Kind == model.KindPermission && len(a.view.shards) > 1 {
		return a.policiesMoved(ctx, n)
	}
	return false, nil
}

// parentArrived reports whether the missing bucket or user of a permission exists now. This process
// may be about to create it, in another stack or in a later batch, or may have done so meanwhile.
func (a *attempt) parentArrived(ctx context.Context, parent model.ID) (arrived bool, err error) {
	if waited, err := a.project.changes.await(ctx, parent); waited || err != nil {
		return err == nil, err
	}
	now, err := a.reader.read(ctx, a.project.name)
	if err != nil {
		return false, err
	}
	return len(now.shardsOf(parent)) > 0 && len(a.view.shardsOf(parent)) == 0, nil
}

// policiesMoved reports whether another process has created a policy of the permission's user in
// another stack, with the number that was free.
func (a *attempt) policiesMoved(ctx context.Context, n int) (moved bool, err error) {
	a.project.memory.supersede()
	now, err := a.reader.read(ctx, a.project.name)
	if err != nil {
		return false, err
	}
	user, _, _ := strings.Cut(a.id().Name, "/")
	return !slices.Equal(a.view.policiesInOtherStacks(n, user)[user], now.policiesInOtherStacks(n, user)[user]), nil
}

// bucketNameTaken returns the error of a failed change. If another bucket of the project or the
// account has the physical name of the new bucket, it returns a model.ConflictBucketName or
// ConflictBucketKept error: CloudFormation only reports that the name is taken.
func (a *attempt) bucketNameTaken(ctx context.Context, failure error) error {
	bucket, ok := a.change.Entity.(model.Bucket)
	var refused *commit.CommitError
	if !ok || a.change.Op != template.Create || !errors.As(failure, &refused) {
		return failure
	}
	view, err := a.reader.read(ctx, a.project.name)
	if err != nil {
		return failure
	}
	env := view.Contents.Env
	by := model.ID{}
	switch bucket.BucketName {
	case model.LogBucketName(env.Project, env.AccountID, env.Region),
		model.TemplateBucketName(env.Project, env.AccountID, env.Region):
		by = model.ID{Kind: model.KindProject, Name: a.project.name}
	}
	for e := range view.Contents.Entities() {
		if other, ok := e.(model.Bucket); ok && other.Name != bucket.Name && other.BucketName == bucket.BucketName {
			by = other.ID()
		}
	}
	if by.Kind == "" {
		buckets := account.Buckets{S3: a.project.first().account.S3, AccountID: env.AccountID}
		if exists, err := buckets.Exists(ctx, bucket.BucketName); err != nil || !exists {
			return failure
		}
		return &model.ConflictError{
			Kind: model.ConflictBucketKept, Project: a.project.name, ID: bucket.ID(), Bucket: bucket.BucketName,
		}
	}
	return &model.ConflictError{
		Kind:    model.ConflictBucketName,
		Project: a.project.name,
		ID:      bucket.ID(),
		By:      []model.ID{by},
		Bucket:  bucket.BucketName,
	}
}
