package entity

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// conversion converts between the model of an object and its entity, in both directions. The tags
// of an entity differ from those of its model: the provider adds some, and ignores others.
type conversion[M any, P Model[M]] struct {
	object   *Object[M]
	services *Services
}

// prior returns the entity of the planned-from state, without ignored tags, so that the update does
// not change those.
func (c conversion[M, P]) prior(ctx context.Context, before *M) (model.Entity, diag.Diagnostics) {
	var tags map[string]string
	if t := tagged(before); t != nil {
		tags = c.services.withoutIgnored(t.entity())
	}
	return c.object.Entity(ctx, c.services, before, tags)
}

// entity returns the entity of a planned model, with the entity's ignored tags.
func (c conversion[M, P]) entity(ctx context.Context, m *M, name name) (model.Entity, diag.Diagnostics) {
	var tags map[string]string
	if t := tagged(m); t != nil {
		tags = c.services.preserve(t.entity(), c.ignored(ctx, name))
	}
	return c.object.Entity(ctx, c.services, m, tags)
}

// ignored returns the ignored tags of the current entity, if it can have any.
func (c conversion[M, P]) ignored(ctx context.Context, name name) map[string]string {
	if len(c.services.IgnoreTags.Keys)+len(c.services.IgnoreTags.Prefixes) == 0 {
		return nil
	}
	view, err := c.services.Projects.Read(ctx, name.project())
	if err != nil {
		return nil // the following write reports the same error
	}
	if there, ok := view.Contents.Of(c.object.id(name)); ok {
		return tagsOf(there)
	}
	return nil
}

func (c conversion[M, P]) fill(
	ctx context.Context, m *M, name name, view *projects.View, e model.Entity,
) diag.Diagnostics {
	common := P(m).common()
	common.ID = types.StringValue(name.String())
	if t := tagged(m); t != nil {
		t.fill(c.services, tagsOf(e))
	}
	return c.object.FromEntity(ctx, m, view, e)
}

func tagsOf(e model.Entity) map[string]string {
	switch e := e.(type) {
	case model.Project:
		return e.Tags
	case model.Bucket:
		return e.Tags
	case model.User:
		return e.Tags
	}
	return nil
}
