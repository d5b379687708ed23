package projects

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Delete removes a bucket, user or permission; what is gone already counts as deleted, unless that is uncertain, which is a
// *commit.StaleTemplateError. A bucket's data is treated as its on_delete says, as it stands in the model: with "refuse" a bucket that holds
// anything is an *account.NotEmptyError.
//
// A bucket is deleted before the model forgets it. S3 refuses to delete one to which data came in the meantime, and then
// nothing has changed; the commit retains and so touches nothing. Whatever crash in between is mended by deleting again.
func (s *Service) Delete(ctx context.Context, project string, id model.ID) error {
	return s.remove(ctx, project, id, nil)
}

// DeleteAs is Delete for the holder of an incarnation (package template, Ownership). An entity of another incarnation is left
// alone, with a model.ConflictOwner error.
func (s *Service) DeleteAs(ctx context.Context, project string, id model.ID, incarnation string) error {
	return s.remove(ctx, project, id, &incarnation)
}

// remove deletes an entity of the incarnation that the caller holds; nil for any.
func (s *Service) remove(ctx context.Context, project string, id model.ID, held *string) error {
	defer s.count()()
	t, err := s.existing(ctx, project)
	if err != nil {
		return ignoreUnknown(err)
	}
	defer t.p.deleting(id)()
	for {
		entity, err := s.deletable(ctx, t, id, held)
		if entity == nil || err != nil {
			return err
		}
		end, waited, err := t.p.begin(ctx, id)
		if err != nil {
			return err
		}
		if !waited {
			defer end()
			return s.removeUnused(ctx, t, entity)
		}
		end()
		if t.view, err = s.Read(ctx, project); err != nil {
			return ignoreUnknown(err)
		}
	}
}

// deletable is the entity that is to be deleted, once no permission needs it; nil when there is none. It brings the view of the
// target up to date where that is needed to tell.
func (s *Service) deletable(ctx context.Context, t *target, id model.ID, held *string) (model.Entity, error) {
	entity, there := t.view.Contents.Of(id)
	another := there && held != nil && t.view.Contents.IncarnationOf(id) != *held
	bucket, ok := entity.(model.Bucket)
	if !there || another || ok && bucket.OnDelete != model.Retain {
		// Since the project was read, somebody may have made it. And a bucket goes only by what the template says now: another
		// caller may have taken it over, or taken back that its data goes; and only the template has its physical name for certain.
		var err error
		if t.view, err = s.now(ctx, t); err != nil {
			return nil, err
		}
	}
	for checked := false; ; checked = true {
		entity, there = t.view.Contents.Of(id)
		incarnation := t.view.Contents.IncarnationOf(id)
		switch {
		case !there:
			return nil, t.view.certain(t.p.name, id)
		case held != nil && incarnation != *held:
			return nil, &model.ConflictError{Kind: model.ConflictOwner, ID: id, Held: *held, Present: incarnation, Origin: t.view.Contents.Origins[id.String()]}
		case checked:
			return entity, t.view.Contents.MismatchOf(id)
		}
		if err := s.unused(ctx, t, id); err != nil {
			return nil, err
		}
	}
}

// removeUnused deletes an entity as the view of the target shows it. Another incarnation that came meanwhile is left alone.
func (s *Service) removeUnused(ctx context.Context, t *target, entity model.Entity) error {
	id := entity.ID()
	bucket, isBucket := entity.(model.Bucket)
	done := "" // what was changed so far
	if isBucket {
		var err error
		if done, err = s.dispose(ctx, t.first, bucket.BucketName, bucket.OnDelete); err != nil {
			return err
		}
	}
	for _, n := range t.view.homes(id) {
		change := template.Change{Op: template.Delete, Entity: entity, Incarnation: t.view.shards[n].contents.IncarnationOf(id)}
		err := s.commitIn(ctx, t, n, change)
		var another *model.ConflictError
		if errors.As(err, &another) && another.Kind == model.ConflictOwner && isBucket && bucket.OnDelete != model.Retain {
			return &BucketLostError{ID: id, Bucket: bucket.BucketName, Done: done, Err: another}
		}
		if err != nil && done != "" {
			err = model.AfterChange(err, done)
		}
		if err != nil {
			return err
		}
		done = fmt.Sprintf("It was removed from the stack %s.", stackName(t.p.name, n))
	}
	t.p.hasCreated(id, "")
	return nil
}

