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
// somebody who deleted it) and never "not made yet": what was in it is not taken for deleted. A process that dies in between leaves an
// empty stack that nobody counts; whoever grows the project next takes it, and whoever deletes the project deletes it.

// place says which stack a change belongs to. When none has room, the project grows first, and the stack is a new one.
// full are stacks that have refused the change already.
func (s *Service) place(ctx context.Context, t *target, change template.Change, full map[int]bool) (n int, err error) {
	env := t.view.Contents.Env
	env.Budget = s.config.Budget
	if n, ok := t.view.place(t.p, env, change, full); ok {
		return n, nil
	}
	if err := template.CheckFits(env, template.Change{
		Op: change.Op, Entity: change.Entity, Origin: change.Origin, Elsewhere: t.view.elsewhere(len(t.view.shards), change.Entity),
	}); err != nil {
		return 0, err
	}
	n = len(t.view.shards)
	return n, s.growOnce(ctx, t, n)
}

// place says in which of its stacks a change belongs; ok is false when none has room.
func (v *View) place(p *project, env template.Env, change template.Change, full map[int]bool) (n int, ok bool) {
	// What this process has read may be old: a stack without room for an entity doesn't hold it any more.
	if homes := v.homes(change.Entity.ID()); len(homes) > 0 && !full[homes[0]] {
		return homes[0], true
	}
	if change.Op != template.Create {
		return 0, true // it is gone, and the stack says so
	}
	permission, isPermission := change.Entity.(model.Permission)
	if isPermission {
		for _, n := range v.ofUser(p, permission) {
			if !full[n] {
				return n, true
			}
		}
	}
	for n, shard := range v.shards {
		if !full[n] && shard != nil && shard.contents.Fits(env, change.Entity) {
			if isPermission {
				n = p.overflows(permission.User, n, full)
			}
			return n, true
		}
	}
	return 0, false
}

// ofUser are the stacks in which a permission is best: its user's, be it that the user is just being created, then those that
// hold policies of the user. Of a permission whose user is nowhere the first stack says that it is missing.
func (v *View) ofUser(p *project, permission model.Permission) []int {
	stacks := v.homes(permission.UserID())
	if len(stacks) == 0 {
		stacks = append(stacks, min(p.home(permission.UserID()), len(v.shards)-1))
	}
	for n, shard := range v.shards {
		if shard != nil && len(shard.contents.Policies[permission.User]) > 0 && !slices.Contains(stacks, n) {
			stacks = append(stacks, n)
		}
	}
	return stacks
}

// growOnce makes the n-th stack of a project, once however many ask.
func (s *Service) growOnce(ctx context.Context, t *target, n int) error {
	p := t.p
	p.mu.Lock()
	c := p.growing
	if c == nil {
		c = begin(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, s.grow(ctx, t, n) }, func(*call[struct{}], struct{}, error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.growing = nil
		})
		p.growing = c
	}
	p.mu.Unlock()
	_, err := c.wait(ctx)
	return err
}

// grow makes the n-th stack of a project and then counts it.
func (s *Service) grow(ctx context.Context, t *target, n int) error {
	s.config.Log(ctx, "The stacks of the project are full: another one is made", map[string]any{"project": t.p.name, "stack": stackName(t.p.name, n)})
	d := s.newSibling(t.h, t.first, n, t.view.Contents.Env.Shared, true)
	d.uncounted = true
	of := model.Project{Name: t.p.name}
	open := func() error { return s.commit(ctx, d, template.Change{Op: template.Open, Entity: of}) }
	err := open()
	if model.IsConflict(err, model.ConflictClosing) {
		// Somebody began to delete the project and has closed the stack, which nobody counts, so that it is empty. If they are still
		// at it, the project closes before it can grow.
		if err := s.clear(ctx, t.h, d); err != nil {
			return fmt.Errorf("making room in the project %s: %w", t.p.name, err)
		}
		err = open()
	}
	if err != nil {
		return err
	}
	err = s.commit(ctx, t.first, template.Change{Op: template.Grow, Entity: of, Shards: n + 1})
	created := fmt.Sprintf("The stack %s was created; the project does not use it yet.", d.stack.Name())
	if model.IsConflict(err, model.ConflictClosing) || model.IsNotFound(err, model.NotFoundEntity, model.NotFoundStack) {
		if left := s.ungrow(ctx, d, of); left != nil {
			return model.AfterChange(errors.Join(err, left), created)
		}
		return err
	}
	if err != nil {
		return model.AfterChange(err, created)
	}
	d.count()
	if opened := d.seen(); opened != nil {
		s.writeOwn(ctx, t.h, d, opened, "")
	}
	s.warn(GrownWarning{t.p.name, n + 1})
	return nil
}

// ungrow deletes a stack that was made for a project that is being deleted, unless whoever deletes the project has done so.
func (s *Service) ungrow(ctx context.Context, d *shard, of model.Project) error {
	err := s.commit(ctx, d, template.Change{Op: template.Close, Entity: of})
	if err != nil && !model.IsNotFound(err, model.NotFoundStack) {
		return err
	}
	return s.deleteStack(ctx, d, d.seen())
}

// clear deletes a stack that is closed, unless somebody else has done so and has made it anew.
func (s *Service) clear(ctx context.Context, h *hub, d *shard) error {
	read, err := s.readTemplate(ctx, h, d)
	if err != nil || read == nil || !read.contents.Closed {
		return err
	}
	err = s.deleteStack(ctx, d, read)
	if model.IsConflict(err, model.ConflictStackChanged) {
		return nil
	}
	return err
}
