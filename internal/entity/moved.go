package entity

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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
)

// Moves.
//
// A moved block turns the state of another provider's resource into the state of an entity that is
// not managed. MoveState gets no configuration, so that the state has the physical name only. Read
// leaves such a state as it is. The plan takes the project and the name from the configuration,
// reads the entity, and continues as after an import.
//
// During the apply Terraform plans again, from the moved state and without the private state of the
// first plan. The planned incarnation therefore ends with a digest of what the plan has read. If the
// entity was changed since, the second plan has another incarnation, and Terraform refuses it.

// Source is a resource type of another provider whose state a moved block can bring.
type Source struct {
	// Provider is the address of the provider without the host of its registry: hashicorp/aws.
	Provider string
	// Type is the type of the resource: aws_s3_bucket.
	Type string
	// Names are the attributes that can hold the physical name. The first one that is set counts.
	Names []string
}

// matches reports whether a state to move is of the source.
func (s Source) matches(req resource.MoveStateRequest) bool {
	return s.Type == req.SourceTypeName &&
		(req.SourceProviderAddress == s.Provider || strings.HasSuffix(req.SourceProviderAddress, "/"+s.Provider))
}

// physical returns the physical name in a state; "" if it has none.
func (s Source) physical(state []byte) (string, error) {
	var attributes map[string]json.RawMessage
	if err := json.Unmarshal(state, &attributes); err != nil {
		return "", err
	}
	for _, name := range s.Names {
		var physical string
		if raw, ok := attributes[name]; ok && json.Unmarshal(raw, &physical) == nil && physical != "" {
			return physical, nil
		}
	}
	return "", nil
}

// MoveState implements resource.ResourceWithMoveState.
func (r *Resource[M, P]) MoveState(context.Context) []resource.StateMover {
	if r.object.Adoption == nil {
		return nil
	}
	return []resource.StateMover{{StateMover: r.moveState}}
}

// moveState makes the state of an entity that is to be adopted from the state of a source. It
// leaves other states alone, which the framework reports.
func (r *Resource[M, P]) moveState(
	ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse,
) {
	for _, source := range r.object.Adoption.Sources {
		if !source.matches(req) || req.SourceRawState == nil {
			continue
		}
		physical, err := source.physical(req.SourceRawState.JSON)
		if err == nil && physical == "" {
			err = fmt.Errorf("none of the attributes %s is set", strings.Join(source.Names, ", "))
		}
		if err != nil {
			resp.Diagnostics.AddError("Unable to Move "+r.object.Title, fmt.Sprintf(
				"The state of the %s does not name its %s. Nothing was changed.\n\n"+
					"Refresh the state with the provider that wrote it (terraform apply -refresh-only), or import the %s instead.\n\n"+
					"Original error: %s", source.Type, r.object.Kind, r.object.Kind, err))
			return
		}
		resp.Diagnostics.Append(r.object.setUnmanaged(ctx, &resp.TargetState, physical, projects.NewIncarnation())...)
		resp.Diagnostics.Append(
			r.object.setIdentity(ctx, make(name, len(r.object.Identity)), physical, resp.TargetIdentity)...)
		return
	}
}

// isMoved reports whether a state is one that MoveState has made and no apply has completed: its
// project is not known.
func (o *Object[M]) isMoved(ctx context.Context, m *M, state attributes) bool {
	if !o.unmanaged(m) {
		return false
	}
	_, named, _ := o.knownName(ctx, state)
	return !named
}

