package entity

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

type writer[M any, P Model[M]] struct {
	object     *Object[M]
	services   *Services
	conversion conversion[M, P]
	reader     *reader[M, P]
}

// writing is the create or update of an object.
type writing[M any] struct {
	action action
	name   name
	limit  time.Duration
	before *M // the previous model; nil for a new object
	model  *M // the planned model
	plan   attributes
	live   *projects.ExistingBucket // what the plan saw of an entity that is adopted; nil for any other
	// drifted means that the plan showed drift in AWS.
	drifted bool
}

// write writes the entity of the planned model, and fills the model with the result. Unless it was
// written, there is no result for the state.
func (w *writer[M, P]) write(ctx context.Context, wanted writing[M]) (diags diag.Diagnostics, written bool) {
	ctx, cancel := context.WithTimeout(ctx, wanted.limit)
	defer cancel()

	n, m := wanted.name, wanted.model
	f := w.object.failure(wanted.action, n)
	e, diags := w.conversion.entity(ctx, m, n)
	if diags.HasError() {
		return diags, false
	}
	c := change{
		project: n.project(), planned: e, live: wanted.live, drifted: wanted.drifted,
		incarnation: w.services.newIncarnation(),
	}
	common := P(m).common()
	if wanted.before == nil {
		defer w.services.claims.release(entityKey{n.project(), w.object.id(n)})
		common.Incarnation = types.StringValue(c.incarnation)
	} else {
		c.incarnation = P(wanted.before).common().Incarnation.ValueString()
		if c.prior, diags = w.conversion.prior(ctx, wanted.before); diags.HasError() {
			return diags, false
		}
	}
	err := w.services.put(ctx, c)
	diags.Append(w.services.warnings()...)
	if err != nil {
		if conflicts := f.conflicts(ctx, err, wanted.plan); conflicts != nil {
			return append(diags, conflicts...), false
		}
		return append(diags, f.diagnostic(err)), false
	}
	view, err := w.services.Projects.Read(ctx, n.project())
	if err != nil {
		return append(diags, f.unread(err)), false
	}
	if there, ok := view.Contents.Of(w.object.id(n)); ok && wanted.before == nil &&
		view.Contents.IncarnationOf(w.object.id(n)) == c.incarnation {
		e = madeKeys(e, there)
	}
	diags.Append(w.conversion.fill(ctx, m, n, view, e)...)
	common.Drift = types.StringNull()
	return diags, true
}

type change struct {
	project     string
	prior       model.Entity // nil to create it
	planned     model.Entity
	incarnation string
	live        *projects.ExistingBucket // as the plan saw the entity that is adopted; nil for any other
	drifted     bool                     // the plan showed drift in AWS
}

func (s *Services) put(ctx context.Context, c change) error {
	planned, isProject := c.planned.(model.Project)
	prior, _ := c.prior.(model.Project)
	switch {
	case c.live != nil:
		return s.adopt(ctx, c)
	case isProject && c.prior == nil:
		return s.Projects.CreateProject(ctx, planned, projects.As(c.incarnation))
	case isProject && c.drifted:
		return s.Projects.UpdateProject(
			ctx, planned, projects.As(c.incarnation), projects.From(prior), projects.Repairing(),
		)
	case isProject:
		return s.Projects.UpdateProject(ctx, planned, projects.As(c.incarnation), projects.From(prior))
	case c.prior == nil:
		return s.Projects.Create(ctx, c.project, c.planned, projects.As(c.incarnation))
	case c.drifted:
		return s.Projects.Update(
			ctx, c.project, c.planned, projects.As(c.incarnation), projects.From(c.prior), projects.Repairing(),
		)
	default:
		return s.Projects.Update(ctx, c.project, c.planned, projects.As(c.incarnation), projects.From(c.prior))
	}
}

// remove deletes the entity of an object whose resource holds an incarnation.
func (w *writer[M, P]) remove(ctx context.Context, n name, held string, private private) diag.Diagnostics {
	f := w.object.failure(remove, n)
	if _, _, differs := w.services.otherHub(ctx, private); differs {
		if _, _, err := w.reader.find(ctx, n); err != nil {
			if err := w.services.checkGone(ctx, private, err); err != nil {
				return diag.Diagnostics{f.diagnostic(err)}
			}
		}
	}
	var err error
	if w.object.Kind == model.KindProject {
		err = w.services.Projects.DeleteProject(ctx, n.project(), projects.As(held))
	} else {
		err = w.services.Projects.Delete(ctx, n.project(), w.object.id(n), projects.As(held))
	}
	diags := w.services.warnings()
	if warning, forgotten := f.forgotten(err); forgotten {
		return append(diags, warning)
	}
	if err != nil {
		err = w.services.checkGone(ctx, private, err) // an entity is gone with its project
	}
	if err != nil {
		diags.Append(f.diagnostic(err))
	}
	return diags
}
