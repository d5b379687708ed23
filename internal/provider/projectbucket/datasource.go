package projectbucket

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
)

// DataModel is the model of the data source stowage_project_buckets.
type DataModel struct {
	Project          types.String      `tfsdk:"project"`
	Unmanaged        types.Bool        `tfsdk:"unmanaged"`
	Buckets          []DataBucket      `tfsdk:"buckets"`
	UnmanagedBuckets []UnmanagedBucket `tfsdk:"unmanaged_buckets"`
}

// UnmanagedBucket is a bucket in the account and region of a project that belongs to no project.
type UnmanagedBucket struct {
	BucketName types.String `tfsdk:"bucket_name"`
	Name       types.String `tfsdk:"name"`
	ImportID   types.String `tfsdk:"import_id"`
}

// DataBucket is one bucket of a project.
type DataBucket struct {
	ID                 types.String `tfsdk:"id"`
	Name               types.String `tfsdk:"name"`
	BucketName         types.String `tfsdk:"bucket_name"`
	Versioning         types.Bool   `tfsdk:"versioning"`
	KMSKeyARN          types.String `tfsdk:"kms_key_arn"`
	OnDelete           types.String `tfsdk:"on_delete"`
	Tags               types.Map    `tfsdk:"tags"`
	ARN                types.String `tfsdk:"arn"`
	RegionalDomainName types.String `tfsdk:"regional_domain_name"`
}

// NewDataSource returns the data source stowage_project_buckets.
func NewDataSource() datasource.DataSource {
	return entity.NewDataSource(entity.Lookup[DataModel]{
		Name: "project_buckets", Title: "Project Buckets", ProjectAttribute: "project",
		Description: "Lists the buckets of a project.",
		Attributes: map[string]schema.Attribute{
			"project": schema.StringAttribute{Required: true, MarkdownDescription: "Name of the project."},
			"unmanaged": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether to list the other buckets in the account and region of the project, too, in `unmanaged_buckets`. " +
					"Default: `false`.",
			},
			"unmanaged_buckets": schema.ListNestedAttribute{
				Computed: true,
				MarkdownDescription: "Buckets in the account and region of the project that belong to no project, by physical name. " +
					"Empty unless `unmanaged` is `true`.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"bucket_name": schema.StringAttribute{Computed: true, MarkdownDescription: "Physical name in S3."},
					"name": schema.StringAttribute{
						Computed: true, MarkdownDescription: "Unused bucket name in the project, made of the physical name.",
					},
					"import_id": schema.StringAttribute{
						Computed: true, MarkdownDescription: "ID for an `import` block that adopts the bucket under `name`.",
					},
				}},
			},
			"buckets": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "Buckets, sorted by name.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id":          schema.StringAttribute{Computed: true, MarkdownDescription: "ID for imports."},
					"name":        schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the bucket in the project."},
					"bucket_name": schema.StringAttribute{Computed: true, MarkdownDescription: "Physical name of the bucket in S3."},
					"versioning": schema.BoolAttribute{
						Computed: true, MarkdownDescription: "Whether overwritten and deleted objects are kept as noncurrent versions.",
					},
					"kms_key_arn": schema.StringAttribute{
						Computed:            true,
						MarkdownDescription: "ARN of the KMS key that encrypts the bucket.",
					},
					"on_delete": schema.StringAttribute{
						Computed: true, MarkdownDescription: "What happens to the bucket's data when the bucket is deleted.",
					},
					"tags": schema.MapAttribute{
						Computed: true, ElementType: types.StringType, MarkdownDescription: "All tags of the bucket.",
					},
					"arn": schema.StringAttribute{Computed: true, MarkdownDescription: "ARN of the bucket."},
					"regional_domain_name": schema.StringAttribute{
						Computed: true, MarkdownDescription: "Host name of the bucket in its region.",
					},
				}},
			},
		},
		Project: func(m *DataModel) types.String { return m.Project },
		Read:    readBuckets,
	})
}

func readBuckets(ctx context.Context, s *entity.Services, m *DataModel) (diag.Diagnostics, error) {
	view, err := s.Projects.Read(ctx, m.Project.ValueString())
	if err != nil {
		return nil, err
	}
	m.Buckets = []DataBucket{}
	for _, b := range view.Contents.Buckets {
		key := b.KMSKeyARN
		if key == "" {
			key = view.Contents.Env.KeyARN
		}
		arn, domain := names(view.Contents.Env, b.BucketName)
		m.Buckets = append(m.Buckets, DataBucket{
			ID:                 types.StringValue(m.Project.ValueString() + "/" + b.Name),
			Name:               types.StringValue(b.Name),
			BucketName:         types.StringValue(b.BucketName),
			Versioning:         types.BoolValue(!b.Unversioned),
			KMSKeyARN:          types.StringValue(key),
			OnDelete:           types.StringValue(string(b.OnDelete)),
			Tags:               entity.StringMap(b.Tags),
			ARN:                arn,
			RegionalDomainName: domain,
		})
	}
	m.UnmanagedBuckets, err = unmanagedBuckets(ctx, s, m)
	return nil, err
}

// unmanagedBuckets returns the buckets that belong to no project, if they are asked for.
func unmanagedBuckets(ctx context.Context, s *entity.Services, m *DataModel) ([]UnmanagedBucket, error) {
	buckets := []UnmanagedBucket{}
	if !m.Unmanaged.ValueBool() {
		return buckets, nil
	}
	project := m.Project.ValueString()
	all, err := s.Projects.Unmanaged(ctx, project)
	if err != nil {
		return nil, err
	}
	taken := map[string]bool{}
	for _, b := range m.Buckets {
		taken[b.Name.ValueString()] = true
	}
	for _, physical := range all {
		name := nameFor(project, physical, func(name string) bool { return taken[name] })
		taken[name] = true
		buckets = append(buckets, UnmanagedBucket{
			BucketName: types.StringValue(physical),
			Name:       types.StringValue(name),
			ImportID:   types.StringValue(project + "/" + name + "/" + physical),
		})
	}
	return buckets, nil
}
