package provider

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Model is the provider block.
type Model struct {
	Hub             types.String `tfsdk:"hub"`
	ProjectRoleName types.String `tfsdk:"project_role_name"`
	ProjectExternal types.String `tfsdk:"project_external_id"`
	ReadConsistency types.String `tfsdk:"read_consistency"`
	Origin          types.String `tfsdk:"origin"`
	DetectDrift     types.Bool   `tfsdk:"detect_drift"`
	CommitTimeout   types.String `tfsdk:"commit_timeout"`

	Region                         types.String `tfsdk:"region"`
	Profile                        types.String `tfsdk:"profile"`
	AccessKey                      types.String `tfsdk:"access_key"`
	SecretKey                      types.String `tfsdk:"secret_key"`
	Token                          types.String `tfsdk:"token"`
	SharedConfigFiles              []string     `tfsdk:"shared_config_files"`
	SharedCredentialsFiles         []string     `tfsdk:"shared_credentials_files"`
	AllowedAccountIDs              []string     `tfsdk:"allowed_account_ids"`
	ForbiddenAccountIDs            []string     `tfsdk:"forbidden_account_ids"`
	CustomCABundle                 types.String `tfsdk:"custom_ca_bundle"`
	HTTPProxy                      *string      `tfsdk:"http_proxy"`
	HTTPSProxy                     *string      `tfsdk:"https_proxy"`
	NoProxy                        types.String `tfsdk:"no_proxy"`
	Insecure                       types.Bool   `tfsdk:"insecure"`
	MaxRetries                     types.Int64  `tfsdk:"max_retries"`
	RetryMode                      types.String `tfsdk:"retry_mode"`
	TokenBucketRateLimiterCapacity types.Int64  `tfsdk:"token_bucket_rate_limiter_capacity"`
	STSRegion                      types.String `tfsdk:"sts_region"`
	UseFIPSEndpoint                types.Bool   `tfsdk:"use_fips_endpoint"`
	UseDualStackEndpoint           types.Bool   `tfsdk:"use_dualstack_endpoint"`
	EC2MetadataServiceEndpoint     types.String `tfsdk:"ec2_metadata_service_endpoint"`
	EC2MetadataServiceEndpointMode types.String `tfsdk:"ec2_metadata_service_endpoint_mode"`
	SkipMetadataAPICheck           types.String `tfsdk:"skip_metadata_api_check"`
	SkipCredentialsValidation      types.Bool   `tfsdk:"skip_credentials_validation"`
	SkipRegionValidation           types.Bool   `tfsdk:"skip_region_validation"`
	SkipRequestingAccountID        types.Bool   `tfsdk:"skip_requesting_account_id"`
	S3UsePathStyle                 types.Bool   `tfsdk:"s3_use_path_style"`

	UserAgent                 []product     `tfsdk:"user_agent"`
	AssumeRole                []assumeRole  `tfsdk:"assume_role"`
	AssumeRoleWithWebIdentity []webIdentity `tfsdk:"assume_role_with_web_identity"`
	DefaultTags               []defaultTags `tfsdk:"default_tags"`
	IgnoreTags                []ignoreTags  `tfsdk:"ignore_tags"`
	Endpoints                 types.List    `tfsdk:"endpoints"`
}

type (
	product struct {
		Name    types.String `tfsdk:"product_name"`
		Version types.String `tfsdk:"product_version"`
		Comment types.String `tfsdk:"comment"`
	}
	assumeRole struct {
		RoleARN           types.String      `tfsdk:"role_arn"`
		Duration          types.String      `tfsdk:"duration"`
		ExternalID        types.String      `tfsdk:"external_id"`
		Policy            types.String      `tfsdk:"policy"`
		PolicyARNs        []string          `tfsdk:"policy_arns"`
		SessionName       types.String      `tfsdk:"session_name"`
		SourceIdentity    types.String      `tfsdk:"source_identity"`
		Tags              map[string]string `tfsdk:"tags"`
		TransitiveTagKeys []string          `tfsdk:"transitive_tag_keys"`
	}
	webIdentity struct {
		RoleARN              types.String `tfsdk:"role_arn"`
		Duration             types.String `tfsdk:"duration"`
		Policy               types.String `tfsdk:"policy"`
		PolicyARNs           []string     `tfsdk:"policy_arns"`
		SessionName          types.String `tfsdk:"session_name"`
		WebIdentityToken     types.String `tfsdk:"web_identity_token"`
		WebIdentityTokenFile types.String `tfsdk:"web_identity_token_file"`
	}
	defaultTags struct {
		Tags map[string]*string `tfsdk:"tags"` // nil: null
	}
	ignoreTags struct {
		Keys        []string `tfsdk:"keys"`
		KeyPrefixes []string `tfsdk:"key_prefixes"`
	}
)

