package provider

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"sync/atomic"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/hubs"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/provider/bucketname"
	"github.com/stowage/terraform-provider-stowage/internal/provider/detectdrift"
	"github.com/stowage/terraform-provider-stowage/internal/provider/hub"
	"github.com/stowage/terraform-provider-stowage/internal/provider/project"
	"github.com/stowage/terraform-provider-stowage/internal/provider/projectbucket"
	"github.com/stowage/terraform-provider-stowage/internal/provider/projectuser"
	"github.com/stowage/terraform-provider-stowage/internal/provider/usercredentials"
	"github.com/stowage/terraform-provider-stowage/internal/provider/userpermission"
)

const typeName = "stowage"

// Stowage is the provider.
type Stowage struct {
	version string
	connect connect

	services atomic.Pointer[entity.Services] // see Shared
}

// connect creates the projects and hubs that an account's credentials can access, and returns the
// provider's region.
type connect func(ctx context.Context, config awsclient.Config, settings projects.Config) (
	p entity.Projects, h entity.Hubs, region string, warnings []awsclient.Warning, err error,
)

var (
	_ provider.Provider                       = (*Stowage)(nil)
	_ provider.ProviderWithFunctions          = (*Stowage)(nil)
	_ provider.ProviderWithEphemeralResources = (*Stowage)(nil)
	_ provider.ProviderWithListResources      = (*Stowage)(nil)
	_ provider.ProviderWithActions            = (*Stowage)(nil)
)

// New returns the provider; version is the provider's own version.
func New(version string) provider.Provider { return newStowage(version) }

func newStowage(version string) *Stowage { return &Stowage{version: version, connect: connectAWS} }

// connectAWS finds credentials and asks AWS for their account. It makes no other call until an
// object needs one.
func connectAWS(
	ctx context.Context, config awsclient.Config, settings projects.Config,
) (entity.Projects, entity.Hubs, string, []awsclient.Warning, error) {
	clients, err := awsclient.New(ctx, config)
	if err != nil {
		return nil, nil, "", nil, err
	}
	settings.Clients = clients
	h := hubs.New(hubs.Config{Clients: clients, Writer: settings.Writer, Log: settings.Log, Warn: settings.Warn})
	return projects.New(settings), h, clients.Hub().Region, clients.Warnings(), nil
}

// Metadata implements provider.Provider.
func (s *Stowage) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName, resp.Version = typeName, s.version
}

// Configure implements provider.Provider.
func (s *Stowage) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	if resp.Diagnostics.Append(refuseUnknown(req.Config)...); resp.Diagnostics.HasError() {
		return
	}
	var m Model
	if resp.Diagnostics.Append(req.Config.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	config, diags := m.config()
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	config.Version, config.TerraformVersion = s.version, req.TerraformVersion
	settings := m.settings()
	commitTimeout := duration(m.CommitTimeout, path.Root("commit_timeout"), &resp.Diagnostics)
	detectDrift := m.detectsDrift(&resp.Diagnostics)
	defaultTags, ignoreTags, diags := m.tags()
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}

	p, h, region, warnings, err := s.connect(ctx, config, settings)
	for _, w := range warnings {
		resp.Diagnostics.AddWarning(w.Summary, w.Detail)
	}
	if err != nil {
		resp.Diagnostics.Append(unconfigured(err))
		return
	}
	services := &entity.Services{
		Projects:      p,
		Hubs:          h,
		Region:        region,
		RoleName:      settings.RoleName,
		CommitTimeout: commitTimeout,
		DetectDrift:   detectDrift,
		DefaultTags:   defaultTags,
		IgnoreTags:    ignoreTags,
	}
	walk := services.NewWalk()
	share(walk, resp)
	s.services.Store(walk)
}

// Shared returns the objects' shared services. It is nil until the provider is configured.
func (s *Stowage) Shared() *entity.Services { return s.services.Load() }

// settings returns the provider's own arguments, with their defaults.
func (m *Model) settings() projects.Config {
	settings := projects.Config{
		Hub:      m.Hub.ValueString(),
		ReadMode: projects.ReadMode(m.ReadConsistency.ValueString()),
		Origin:   m.Origin.ValueString(),
		RoleName: m.ProjectRoleName.ValueString(),
		Run:      os.Getenv("TFC_RUN_ID"),
		Writer:   strings.ToLower(rand.Text()),
		Log: func(ctx context.Context, message string, fields map[string]any) {
			tflog.Info(ctx, message, fields)
		},
		Warn: func(ctx context.Context, message string, fields map[string]any) {
			tflog.Warn(ctx, message, fields)
		},
	}
	if m.Hub.IsNull() {
		settings.Hub = environment("STOWAGE_HUB", "stowage")
	}
	if m.ReadConsistency.IsNull() {
		settings.ReadMode = projects.ReadMode(environment("STOWAGE_READ_CONSISTENCY", string(projects.Verified)))
	}
	if m.Origin.IsNull() {
		settings.Origin = os.Getenv("TFC_WORKSPACE_SLUG")
	}
	if m.ProjectRoleName.IsNull() {
		settings.RoleName = os.Getenv("STOWAGE_PROJECT_ROLE_NAME")
	}
	return settings
}

// environment returns the value of a variable, even if empty, or the default if it is not set.
func environment(variable, otherwise string) string {
	if value, ok := os.LookupEnv(variable); ok {
		return value
	}
	return otherwise
}

// share passes the services to every kind of object. All kinds must be listed here.
func share(services *entity.Services, resp *provider.ConfigureResponse) {
	resp.ResourceData, resp.DataSourceData, resp.EphemeralResourceData = services, services, services
	resp.ActionData, resp.ListResourceData, resp.StateStoreData = services, services, services
}

// unconfigured explains why the provider cannot be configured, on the argument at fault if there is
// one.
func unconfigured(err error) diag.Diagnostic {
	const summary = "Unable to Configure Provider"
	attribute, detail := entity.Explained(err)
	if attribute != "" {
		return diag.NewAttributeErrorDiagnostic(path.Root(attribute), summary, detail)
	}
	return diag.NewErrorDiagnostic(summary, detail)
}

// Resources implements provider.Provider.
func (*Stowage) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		hub.NewResource,
		project.NewResource,
		projectbucket.NewResource,
		projectuser.NewResource,
		userpermission.NewResource,
	}
}

// ListResources implements provider.ProviderWithListResources.
func (*Stowage) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{
		project.NewListResource,
		projectbucket.NewListResource,
		projectuser.NewListResource,
		userpermission.NewListResource,
	}
}

// Actions implements provider.ProviderWithActions.
func (*Stowage) Actions(context.Context) []func() action.Action {
	return []func() action.Action{detectdrift.New}
}

// DataSources implements provider.Provider.
func (*Stowage) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		project.NewDataSource,
		project.NewListDataSource,
		hub.NewDataSource,
		projectbucket.NewDataSource,
		projectuser.NewDataSource,
		userpermission.NewPolicyDataSource,
	}
}

// EphemeralResources implements provider.ProviderWithEphemeralResources.
func (*Stowage) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{usercredentials.New}
}

// Functions implements provider.ProviderWithFunctions.
func (*Stowage) Functions(context.Context) []func() function.Function {
	return []func() function.Function{bucketname.New}
}
