package entity

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/unchanged"
)

// Adoption.
//
// The import of an entity that is not in the model makes a state with managed = false. Read fills
// it from what exists, as if the first of the two commits of an adoption had been made (package
// template, Adoption). So the plan shows as drift what the second commit will change. Read also
// stores what it has read in the private state, which the plan contains. The apply compares the
// entity with it: a change since is an error. Until the apply nothing is written, and destroying
// only forgets.

// Adoption is how existing entities of an object's kind come into the model.
type Adoption[M any] struct {
	// Physical is the attribute that holds the physical name, which is the last part of the import id.
	Physical string
	// Name makes the name that an existing entity gets in a project out of its physical name.
	Name func(project, physical string, taken func(name string) bool) string
	// Sources are the resources of other providers whose state a moved block can bring.
	Sources []Source
	// Fields are the attributes that decide about an adoption.
	Fields func(m *M) AdoptionFields
	// Plan tells what an adoption does besides what the attributes show, and refuses what it cannot
	// do. there is the entity as it exists.
	Plan func(p *PlanRequest[M], there model.Bucket) diag.Diagnostics
}

// AdoptionFields are pointers to attributes of a model.
type AdoptionFields struct {
	Physical  *types.String
	Managed   *types.Bool
	Unmodeled *types.String
}

// liveKey is where the private state keeps what was read of an entity that is to be adopted.
const liveKey = "live"

// unmanaged reports whether a model is of an entity that is not in the model yet, or not entirely.
func (o *Object[M]) unmanaged(m *M) bool {
	if o.Adoption == nil || m == nil {
		return false
	}
	managed := o.Adoption.Fields(m).Managed
	return Known(*managed) && !managed.ValueBool()
}

// existingOf is the key of the reading of an entity that is to be adopted.
type existingOf string

// existingRead is the outcome of that reading.
type existingRead struct {
	live *projects.ExistingBucket
	err  error
}

// existing reads an entity that is to be adopted, as if it had been adopted, and keeps in the
// private state what it has read.
func (r *reader[M, P]) existing(
	ctx context.Context, m *M, n name, view *projects.View, private private,
) (*projects.View, model.Entity, error) {
	fields := r.object.Adoption.Fields(m)
	bucket := fields.Physical.ValueString()
	read := unchanged.Once(ctx, existingOf(n.String()), func() existingRead {
		live, err := r.services.Projects.Existing(ctx, n.project(), n[1], bucket)
		return existingRead{live, err}
	})
	var impossible *projects.UnadoptableError
	if errors.As(read.err, &impossible) && impossible.Missing {
		return view, nil, &model.NotFoundError{Kind: model.NotFoundEntity, ID: r.object.id(n)}
	}
	if read.err != nil {
		return view, nil, read.err
	}
	if diags := private.SetKey(ctx, liveKey, read.live.Encode()); diags.HasError() {
		return view, nil, errors.New("the private state cannot be written")
	}
	// What the model cannot express is no drift: the plan lists it, and says what becomes of it.
	e := read.live.Entity(view.Contents.Env, n[1], model.KeepUnmodeled)
	adopting, err := view.Adopting(e, read.live, P(m).common().Incarnation.ValueString())
	if err != nil {
		return view, nil, err
	}
	e.UnmodeledSettings = model.Unmodeled(fields.Unmodeled.ValueString())
	return adopting, e, nil
}

// readLive is what Read has kept of an entity that is to be adopted; nil when there is nothing.
func readLive(ctx context.Context, private private) (*projects.ExistingBucket, diag.Diagnostics) {
	text, diags := private.GetKey(ctx, liveKey)
	if diags.HasError() || len(text) == 0 {
		return nil, diags
	}
	l, err := projects.ReadExisting(text)
	if err != nil {
		diags.AddError(
			"Unable to Read Private State",
			"The private state of the resource holds no bucket: "+err.Error()+". Run plan again.",
		)
	}
	return l, diags
}

// planAdoption plans the adoption of an entity that the state has as not managed.
func (pl *planner[M, P]) planAdoption(
	ctx context.Context, p *PlanRequest[M], n name, private private,
) diag.Diagnostics {
	if !pl.object.unmanaged(p.State) {
		return nil
	}
	fields := pl.object.Adoption.Fields(p.State)
	if len(p.Replaced) > 0 {
		return diag.Diagnostics{
			diag.NewAttributeErrorDiagnostic(path.Root(p.Replaced[0]), "Unable to Adopt "+pl.object.Title, fmt.Sprintf(
				"The import is of the bucket %q as %q, but the configuration changes %s. Nothing was changed.\n\n"+
					"Make the configuration and the import ID agree.", fields.Physical.ValueString(), P(p.State).common().ID.ValueString(), strings.Join(p.Replaced, " and "))),
		}
	}
	if p.View == nil {
		return nil // the project is not there: its own resource tells
	}
	there, ok := pl.object.toAdopt(p, n)
	if !ok {
		l, diags := readLive(ctx, private)
		if l == nil || diags.HasError() {
			return diags
		}
		there = l.Entity(p.View.Contents.Env, n[1], "")
	}
	return pl.object.Adoption.Plan(p, there)
}

// toAdopt is the bucket whose adoption has begun; ok is false when it has not.
func (o *Object[M]) toAdopt(p *PlanRequest[M], n name) (model.Bucket, bool) {
	e, exists := p.View.Contents.Of(o.id(n))
	bucket, isBucket := e.(model.Bucket)
	return bucket, exists && isBucket
}

// adopt brings an entity into the model.
func (s *Services) adopt(ctx context.Context, c change) error {
	prior, _ := c.prior.(model.Bucket)
	planned, _ := c.planned.(model.Bucket)
	if prior.Name == "" {
		var err error
		if prior, err = s.priorOfMoved(ctx, c); err != nil {
			return err
		}
	}
	return s.Projects.Adopt(
		ctx, c.project,
		projects.Adoption{Prior: prior, Planned: planned, Live: c.live, Incarnation: c.incarnation},
	)
}

// importExisting makes the state of an entity that is to be adopted: what Read needs to find it.
func (r *Resource[M, P]) importExisting(
	ctx context.Context, n name, physical string, resp *resource.ImportStateResponse,
) {
	live, err := r.services.Projects.Existing(ctx, n.project(), n[1], physical)
	if err != nil {
		resp.Diagnostics.Append(r.object.failure(importing, n).diagnostic(err))
		return
	}
	resp.Diagnostics.Append(r.object.setUnmanaged(ctx, &resp.State, live.Name(), r.services.newIncarnation())...)
}

// setUnmanaged makes the state of an entity that is to be adopted.
func (o *Object[M]) setUnmanaged(
	ctx context.Context, state *tfsdk.State, physical, incarnation string,
) diag.Diagnostics {
	var diags diag.Diagnostics
	for attribute, value := range map[string]any{
		o.Adoption.Physical: physical, "managed": false, "incarnation": incarnation,
	} {
		diags.Append(state.SetAttribute(ctx, path.Root(attribute), value)...)
	}
	return diags
}

// unmanagedName is the physical name of an entity that is not in the model, or not entirely; "" for
// any other.
func (o *Object[M]) unmanagedName(m *M) string {
	if !o.unmanaged(m) {
		return ""
	}
	return o.Adoption.Fields(m).Physical.ValueString()
}
