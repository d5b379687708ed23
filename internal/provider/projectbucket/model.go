package projectbucket

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Model is the model of stowage_project_bucket in state, plan and configuration.
type Model struct {
	entity.Common
	entity.Timed
	entity.Tagged
	Project            types.String `tfsdk:"project"`
	Name               types.String `tfsdk:"name"`
	BucketName         types.String `tfsdk:"bucket_name"`
	Versioning         types.Bool   `tfsdk:"versioning"`
	KMSKeyARN          types.String `tfsdk:"kms_key_arn"`
	LifecycleRules     types.Object `tfsdk:"lifecycle_rules"`
	ObjectLock         types.Object `tfsdk:"object_lock"`
	CORS               types.List   `tfsdk:"cors"`
	OnDelete           types.String `tfsdk:"on_delete"`
	UnmodeledSettings  types.String `tfsdk:"unmodeled_settings"`
	ARN                types.String `tfsdk:"arn"`
	RegionalDomainName types.String `tfsdk:"regional_domain_name"`
	Managed            types.Bool   `tfsdk:"managed"`
}

// lifecycle, objectLock and corsRule are the nested attributes.
type (
	lifecycle struct {
		ExpireAfterDays           types.Int64 `tfsdk:"expire_after_days"`
		ExpireNoncurrentAfterDays types.Int64 `tfsdk:"expire_noncurrent_after_days"`
		AbortMultipartAfterDays   types.Int64 `tfsdk:"abort_multipart_after_days"`
	}
	objectLock struct {
		Mode types.String `tfsdk:"mode"`
		Days types.Int64  `tfsdk:"days"`
	}
	corsRule struct {
		AllowedOrigins types.Set   `tfsdk:"allowed_origins"`
		AllowedMethods types.Set   `tfsdk:"allowed_methods"`
		AllowedHeaders types.Set   `tfsdk:"allowed_headers"`
		ExposeHeaders  types.Set   `tfsdk:"expose_headers"`
		MaxAgeSeconds  types.Int64 `tfsdk:"max_age_seconds"`
	}
)

var (
	lifecycleTypes = map[string]attr.Type{
		"expire_after_days":            types.Int64Type,
		"expire_noncurrent_after_days": types.Int64Type,
		"abort_multipart_after_days":   types.Int64Type,
	}
	objectLockTypes = map[string]attr.Type{"mode": types.StringType, "days": types.Int64Type}
	stringSet       = types.SetType{ElemType: types.StringType}
	corsTypes       = map[string]attr.Type{
		"allowed_origins": stringSet, "allowed_methods": stringSet, "allowed_headers": stringSet, "expose_headers": stringSet,
		"max_age_seconds": types.Int64Type,
	}
)

func lifecycleValue(l model.Lifecycle, expire types.Int64) types.Object {
	return types.ObjectValueMust(lifecycleTypes, map[string]attr.Value{
		"expire_after_days":            expire,
		"expire_noncurrent_after_days": types.Int64Value(l.ExpireNoncurrentAfterDays),
		"abort_multipart_after_days":   types.Int64Value(l.AbortMultipartAfterDays),
	})
}

func lifecycleOf(rules types.Object) (l model.Lifecycle, ok bool) {
	for name, days := range map[string]*int64{
		"expire_after_days": &l.ExpireAfterDays, "expire_noncurrent_after_days": &l.ExpireNoncurrentAfterDays,
		"abort_multipart_after_days": &l.AbortMultipartAfterDays,
	} {
		value, isNumber := rules.Attributes()[name].(types.Int64)
		if !isNumber || value.IsUnknown() {
			return l, false
		}
		*days = value.ValueInt64()
	}
	return l, true
}

