package projects

import (
	"context"
	"errors"
	"fmt"

	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Repairing makes an update repair the drift of the entity in AWS, too: what was changed or deleted
// there is recorded in the template, and the update then writes it again. See package template,
// Recording drift.
func Repairing() WriteOption { return func(o *WriteOptions) { o.Repair = true } }

// mostRecordings is how often drift is read again because another commit came first.
const mostRecordings = 10

// repairer repairs the drift of entities in AWS.
type repairer struct {
	registry *registry
	reader   *reader
}

// repair makes an update of an entity that has drifted in AWS.
func (w *writer) repair(ctx context.Context, project string, change template.Change) error {
	r := repairer{w.registry, w.reader}
	return r.repair(ctx, project, change, func(change template.Change, gone bool) error {
		if gone { // the resource that holds its settings was deleted
			return w.change(ctx, project, template.Change{
				Op: template.Create, Entity: change.Entity, Incarnation: change.Incarnation,
			})
		}
		return w.update(ctx, project, change)
	})
}

// mostRounds is how often a repair goes through its steps: a second time for what refers to a
// resource that the first one has created.
const mostRounds = 2

// repair prepares the drift of an entity, and updates the entity. gone means that the template no
// longer has it.
func (r repairer) repair(
	ctx context.Context, project string, change template.Change, update func(change template.Change, gone bool) error,
) error {
	var done repairDone
	for range mostRounds {
		gone, deferred, err := r.prepare(ctx, project, change, &done)
		if err != nil {
			return done.after(err)
		}
		if err := update(change, gone); err != nil {
			return done.after(err)
		}
		if !deferred {
			break
		}
		change.Prior = change.Entity
	}
	r.forget(ctx, project, change.Entity.ID())
	return nil
}

// repairDone is what a repair has changed so far.
type repairDone struct{ bounded, recorded bool }

// after returns an error with what was done before it.
func (d repairDone) after(err error) error {
	if d.recorded {
		err = model.AfterChange(err, "A first commit recorded in the template what AWS has.")
	}
	if d.bounded {
		err = model.AfterChange(err, "The permissions boundary was set again in IAM.")
	}
	return err
}

// prepare makes the drift of an entity's resources ready for an update that writes them again: it
// sets permissions boundaries, and records the rest in the template. gone reports whether the
// entity is no longer in the template, since the resource that holds its settings was deleted in
// AWS. deferred reports whether the entity has to be prepared again after the update. Nothing is
// done about what was repaired by hand meanwhile.
func (r repairer) prepare(
	ctx context.Context, project string, change template.Change, done *repairDone,
) (gone, deferred bool, err error) {
	id := change.Entity.ID()
	for range mostRecordings {
		t, err := r.reader.target(ctx, project)
		if err != nil {
			return false, false, err
		}
		if t.view.Contents.Project.Closing {
			return false, false, &model.ConflictError{Kind: model.ConflictClosing, Project: project}
		}
		shards := t.view.shardsOf(id)
		if len(shards) == 0 {
			return false, false, nil // the update reports that
		}
		at := comparison{t.shard(shards[0])}
		found, err := at.drifted(ctx, id)
		if err != nil {
			return false, false, err
		}
		if again, err := at.uncompared(ctx, found, t.view.LiveDriftOf(id)); again || err != nil {
			if again {
				continue
			}
			return false, false, err
		}
		for _, bounded := range found.unbounded {
			if err := at.putBoundary(ctx, bounded, t.view.Contents.Env.BoundaryARN()); err != nil {
				return false, false, err
			}
			done.bounded = true
		}
		if len(found.resources) == 0 {
			return false, false, nil
		}
		err = t.commit(ctx, shards[0], template.Change{
			Op: template.Record, Entity: change.Entity, Recorded: found.resources, Revision: found.revision,
			Incarnation: change.Incarnation, AnyIncarnation: change.AnyIncarnation,
		})
		if errors.Is(err, template.ErrOutdatedRecord) {
			continue
		}
		if err := r.unlessUndeleted(ctx, project, id, err); err != nil {
			return false, false, err
		}
		done.recorded = true
		if err := t.again(ctx); err != nil {
			return false, false, err
		}
		return len(t.view.shardsOf(id)) == 0, found.deferred, nil
	}
	return false, false, fmt.Errorf("the drift of the %s: %w", id, template.ErrOutdatedRecord)
}

// unlessUndeleted returns the error of a commit, except that CloudFormation could not delete what is
// gone in AWS: IAM refuses calls for a user that does not exist.
func (r repairer) unlessUndeleted(ctx context.Context, project string, id model.ID, err error) error {
	var undeleted *commit.UndeletedError
	if !errors.As(err, &undeleted) {
		return err
	}
	r.registry.process.config.Warn(ctx, "CloudFormation could not delete what was deleted in AWS", map[string]any{
		"project": project, "entity": id.String(), "error": err.Error(),
	})
	return nil
}

// forget removes the drift of an entity from the mirror. A failure is a warning: the next
// comparison corrects it.
func (r repairer) forget(ctx context.Context, project string, id model.ID) {
	t, err := r.reader.target(ctx, project)
	if err != nil {
		return // the next read returns the error
	}
	bounded, cancel := context.WithTimeout(ctx, mirrorBound)
	defer cancel()
	for _, n := range t.view.shardsOf(id) {
		t.project.memory.repaired(n, id)
		changed, err := t.project.hub.table.ChangeDrift(bounded, project, n, func(d *mirror.Drift) *mirror.Drift {
			if d == nil {
				return nil
			}
			left := *d
			left.Drift = d.Drift.Without(id)
			return &left
		})
		if err != nil {
			t.project.hub.warnMirror(ctx, "written", project, err)
		}
		if changed {
			t.project.tell(ctx)
		}
	}
}
