package projects

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// The deletion of a project. First everything is checked, then commits close the stacks, so that
// nothing is added to the project any more. The first stack is closed last, only if the project has
// not grown meanwhile; then it can't grow any more. The buckets and the key are deleted while the
// first stack still has the key's ARN, so every step can be repeated after a crash. The stacks are
// deleted by their IDs, the last one first, then the directory entry, which is restored if another
// process has created the project again. The mirror is last: once the first stack is deleted, only
// the mirror shows that the project was closing.

// delete deletes a project with the caller's incarnation; nil for any.
func (lc *lifecycle) delete(ctx context.Context, name string, held *string) error {
	hub, err := lc.registry.open(ctx)
	if err != nil {
		return err
	}
	entry, err := hub.directory.entry(ctx, name)
	if err != nil {
		if model.IsNotFound(err, model.NotFoundProject) {
			hub.clearMirror(ctx, name)
			return nil
		}
		return err
	}
	proj := hub.project(name)
	first, err := proj.reach(ctx, &mirror.Snapshot{})
	if err != nil {
		return err
	}
	for again := false; ; again = true {
		d := &projectDeletion{target: &target{reader: lc.reader, project: proj}, first: first, held: held}
		err := d.run(ctx)
		if err == nil {
			break
		}
		// A stack, or an entity in one, may have been added that was not checked yet.
		if !model.IsConflict(err, model.ConflictStackAdded, model.ConflictStackChanged) {
			if explanation, _ := model.Explain(err); again && explanation.Changed == model.ChangedNothing {
				err = model.AfterChange(err, closedStacks)
			}
			return err
		}
	}
	const deleted = "The stacks of the project were deleted."
	if err := hub.directory.remove(ctx, *entry); err != nil {
		return model.AfterChange(err, deleted)
	}
	defer hub.forget(name)
	anew, err := first.readTemplate(ctx)
	if err != nil {
		return model.AfterChange(err, deleted)
	}
	if anew != nil && anew.contents.Project != nil && !anew.contents.Project.Closing {
		return hub.directory.register(ctx, anew.contents.Project.DirectoryEntry())
	}
	hub.clearMirror(ctx, name)
	return nil
}

// projectDeletion deletes the stacks of a project, and what it holds besides them.
type projectDeletion struct {
	*target

	first  *shard
	others []*shard // including the next stack, which exists if a process died after creating it, or is creating it
	held   *string  // the caller's incarnation; nil for any
}

// run deletes the stacks. It returns a model.ConflictStackAdded error when the project has grown
// meanwhile, and a model.ConflictStackChanged error when a stack has changed.
func (d *projectDeletion) run(ctx context.Context) error {
	read, err := d.first.readTemplate(ctx)
	if err != nil {
		return err
	}
	if read != nil && read.contents.Project != nil {
		id := read.contents.Project.ID()
		if d.held != nil && read.contents.IncarnationOf(id) != *d.held {
			return ownedByAnother(read.contents, id, *d.held)
		}
		shards, err := d.project.readOthers(read, func(sh *shard) (*shardRead, error) { return sh.readTemplate(ctx) })
		if err != nil {
			return err
		}
		d.view = newView(d.project.name, shards)
		for n := 1; n <= len(shards); n++ {
			d.others = append(d.others, d.project.newSibling(n, read.contents.Env.Shared, false))
		}
		if err := d.deleteContents(ctx); err != nil {
			return err
		}
		read = d.first.seen() // closed
	}
	for _, sh := range slices.Backward(d.others) {
		if err := sh.delete(ctx, sh.seen()); err != nil {
			return model.AfterChange(err, closed)
		}
	}
	err = d.first.delete(ctx, read)
	if err != nil && d.view != nil {
		return model.AfterChange(err, closed)
	}
	return err
}

// deleteContents closes a project and deletes what it holds besides its stacks.
func (d *projectDeletion) deleteContents(ctx context.Context) error {
	contents := &d.view.Contents
	p := *contents.Project
	if by := entities(contents); len(by) > 0 {
		return &model.ConflictError{Kind: model.ConflictInUse, ID: p.ID(), By: by}
	}
	if err := contents.MismatchOf(p.ID()); err != nil {
		return err
	}
	buckets := d.first.buckets()
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
	if err := d.closeStacks(ctx); err != nil {
		return err
	}
	if err := d.deleteShared(ctx); err != nil {
		return model.AfterChange(err, closed)
	}
	return nil
}

// closed and closedStacks describe what was changed when a deletion fails after it has begun.
const (
	closed       = "The project is closed: it accepts no changes until its deletion is finished."
	closedStacks = "Stacks of the project are closed: they accept no changes until its deletion is finished."
)

// deleteShared deletes the buckets and the key that a project's entities shared, according to
// on_delete.
func (d *projectDeletion) deleteShared(ctx context.Context) error {
	contents, onDelete := &d.view.Contents, d.view.Contents.Project.OnDelete
	logs, err := d.first.applyOnDelete(ctx, contents.LogBucket, onDelete)
	if err != nil {
		return err
	}
	// Uploaded templates are copies of what CloudFormation keeps: nothing is lost.
	_, err = d.first.applyOnDelete(ctx, contents.TemplateBucket, model.Empty)
	if err == nil && onDelete != model.Retain && contents.Env.KeyARN != "" {
		err = account.ScheduleKeyDeletion(ctx, d.first.account.KMS, contents.Env.KeyARN)
	}
	if err != nil && logs != "" {
		return model.AfterChange(err, logs)
	}
	return err
}

// closeStacks closes the stacks of a project: all but the first, then the first if the project has
// not grown.
func (d *projectDeletion) closeStacks(ctx context.Context) error {
	errs := make([]error, len(d.others))
	var group errgroup.Group
	for i, sh := range d.others {
		group.Go(func() error {
			err := sh.commit(ctx, template.Change{Op: template.Close, Entity: model.Project{Name: d.project.name}})
			if !model.IsNotFound(err, model.NotFoundStack) { // an earlier deletion deleted it, or it was never created
				errs[i] = err
			}
			return nil
		})
	}
	_ = group.Wait() // all errors are returned
	if err := errors.Join(errs...); err != nil {
		if slices.Contains(errs, nil) {
			err = model.AfterChange(err, closedStacks)
		}
		return err
	}
	p := *d.view.Contents.Project
	if p.Closing {
		return nil
	}
	p.Closing = true
	err := d.first.commit(ctx, template.Change{
		Op: template.Update, Entity: p, Incarnation: d.view.Contents.IncarnationOf(p.ID()), Shards: len(d.view.shards),
	})
	if err != nil && len(d.view.shards) > 1 {
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

// checkKeyUnused refuses to delete a key that still encrypts a bucket of the account: its data
// would be lost.
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
