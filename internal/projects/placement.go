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
// An existing entity is changed in its stack: entities never move automatically. A new bucket or
// user is assigned to the first stack with room. A new permission is assigned to its user's stack
// or, when the user's policies have outgrown that, to a stack that has policies of the user, or one
// with room. If none has room, the project grows.
//
// # Growing
//
// The next stack is created empty. A commit to the first stack then raises the number of stacks.
// After that, entities are added to the new stack. So a reader that knows the number misses no
// entity, and a missing stack is always an error (the wrong account, a deletion by hand), never
// "not created yet": its entities are not considered deleted. A crash in between leaves an empty
// stack that is not counted. The next process that grows the project uses it, and a deletion of the
// project deletes it.

// place returns the stack of the change. When none has room, the project grows first, and the stack
// is new.
func (a *attempt) place(ctx context.Context) (n int, err error) {
	if n, ok := a.knownShard(); ok {
		return n, nil
	}
	n = len(a.view.shards)
	env := a.view.Contents.Env
	env.Budget = a.project.hub.config.Budget
	change := a.change
	change.CrossStackRefs = a.view.crossStackRefs(n, change.Entity)
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

// knownShard returns the stack of the change if it doesn't depend on free room; ok is false for a
// new entity that has no such stack.
func (a *attempt) knownShard() (n int, ok bool) {
	// What this process has read may be outdated: the entity is no longer in a stack without room
	// for it.
	if shards := a.view.shardsOf(a.id()); len(shards) > 0 && !a.full[shards[0]] {
		return shards[0], true
	}
	if a.change.Op != template.Create && a.change.Op != template.Adopt {
		return 0, true // it is deleted, and the stack reports that
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

// shardWithRoom returns the first stack with room for a new entity; ok is false when none has.
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

// shardsOfUser returns the stacks for a permission in order of preference: its user's, even if that
// is just being created, then those that hold policies of the user. Without a user, the first stack
// returns the error.
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

// addShard creates the next stack of a project and then counts it.
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
		// A deletion of the project has begun and has closed the stack, which is not counted and so
		// is empty. If the deletion is still in progress, the project closes before it can grow.
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

// abandon deletes a stack that was created for a project in deletion, unless that deletion has
// deleted it.
func abandon(ctx context.Context, sh *shard) error {
	err := sh.commit(ctx, template.Change{Op: template.Close, Entity: model.Project{Name: sh.project.name}})
	if err != nil && !model.IsNotFound(err, model.NotFoundStack) {
		return err
	}
	return sh.delete(ctx, sh.seen())
}

// deleteClosed deletes a closed stack, unless another process has deleted it and created it again.
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