func ignoreUnknown(err error) error {
	if model.IsNotFound(err, model.NotFoundProject) {
		return nil
	}
	return err
}

// unused makes sure that no permission needs a bucket, nor in another stack a user, that is about to be deleted: within a stack
// the commit sees to it. It waits for the permissions that this process is deleting, and looks again before it refuses: somebody else may
// have deleted them since this process read the project.
func (s *Service) unused(ctx context.Context, t *target, id model.ID) error {
	for looked := false; ; {
		by := t.view.neededBy(id)
		if len(by) == 0 {
			return nil
		}
		waited, err := t.p.await(ctx, by...)
		switch {
		case err != nil:
		case waited:
			t.view, err = s.Read(ctx, t.p.name)
		case looked:
			err = &model.ConflictError{Kind: model.ConflictInUse, ID: id, By: by}
		default:
			looked = true
			t.view, err = s.now(ctx, t)
		}
		if err != nil {
			return err
		}
	}
}

// neededBy are the permissions that need a bucket, and those that need a user from another stack than its own.
func (v *View) neededBy(id model.ID) []model.ID {
	var by []model.ID
	for n, shard := range v.shards {
		if shard == nil || id.Kind != model.KindBucket && id.Kind != model.KindUser {
			continue
		}
		if _, here := shard.contents.Of(id); here && id.Kind == model.KindUser {
			continue
		}
		for _, permission := range permissionsOn(v.shards[n], id) {
			by = append(by, permission.ID())
		}
	}
	return by
}

// dispose does with a bucket what on_delete says, and returns what that was, for an error that comes after it. bucket is the
// physical name that the template has; "" when it has none.
func (s *Service) dispose(ctx context.Context, d *shard, bucket string, onDelete model.OnDelete) (done string, err error) {
	if bucket == "" {
		return "", nil
	}
	buckets := account.Buckets{S3: d.account.S3, AccountID: d.env.AccountID}
	var emptied account.Contents
	switch onDelete {
	case model.Retain:
		return "", nil
	case model.Empty:
		emptied, err = s.empty(ctx, buckets, bucket)
	case model.Refuse:
		err = refused(buckets.CheckEmpty(ctx, bucket))
	}
	if err != nil {
		return "", err
	}
	data := ""
	if !emptied.Empty() {
		data = fmt.Sprintf(" Deleted from it: %s.", emptied)
	}
	err = buckets.Delete(ctx, bucket)
	switch {
	case err != nil && onDelete == model.Refuse:
		return "", refused(err)
	case err != nil && data != "":
		return "", model.AfterChange(err, fmt.Sprintf("The bucket %s was emptied.%s", bucket, data))
	case err != nil:
		return "", err
	}
	return fmt.Sprintf("The bucket %s no longer exists.%s", bucket, data), nil
}

func (s *Service) empty(ctx context.Context, buckets account.Buckets, bucket string) (account.Contents, error) {
	return buckets.Empty(ctx, bucket, func(deleted int) {
		s.config.Log(ctx, "Emptying the bucket", map[string]any{"bucket": bucket, "deleted": deleted})
	})
}

// refused marks the error of a bucket that on_delete = "refuse" protects.
func refused(err error) error {
	var full *account.NotEmptyError
	if errors.As(err, &full) {
		full.Refused = true
	}
	return err
}

// DeleteProject deletes a project in which nothing is left, with its log bucket and key as its on_delete says. A project that
// is gone already counts as deleted.
//
// First everything is checked, then commits close the stacks, so that nobody adds to the project any more: the others before the
// first, which takes it only if the project has not grown meanwhile, and from which on it can't grow. The buckets and
// the key go while the first stack still tells the key's ARN: so every step can be repeated after a crash. The stacks go by their ids,
// the last one first, then the directory entry, which comes back if somebody has made the project anew meanwhile. The mirror is last:
// it alone still shows, once the first stack is gone, that the project was closing.
func (s *Service) DeleteProject(ctx context.Context, name string) error {
	return s.deleteProject(ctx, name, nil)
}

