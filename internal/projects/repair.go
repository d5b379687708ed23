package projects

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

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

// repair makes an update of an entity that has drifted in AWS.
func (w *writer) repair(ctx context.Context, project string, change template.Change) error {
	recorded, gone, err := w.recordDrift(ctx, project, change)
	if err != nil {
		return err
	}
	if gone { // the resource that holds its settings was deleted
		err = w.change(ctx, project, template.Change{
			Op: template.Create, Entity: change.Entity, Incarnation: change.Incarnation,
		})
	} else {
		err = w.update(ctx, project, change)
	}
	if err != nil && recorded {
		return model.AfterChange(err, "A first commit recorded in the template what AWS has.")
	}
	if err == nil {
		w.forgetDrift(ctx, project, change.Entity.ID())
	}
	return err
}

// recordDrift records what AWS has of an entity's resources. recorded is false when they have not
// drifted, as they may have been repaired by hand. gone reports whether the entity is no longer in
// the template, since the resource that holds its settings was deleted in AWS.
func (w *writer) recordDrift(
	ctx context.Context, project string, change template.Change,
) (recorded, gone bool, err error) {
	id := change.Entity.ID()
	for range mostRecordings {
		t, err := w.reader.target(ctx, project)
		if err != nil {
			return false, false, err
		}
		shards := t.view.shardsOf(id)
		if len(shards) == 0 {
			return false, false, nil // the update reports that
		}
		found, revision, err := comparison{t.shard(shards[0])}.drifted(ctx, id)
		if err != nil || len(found) == 0 {
			return false, false, err
		}
		if err := repairable(id, found); err != nil {
			return false, false, err
		}
		err = t.commit(ctx, shards[0], template.Change{
			Op: template.Record, Entity: change.Entity, Recorded: found, Revision: revision,
			Incarnation: change.Incarnation, AnyIncarnation: change.AnyIncarnation,
		})
		if errors.Is(err, template.ErrOutdatedRecord) {
			continue
		}
		var undeleted *commit.UndeletedError
		if errors.As(err, &undeleted) { // it is gone in AWS, where IAM refuses calls for a user that does not exist
			w.registry.process.config.Warn(ctx, "CloudFormation could not delete what was deleted in AWS", map[string]any{
				"project": project, "entity": id.String(), "error": err.Error(),
			})
			err = nil
		}
		if err != nil {
			return false, false, err
		}
		if err := t.again(ctx); err != nil {
			return true, false, err
		}
		return true, len(t.view.shardsOf(id)) == 0, nil
	}
	return false, false, fmt.Errorf("the drift of the %s: %w", id, template.ErrOutdatedRecord)
}

// forgetDrift removes the drift of an entity from the mirror. A failure is a warning: the next
// comparison corrects it.
func (w *writer) forgetDrift(ctx context.Context, project string, id model.ID) {
	t, err := w.reader.target(ctx, project)
	if err != nil {
		return // the next read returns the error
	}
	bounded, cancel := context.WithTimeout(ctx, mirrorBound)
	defer cancel()
	for _, n := range t.view.shardsOf(id) {
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

// repairable returns an error for drift that cannot be recorded. The provider's role may not take a
// permissions boundary away from a user, not even one that has none. And a policy holds the settings
// of several permissions.
func repairable(id model.ID, recorded map[string]template.Recorded) error {
	for _, logicalID := range slices.Sorted(maps.Keys(recorded)) {
		found := recorded[logicalID]
		_, boundary := found.Properties["PermissionsBoundary"]
		switch {
		case boundary:
			return &model.ExplainedError{
				Text: fmt.Sprintf("the permissions boundary of the %s was changed in AWS", id),
				Explanation: model.Explanation{
					Cause:   fmt.Sprintf("The permissions boundary of the resource %s was changed or removed in AWS.", logicalID),
					Changed: model.ChangedNothing,
					Remedy: "Find out who did it, since it is what limits the user. Then set the policy StowageBoundary again in IAM " +
						"(aws iam put-user-permissions-boundary), and apply again.",
				},
			}
		case found.Deleted && id.Kind == model.KindPermission:
			return &model.ExplainedError{
				Text: fmt.Sprintf("the policy of the %s was deleted in AWS", id),
				Explanation: model.Explanation{
					Cause:   fmt.Sprintf("The IAM policy %s was deleted in AWS. It holds all permissions of the user, or a part of them.", logicalID),
					Changed: model.ChangedNothing,
					Remedy:  "Remove the permissions of the user from the configuration and apply. Then add them again and apply.",
				},
			}
		}
	}
	return nil
}