// refuseUnknown returns errors for arguments with unknown values: without them no call can be made.
func refuseUnknown(config tfsdk.Config) diag.Diagnostics {
	var diags diag.Diagnostics
	var arguments map[string]tftypes.Value
	if err := config.Raw.As(&arguments); err != nil {
		diags.AddError(
			"Unable to Configure Provider",
			"The provider block can't be read: "+err.Error()+". This is a bug in the provider, please report it.",
		)
		return diags
	}
	for name, value := range arguments {
		if !value.IsFullyKnown() {
			diags.AddAttributeError(path.Root(name), "Unable to Configure Provider", fmt.Sprintf(
				"The value of the provider argument %q is not known before the apply, so that nothing can be planned.\n\n"+
					"Use a value that doesn't depend on a resource of this configuration, or apply that resource first: terraform apply -target.", name))
		}
	}
	slices.SortFunc(diags, func(a, b diag.Diagnostic) int { return strings.Compare(a.Detail(), b.Detail()) })
	return diags
}

func (m *Model) config() (awsclient.Config, diag.Diagnostics) {
	var diags diag.Diagnostics
	config := awsclient.Config{
		Region:                         m.Region.ValueString(),
		Profile:                        m.Profile.ValueString(),
		AccessKey:                      m.AccessKey.ValueString(),
		SecretKey:                      m.SecretKey.ValueString(),
		Token:                          m.Token.ValueString(),
		SharedConfigFiles:              m.SharedConfigFiles,
		SharedCredentialsFiles:         m.SharedCredentialsFiles,
		AllowedAccountIDs:              m.AllowedAccountIDs,
		ForbiddenAccountIDs:            m.ForbiddenAccountIDs,
		CustomCABundle:                 m.CustomCABundle.ValueString(),
		HTTPProxy:                      m.HTTPProxy,
		HTTPSProxy:                     m.HTTPSProxy,
		NoProxy:                        m.NoProxy.ValueString(),
		Insecure:                       m.Insecure.ValueBool(),
		MaxRetries:                     int(m.MaxRetries.ValueInt64()),
		RetryMode:                      m.RetryMode.ValueString(),
		TokenBucketRateLimiterCapacity: int(m.TokenBucketRateLimiterCapacity.ValueInt64()),
		STSRegion:                      m.STSRegion.ValueString(),
		UseFIPSEndpoint:                m.UseFIPSEndpoint.ValueBool(),
		UseDualStackEndpoint:           m.UseDualStackEndpoint.ValueBool(),
		EC2MetadataServiceEndpoint:     m.EC2MetadataServiceEndpoint.ValueString(),
		EC2MetadataServiceEndpointMode: m.EC2MetadataServiceEndpointMode.ValueString(),
		SkipCredentialsValidation:      m.SkipCredentialsValidation.ValueBool(),
		SkipRegionValidation:           m.SkipRegionValidation.ValueBool(),
		SkipRequestingAccountID:        m.SkipRequestingAccountID.ValueBool(),
		S3UsePathStyle:                 m.S3UsePathStyle.ValueBool(),
		ProjectExternalID:              m.ProjectExternal.ValueString(),
	}
	if m.ProjectExternal.IsNull() {
		config.ProjectExternalID = os.Getenv("STOWAGE_PROJECT_EXTERNAL_ID")
	}
	if skip := m.SkipMetadataAPICheck.ValueString(); skip != "" {
		yes := skip == "true"
		config.SkipMetadataAPICheck = &yes
	}
	for _, p := range m.UserAgent {
		config.UserAgent = append(
			config.UserAgent,
			awsclient.Product{Name: p.Name.ValueString(), Version: p.Version.ValueString(), Comment: p.Comment.ValueString()},
		)
	}
	config.AssumeRole = m.assumeRoles(&diags)
	config.AssumeRoleWithWebIdentity = m.webIdentity(&diags)
	config.Endpoints = m.endpoints()
	return config, diags
}

