package entity

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// schemaVersion is the schema version of every object. Raise it together with an upgrader in
// upgrade.go.
const schemaVersion = 1

// Resource implements the managed resource of an Object.
// Its methods translate Terraform's requests; its parts do the work.
type Resource[M any, P Model[M]] struct {
	object   Object[M]
	services *Services // nil before Configure, which also makes the parts
	reader   reader[M, P]
	planner  planner[M, P]
	writer   writer[M, P]
}

var (
	_ resource.ResourceWithConfigure      = (*Resource[example, *example])(nil)
	_ resource.ResourceWithIdentity       = (*Resource[example, *example])(nil)
	_ resource.ResourceWithImportState    = (*Resource[example, *example])(nil)
	_ resource.ResourceWithModifyPlan     = (*Resource[example, *example])(nil)
	_ resource.ResourceWithMoveState      = (*Resource[example, *example])(nil)
	_ resource.ResourceWithUpgradeState   = (*Resource[example, *example])(nil)
	_ resource.ResourceWithValidateConfig = (*Resource[example, *example])(nil)
)

// example is a model for the assertions above.
type example struct{ Common }

// New returns the resource of an object.
func New[M any, P Model[M]](object Object[M]) *Resource[M, P] {
	return &Resource[M, P]{object: object}
}

// Metadata implements resource.Resource.
func (r *Resource[M, P]) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + r.object.Name
	// The identity of an entity that is to be adopted changes: see identity.
	resp.ResourceBehavior.MutableIdentity = r.object.Adoption != nil
}

// Schema implements resource.Resource.
func (r *Resource[M, P]) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"id": idAttribute(r.object.idPattern()), "drift": driftAttribute(), "incarnation": incarnationAttribute(),
	}
	if timed(new(M)) != nil {
		attributes["timeouts"] = timeoutsAttribute(ctx)
	}
	if tagged(new(M)) != nil {
		maps.Copy(attributes, tagAttributes())
	}
	maps.Copy(attributes, r.object.Attributes)
	resp.Schema = schema.Schema{Version: schemaVersion, MarkdownDescription: r.object.Description, Attributes: attributes}
}

func idAttribute(pattern string) schema.Attribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: "ID for imports: " + pattern + "."}
}

func driftAttribute() schema.Attribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "Differences caused by changes outside of Terraform, one per line. Null if there are none. " +
			"Drift appears as a change in the plan, and applying the plan removes it.",
	}
}

// Configure implements resource.ResourceWithConfigure.
func (r *Resource[M, P]) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	s := services(req.ProviderData, &resp.Diagnostics)
	between := conversion[M, P]{&r.object, s}
	r.services = s
	r.reader = reader[M, P]{&r.object, s, between}
	r.planner = planner[M, P]{&r.object, s, between}
	r.writer = writer[M, P]{&r.object, s, between, &r.reader}
}

// Create implements resource.Resource.
func (r *Resource[M, P]) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m M
	if resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	limit, diags := r.services.limit(ctx, create, &m)
	resp.Diagnostics.Append(diags...)
	name, diags := r.object.nameOf(ctx, req.Plan)
	// The framework initializes the response with the plan. An object that may not exist must not
	// stay in the state.
	resp.State.RemoveResource(ctx)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	diags, written := r.writer.write(ctx, writing[M]{action: create, name: name, limit: limit, model: &m, plan: req.Plan})
	if written {
		diags.Append(r.save(ctx, name, &m, &resp.State, resp.Identity)...)
	}
	if !diags.HasError() {
		diags.Append(r.services.recordHub(ctx, resp.Private)...)
	}
	resp.Diagnostics.Append(diags...)
}

// Update implements resource.Resource.
func (r *Resource[M, P]) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m M
	if resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	limit, diags := r.services.limit(ctx, update, &m)
	resp.Diagnostics.Append(diags...)
	name, diags := r.object.nameOf(ctx, req.Plan)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	var before M
	if resp.Diagnostics.Append(req.State.Get(ctx, &before)...); resp.Diagnostics.HasError() {
		return
	}
	drifted, diags := isDrifted(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	var live *projects.ExistingBucket
	if r.object.unmanaged(&before) {
		if live, diags = readLive(ctx, req.Private); diags.HasError() {
			resp.Diagnostics.Append(diags...)
			return
		}
	}
	moved := r.object.isMoved(ctx, &before, req.State)
	if moved {
		if live == nil {
			resp.Diagnostics.Append(r.object.failure(update, name).diagnostic(errNothingRead))
			return
		}
		P(&before).common().Incarnation = P(&m).common().Incarnation
	}
	diags, written := r.writer.write(ctx, writing[M]{
		action: update, name: name, limit: limit, before: &before, model: &m, plan: req.Plan, live: live, drifted: drifted,
	})
	if moved && !written {
		diags.Append(r.keepMoved(ctx, name, &m, &resp.State, resp.Identity)...)
	}
	if written {
		diags.Append(r.save(ctx, name, &m, &resp.State, resp.Identity)...)
		diags.Append(setDrifted(ctx, resp.Private, false)...)
	}
	if live != nil && !diags.HasError() {
		diags.Append(resp.Private.SetKey(ctx, liveKey, nil)...)
	}
	if !diags.HasError() {
		diags.Append(r.services.recordHub(ctx, resp.Private)...)
	}
	resp.Diagnostics.Append(diags...)
}

// save sets the state and the identity to what was written.
func (r *Resource[M, P]) save(
	ctx context.Context, n name, m *M, state *tfsdk.State, identity *tfsdk.ResourceIdentity,
) diag.Diagnostics {
	diags := state.Set(ctx, m)
	diags.Append(r.object.setIdentity(ctx, n, "", identity)...)
	return diags
}

// Read implements resource.Resource.
func (r *Resource[M, P]) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m M
	if resp.Diagnostics.Append(req.State.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	if r.object.isMoved(ctx, &m, req.State) {
		// The configuration names its project, which a read does not know.
		none := make(name, len(r.object.Identity))
		resp.Diagnostics.Append(r.object.setIdentity(ctx, none, r.object.unmanagedName(&m), resp.Identity)...)
		return
	}
	name, diags := r.object.nameOf(ctx, req.State)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	diags, outcome := r.reader.refresh(ctx, &m, name, resp.Private)
	resp.Diagnostics.Append(diags...)
	switch outcome {
	case failed:
		return
	case gone:
		resp.State.RemoveResource(ctx)
	case present:
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	}
	// The framework requires an identity even of what is gone, and a state of an older CLI has
	// none.
	resp.Diagnostics.Append(r.object.setIdentity(ctx, name, r.object.unmanagedName(&m), resp.Identity)...)
}

// Delete implements resource.Resource.
func (r *Resource[M, P]) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m M
	if resp.Diagnostics.Append(req.State.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	if r.object.isMoved(ctx, &m, req.State) {
		return // it was never adopted
	}
	name, diags := r.object.nameOf(ctx, req.State)
	resp.Diagnostics.Append(diags...)
	limit, diags := r.services.limit(ctx, remove, &m)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	resp.Diagnostics.Append(r.writer.remove(ctx, name, P(&m).common().Incarnation.ValueString(), req.Private)...)
}
