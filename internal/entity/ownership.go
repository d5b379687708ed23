package entity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// Ownership.
//
// Each create writes a new incarnation into the template and the attribute incarnation (package
// template, Ownership). Update and delete use the attribute, because private state would be lost
// when a tainted resource is deleted. The attribute is null in states that are older than
// incarnations. The first read of such a state, or after an import, takes over the template's
// incarnation. Later reads never change it: a resource whose entity has another incarnation does
// not manage it, and read warns.

func incarnationAttribute() schema.Attribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "Unique ID of this creation of the object. If several resources have had the same name, only the one with the current incarnation " +
			"can update the object; destroying another one only removes it from the state. Empty for objects created by an earlier version of the provider.",
	}
}

// incarnationKey is the key of the incarnation that a plan stores for the second plan of a
// replacement.
const incarnationKey = "incarnation"

// keepIncarnation stores a resource's incarnation for the second plan of a replacement.
func keepIncarnation(ctx context.Context, state private, incarnation string) diag.Diagnostics {
	value, err := json.Marshal(incarnation)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to Keep Private State", err.Error())}
	}
	return state.SetKey(ctx, incarnationKey, value)
}

// replacedIncarnation returns the incarnation of the resource that a plan without a state replaces;
// ok is false if it replaces none.
func replacedIncarnation(ctx context.Context, state private) (incarnation string, ok bool, diags diag.Diagnostics) {
	value, diags := state.GetKey(ctx, incarnationKey)
	if diags.HasError() || len(value) == 0 {
		return "", false, diags
	}
	return incarnation, json.Unmarshal(value, &incarnation) == nil, diags
}

func (s *Services) newIncarnation() string {
	if s.NewIncarnation != nil {
		return s.NewIncarnation()
	}
	return projects.NewIncarnation()
}

// readIncarnation takes over the template's incarnation into a state without one, and warns about a
// different one.
func (r *reader[M, P]) readIncarnation(n name, common *Common, view *projects.View) diag.Diagnostics {
	id := r.object.id(n)
	present := view.Contents.IncarnationOf(id)
	if common.Incarnation.IsNull() {
		common.Incarnation = types.StringValue(present)
	}
	held := common.Incarnation.ValueString()
	r.services.claims.saw(entityKey{n.project(), id}, held)
	if held == present {
		return nil
	}
	f := r.object.failure(read, n)
	return diag.Diagnostics{diag.NewWarningDiagnostic(r.object.Title+" Is Managed by Another Resource", fmt.Sprintf(
		"%s\n\nUpdates of this resource will fail, and destroying it only removes it from the state. %s",
		f.another(held, present, view.Contents.Origins[id.String()]), f.giveUp()))}
}

// another states which incarnations the resource and the entity have.
func (f failure) another(held, present, origin string) string {
	return fmt.Sprintf(
		"%s was created again or taken over since this resource created it. Its incarnation is %s, made %s. The incarnation that this resource holds is %s.",
		f.object(),
		incarnationText(present),
		originText(origin),
		incarnationText(held),
	)
}

func incarnationText(incarnation string) string {
	if incarnation == "" {
		return "empty"
	}
	return fmt.Sprintf("%q", incarnation)
}

func originText(origin string) string {
	if origin == "" {
		return "by a configuration without an origin"
	}
	return fmt.Sprintf("by the configuration with the origin %q", origin)
}

// giveUp explains how to remove a resource that no longer manages its object, or how to manage the
// object again.
func (f failure) giveUp() string {
	return fmt.Sprintf(
		"Remove this resource from the configuration; or, if it is the one that should manage the object, remove it from the state "+
			"(terraform state rm) and import it again with the id %q.",
		f.id,
	)
}

