package entity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	listschema "github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// ListResource lists the objects of a kind, for terraform query: the entities of a project, or the
// existing ones that can be adopted into it.
type ListResource[M any, P Model[M]] struct {
	*Resource[M, P]
}

var _ list.ListResourceWithConfigure = (*ListResource[example, *example])(nil)

// NewList returns the list resource of an object.
func NewList[M any, P Model[M]](object Object[M]) *ListResource[M, P] {
	return &ListResource[M, P]{New[M, P](object)}
}

// unmanagedArgument selects the existing entities instead of those of the model.
const unmanagedArgument = "unmanaged"

// listConcurrency is the number of existing entities that are read at once.
const listConcurrency = 10

// ListResourceConfigSchema implements list.ListResource.
func (l *ListResource[M, P]) ListResourceConfigSchema(
	_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse,
) {
	resp.Schema = listschema.Schema{
		MarkdownDescription: fmt.Sprintf("Lists the %ss of a project.", l.object.Kind),
		Attributes:          map[string]listschema.Attribute{},
	}
	if l.object.Kind == model.KindProject {
		resp.Schema.MarkdownDescription = "Lists all projects of the hub."
		return
	}
	resp.Schema.Attributes["project"] = listschema.StringAttribute{
		Required: true, MarkdownDescription: "Name of the project.",
	}
	if l.object.Adoption == nil {
		return
	}
	resp.Schema.Attributes[unmanagedArgument] = listschema.BoolAttribute{
		Optional: true,
		MarkdownDescription: fmt.Sprintf(
			"Whether to list, instead of the project's own, the %[1]ss in its account and region that belong to no project. "+
				"Each gets a name in the project that is made of its physical name. When the query includes resources or generates "+
				"configuration, %[1]ss that cannot be adopted are left out, and a warning gives the reasons. Default: `false`.",
			l.object.Kind),
	}
}

type listed struct {
	name     name
	physical string         // of an entity that is not in the model; "" for one that is
	view     *projects.View // nil for a project, which is read when it is needed
}

// List implements list.ListResource.
func (l *ListResource[M, P]) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	stream.Results = func(push func(list.ListResult) bool) {
		objects, diags := l.objects(ctx, req)
		if diags.HasError() {
			push(list.ListResult{Diagnostics: diags})
			return
		}
		emitted, done := 0, 0
		var leftOut []string
		for chunk := range slices.Chunk(objects, listConcurrency) {
			results, causes := l.results(ctx, req, chunk)
			for i := range results {
				if done++; causes[i] != "" {
					leftOut = append(leftOut, causes[i])
					continue
				}
				emitted++
				last := req.Limit > 0 && int64(emitted) == req.Limit
				if more := len(objects) - done; last && more > 0 {
					results[i].Diagnostics.Append(l.truncated(emitted, more))
				}
				if !push(results[i]) || last {
					return
				}
			}
		}
		if len(leftOut) > 0 {
			push(list.ListResult{Diagnostics: diag.Diagnostics{diag.NewWarningDiagnostic(
				l.object.Title+"s Left Out", fmt.Sprintf("These cannot be adopted:\n- %s", strings.Join(leftOut, "\n- ")),
			)}})
		}
	}
}

// truncated warns about a list that is longer than its limit.
func (l *ListResource[M, P]) truncated(emitted, more int) diag.Diagnostic {
	return diag.NewWarningDiagnostic("List Is Incomplete", fmt.Sprintf(
		"The list ends after %d objects, and there are %d more. Set limit = %d in the list block to get all.",
		emitted, more, emitted+more))
}

// objects returns the objects of a list in the order of their names.
func (l *ListResource[M, P]) objects(ctx context.Context, req list.ListRequest) ([]listed, diag.Diagnostics) {
	if l.object.Kind == model.KindProject {
		return l.projects(ctx)
	}
	var project types.String
	diags := req.Config.GetAttribute(ctx, path.Root("project"), &project)
	var unmanaged types.Bool
	if l.object.Adoption != nil {
		diags.Append(req.Config.GetAttribute(ctx, path.Root(unmanagedArgument), &unmanaged)...)
	}
	if diags.HasError() {
		return nil, diags
	}
	n := make(name, len(l.object.Identity))
	n[0] = project.ValueString()
	view, err := l.services.Projects.Read(ctx, n.project())
	if err == nil && unmanaged.ValueBool() {
		var objects []listed
		if objects, err = l.unmanagedObjects(ctx, view, n); err == nil {
			return objects, nil
		}
	}
	if err != nil {
		return nil, diag.Diagnostics{l.listFailure(n).diagnostic(err)}
	}
	var objects []listed
	for e := range view.Contents.Entities() {
		if id := e.ID(); id.Kind == l.object.Kind {
			objects = append(objects, listed{name: l.nameIn(n.project(), id), view: view})
		}
	}
	return objects, nil
}

// nameIn returns the identity's values of an entity.
func (l *ListResource[M, P]) nameIn(project string, id model.ID) name {
	n := make(name, len(l.object.Identity))
	n[0] = project
	copy(n[1:], strings.SplitN(id.Name, "/", len(n)-1))
	return n
}

