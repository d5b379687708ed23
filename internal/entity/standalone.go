package entity

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Standalone describes a Terraform object that belongs to no project. M is its model: a struct that
// embeds Base, Timed if the object has timeouts, and Tagged if it has tags.
//
// The callbacks return errors that explain themselves (model.Explainer).
type Standalone[M any] struct {
	// Object has the object's names, attributes, one-part identity and callback Plan. Its other
	// callbacks are not used.
	Object Object[M]
	// Problems lists what makes any model invalid. Unknown and null values count as zero values.
	Problems func(ctx context.Context, s *Services, m *M) ([]model.Problem, diag.Diagnostics)
	// Read sets all attributes. exists is false for an object that was deleted.
	Read func(ctx context.Context, s *Services, m *M) (exists bool, err error)
	// Create creates the object and sets all attributes.
	Create func(ctx context.Context, s *Services, m *M) error
	// Update applies the change from the prior model and sets all attributes.
	Update func(ctx context.Context, s *Services, prior, m *M) error
	// Delete deletes the object. It succeeds if the object is gone.
	Delete func(ctx context.Context, s *Services, m *M) error
}

// Base has the attributes of every standalone object. Models embed it.
type Base struct {
	ID types.String `tfsdk:"id"`
	// Drift lists, one per line, the differences from what the provider created; null if there are
	// none.
	Drift types.String `tfsdk:"drift"`
}

func (b *Base) base() *Base { return b }

// StandaloneModel is a pointer to the model of a standalone object.
type StandaloneModel[M any] interface {
	*M
	base() *Base
}

// StandaloneResource implements the managed resource of a Standalone.
type StandaloneResource[M any, P StandaloneModel[M]] struct {
	standalone Standalone[M]
	services   *Services // nil before Configure
}

var (
	_ resource.ResourceWithConfigure      = (*StandaloneResource[standaloneExample, *standaloneExample])(nil)
	_ resource.ResourceWithIdentity       = (*StandaloneResource[standaloneExample, *standaloneExample])(nil)
	_ resource.ResourceWithImportState    = (*StandaloneResource[standaloneExample, *standaloneExample])(nil)
	_ resource.ResourceWithModifyPlan     = (*StandaloneResource[standaloneExample, *standaloneExample])(nil)
	_ resource.ResourceWithValidateConfig = (*StandaloneResource[standaloneExample, *standaloneExample])(nil)
)

// standaloneExample is a model for the assertions above.
type standaloneExample struct{ Base }

// NewStandalone returns the resource of a standalone object.
func NewStandalone[M any, P StandaloneModel[M]](s Standalone[M]) *StandaloneResource[M, P] {
	return &StandaloneResource[M, P]{standalone: s}
}

// Metadata implements resource.Resource.
func (r *StandaloneResource[M, P]) Metadata(
	_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_" + r.standalone.Object.Name
}

// Schema implements resource.Resource.
func (r *StandaloneResource[M, P]) Schema(
	ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse,
) {
	o := &r.standalone.Object
	attributes := map[string]schema.Attribute{"id": idAttribute(o.idPattern()), "drift": driftAttribute()}
	if timed(new(M)) != nil {
		attributes["timeouts"] = timeoutsAttribute(ctx)
	}
	if tagged(new(M)) != nil {
		maps.Copy(attributes, tagAttributes())
	}
	maps.Copy(attributes, o.Attributes)
	resp.Schema = schema.Schema{MarkdownDescription: o.Description, Attributes: attributes}
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *StandaloneResource[M, P]) IdentitySchema(
	_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse,
) {
	resp.IdentitySchema.Attributes = map[string]identityschema.Attribute{}
	for _, part := range r.standalone.Object.Identity {
		resp.IdentitySchema.Attributes[part.Name] = identityschema.StringAttribute{
			RequiredForImport: true, Description: part.Description,
		}
	}
}

// Configure implements resource.ResourceWithConfigure.
func (r *StandaloneResource[M, P]) Configure(
	_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse,
) {
	r.services = services(req.ProviderData, &resp.Diagnostics)
}

// ValidateConfig implements resource.ResourceWithValidateConfig. It validates the configured
// values, without defaults and unknown values.
func (r *StandaloneResource[M, P]) ValidateConfig(
	ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse,
) {
	var m M
	if resp.Diagnostics.Append(req.Config.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(r.problems(ctx, &Services{}, &m, configuration{req.Config})...)
}

// problems reports on each known attribute what makes a model invalid.
func (r *StandaloneResource[M, P]) problems(
	ctx context.Context, s *Services, m *M, at attributes,
) diag.Diagnostics {
	problems, diags := r.standalone.Problems(ctx, s, m)
	_, skipNull := at.(configuration)
	for _, problem := range problems {
		if where, ok := locate(ctx, at, problem.Field, skipNull); ok {
			diags.Append(r.standalone.Object.invalid(where, problem))
		}
	}
	return diags
}

// ModifyPlan implements resource.ResourceWithModifyPlan.
func (r *StandaloneResource[M, P]) ModifyPlan(
	ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	if r.services == nil || req.Plan.Raw.IsNull() { // not configured, or a deletion
		return
	}
	o := &r.standalone.Object
	p := &PlanRequest[M]{Services: r.services, Config: new(M), Plan: new(M)}
	resp.Diagnostics.Append(req.Config.Get(ctx, p.Config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, p.Plan)...)
	if !req.State.Raw.IsNull() {
		p.State = new(M)
		resp.Diagnostics.Append(req.State.Get(ctx, p.State)...)
		p.Replaced = o.replaced(ctx, planValues{req.Config, req.Plan, req.State}, &resp.Diagnostics)
	}
	n, named, diags := o.knownName(ctx, req.Plan)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	for _, attribute := range p.Replaced {
		resp.RequiresReplace.Append(path.Root(attribute))
	}
	base := P(p.Plan).base()
	base.ID, base.Drift = types.StringUnknown(), types.StringNull()
	if named {
		base.ID = types.StringValue(n.String())
	}
	if t := tagged(p.Plan); t != nil {
		t.plan(r.services)
	}
	resp.Diagnostics.Append(o.Plan(ctx, p)...)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, p.Plan)...)
	resp.Diagnostics.Append(r.problems(ctx, r.services, p.Plan, resp.Plan)...)
}