// forgotten returns the result of a deletion: a warning if another resource manages the entity,
// which stays.
func (f failure) forgotten(err error) (warning diag.Diagnostic, ok bool) {
	var another *model.ConflictError
	var lost *projects.BucketLostError
	if !errors.As(err, &another) || another.Kind != model.ConflictOwner || errors.As(err, &lost) {
		return nil, false
	}
	if explanation, _ := model.Explain(err); explanation.Changed != model.ChangedNothing {
		return nil, false // a part of it was already deleted
	}
	return diag.NewWarningDiagnostic(f.title+" Only Removed From State", fmt.Sprintf(
		"%s\n\nAnother resource manages it, so that nothing was deleted: this resource was only removed from the state.",
		f.another(another.Held, another.Present, another.Origin))), true
}

// planOwnership plans the incarnation, warns about what a create will meet, and detects duplicate
// resources.
func (pl *planner[M, P]) planOwnership(
	ctx context.Context, p *PlanRequest[M], created creation, private private,
) diag.Diagnostics {
	common := P(p.Plan).common()
	common.Incarnation = types.StringUnknown()
	now := claim{creates: p.State == nil || len(p.Replaced) > 0}
	var diags diag.Diagnostics
	if p.State != nil {
		before := P(p.State).common().Incarnation
		if p.InPlace() {
			common.Incarnation, now.held = before, before.ValueString()
		}
		diags.Append(keepIncarnation(ctx, private, before.ValueString())...)
	}
	if !created.named || p.State == nil && created.replaces {
		return diags // a replacement is planned twice
	}
	n := created.name
	key := entityKey{n.project(), pl.object.id(n)}
	if p.View != nil {
		now.present = p.View.Contents.IncarnationOf(key.id)
	}
	return append(diags, pl.object.clash(pl.services.claim(ctx, key, now), n)...)
}

// planRemoval finds a destroyed resource whose entity is kept by another resource.
func (pl *planner[M, P]) planRemoval(ctx context.Context, state attributes) diag.Diagnostics {
	n, named, diags := pl.object.knownName(ctx, state)
	var held types.String
	diags.Append(state.GetAttribute(ctx, path.Root("incarnation"), &held)...)
	if !named || diags.HasError() {
		return diags
	}
	key := entityKey{n.project(), pl.object.id(n)}
	return append(diags, pl.object.clash(pl.services.claimRemoval(ctx, key, held.ValueString()), n)...)
}

// clash returns the diagnostic of two conflicting plans.
func (o *Object[M]) clash(c clash, n name) diag.Diagnostics {
	f := o.failure(planning, n)
	switch c {
	case twoCreations:
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root(f.own), "Duplicate "+o.Title, fmt.Sprintf(
			"Two resources of this configuration manage %s, and at least one of them is to be created. Only one resource can manage it. "+
				"Give one of them another name, or remove it.\n\nIf the address of the resource has changed, describe that in a moved block.",
			lowerFirst(f.object()),
		))}
	case twoResources:
		return diag.Diagnostics{diag.NewAttributeWarningDiagnostic(path.Root(f.own), "Duplicate "+o.Title, fmt.Sprintf(
			"Two resources of this configuration manage %s. Each will undo the changes of the other one. "+
				"Remove one of them with a removed block that sets destroy = false in its lifecycle block.", lowerFirst(f.object())))}
	case removesKept:
		return diag.Diagnostics{
			diag.NewAttributeErrorDiagnostic(path.Root(f.own), "Unable to Destroy "+o.Title, fmt.Sprintf(
				"Two resources of the state stand for %s. This plan destroys one of them and keeps the other one, so that what the other one manages would be deleted.\n\n"+
					"To remove the resource without deleting the object, use a removed block that sets destroy = false in its lifecycle block, or terraform state rm. "+
					"If the address of the resource has changed, describe that in a moved block instead of an import block.",
				lowerFirst(f.object()),
			)),
		}
	case noClash:
	}
	return nil
}

