package entity

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/unchanged"
)

// schemaVersion is the schema version of every object. Raise it together with an upgrader in
// upgrade.go.
const schemaVersion = 1

// Resource implements the managed resource of an Object.
type Resource[M any, P Model[M]] struct {
	object   Object[M]
	services *Services
}

var (
	_ resource.ResourceWithConfigure      = (*Resource[example, *example])(nil)
	_ resource.ResourceWithIdentity       = (*Resource[example, *example])(nil)
	_ resource.ResourceWithImportState    = (*Resource[example, *example])(nil)
	_ resource.ResourceWithModifyPlan     = (*Resource[example, *example])(nil)
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
}

// Schema implements resource.Resource.
func (r *Resource[M, P]) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"id": schema.StringAttribute{
			Computed: true, MarkdownDescription: "ID for imports: " + r.object.idPattern() + ".",
		},
		"drift": schema.StringAttribute{
			Computed: true,
			MarkdownDescription: "Differences caused by changes outside of Terraform, one per line. Null if there are none. " +
				"Drift appears as a change in the plan, and applying the plan removes it.",
		},
	}
	attributes["incarnation"] = incarnationAttribute()
	if timed(P(new(M))) != nil {
		attributes["timeouts"] = timeoutsAttribute(ctx)
	}
	if tagged(P(new(M))) != nil {
		maps.Copy(attributes, tagAttributes())
	}
	maps.Copy(attributes, r.object.Attributes)
	resp.Schema = schema.Schema{Version: schemaVersion, MarkdownDescription: r.object.Description, Attributes: attributes}
}

// Configure implements resource.ResourceWithConfigure.
func (r *Resource[M, P]) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.services = services(req.ProviderData, &resp.Diagnostics)
}

// Create implements resource.Resource.
func (r *Resource[M, P]) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m M
	if resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	limit, diags := r.limit(ctx, create, &m)
	resp.Diagnostics.Append(diags...)
	name, diags := r.nameOf(ctx, req.Plan)
	// The framework initializes the response with the plan. An object that may not exist must not
	// stay in the state.
	resp.State.RemoveResource(ctx)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	diags = r.write(ctx, create, name, limit, nil, nil, &m, req.Plan, &resp.State, resp.Identity)
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
	limit, diags := r.limit(ctx, update, &m)
	resp.Diagnostics.Append(diags...)
	name, diags := r.nameOf(ctx, req.Plan)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	var before M
	if resp.Diagnostics.Append(req.State.Get(ctx, &before)...); resp.Diagnostics.HasError() {
		return
	}
	var live *projects.ExistingBucket
	if r.unmanaged(&before) {
		if live, diags = readLive(ctx, req.Private); diags.HasError() {
			resp.Diagnostics.Append(diags...)
			return
		}
	}
	diags = r.write(ctx, update, name, limit, live, &before, &m, req.Plan, &resp.State, resp.Identity)
	if live != nil && !diags.HasError() {
		diags.Append(resp.Private.SetKey(ctx, liveKey, nil)...)
	}
	if !diags.HasError() {
		diags.Append(r.services.recordHub(ctx, resp.Private)...)
	}
	resp.Diagnostics.Append(diags...)
}