// planMoved replaces the state of a plan for a moved entity by the one that a read would have made,
// had it known the project and the name.
func (pl *planner[M, P]) planMoved(
	ctx context.Context, p *PlanRequest[M], n name, named bool, private private,
) diag.Diagnostics {
	fields := pl.object.Adoption.Fields(p.State)
	physical := fields.Physical.ValueString()
	own := pl.object.failure(planning, n).own
	refuse := func(attribute, detail string, arguments ...any) diag.Diagnostics {
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(
			path.Root(attribute), "Unable to Adopt "+pl.object.Title, fmt.Sprintf(detail, arguments...))}
	}
	configured := *pl.object.Adoption.Fields(p.Config).Physical
	switch {
	case !configured.IsNull() && configured.ValueString() != physical:
		return refuse(pl.object.Adoption.Physical,
			"The moved resource is the %s %q, but the configuration has another %s. Nothing was changed.\n\n"+
				"Set %s = %q, or leave it out.",
			pl.object.Kind, physical, pl.object.Adoption.Physical, pl.object.Adoption.Physical, physical)
	case !named:
		return refuse(own,
			"The moved resource is the %s %q. Its project and its name are only known after the apply, so that the plan "+
				"cannot show what its adoption changes. Nothing was changed.\n\n"+
				"Set them to known values, or apply the resources that they depend on first.", pl.object.Kind, physical)
	case p.View == nil:
		return refuse(pl.object.Identity[0].Name,
			"The moved resource is the %s %q, and the project %q does not exist. Nothing was changed.\n\n"+
				"Create the project first: terraform apply -target=stowage_project.<name>. Then run plan again.",
			pl.object.Kind, physical, n.project())
	}
	state, reading := *p.State, reader[M, P]{pl.object, pl.services, pl.conversion}
	common := P(&state).common()
	view, e, err := reading.existing(ctx, &state, n, p.View, private)
	if model.IsNotFound(err, model.NotFoundEntity) {
		return refuse(pl.object.Adoption.Physical,
			"The moved resource is the %s %q, which does not exist. Nothing was changed.\n\n"+
				"Remove the moved block to create it, or correct the name.", pl.object.Kind, physical)
	}
	if err != nil {
		return diag.Diagnostics{pl.object.failure(planning, n).diagnostic(err)}
	}
	live, diags := readLive(ctx, private)
	if live == nil || diags.HasError() {
		return diags
	}
	diags.Append(pl.conversion.fill(ctx, &state, n, view, e)...)
	common.Drift = drift(view, pl.object.id(n))
	common.Incarnation = types.StringValue(movedIncarnation(common.Incarnation.ValueString(), live))
	p.State, p.Moved = &state, true
	return diags
}

// movedIncarnation is the incarnation of a moved entity: that of its state, and a digest of what was
// read of it.
func movedIncarnation(incarnation string, live *projects.ExistingBucket) string {
	digest := sha256.Sum256(live.Encode())
	return incarnation + "-" + hex.EncodeToString(digest[:8])
}

var errNothingRead = errors.New("the plan has not read the bucket")

// priorOfMoved is the entity that the plan for a moved one was made from.
func (s *Services) priorOfMoved(ctx context.Context, c change) (model.Bucket, error) {
	view, err := s.Projects.Read(ctx, c.project)
	if err != nil {
		return model.Bucket{}, err
	}
	planned, _ := c.planned.(model.Bucket)
	prior := c.live.Entity(view.Contents.Env, planned.Name, "")
	prior.Adoption, prior.Tags = nil, s.withoutIgnored(prior.Tags)
	return prior, nil
}

// keepMoved writes the project and the name into the state of a moved entity whose adoption failed:
// the next plan continues as after an import.
func (r *Resource[M, P]) keepMoved(
	ctx context.Context, n name, planned *M, state *tfsdk.State, identity *tfsdk.ResourceIdentity,
) diag.Diagnostics {
	var diags diag.Diagnostics
	for i, part := range r.object.Identity {
		diags.Append(state.SetAttribute(ctx, path.Root(part.Name), n[i])...)
	}
	diags.Append(state.SetAttribute(ctx, path.Root("incarnation"), P(planned).common().Incarnation)...)
	physical := r.object.Adoption.Fields(planned).Physical.ValueString()
	return append(diags, r.object.setIdentity(ctx, n, physical, identity)...)
}
