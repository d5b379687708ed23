package projects

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Which stack a change belongs to.
//
// What exists is changed where it is: entities never move by themselves. A new bucket or user goes into the first stack
// that has room, a new permission into its user's, or, when the user's policies have outgrown that, into a stack where the user has
// policies already, or one that has room. When none has, the project grows.
//
// # Growing
//
// First the next stack is made, empty, then a commit to the first stack raises the number of stacks, then entities go into the
// new one. So a reader who knows the number misses no entity, and a stack that is missing is always a mistake (the wrong account,
// a deletion by hand) and never "not made yet": what was in it is not taken for deleted. A process that dies in between leaves an
// empty stack that is not counted; the next process that grows the project takes it, and a deletion of the project deletes it.

// place says which stack the change belongs to. When none has room, the project grows first, and the stack is a new one.
func (a *attempt) place(ctx context.Context) (n int, err error) {
	if n, ok := a.knownShard(); ok {
		return n, nil
	}
	n = len(a.view.shards)
	env := a.view.Contents.Env
	env.Budget = a.project.hub.config.Budget
	change := a.change
	change.Elsewhere = a.view.elsewhere(n, change.Entity)
	demand := template.NewDemand(env, change)
	if n, ok := a.shardWithRoom(demand); ok {
		return n, nil
	}
	if err := demand.Check(); err != nil {
		return 0, err
	}
	view := a.view
	_, err = a.project.adding.do(ctx, "", func(ctx context.Context) (struct{}, error) {
		return struct{}{}, addShard(ctx, a.project, view)
	})
	return n, err
}

// knownShard is the stack to which the change belongs whatever room others have; ok is false for a new entity that has none.
func (a *attempt) knownShard() (n int, ok bool) {
	// What this process has read may be old: a stack without room for an entity doesn't hold it any more.
	if shards := a.view.shardsOf(a.id()); len(shards) > 0 && !a.full[shards[0]] {
		return shards[0], true
	}
	if a.change.Op != template.Create && a.change.Op != template.Adopt {
		return 0, true // it is gone, and the stack says so
	}
	if permission, ok := a.change.Entity.(model.Permission); ok {
		for _, n := range a.shardsOfUser(permission) {
			if !a.full[n] {
				return n, true
			}
		}
	}
	return 0, false
}

// shardWithRoom is the first stack with room for a new entity; ok is false when none has.
func (a *attempt) shardWithRoom(demand *template.Demand) (n int, ok bool) {
	for n, shard := range a.view.shards {
		if a.full[n] || shard == nil || !demand.Fits(shard.contents) {
			continue
		}
		if permission, ok := a.change.Entity.(model.Permission); ok {
			n = a.project.overflows(permission.User, n, a.full)
		}
		return n, true
	}
	return 0, false
}

// shardsOfUser are the stacks in which a permission is best: its user's, be it that the user is just being created, then those that
// hold policies of the user. Of a permission whose user is nowhere the first stack says that it is missing.
func (a *attempt) shardsOfUser(permission model.Permission) []int {
	v := a.view
	stacks := v.shardsOf(permission.UserID())
	if len(stacks) == 0 {
		stacks = append(stacks, min(a.project.changes.shardOf(permission.UserID()), len(v.shards)-1))
	}
	for n, shard := range v.shards {
		if shard != nil && len(shard.contents.Policies[permission.User]) > 0 && !slices.Contains(stacks, n) {
			stacks = append(stacks, n)
		}
	}
	return stacks
}

// addShard makes the next stack of a project and then counts it.
func addShard(ctx context.Context, proj *project, view *View) error {
	n := len(view.shards)
	proj.hub.config.Log(ctx, "The stacks of the project are full: another one is made", map[string]any{
		"project": proj.name, "stack": stackName(proj.name, n),
	})
	sh := proj.newSibling(n, view.Contents.Env.Shared, true)
	sh.uncounted = true
	of := model.Project{Name: proj.name}
	open := func() error { return sh.commit(ctx, template.Change{Op: template.Open, Entity: of}) }
	err := open()
	if model.IsConflict(err, model.ConflictClosing) {
		// A deletion of the project has begun and has closed the stack, which is not counted, so that it is empty. If the deletion is
		// still in progress, the project closes before it can grow.
		if err := deleteClosed(ctx, sh); err != nil {
			return fmt.Errorf("making room in the project %s: %w", proj.name, err)
		}
		err = open()
	}
	if err != nil {
		return err
	}
	err = proj.first().commit(ctx, template.Change{Op: template.Grow, Entity: of, Shards: n + 1})
	created := fmt.Sprintf("The stack %s was created; the project does not use it yet.", sh.stack.Name())
	if model.IsConflict(err, model.ConflictClosing) || model.IsNotFound(err, model.NotFoundEntity, model.NotFoundStack) {
		if left := abandon(ctx, sh); left != nil {
			return model.AfterChange(errors.Join(err, left), created)
		}
		return err
	}
	if err != nil {
		return model.AfterChange(err, created)
	}
	sh.count()
	if opened := sh.seen(); opened != nil {
		sh.writeOwn(ctx, opened, "")
	}
	proj.hub.warnings.add(GrownWarning{proj.name, n + 1})
	return nil
}

// abandon deletes a stack that was made for a project that is being deleted, unless that deletion has done so.
func abandon(ctx context.Context, sh *shard) error {
	err := sh.commit(ctx, template.Change{Op: template.Close, Entity: model.Project{Name: sh.project.name}})
	if err != nil && !model.IsNotFound(err, model.NotFoundStack) {
		return err
	}
	return sh.delete(ctx, sh.seen())
}

// deleteClosed deletes a stack that is closed, unless another process has done so and has made it anew.
func deleteClosed(ctx context.Context, sh *shard) error {
	read, err := sh.readTemplate(ctx)
	if err != nil || read == nil || !read.contents.Closed {
		return err
	}
	err = sh.delete(ctx, read)
	if model.IsConflict(err, model.ConflictStackChanged) {
		return nil
	}
	return err
}