// write writes the entity of the model, and then sets the state. before is the previous model; nil
// for a new object. live is what the plan saw of an entity that is adopted; nil for any other.
func (r *Resource[M, P]) write(
	ctx context.Context, action action, name name, limit time.Duration, live *projects.ExistingBucket,
	before, m *M, planned attributes, state *tfsdk.State, identity *tfsdk.ResourceIdentity,
) diag.Diagnostics {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	f := r.failure(action, name)
	e, diags := r.entity(ctx, m, name)
	if diags.HasError() {
		return diags
	}
	w := writing{project: name.project(), planned: e, live: live, incarnation: r.services.newIncarnation()}
	common := P(m).common()
	if before == nil {
		defer r.services.claims.release(entityKey{name.project(), r.id(name)})
		common.Incarnation = types.StringValue(w.incarnation)
	} else {
		w.incarnation = P(before).common().Incarnation.ValueString()
		if w.prior, diags = r.prior(ctx, before); diags.HasError() {
			return diags
		}
	}
	put := r.services.put
	if live != nil {
		put = r.adopt
	}
	err := put(ctx, w)
	diags.Append(r.services.warnings()...)
	if err != nil {
		if conflicts := f.conflicts(ctx, err, planned); conflicts != nil {
			return append(diags, conflicts...)
		}
		return append(diags, f.diagnostic(err))
	}
	view, err := r.services.Projects.Read(ctx, name.project())
	if err != nil {
		return append(diags, f.unread(err))
	}
	if there, ok := view.Contents.Of(r.id(name)); ok && before == nil &&
		view.Contents.IncarnationOf(r.id(name)) == w.incarnation {
		e = madeKeys(e, there)
	}
	diags.Append(r.fill(ctx, m, name, view, e)...)
	common.Drift = types.StringNull()
	diags.Append(state.Set(ctx, m)...)
	diags.Append(r.setIdentity(ctx, name, identity)...)
	return diags
}

type writing struct {
	project     string
	prior       model.Entity // nil to create it
	planned     model.Entity
	incarnation string
	live        *projects.ExistingBucket // as the plan saw the entity that is adopted; nil for any other
}

func (s *Services) put(ctx context.Context, w writing) error {
	planned, isProject := w.planned.(model.Project)
	prior, _ := w.prior.(model.Project)
	switch {
	case isProject && w.prior == nil:
		return s.Projects.CreateProject(ctx, planned, projects.As(w.incarnation))
	case isProject:
		return s.Projects.UpdateProject(ctx, planned, projects.As(w.incarnation), projects.From(prior))
	case w.prior == nil:
		return s.Projects.Create(ctx, w.project, w.planned, projects.As(w.incarnation))
	default:
		return s.Projects.Update(ctx, w.project, w.planned, projects.As(w.incarnation), projects.From(w.prior))
	}
}

// prior returns the entity of the planned-from state, without ignored tags, so that the update does
// not change those.
func (r *Resource[M, P]) prior(ctx context.Context, before *M) (model.Entity, diag.Diagnostics) {
	var tags map[string]string
	if t := tagged(P(before)); t != nil {
		tags = r.services.withoutIgnored(t.entity())
	}
	return r.object.Entity(ctx, r.services, before, tags)
}

// entity returns the entity of a planned model, with the entity's ignored tags.
func (r *Resource[M, P]) entity(ctx context.Context, m *M, name name) (model.Entity, diag.Diagnostics) {
	var tags map[string]string
	if t := tagged(P(m)); t != nil {
		tags = r.services.preserve(t.entity(), r.ignored(ctx, name))
	}
	return r.object.Entity(ctx, r.services, m, tags)
}

// ignored returns the ignored tags of the current entity, if it can have any.
func (r *Resource[M, P]) ignored(ctx context.Context, name name) map[string]string {
	if len(r.services.IgnoreTags.Keys)+len(r.services.IgnoreTags.Prefixes) == 0 {
		return nil
	}
	view, err := r.services.Projects.Read(ctx, name.project())
	if err != nil {
		return nil // the following write reports the same error
	}
	if there, ok := view.Contents.Of(r.id(name)); ok {
		return tagsOf(there)
	}
	return nil
}