// meets warns about an entity that a create will take over, or that will make it fail.
func (pl *planner[M, P]) meets(
	ctx context.Context, p *PlanRequest[M], created creation, planned attributes,
) diag.Diagnostics {
	if p.State != nil || p.View == nil {
		return nil
	}
	n := created.name
	id := pl.object.id(n)
	if _, exists := p.View.Contents.Of(id); !exists {
		return nil
	}
	present := p.View.Contents.IncarnationOf(id)
	if created.replaces && created.replaced == present || pl.services.claims.holds(entityKey{n.project(), id}, present) {
		return nil // replaced objects, or those destroyed at another address, are deleted first
	}
	e, diags := pl.conversion.entity(ctx, p.Plan, n)
	if diags.HasError() {
		return nil
	}
	f := pl.object.failure(planning, n)
	origin := p.View.Contents.Origins[id.String()]
	if pl.object.settingsKnown(ctx, planned) && pl.services.Projects.TakesOver(p.View, e) {
		return diag.Diagnostics{
			diag.NewAttributeWarningDiagnostic(path.Root(f.own), pl.object.Title+" Will Be Taken Over", fmt.Sprintf(
				"%s exists already with the same settings, made by this configuration's origin %q: probably by a run that was interrupted. "+
					"The apply takes it over without changing it. From then on only this resource manages it.\n\n"+
					"If another resource manages it, give this one another name.",
				f.object(),
				origin,
			)),
		}
	}
	return diag.Diagnostics{
		diag.NewAttributeWarningDiagnostic(path.Root(f.own), pl.object.Title+" Exists Already", fmt.Sprintf(
			"%s exists already, made %s. Creating it fails, unless this run deletes it first or made it with the same settings and the same origin.\n\n%s",
			f.object(),
			originText(origin),
			f.importIt(),
		)),
	}
}

// settingsKnown reports whether everything that decides about a takeover is known.
func (o *Object[M]) settingsKnown(ctx context.Context, planned attributes) bool {
	var names []string
	for name, attribute := range o.Attributes {
		if attribute.IsRequired() || attribute.IsOptional() {
			names = append(names, name)
		}
	}
	if tagged(new(M)) != nil {
		names = append(names, "tags_all")
	}
	return !slices.ContainsFunc(names, func(name string) bool {
		var value attr.Value
		return planned.GetAttribute(ctx, path.Root(name), &value).HasError() || !fullyKnown(ctx, value)
	})
}

// importIt explains how to manage an existing object.
func (f failure) importIt() string {
	return fmt.Sprintf(
		"To manage it here, import it:\n\n  import {\n    to = stowage_%s.%s\n    id = %q\n  }\n\nOtherwise give this one another name.",
		f.typ,
		f.label(),
		f.id,
	)
}

// conflicts returns the diagnostics of fields that another writer has changed since the plan; none
// for another error.
func (f failure) conflicts(ctx context.Context, err error, planned attributes) diag.Diagnostics {
	var conflict *model.FieldConflictError
	if !errors.As(err, &conflict) {
		return nil
	}
	var diags diag.Diagnostics
	for _, c := range conflict.Conflicts {
		where, _ := locate(ctx, planned, c.Field, false)
		if strings.HasPrefix(c.Field, "tags.") {
			where = path.Root("tags") // its keys may contain dots
		}
		alone := f.diagnostic(&model.FieldConflictError{ID: conflict.ID, Conflicts: []model.FieldConflict{c}})
		diags.AddAttributeError(where, alone.Summary(), alone.Detail())
	}
	return diags
}

// madeKeys copies the creation times of a user's keys that a create has taken over. Everything else
// is as planned.
func madeKeys(planned, there model.Entity) model.Entity {
	user, isUser := planned.(model.User)
	have, alsoUser := there.(model.User)
	if !isUser || !alsoUser || user.AccessKey == nil || have.AccessKey == nil {
		return planned
	}
	key := *user.AccessKey
	key.Keys = have.AccessKey.Keys
	user.AccessKey = &key
	return user
}
