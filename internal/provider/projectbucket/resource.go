// Package projectbucket implements the resource stowage_project_bucket, and the data source
// stowage_project_buckets.
package projectbucket

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/unchanged"
)

// NewResource returns stowage_project_bucket.
func NewResource() resource.Resource { return entity.New[Model](object()) }

// NewListResource returns the list resource stowage_project_bucket.
func NewListResource() list.ListResource { return entity.NewList[Model](object()) }

func object() entity.Object[Model] {
	return entity.Object[Model]{
		Name:        "project_bucket",
		Title:       "Project Bucket",
		Kind:        model.KindBucket,
		Description: "Manages an S3 bucket of a project. The bucket is private, encrypted, versioned, has access logs and requires TLS.",
		Identity: []entity.IdentityAttribute{
			{Name: "project", Description: "Name of the project."},
			{Name: "name", Description: "Name of the bucket in the project."},
		},
		Replaces:   []string{"bucket_name"},
		Attributes: attributes(),
		Entity:     toEntity,
		Plan:       plan,
		Adoption:   adoption(),
		FromEntity: fill,
	}
}

// noNulls refuses null elements: without one of them, a list of what is allowed has another
// meaning.
var noNulls = []validator.Set{setvalidator.NoNullValues()}

// notZero refuses 0, which would mean that the number of days is not set. The model finds all other
// errors.
type notZero struct{}

var _ unchanged.ByValue = notZero{}

// ByValue implements unchanged.ByValue.
func (notZero) ByValue() {}

// Description implements validator.Int64.
func (notZero) Description(context.Context) string { return "not 0" }

// MarkdownDescription implements validator.Int64.
func (notZero) MarkdownDescription(context.Context) string { return "not `0`" }

// ValidateInt64 implements validator.Int64.
func (notZero) ValidateInt64(_ context.Context, req validator.Int64Request, resp *validator.Int64Response) {
	if req.ConfigValue.Equal(types.Int64Value(0)) {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid Project Bucket", fmt.Sprintf(
			"The argument %q of the project bucket can't be used: must be at least 1 day. Leave it out for never.", req.Path))
	}
}

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"project": schema.StringAttribute{
			Required: true, MarkdownDescription: "Name of the project. Changing it replaces the bucket.",
		},
		"name": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "Name of the bucket in the project: 2 to 32 characters of `a-z`, `0-9` and single inner hyphens. Changing it replaces the bucket.",
		},
		"bucket_name": schema.StringAttribute{
			Optional:            true,
			Computed:            true,
			MarkdownDescription: "Physical name of the bucket in S3. Default: `<project>-<name>-<account>-<region>-an`, in the account's own namespace, which no other account can use. Changing it replaces the bucket.",
		},
		"versioning": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(true),
			MarkdownDescription: "Whether overwritten and deleted objects are kept as noncurrent versions. Default: `true`.",
		},
		"kms_key_arn": schema.StringAttribute{
			Optional:            true,
			Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			MarkdownDescription: "ARN of the KMS key that encrypts the bucket, in the project's account and region. Aliases are not supported. Default: the project's own key.",
		},
		"lifecycle_rules": lifecycleAttribute(),
		"object_lock":     objectLockAttribute(),
		"cors":            corsAttribute(),
		"on_delete": schema.StringAttribute{
			Optional: true,
			Computed: true,
			Default:  stringdefault.StaticString(string(model.Refuse)),
			MarkdownDescription: "What happens to the bucket's data when the bucket is deleted or replaced. `refuse` (default) fails unless the bucket is empty, `retain` leaves the bucket in the account, no longer managed, `empty` deletes the data. " +
				"The value applied last takes effect: to delete data, first apply `empty`, then remove the resource.",
		},
		"arn": schema.StringAttribute{Computed: true, MarkdownDescription: "ARN of the bucket."},
		"regional_domain_name": schema.StringAttribute{
			Computed: true, MarkdownDescription: "Host name of the bucket in its region.",
		},
		"unmodeled_settings": schema.StringAttribute{
			Optional:   true,
			Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			MarkdownDescription: "What happens to settings of an adopted bucket that the other arguments cannot express, such as replication or " +
				"foreign policy statements. `refuse` (default) fails the plan and lists them, `keep` keeps them, `remove` removes them. " +
				"It has no effect on buckets that were not adopted.",
		},
		"managed": schema.BoolAttribute{
			Computed: true,
			MarkdownDescription: "Whether the project manages the bucket. `false` for an imported bucket that the next apply adopts; " +
				"destroying it before only removes it from the state.",
		},
	}
}

func lifecycleAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		Computed:            true,
		Default:             objectdefault.StaticValue(lifecycleValue(model.DefaultLifecycle(), types.Int64Null())),
		MarkdownDescription: "Lifecycle rules for expiring objects.",
		Attributes: map[string]schema.Attribute{
			"expire_after_days": schema.Int64Attribute{
				Optional: true, Validators: []validator.Int64{notZero{}},
				MarkdownDescription: "Days after which objects expire. Default: never.",
			},
			"expire_noncurrent_after_days": schema.Int64Attribute{
				Optional:            true,
				Computed:            true,
				Default:             int64default.StaticInt64(model.DefaultLifecycle().ExpireNoncurrentAfterDays),
				MarkdownDescription: "Days after which noncurrent versions, the overwritten and deleted objects, are deleted permanently. `0`: never. Default: `90`.",
			},
			"abort_multipart_after_days": schema.Int64Attribute{
				Optional:            true,
				Computed:            true,
				Default:             int64default.StaticInt64(model.DefaultLifecycle().AbortMultipartAfterDays),
				MarkdownDescription: "Days after which incomplete multipart uploads are aborted. `0`: never. Default: `7`.",
			},
		},
	}
}

func objectLockAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Default Object Lock retention of the bucket's objects. Object versions cannot be deleted before it ends. It can be set only when the bucket is created and cannot be removed; its values can change.",
		Attributes: map[string]schema.Attribute{
			"mode": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "`GOVERNANCE`: users with `s3:BypassGovernanceRetention` can still delete. `COMPLIANCE`: no user can, including the account's root user.",
			},
			"days": schema.Int64Attribute{
				Required: true, MarkdownDescription: "Retention in days.",
			},
		},
	}
}

// corsAttribute is a list, not a set: S3 applies the first rule that matches a request.
func corsAttribute() schema.Attribute {
	return schema.ListNestedAttribute{
		Optional:            true,
		Computed:            true,
		Validators:          []validator.List{listvalidator.NoNullValues()},
		Default:             listdefault.StaticValue(types.ListValueMust(types.ObjectType{AttrTypes: corsTypes}, nil)),
		MarkdownDescription: "CORS rules of the bucket. The first rule that matches a request applies. Default: none.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"allowed_origins": schema.SetAttribute{
				ElementType:         types.StringType,
				Required:            true,
				Validators:          noNulls,
				MarkdownDescription: "Allowed origins, such as `https://example.com`, with at most one `*` each.",
			},
			"allowed_methods": schema.SetAttribute{
				ElementType: types.StringType, Required: true, Validators: noNulls,
				MarkdownDescription: "Allowed methods: `GET`, `PUT`, `HEAD`, `POST`, `DELETE`.",
			},
			"allowed_headers": schema.SetAttribute{
				ElementType:         types.StringType,
				Optional:            true,
				Computed:            true,
				Default:             setdefault.StaticValue(entity.EmptySet()),
				Validators:          noNulls,
				MarkdownDescription: "Allowed request headers, with at most one `*` each. Default: none.",
			},
			"expose_headers": schema.SetAttribute{
				ElementType:         types.StringType,
				Optional:            true,
				Computed:            true,
				Default:             setdefault.StaticValue(entity.EmptySet()),
				Validators:          noNulls,
				MarkdownDescription: "Response headers that pages can read, by full name. Default: none.",
			},
			"max_age_seconds": schema.Int64Attribute{
				Optional:            true,
				Computed:            true,
				Default:             int64default.StaticInt64(0),
				MarkdownDescription: "Time in seconds that browsers can cache the response. Default: `0`, the browser's default.",
			},
		}},
	}
}
