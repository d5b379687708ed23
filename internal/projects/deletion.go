package projects

import (
	"context"
	"errors"
	"fmt"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// deletion is the deletion of an entity with the caller's incarnation; nil for any.
type deletion struct {
	*target

	id   model.ID
	held *string
}

// delete deletes an entity with the caller's incarnation; nil for any.
func (w *writer) delete(ctx context.Context, project string, id model.ID, held *string) error {
	defer w.registry.process.warnings.enter()()
	t, err := w.reader.target(ctx, project)
	if err != nil {
		return ignoreUnknown(err)
	}
	defer t.project.changes.deleting(id)()
	d := &deletion{t, id, held}
	for {
		entity, err := d.deletable(ctx)
		if entity == nil || err != nil {
			return err
		}
		end, waited, err := t.project.changes.begin(ctx, id)
		if err != nil {
			return err
		}
		if !waited {
			err := d.remove(ctx, entity)
			end()
			return err
		}
		end()
		if err := t.again(ctx); err != nil {
			return ignoreUnknown(err)
		}
	}
}

func ignoreUnknown(err error) error {
	if model.IsNotFound(err, model.NotFoundProject) {
		return nil
	}
	return err
}

// deletable returns the entity to delete, once no permission needs it; nil when there is none. It
// refreshes the view of the target if necessary.
func (d *deletion) deletable(ctx context.Context) (model.Entity, error) {
	entity, there := d.view.Contents.Of(d.id)
	another := there && d.held != nil && d.view.Contents.IncarnationOf(d.id) != *d.held
	bucket, ok := entity.(model.Bucket)
	if !there || another || ok && bucket.OnDelete != model.Retain {
		// Another writer may have created the entity since the project was read. And deleting a
		// bucket requires the current template: another caller may have taken it over or changed
		// its on_delete, and only the template has its physical name.
		if err := d.now(ctx); err != nil {
			return nil, err
		}
	}
	for checked := false; ; checked = true {
		entity, there = d.view.Contents.Of(d.id)
		incarnation := d.view.Contents.IncarnationOf(d.id)
		switch {
		case !there:
			return nil, d.view.certain(d.project.name, d.id)
		case d.held != nil && incarnation != *d.held:
			return nil, ownedByAnother(&d.view.Contents, d.id, *d.held)
		case checked:
			return entity, d.view.Contents.MismatchOf(d.id)
		}
		if err := d.unused(ctx); err != nil {
			return nil, err
		}
	}
}

// ownedByAnother returns the error for an entity with another incarnation than the caller's.
func ownedByAnother(contents *template.Contents, id model.ID, held string) error {
	return &model.ConflictError{
		Kind:    model.ConflictOwner,
		ID:      id,
		Held:    held,
		Present: contents.IncarnationOf(id),
		Origin:  contents.Origins[id.String()],
	}
}

// now reads the target's templates.
func (d *deletion) now(ctx context.Context) (err error) {
	d.view, err = d.reader.now(ctx, d.project)
	return err
}

// unused checks that no permission needs the bucket to delete, or needs the user from another
// stack. Within a stack the commit checks it. It waits for the permissions that this process is
// deleting. Before it refuses, it reads the project again: another process may have deleted them.
func (d *deletion) unused(ctx context.Context) error {
	for looked := false; ; {
		by := d.view.neededBy(d.id)
		if len(by) == 0 {
			return nil
		}
		waited, err := d.project.changes.await(ctx, by...)
		switch {
		case err != nil:
		case waited:
			err = d.again(ctx)
		case looked:
			err = &model.ConflictError{Kind: model.ConflictInUse, ID: d.id, By: by}
		default:
			looked = true
			err = d.now(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// neededBy returns the permissions that need a bucket, and those in other stacks that need a user.
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

// remove deletes an entity as the target's view shows it. It leaves a newer incarnation alone.
func (d *deletion) remove(ctx context.Context, entity model.Entity) error {
	bucket, isBucket := entity.(model.Bucket)
	done := "" // what was changed so far
	if isBucket {
		var err error
		if done, err = d.project.first().applyOnDelete(ctx, bucket.BucketName, bucket.OnDelete); err != nil {
			return err
		}
	}
	for _, n := range d.view.shardsOf(d.id) {
		change := template.Change{
			Op: template.Delete, Entity: entity, Incarnation: d.view.shards[n].contents.IncarnationOf(d.id),
		}
		err := d.commit(ctx, n, change)
		var another *model.ConflictError
		if errors.As(err, &another) && another.Kind == model.ConflictOwner && isBucket && bucket.OnDelete != model.Retain {
			return &BucketLostError{ID: d.id, Bucket: bucket.BucketName, Done: done, Err: another}
		}
		if err != nil && done != "" {
			err = model.AfterChange(err, done)
		}
		if err != nil {
			return err
		}
		done = fmt.Sprintf("It was removed from the stack %s.", stackName(d.project.name, n))
	}
	d.project.changes.deleted(d.id)
	return nil
}

// buckets returns the buckets of the stack's account.
func (sh *shard) buckets() account.Buckets {
	return account.Buckets{S3: sh.account.S3, AccountID: sh.env.AccountID}
}

// applyOnDelete handles a bucket as on_delete requires. It returns a description of what it did,
// for a later error. bucket is the physical name in the template; "" for none.
func (sh *shard) applyOnDelete(ctx context.Context, bucket string, onDelete model.OnDelete) (done string, err error) {
	if bucket == "" {
		return "", nil
	}
	buckets := sh.buckets()
	var emptied account.Contents
	switch onDelete {
	case model.Retain:
		return "", nil
	case model.Empty:
		emptied, err = buckets.Empty(ctx, bucket, func(deleted int) {
			sh.project.hub.config.Log(ctx, "Emptying the bucket", map[string]any{"bucket": bucket, "deleted": deleted})
		})
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

// refused marks the error of a bucket that on_delete = "refuse" protects.
func refused(err error) error {
	var full *account.NotEmptyError
	if errors.As(err, &full) {
		full.Refused = true
	}
	return err
}