func toEntity(
	ctx context.Context, _ *entity.Services, m *Model, tags map[string]string,
) (model.Entity, diag.Diagnostics) {
	b := model.Bucket{
		Name: m.Name.ValueString(), BucketName: m.BucketName.ValueString(),
		Unversioned: entity.Known(m.Versioning) && !m.Versioning.ValueBool(),
		KMSKeyARN:   m.KMSKeyARN.ValueString(), OnDelete: model.OnDelete(m.OnDelete.ValueString()), Tags: tags,
		UnmodeledSettings: model.Unmodeled(m.UnmodeledSettings.ValueString()),
	}
	var diags diag.Diagnostics
	var days lifecycle
	if entity.Known(m.LifecycleRules) {
		diags.Append(m.LifecycleRules.As(ctx, &days, basetypes.ObjectAsOptions{})...)
		b.Lifecycle = model.Lifecycle{
			ExpireAfterDays:           days.ExpireAfterDays.ValueInt64(),
			ExpireNoncurrentAfterDays: days.ExpireNoncurrentAfterDays.ValueInt64(),
			AbortMultipartAfterDays:   days.AbortMultipartAfterDays.ValueInt64(),
		}
	}
	if entity.Known(m.ObjectLock) {
		var lock objectLock
		diags.Append(m.ObjectLock.As(ctx, &lock, basetypes.ObjectAsOptions{})...)
		b.ObjectLock = &model.ObjectLock{Mode: lock.Mode.ValueString(), Days: lock.Days.ValueInt64()}
	}
	for _, element := range m.CORS.Elements() {
		var rule corsRule
		if object, ok := element.(types.Object); ok && entity.Known(object) {
			diags.Append(object.As(ctx, &rule, basetypes.ObjectAsOptions{})...)
		}
		b.CORS = append(b.CORS, model.CORSRule{
			AllowedOrigins: entity.Strings(rule.AllowedOrigins), AllowedMethods: entity.Strings(rule.AllowedMethods),
			AllowedHeaders: entity.Strings(rule.AllowedHeaders), ExposeHeaders: entity.Strings(rule.ExposeHeaders),
			MaxAgeSeconds: rule.MaxAgeSeconds.ValueInt64(),
		})
	}
	return b, diags
}

func plan(_ context.Context, p *entity.PlanRequest[Model]) diag.Diagnostics {
	m := p.Plan
	m.Managed = types.BoolValue(true)
	if p.InPlace() {
		m.BucketName, m.ARN, m.RegionalDomainName = p.State.BucketName, p.State.ARN, p.State.RegionalDomainName
		return append(refuseLockChange(p), warnOfDeleted(p)...)
	}
	if p.Config.BucketName.IsNull() {
		m.BucketName = types.StringUnknown()
		if p.View != nil && entity.Known(m.Name) {
			env := p.View.Contents.Env
			m.BucketName = types.StringValue(
				model.DefaultBucketName(env.Project, m.Name.ValueString(), env.AccountID, env.Region),
			)
		}
	}
	m.ARN, m.RegionalDomainName = types.StringUnknown(), types.StringUnknown()
	if p.View != nil && entity.Known(m.BucketName) {
		m.ARN, m.RegionalDomainName = names(p.View.Contents.Env, m.BucketName.ValueString())
	}
	if p.State == nil {
		return warnOfRetained(p)
	}
	return warnOfReplacement(p)
}

// warnOfRetained warns that a replacement will fail, because the replaced bucket is retained and
// has the name of the new one.
func warnOfRetained(p *entity.PlanRequest[Model]) diag.Diagnostics {
	var diags diag.Diagnostics
	if !p.Replaces || p.View == nil {
		return diags
	}
	there, _ := p.View.Contents.Of(model.ID{Kind: model.KindBucket, Name: p.Plan.Name.ValueString()})
	replaced, isBucket := there.(model.Bucket)
	if !isBucket || replaced.OnDelete != model.Retain || replaced.BucketName != p.Plan.BucketName.ValueString() {
		return diags
	}
	diags.AddAttributeWarning(path.Root("on_delete"), "Retained Bucket Prevents Its Replacement", fmt.Sprintf(
		"This plan replaces the project bucket %q, whose on_delete is %q: the S3 bucket %s stays in the account, with its data, and no longer belongs "+
			"to the project. The new bucket would have the same name, so that creating it fails.\n\n"+
			"To keep the bucket, do not replace it. To replace it, first apply on_delete = %q or %q, which deletes the S3 bucket; or set another bucket_name.",
		p.Plan.ID.ValueString(),
		replaced.OnDelete,
		replaced.BucketName,
		model.Refuse,
		model.Empty,
	))
	return diags
}

