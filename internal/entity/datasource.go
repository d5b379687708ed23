package entity

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Lookup describes one data source. M is its model.
type Lookup[M any] struct {
	Name        string // the type's name without the provider's prefix
	Title       string // the name in diagnostics
	Description string
	Attributes  map[string]schema.Attribute
	// ProjectAttribute names the project to look up; "" for the directory.
	ProjectAttribute string
	// Project returns the name of the project to look up.
	Project func(m *M) types.String
	// Read fills the model. Errors are reported on ProjectAttribute if it is at fault.
	Read func(ctx context.Context, s *Services, m *M) (diag.Diagnostics, error)
}

// DataSource implements the data source of a Lookup.
type DataSource[M any] struct {
	lookup   Lookup[M]
	services *Services
}

var _ datasource.DataSourceWithConfigure = (*DataSource[struct{}])(nil)

// NewDataSource returns the data source of a lookup.
func NewDataSource[M any](lookup Lookup[M]) *DataSource[M] { return &DataSource[M]{lookup: lookup} }

// Metadata implements datasource.DataSource.
func (d *DataSource[M]) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + d.lookup.Name
}

// Schema implements datasource.DataSource.
func (d *DataSource[M]) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{MarkdownDescription: d.lookup.Description, Attributes: d.lookup.Attributes}
}

// Configure implements datasource.DataSourceWithConfigure.
func (d *DataSource[M]) Configure(
	_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse,
) {
	d.services = services(req.ProviderData, &resp.Diagnostics)
}

// Read implements datasource.DataSource.
func (d *DataSource[M]) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m M
	if resp.Diagnostics.Append(req.Config.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	f := failure{
		action:  read,
		title:   d.lookup.Title,
		typ:     d.lookup.Name,
		project: d.lookup.ProjectAttribute,
		own:     d.lookup.ProjectAttribute,
		has: func(attribute string) bool {
			_, ok := d.lookup.Attributes[attribute]
			return ok
		},
	}
	if d.lookup.Project != nil {
		f.id = d.lookup.Project(&m).ValueString()
	}
	diags, err := d.lookup.Read(ctx, d.services, &m)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(d.services.warnings()...)
	if err != nil {
		resp.Diagnostics.Append(f.diagnostic(err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}