func (m *Model) assumeRoles(diags *diag.Diagnostics) []awsclient.AssumeRole {
	var roles []awsclient.AssumeRole
	for i, r := range m.AssumeRole {
		roles = append(roles, awsclient.AssumeRole{
			RoleARN:           r.RoleARN.ValueString(),
			Duration:          duration(r.Duration, path.Root("assume_role").AtListIndex(i).AtName("duration"), diags),
			ExternalID:        r.ExternalID.ValueString(),
			Policy:            r.Policy.ValueString(),
			PolicyARNs:        r.PolicyARNs,
			SessionName:       r.SessionName.ValueString(),
			SourceIdentity:    r.SourceIdentity.ValueString(),
			Tags:              r.Tags,
			TransitiveTagKeys: r.TransitiveTagKeys,
		})
	}
	return roles
}

func (m *Model) webIdentity(diags *diag.Diagnostics) *awsclient.AssumeRoleWithWebIdentity {
	var identity *awsclient.AssumeRoleWithWebIdentity
	for i, w := range m.AssumeRoleWithWebIdentity {
		identity = &awsclient.AssumeRoleWithWebIdentity{
			RoleARN: w.RoleARN.ValueString(),
			Duration: duration(
				w.Duration, path.Root("assume_role_with_web_identity").AtListIndex(i).AtName("duration"), diags,
			),
			Policy:               w.Policy.ValueString(),
			PolicyARNs:           w.PolicyARNs,
			SessionName:          w.SessionName.ValueString(),
			WebIdentityToken:     w.WebIdentityToken.ValueString(),
			WebIdentityTokenFile: w.WebIdentityTokenFile.ValueString(),
		}
	}
	return identity
}

func (m *Model) endpoints() map[string]string {
	var urls map[string]string
	for _, block := range m.Endpoints.Elements() {
		endpoints, ok := block.(types.Object)
		if !ok {
			continue
		}
		urls = map[string]string{}
		for service, value := range endpoints.Attributes() {
			if url, ok := value.(types.String); ok && url.ValueString() != "" {
				urls[service] = url.ValueString()
			}
		}
	}
	return urls
}

// duration reads a duration; null is 0, which means the default.
func duration(value types.String, at path.Path, diags *diag.Diagnostics) time.Duration {
	if value.IsNull() {
		return 0
	}
	d, err := time.ParseDuration(value.ValueString())
	if err != nil || d <= 0 {
		diags.AddAttributeError(
			at, "Invalid Duration",
			fmt.Sprintf("%q is not a duration: write it as 90s, 15m or 1h.", value.ValueString()),
		)
	}
	return d
}

// detectsDrift returns detect_drift, by default from the environment.
func (m *Model) detectsDrift(diags *diag.Diagnostics) bool {
	const variable = "STOWAGE_DETECT_DRIFT"
	value := environment(variable, "")
	if !m.DetectDrift.IsNull() || value == "" {
		return m.DetectDrift.ValueBool()
	}
	detects, err := strconv.ParseBool(value)
	if err != nil {
		diags.AddAttributeError(path.Root("detect_drift"), "Invalid Environment Variable", fmt.Sprintf(
			"The environment variable %s must be true or false, got: %q.", variable, value))
	}
	return detects
}

// tags returns the default tags without null values, and the ignored tags.
func (m *Model) tags() (map[string]string, entity.IgnoreTags, diag.Diagnostics) {
	var diags diag.Diagnostics
	tags := map[string]string{}
	for i, block := range m.DefaultTags {
		for key, value := range block.Tags {
			if value != nil {
				tags[key] = *value
			}
		}
		for _, problem := range model.TagProblems(tags) {
			diags.AddAttributeError(path.Root("default_tags").AtListIndex(i).AtName("tags"), "Invalid Default Tags",
				fmt.Sprintf("The provider argument \"default_tags\" can't be used: %s.", problem.Reason))
		}
	}
	var ignore entity.IgnoreTags
	for _, block := range m.IgnoreTags {
		ignore = entity.IgnoreTags{Keys: block.Keys, Prefixes: block.KeyPrefixes}
	}
	return tags, ignore, diags
}