// refuseLockChange refuses to add or remove object lock: S3 fixes it when a bucket is created, and
// it can never be removed. Its values may change.
func refuseLockChange(p *entity.PlanRequest[Model]) diag.Diagnostics {
	var diags diag.Diagnostics
	if p.Plan.ObjectLock.IsUnknown() || p.Plan.ObjectLock.IsNull() == p.State.ObjectLock.IsNull() {
		return diags
	}
	what := "added to"
	if p.Plan.ObjectLock.IsNull() {
		what = "removed from"
	}
	diags.AddAttributeError(path.Root("object_lock"), "Unable to Change Object Lock", fmt.Sprintf(
		"Object lock can't be %s the project bucket %q: it is decided when a bucket is created. Nothing was changed.\n\n"+
			"Set object_lock as it was, or make another bucket and copy the data.", what, p.State.ID.ValueString()))
	return diags
}

// warnOfReplacement warns what a replacement means for the data. The plan does not know whether the
// bucket holds any.
func warnOfReplacement(p *entity.PlanRequest[Model]) diag.Diagnostics {
	var diags diag.Diagnostics
	data := map[model.OnDelete]string{
		model.Refuse: "the apply fails, and the bucket stays as it is, unless it is empty",
		model.Retain: "the old bucket stays in the account with its data, out of the model",
		model.Empty:  "all its data is deleted",
	}[model.OnDelete(p.State.OnDelete.ValueString())]
	diags.AddAttributeWarning(path.Root(p.Replaced[0]), "Project Bucket Will Be Replaced", fmt.Sprintf(
		"Changing %s replaces the project bucket %q. The new bucket begins empty; with on_delete = %q, %s.",
		strings.Join(p.Replaced, " and "), p.State.ID.ValueString(), p.State.OnDelete.ValueString(), data))
	return diags
}

func fill(ctx context.Context, m *Model, view *projects.View, e model.Entity) diag.Diagnostics {
	b, ok := e.(model.Bucket)
	if !ok {
		return diag.Diagnostics{entity.Unexpected("bucket", m.Name, e)}
	}
	m.Name, m.BucketName = types.StringValue(b.Name), types.StringValue(b.BucketName)
	m.Versioning, m.KMSKeyARN = types.BoolValue(!b.Unversioned), entity.Optional(b.KMSKeyARN)
	m.OnDelete, m.Managed = types.StringValue(string(b.OnDelete)), types.BoolValue(b.Adoption == nil || !b.Adoption.Begun)
	m.UnmodeledSettings = entity.Optional(string(b.UnmodeledSettings))
	m.ARN, m.RegionalDomainName = names(view.Contents.Env, b.BucketName)

	expire := types.Int64Null()
	if b.Lifecycle.ExpireAfterDays != 0 {
		expire = types.Int64Value(b.Lifecycle.ExpireAfterDays)
	}
	m.LifecycleRules = lifecycleValue(b.Lifecycle, expire)

	m.ObjectLock = types.ObjectNull(objectLockTypes)
	if lock := b.ObjectLock; lock != nil {
		m.ObjectLock = types.ObjectValueMust(objectLockTypes, map[string]attr.Value{
			"mode": types.StringValue(lock.Mode), "days": types.Int64Value(lock.Days),
		})
	}
	rules := make([]corsRule, 0, len(b.CORS))
	for _, rule := range b.CORS {
		rules = append(rules, corsRule{
			AllowedOrigins: entity.StringSet(rule.AllowedOrigins), AllowedMethods: entity.StringSet(rule.AllowedMethods),
			AllowedHeaders: entity.StringSet(rule.AllowedHeaders), ExposeHeaders: entity.StringSet(rule.ExposeHeaders),
			MaxAgeSeconds: types.Int64Value(rule.MaxAgeSeconds),
		})
	}
	var diags diag.Diagnostics
	m.CORS, diags = types.ListValueFrom(ctx, types.ObjectType{AttrTypes: corsTypes}, rules)
	return diags
}

// names returns a bucket's ARN and its regional host name (AWS General Reference, S3 endpoints).
func names(env template.Env, bucketName string) (arn, domain types.String) {
	return types.StringValue(fmt.Sprintf("arn:%s:s3:::%s", env.Partition, bucketName)),
		types.StringValue(fmt.Sprintf("%s.s3.%s.%s", bucketName, env.Region, cfn.DNSSuffix(env.Partition)))
}
