package entity

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/unchanged"
)

// reader reads the entity of an object.
type reader[M any, P Model[M]] struct {
	object     *Object[M]
	services   *Services
	conversion conversion[M, P]
}

type outcome int

const (
	failed outcome = iota
	gone
	present
)

// refresh updates the model of an object and its private state.
func (r *reader[M, P]) refresh(ctx context.Context, m *M, name name, private private) (diag.Diagnostics, outcome) {
	if r.services.DetectDrift {
		if err := r.services.Projects.CheckDrift(ctx, name.project()); err != nil {
			return diag.Diagnostics{r.object.failure(read, name).diagnostic(err)}, failed
		}
	}
	view, e, err := r.find(ctx, name)
	if r.object.unmanaged(m) && model.IsNotFound(err, model.NotFoundEntity) {
		view, e, err = r.existing(ctx, m, name, view, private)
	}
	diags := r.services.warningsOfRead(ctx)
	if err != nil {
		if err := r.services.checkGone(ctx, private, err); err != nil {
			return append(diags, r.object.failure(read, name).diagnostic(err)), failed
		}
		return diags, gone
	}
	diags.Append(r.services.recordHub(ctx, private)...)
	diags.Append(r.conversion.fill(ctx, m, name, view, e)...)
	P(m).common().Drift = drift(view, r.object.id(name))
	diags.Append(setDrifted(ctx, private, len(view.LiveDriftOf(r.object.id(name))) > 0)...)
	diags.Append(r.readIncarnation(name, P(m).common(), view)...)
	diags.Append(r.object.copies(view, name)...)
	if r.object.NeedsUpdate != nil {
		now := unchanged.Once(ctx, readAt{}, time.Now)
		diags.Append(setDue(ctx, private, r.object.NeedsUpdate(e, now), now)...)
	}
	return diags, present
}

// find reads an entity. It returns a *model.NotFoundError if the project does not hold it.
func (r *reader[M, P]) find(ctx context.Context, name name) (*projects.View, model.Entity, error) {
	view, err := r.services.read(ctx, name.project())
	if err != nil {
		return nil, nil, err
	}
	e, ok := view.Contents.Of(r.object.id(name))
	if !ok {
		return view, nil, &model.NotFoundError{Kind: model.NotFoundEntity, ID: r.object.id(name)}
	}
	return view, e, nil
}

type readAt struct{}

type reading struct {
	view *projects.View
	err  error
}

type readingOf string

// read reads a project once per call of Terraform, even if that fails.
func (s *Services) read(ctx context.Context, project string) (*projects.View, error) {
	r := unchanged.Once(ctx, readingOf(project), func() reading {
		view, err := s.Projects.Read(ctx, project)
		return reading{view, err}
	})
	return r.view, r.err
}