func (l *ListResource[M, P]) projects(ctx context.Context) ([]listed, diag.Diagnostics) {
	all, err := l.services.Projects.List(ctx)
	if err != nil {
		return nil, diag.Diagnostics{l.listFailure(name{""}).diagnostic(err)}
	}
	var objects []listed
	for _, p := range all {
		objects = append(objects, listed{name: name{p.Name}})
	}
	return objects, nil
}

// unmanagedObjects returns the existing entities, each with a name in the project.
func (l *ListResource[M, P]) unmanagedObjects(ctx context.Context, view *projects.View, n name) ([]listed, error) {
	all, err := l.services.Projects.Unmanaged(ctx, n.project())
	if err != nil {
		return nil, err
	}
	taken := map[string]bool{}
	for e := range view.Contents.Entities() {
		if id := e.ID(); id.Kind == l.object.Kind {
			taken[id.Name] = true
		}
	}
	var objects []listed
	for _, physical := range all {
		own := l.object.Adoption.Name(n.project(), physical, func(candidate string) bool { return taken[candidate] })
		taken[own] = true
		objects = append(objects, listed{name: name{n.project(), own}, physical: physical, view: view})
	}
	return objects, nil
}

func (l *ListResource[M, P]) listFailure(n name) failure {
	f := l.object.failure(read, n)
	f.title += "s"
	return f
}

// results returns the results of some objects, or why one cannot be adopted.
func (l *ListResource[M, P]) results(
	ctx context.Context, req list.ListRequest, objects []listed,
) (results []list.ListResult, causes []string) {
	results, causes = make([]list.ListResult, len(objects)), make([]string, len(objects))
	var group sync.WaitGroup
	for i, object := range objects {
		group.Go(func() { results[i], causes[i] = l.result(ctx, req, object) })
	}
	group.Wait()
	return results, causes
}

func (l *ListResource[M, P]) result(
	ctx context.Context, req list.ListRequest, o listed,
) (result list.ListResult, cause string) {
	result = req.NewListResult(ctx)
	result.DisplayName = o.name.String()
	if o.physical != "" {
		result.DisplayName = o.physical
	}
	result.Diagnostics.Append(l.object.setIdentity(ctx, o.name, o.physical, result.Identity)...)
	if !req.IncludeResource || result.Diagnostics.HasError() {
		return result, ""
	}
	m, diags, err := l.model(ctx, o, &result)
	var impossible *projects.UnadoptableError
	if o.physical != "" && errors.As(err, &impossible) {
		return result, impossible.Cause
	}
	if err != nil {
		diags.Append(l.object.failure(read, o.name).diagnostic(err))
	}
	result.Diagnostics.Append(diags...)
	if !result.Diagnostics.HasError() {
		result.Diagnostics.Append(result.Resource.Set(ctx, m)...)
	}
	return result, ""
}

// model returns the state of an object as an import would make it.
func (l *ListResource[M, P]) model(
	ctx context.Context, o listed, result *list.ListResult,
) (*M, diag.Diagnostics, error) {
	var diags diag.Diagnostics
	for i, part := range l.object.Identity {
		value := types.StringValue(o.name[i])
		if part.Optional {
			value = Optional(o.name[i])
		}
		diags.Append(result.Resource.SetAttribute(ctx, path.Root(part.Name), value)...)
	}
	m := new(M)
	if diags.Append(result.Resource.Get(ctx, m)...); diags.HasError() {
		return m, diags, nil
	}
	view, e, err := o.view, model.Entity(nil), error(nil)
	switch {
	case o.physical != "":
		view, e, err = l.adoptable(ctx, o)
	case view == nil:
		view, e, err = l.reader.find(ctx, o.name)
	default:
		e, _ = view.Contents.Of(l.object.id(o.name))
	}
	if err != nil {
		return m, diags, err
	}
	diags.Append(l.reader.conversion.fill(ctx, m, o.name, view, e)...)
	P(m).common().Drift = drift(view, l.object.id(o.name))
	P(m).common().Incarnation = types.StringValue(view.Contents.IncarnationOf(l.object.id(o.name)))
	return m, diags, nil
}

// adoptable reads an existing entity. What the model cannot express is kept, so that generated
// configuration can be planned.
func (l *ListResource[M, P]) adoptable(ctx context.Context, o listed) (*projects.View, model.Entity, error) {
	live, err := l.services.Projects.Existing(ctx, o.name.project(), o.name[1], o.physical)
	if err != nil {
		return nil, nil, err
	}
	env := o.view.Contents.Env
	bucket := live.Entity(env, o.name[1], model.KeepUnmodeled)
	view, err := o.view.Adopting(bucket, live, "")
	if err != nil {
		return nil, nil, err
	}
	if len(bucket.Adoption.Unmodeled()) == 0 {
		bucket.UnmodeledSettings = ""
	}
	// A key that the project cannot use is replaced by the project's own, which the plan shows.
	for _, problem := range bucket.ProblemsAt(model.Location{
		Project: env.Project, Partition: env.Partition, AccountID: env.AccountID, Region: env.Region,
	}) {
		if problem.Field == "kms_key_arn" {
			bucket.KMSKeyARN = ""
		}
	}
	return view, bucket, nil
}