// DeleteProjectAs is DeleteProject for the holder of an incarnation (package template, Ownership). A project of another
// incarnation is left alone, with a model.ConflictOwner error.
func (s *Service) DeleteProjectAs(ctx context.Context, name, incarnation string) error {
	return s.deleteProject(ctx, name, &incarnation)
}

// deleteProject deletes a project of the incarnation that the caller holds; nil for any.
func (s *Service) deleteProject(ctx context.Context, name string, held *string) error {
	h, err := s.open(ctx)
	if err != nil {
		return err
	}
	listing, err := s.listing(ctx, h, name)
	if err != nil {
		if model.IsNotFound(err, model.NotFoundProject) {
			s.forgetMirrored(ctx, h, name)
			return nil
		}
		return err
	}
	p := s.project(name)
	first, err := s.reach(ctx, h, p, &mirror.Snapshot{})
	if err != nil {
		return err
	}
	for again := false; ; again = true {
		err := s.deleteStacks(ctx, &target{h: h, p: p, first: first}, held)
		if err == nil {
			break
		}
		// Somebody may have added a stack, or something to one, which was not looked at yet.
		if !model.IsConflict(err, model.ConflictStackAdded, model.ConflictStackChanged) {
			if explanation, _ := model.Explain(err); again && explanation.Changed == model.ChangedNothing {
				err = model.AfterChange(err, closedStacks)
			}
			return err
		}
	}
	const deleted = "The stacks of the project were deleted."
	if err := s.commit(ctx, h.directory, template.Change{Op: template.Delete, Entity: *listing}); err != nil {
		return model.AfterChange(err, deleted)
	}
	defer s.forget(name)
	anew, err := s.readTemplate(ctx, h, first)
	if err != nil {
		return model.AfterChange(err, deleted)
	}
	if anew != nil && anew.contents.Project != nil && !anew.contents.Project.Closing {
		return s.enter(ctx, h, anew.contents.Project.Listing())
	}
	s.forgetMirrored(ctx, h, name)
	return nil
}

// deleteStacks deletes the stacks of a project, and what it holds besides them. It returns a model.ConflictStackAdded error when the
// project has grown in between, and a model.ConflictStackChanged error when a stack has changed.
func (s *Service) deleteStacks(ctx context.Context, t *target, held *string) error {
	read, err := s.readTemplate(ctx, t.h, t.first)
	if err != nil {
		return err
	}
	var others []*shard
	if read != nil && read.contents.Project != nil {
		id := read.contents.Project.ID()
		if present := read.contents.IncarnationOf(id); held != nil && present != *held {
			return &model.ConflictError{Kind: model.ConflictOwner, ID: id, Held: *held, Present: present, Origin: read.contents.Origins[id.String()]}
		}
		shards, err := s.readOthers(t.h, t.p, t.first, read, func(d *shard) (*shardRead, error) { return s.readTemplate(ctx, t.h, d) })
		if err != nil {
			return err
		}
		t.view = newView(t.p.name, shards)
		// The next stack is there if somebody died after making it, or is making it.
		for n := 1; n <= len(shards); n++ {
			others = append(others, s.newSibling(t.h, t.first, n, read.contents.Env.Shared, false))
		}
		if err := s.deleteContents(ctx, t, others); err != nil {
			return err
		}
		read = t.first.seen() // closed
	}
	for _, d := range slices.Backward(others) {
		if err := s.deleteStack(ctx, d, d.seen()); err != nil {
			return model.AfterChange(err, closed)
		}
	}
	err = s.deleteStack(ctx, t.first, read)
	if err != nil && t.view != nil {
		return model.AfterChange(err, closed)
	}
	return err
}

// deleteStack deletes a stack that holds what was read of it; with nil, one that has never held anything.
func (s *Service) deleteStack(ctx context.Context, d *shard, read *shardRead) error {
	return d.stack.Delete(ctx, s.token(), func(now commit.Description) bool {
		if read == nil {
			return now.Status == cfn.ReviewInProgress
		}
		return now.StackID == read.version.StackID && now.ChangeSetID == read.version.ChangeSetID
	})
}

