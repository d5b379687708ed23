package entitytest

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
)

// typePrefix is the provider's prefix of type names.
const typePrefix = "stowage"

// Provider is a provider of some objects with given services.
type Provider struct {
	Services *entity.Services
	Objects  []func() resource.Resource
	Lookups  []func() datasource.DataSource

	walk *entity.Services // the services of the current walk
}

// Metadata implements provider.Provider.
func (p *Provider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = typePrefix
}

// Schema implements provider.Provider.
func (p *Provider) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}

// Configure implements provider.Provider.
func (p *Provider) Configure(_ context.Context, _ provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	p.walk = p.Services.NewWalk() // Terraform configures a provider for each walk
	resp.ResourceData, resp.DataSourceData = p.walk, p.walk
}

// Shared returns what the objects share in the current walk. It is nil until the provider is
// configured.
func (p *Provider) Shared() *entity.Services { return p.walk }

// Resources implements provider.Provider.
func (p *Provider) Resources(context.Context) []func() resource.Resource { return p.Objects }

// DataSources implements provider.Provider.
func (p *Provider) DataSources(context.Context) []func() datasource.DataSource { return p.Lookups }

// StartObjects starts and configures a provider of some objects with given services.
func StartObjects(t *testing.T, s *entity.Services, objects ...func() resource.Resource) *Terraform {
	t.Helper()
	tf := Start(t, &Provider{Services: s, Objects: objects})
	Must(t, tf.Configure(Values{}))
	return tf
}