// failed returns the diagnostic of a failed action.
func (r *StandaloneResource[M, P]) failed(action action, n name, err error) diag.Diagnostic {
	return r.standalone.Object.failure(action, n).diagnostic(err)
}

// Create implements resource.Resource.
func (r *StandaloneResource[M, P]) Create(
	ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse,
) {
	var m M
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	n, diags := r.standalone.Object.nameOf(ctx, req.Plan)
	resp.Diagnostics.Append(diags...)
	// The framework initializes the response with the plan. An object that may not exist must not
	// stay in the state.
	resp.State.RemoveResource(ctx)
	if resp.Diagnostics.HasError() {
		return
	}
	if diags := r.within(ctx, create, n, &m, func(ctx context.Context) error {
		return r.standalone.Create(ctx, r.services, &m)
	}); diags.HasError() {
		resp.Diagnostics.Append(diags...)
		return
	}
	r.filled(n, &m)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	resp.Diagnostics.Append(r.standalone.Object.setIdentity(ctx, n, "", resp.Identity)...)
}

// Update implements resource.Resource.
func (r *StandaloneResource[M, P]) Update(
	ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse,
) {
	var prior, m M
	resp.Diagnostics.Append(req.State.Get(ctx, &prior)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	n, diags := r.standalone.Object.nameOf(ctx, req.Plan)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	var conflicts diag.Diagnostics
	diags = r.within(ctx, update, n, &m, func(ctx context.Context) error {
		err := r.standalone.Update(ctx, r.services, &prior, &m)
		conflicts = r.standalone.Object.failure(update, n).conflicts(ctx, err, req.Plan)
		return err
	})
	if conflicts != nil {
		resp.Diagnostics.Append(conflicts...)
		return
	}
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	r.filled(n, &m)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	resp.Diagnostics.Append(r.standalone.Object.setIdentity(ctx, n, "", resp.Identity)...)
}

// within does an action within the object's timeout.
func (r *StandaloneResource[M, P]) within(
	ctx context.Context, action action, n name, m *M, do func(context.Context) error,
) diag.Diagnostics {
	limit, diags := r.services.limit(ctx, action, m)
	if diags.HasError() {
		return diags
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := do(ctx); err != nil {
		diags.Append(r.failed(action, n, err))
	}
	return diags
}

// filled completes a model after a write, which leaves no drift.
func (r *StandaloneResource[M, P]) filled(n name, m *M) {
	base := P(m).base()
	base.ID, base.Drift = types.StringValue(n.String()), types.StringNull()
}

// Read implements resource.Resource.
func (r *StandaloneResource[M, P]) Read(
	ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse,
) {
	var m M
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	n, diags := r.standalone.Object.nameOf(ctx, req.State)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	exists, err := r.standalone.Read(ctx, r.services, &m)
	switch {
	case err != nil:
		resp.Diagnostics.Append(r.failed(read, n, err))
		return
	case exists:
		P(&m).base().ID = types.StringValue(n.String())
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	default:
		resp.State.RemoveResource(ctx)
	}
	// The framework requires an identity even of what is gone, and a state of an older CLI has
	// none.
	resp.Diagnostics.Append(r.standalone.Object.setIdentity(ctx, n, "", resp.Identity)...)
}

// Delete implements resource.Resource.
func (r *StandaloneResource[M, P]) Delete(
	ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse,
) {
	var m M
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	n, diags := r.standalone.Object.nameOf(ctx, req.State)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(r.within(ctx, remove, n, &m, func(ctx context.Context) error {
		return r.standalone.Delete(ctx, r.services, &m)
	})...)
}

// ImportState implements resource.ResourceWithImportState. It looks the object up, so that
// importing a missing one returns a clear error.
func (r *StandaloneResource[M, P]) ImportState(
	ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse,
) {
	o := &r.standalone.Object
	n, _, diags := o.imported(ctx, req)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	for i, part := range o.Identity {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(part.Name), n[i])...)
	}
	var m M
	if resp.Diagnostics.Append(resp.State.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	exists, err := r.standalone.Read(ctx, r.services, &m)
	switch {
	case err != nil:
		resp.Diagnostics.Append(r.failed(importing, n, err))
		return
	case !exists:
		resp.Diagnostics.AddError("Cannot Import "+o.Title, fmt.Sprintf(
			"There is no %s %q in the account and region of the provider.\n\nCheck the id for typing errors, or remove the import block and let Terraform create the object.",
			strings.ToLower(o.Title), n))
		return
	}
	resp.Diagnostics.Append(o.setIdentity(ctx, n, "", resp.Identity)...)
}