// forgetMirrored clears the mirror of a project that is gone.
func (s *Service) forgetMirrored(ctx context.Context, h *hub, name string) {
	if err := h.table.Forget(ctx, name); err != nil {
		s.warnMirror(ctx, "cleared", name, err)
	}
}

// deleteContents closes a project and deletes what it holds besides its stacks.
func (s *Service) deleteContents(ctx context.Context, t *target, others []*shard) error {
	contents, d := t.view.Contents, t.first
	p := *contents.Project
	if by := entities(&contents); len(by) > 0 {
		return &model.ConflictError{Kind: model.ConflictInUse, ID: p.ID(), By: by}
	}
	if err := contents.MismatchOf(p.ID()); err != nil {
		return err
	}
	buckets := account.Buckets{S3: d.account.S3, AccountID: d.env.AccountID}
	if p.OnDelete != model.Retain {
		if err := checkKeyUnused(ctx, buckets, contents.Env.KeyARN); err != nil {
			return err
		}
	}
	if p.OnDelete == model.Refuse && contents.LogBucket != "" {
		if err := buckets.CheckEmpty(ctx, contents.LogBucket); err != nil {
			return refused(err)
		}
	}
	if err := s.closeStacks(ctx, t, others); err != nil {
		return err
	}
	if err := s.disposeShared(ctx, d, &contents); err != nil {
		return model.AfterChange(err, closed)
	}
	return nil
}

// closed and closedStacks are what was changed of a project whose deletion fails after it has begun.
const (
	closed       = "The project is closed: it accepts no changes until its deletion is finished."
	closedStacks = "Stacks of the project are closed: they accept no changes until its deletion is finished."
)

// disposeShared deletes the buckets and the key that the entities of a project have shared, as its on_delete says.
func (s *Service) disposeShared(ctx context.Context, d *shard, contents *template.Contents) error {
	p := *contents.Project
	logs, err := s.dispose(ctx, d, contents.LogBucket, p.OnDelete)
	if err != nil {
		return err
	}
	// Uploaded templates are copies of what CloudFormation keeps: nothing is lost with them.
	if _, err = s.dispose(ctx, d, contents.TemplateBucket, model.Empty); err == nil && p.OnDelete != model.Retain && contents.Env.KeyARN != "" {
		err = account.ScheduleKeyDeletion(ctx, d.account.KMS, contents.Env.KeyARN)
	}
	if err != nil && logs != "" {
		return model.AfterChange(err, logs)
	}
	return err
}

// closeStacks lets the stacks of a project take nothing more: those beside the first, then the first, if they are all.
func (s *Service) closeStacks(ctx context.Context, t *target, others []*shard) error {
	errs := make([]error, len(others))
	var group sync.WaitGroup
	for i, d := range others {
		group.Go(func() {
			err := s.commit(ctx, d, template.Change{Op: template.Close, Entity: model.Project{Name: t.p.name}})
			if !model.IsNotFound(err, model.NotFoundStack) { // an earlier deletion has got so far, or nobody has made it
				errs[i] = err
			}
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		if slices.Contains(errs, nil) {
			err = model.AfterChange(err, closedStacks)
		}
		return err
	}
	p := *t.view.Contents.Project
	if p.Closing {
		return nil
	}
	p.Closing = true
	err := s.commit(ctx, t.first, template.Change{
		Op: template.Update, Entity: p, Incarnation: t.view.Contents.IncarnationOf(p.ID()), Shards: len(t.view.shards),
	})
	if err != nil && len(t.view.shards) > 1 {
		return model.AfterChange(err, closedStacks)
	}
	return err
}

func entities(contents *template.Contents) []model.ID {
	var ids []model.ID
	for e := range contents.Entities() {
		if e.ID().Kind != model.KindProject {
			ids = append(ids, e.ID())
		}
	}
	return ids
}

// checkKeyUnused refuses to give up a key with which a bucket of the account is still encrypted: its data would be lost.
func checkKeyUnused(ctx context.Context, buckets account.Buckets, key string) error {
	if key == "" {
		return nil
	}
	bucket, err := buckets.EncryptedWith(ctx, key)
	if err != nil {
		return err
	}
	if bucket != "" {
		return keyInUse(bucket, key)
	}
	return nil
}