func (r *Resource[M, P]) fill(
	ctx context.Context, m *M, name name, view *projects.View, e model.Entity,
) diag.Diagnostics {
	common := P(m).common()
	common.ID = types.StringValue(name.String())
	if t := tagged(P(m)); t != nil {
		t.fill(r.services, tagsOf(e))
	}
	return r.object.FromEntity(ctx, m, view, e)
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

// Read implements resource.Resource.
func (r *Resource[M, P]) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m M
	if resp.Diagnostics.Append(req.State.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	name, diags := r.nameOf(ctx, req.State)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	diags, outcome := r.refresh(ctx, &m, name, resp.Private)
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
	resp.Diagnostics.Append(r.setIdentity(ctx, name, resp.Identity)...)
}

// outcome is the result of reading an object.
type outcome int

const (
	failed outcome = iota
	gone
	present
)

// refresh updates the model of an object and its private state.
func (r *Resource[M, P]) refresh(ctx context.Context, m *M, name name, private private) (diag.Diagnostics, outcome) {
	view, e, err := r.find(ctx, name)
	if r.unmanaged(m) && model.IsNotFound(err, model.NotFoundEntity) {
		view, e, err = r.existing(ctx, m, name, view, private)
	}
	diags := r.services.warningsOfRead(ctx)
	if err != nil {
		if err := r.services.checkGone(ctx, private, err); err != nil {
			return append(diags, r.failure(read, name).diagnostic(err)), failed
		}
		return diags, gone
	}
	diags.Append(r.services.recordHub(ctx, private)...)
	diags.Append(r.fill(ctx, m, name, view, e)...)
	P(m).common().Drift = drift(view, r.id(name))
	diags.Append(r.readIncarnation(name, P(m).common(), view)...)
	diags.Append(r.copies(view, name)...)
	if r.object.NeedsUpdate != nil {
		now := unchanged.Once(ctx, readAt{}, time.Now)
		diags.Append(setDue(ctx, private, r.object.NeedsUpdate(e, now), now)...)
	}
	return diags, present
}

// find reads an entity. It returns a *model.NotFoundError if the project does not hold it.
func (r *Resource[M, P]) find(ctx context.Context, name name) (*projects.View, model.Entity, error) {
	view, err := r.services.read(ctx, name.project())
	if err != nil {
		return nil, nil, err
	}
	e, ok := view.Contents.Of(r.id(name))
	if !ok {
		return view, nil, &model.NotFoundError{Kind: model.NotFoundEntity, ID: r.id(name)}
	}
	return view, e, nil
}

// readAt is the key of the time of reading an object.
type readAt struct{}

// reading is the result of reading a project.
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

// drift lists the differences between an entity and what the provider created, one per line.
func drift(view *projects.View, id model.ID) types.String {
	var result []string
	for _, d := range view.Contents.DriftOf(id) {
		result = append(result, d.String())
	}
	if slices.Contains(view.Contents.Dangling, id) {
		result = append(result, "the bucket of the "+id.String()+" does not exist, so that it allows nothing")
	}
	if p := view.Contents.Project; p != nil && p.Closing && p.ID() == id {
		result = append(result, "the deletion of the "+id.String()+" has begun and was not finished")
	}
	slices.Sort(result)
	return Optional(strings.Join(slices.Compact(result), "\n"))
}

// Delete implements resource.Resource.
func (r *Resource[M, P]) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m M
	if resp.Diagnostics.Append(req.State.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	name, diags := r.nameOf(ctx, req.State)
	resp.Diagnostics.Append(diags...)
	limit, diags := r.limit(ctx, remove, &m)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if _, _, differs := r.services.otherHub(ctx, req.Private); differs {
		if _, _, err := r.find(ctx, name); err != nil {
			if err := r.services.checkGone(ctx, req.Private, err); err != nil {
				resp.Diagnostics.Append(r.failure(remove, name).diagnostic(err))
				return
			}
		}
	}
	var err error
	held := P(&m).common().Incarnation.ValueString()
	if r.object.Kind == model.KindProject {
		err = r.services.Projects.DeleteProject(ctx, name.project(), projects.As(held))
	} else {
		err = r.services.Projects.Delete(ctx, name.project(), r.id(name), projects.As(held))
	}
	resp.Diagnostics.Append(r.services.warnings()...)
	f := r.failure(remove, name)
	if warning, forgotten := f.forgotten(err); forgotten {
		resp.Diagnostics.Append(warning)
		return
	}
	if err != nil {
		err = r.services.checkGone(ctx, req.Private, err) // an entity is gone with its project
	}
	if err != nil {
		resp.Diagnostics.Append(f.diagnostic(err))
	}
}
