package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// Schema implements provider.Provider.
func (*Stowage) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	attributes := stowageAttributes()
	maps.Copy(attributes, credentialAttributes())
	maps.Copy(attributes, connectionAttributes())
	resp.Schema = schema.Schema{
		MarkdownDescription: "Stowage hands S3 buckets to third parties: projects with an isolated account each, their buckets, users and permissions.",
		Attributes:          attributes,
		Blocks: map[string]schema.Block{
			"assume_role":                   assumeRoleBlock(),
			"assume_role_with_web_identity": webIdentityBlock(),
			"default_tags":                  defaultTagsBlock(),
			"ignore_tags":                   ignoreTagsBlock(),
			"endpoints":                     endpointsBlock(),
		},
	}
}

// stowageAttributes returns the arguments that only this provider has.
func stowageAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"hub": ruled(
			isHubName,
			"Name of the hub. Its settings are read from the SSM parameter `/stowage/hub/<name>` in the account of the provider's own credentials, in the provider's region. Environment: `STOWAGE_HUB`. Default: `stowage`.",
		),
		"project_role_name": ruled(
			isRoleName,
			"Name of the IAM role to assume in each project's account, such as `StowageProvisioner`. Environment: `STOWAGE_PROJECT_ROLE_NAME`. Default: none, the provider's own credentials are used for all projects.",
		),
		"project_external_id": ruled(
			isExternalID,
			"External ID for assuming the role `project_role_name`, if its trust policy requires one. Environment: `STOWAGE_PROJECT_EXTERNAL_ID`. Default: none.",
		),
		"read_consistency": schema.StringAttribute{
			Optional: true,
			Validators: []validator.String{
				stringvalidator.OneOf(string(projects.Verified), string(projects.Cached), string(projects.Authoritative)),
			},
			MarkdownDescription: "How reads use the mirror. `verified` compares it with each stack by one call and reads the stack if they differ, `cached` reads the mirror only, `authoritative` reads the stacks only. Environment: `STOWAGE_READ_CONSISTENCY`. Default: `verified`.",
		},
		"origin": ruled(
			isPlainText,
			"Identifies this configuration. An object whose creation was interrupted is taken over by the next apply with the same origin. Default: the HCP Terraform workspace (`TFC_WORKSPACE_SLUG`), else none.",
		),
		"detect_drift": flag(
			"Whether to compare each project with AWS when it is first read, so that the plan shows the drift of this moment. It takes a minute or more per project. Without it, the plan shows what the relay's last comparison found. See the guide \"Changes outside of Terraform\". Environment: `STOWAGE_DETECT_DRIFT`. Default: `false`.",
		),
		"commit_timeout": text(
			"Maximum time that a create, update or delete waits, as a duration such as `90s` or `2h`. A resource's `timeouts` take precedence. Default: `60m`.",
		),
	}
}

// credentialAttributes returns the arguments of the aws provider that find and check credentials.
func credentialAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"region": text(
			"AWS region of the hub, and default region of projects. Environment: `AWS_REGION`, `AWS_DEFAULT_REGION`; shared configuration: `region`.",
		),
		"profile":    text("Name of the profile in the shared configuration and credentials files. Environment: `AWS_PROFILE`."),
		"access_key": secret("AWS access key ID. Environment: `AWS_ACCESS_KEY_ID`."),
		"secret_key": secret("AWS secret access key. Environment: `AWS_SECRET_ACCESS_KEY`."),
		"token":      secret("Session token of temporary credentials. Environment: `AWS_SESSION_TOKEN`."),
		"shared_config_files": textList(
			"Paths of shared configuration files. Environment: `AWS_CONFIG_FILE`. Default: `~/.aws/config`.",
		),
		"shared_credentials_files": textList(
			"Paths of shared credentials files. Environment: `AWS_SHARED_CREDENTIALS_FILE`. Default: `~/.aws/credentials`.",
		),
		"allowed_account_ids": textSet(
			"AWS account IDs the provider is allowed to operate in. Conflicts with `forbidden_account_ids`.",
		),
		"forbidden_account_ids": textSet(
			"AWS account IDs the provider is not allowed to operate in, neither with its own credentials nor for a project. Conflicts with `allowed_account_ids`.",
		),
		"ec2_metadata_service_endpoint": text(
			"URL of the instance metadata service. Environment: `AWS_EC2_METADATA_SERVICE_ENDPOINT`.",
		),
		"ec2_metadata_service_endpoint_mode": oneOf(
			"Protocol of the instance metadata service: `IPv4` or `IPv6`. Environment: `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE`.",
			"IPv4",
			"IPv6",
		),
		"skip_metadata_api_check": oneOf(
			"Whether to skip the EC2 instance metadata service when looking for credentials: `true` or `false`. Environment: `AWS_EC2_METADATA_DISABLED`.",
			"true", "false", "",
		),
		"skip_credentials_validation": flag("Whether to skip the validation of credentials, for emulators."),
		"skip_requesting_account_id": flag(
			"Whether to skip requesting the account ID of the credentials. Conflicts with `allowed_account_ids` and `forbidden_account_ids`.",
		),
	}
}

// connectionAttributes returns the arguments of the aws provider that say how AWS is called.
func connectionAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"custom_ca_bundle": text(
			"Path of a PEM file with additional CA certificates to trust. Environment: `AWS_CA_BUNDLE`.",
		),
		"http_proxy":  text("URL of the proxy for HTTP; `\"\"`: none. Environment: `HTTP_PROXY`."),
		"https_proxy": text("URL of the proxy for HTTPS; `\"\"`: none. Environment: `HTTPS_PROXY`."),
		"no_proxy":    text("Comma-separated hosts to reach without a proxy. Environment: `NO_PROXY`."),
		"insecure":    flag("Whether to accept any TLS certificate. Default: `false`."),
		"max_retries": count("Maximum number of attempts per AWS call. Default: `25`."),
		"retry_mode": oneOf(
			"Retry mode of AWS calls: `standard` or `adaptive`. Environment: `AWS_RETRY_MODE`. Default: `standard`.",
			"standard", "adaptive",
		),
		"token_bucket_rate_limiter_capacity": count(
			"Capacity of the token bucket that limits retries. Default: `0`, no limit.",
		),
		"sts_region": text("Region of the AWS STS endpoint. Default: the provider's region."),
		"use_fips_endpoint": flag(
			"Whether to use FIPS endpoints. Environment: `AWS_USE_FIPS_ENDPOINT`.",
		),
		"use_dualstack_endpoint": flag(
			"Whether to use dual-stack (IPv4 and IPv6) endpoints. Environment: `AWS_USE_DUALSTACK_ENDPOINT`.",
		),
		"skip_region_validation": flag("Whether to skip the validation of region names."),
		"s3_use_path_style":      flag("Whether to use path-style S3 addresses, which emulators need."),
		"user_agent": schema.ListNestedAttribute{
			Optional: true, Validators: []validator.List{listvalidator.NoNullValues()},
			MarkdownDescription: "Products to append to the user agent of AWS calls. Environment: `TF_APPEND_USER_AGENT`.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"product_name":    schema.StringAttribute{Required: true, MarkdownDescription: "Name of the product."},
				"product_version": text("Version of the product."),
				"comment":         text("A comment."),
			}},
		},
	}
}

func assumeRoleBlock() schema.Block {
	return schema.ListNestedBlock{
		MarkdownDescription: "IAM role to assume for the provider's own credentials. Several blocks form a chain: each role is assumed with the credentials of the previous one.",
		NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
			"role_arn": schema.StringAttribute{Required: true, MarkdownDescription: "ARN of the role."},
			"duration": text(
				"Duration of the session, such as `1h`. Credentials are renewed automatically. Default: `15m`.",
			),
			"external_id":         text("External ID that the role's trust policy requires."),
			"policy":              text("IAM policy in JSON that further restricts the session."),
			"policy_arns":         textSet("ARNs of managed policies that further restrict the session."),
			"session_name":        text("Name of the session."),
			"source_identity":     text("Source identity of the session."),
			"tags":                sessionTags("Session tags."),
			"transitive_tag_keys": textSet("Keys of the session tags to pass to the roles assumed next."),
		}},
	}
}

func webIdentityBlock() schema.Block {
	return schema.ListNestedBlock{
		MarkdownDescription: "IAM role to assume with a token of an OIDC issuer. At most one block.",
		Validators:          []validator.List{listvalidator.SizeAtMost(1)},
		NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
			"role_arn":                schema.StringAttribute{Required: true, MarkdownDescription: "ARN of the role."},
			"duration":                text("Duration of the session, such as `1h`."),
			"policy":                  text("IAM policy in JSON that further restricts the session."),
			"policy_arns":             textSet("ARNs of managed policies that further restrict the session."),
			"session_name":            text("Name of the session."),
			"web_identity_token":      secret("OIDC token. Exactly one of `web_identity_token` and `web_identity_token_file` must be set."),
			"web_identity_token_file": text("Path of a file that contains the token."),
		}},
	}
}

func defaultTagsBlock() schema.Block {
	return schema.ListNestedBlock{
		MarkdownDescription: "Tags for all taggable objects that the provider creates. At most one block.",
		Validators:          []validator.List{listvalidator.SizeAtMost(1)},
		NestedObject: schema.NestedBlockObject{
			Attributes: map[string]schema.Attribute{
				"tags": textMap(
					"Map of tags. An object's own tags take precedence over default tags with the same key. Tags with the value `null` are omitted.",
				),
			},
		},
	}
}

func ignoreTagsBlock() schema.Block {
	return schema.ListNestedBlock{
		MarkdownDescription: "Tags to ignore. They do not appear in plans and are never changed. At most one block.",
		Validators:          []validator.List{listvalidator.SizeAtMost(1)},
		NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
			"keys":         textSet("Tag keys to ignore."),
			"key_prefixes": textSet("Prefixes of tag keys to ignore."),
		}},
	}
}

func endpointsBlock() schema.Block {
	return schema.ListNestedBlock{
		MarkdownDescription: "Custom service endpoints. At most one block. Environment: `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_<SERVICE>`.",
		Validators:          []validator.List{listvalidator.SizeAtMost(1)},
		NestedObject:        schema.NestedBlockObject{Attributes: endpointAttributes()},
	}
}

func endpointAttributes() map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{}
	for _, service := range awsclient.EndpointServices {
		attributes[service] = text("URL of the service `" + service + "`.")
	}
	return attributes
}

func text(description string) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: description}
}

func ruled(rule textRule, description string) schema.StringAttribute {
	attribute := text(description)
	attribute.Validators = []validator.String{rule}
	return attribute
}

func secret(description string) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: description}
}

func oneOf(description string, values ...string) schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, MarkdownDescription: description,
		Validators: []validator.String{stringvalidator.OneOf(values...)},
	}
}

func flag(description string) schema.BoolAttribute {
	return schema.BoolAttribute{Optional: true, MarkdownDescription: description}
}

func count(description string) schema.Int64Attribute {
	return schema.Int64Attribute{
		Optional: true, MarkdownDescription: description, Validators: []validator.Int64{int64validator.AtLeast(0)},
	}
}

func textList(description string) schema.ListAttribute {
	return schema.ListAttribute{
		Optional: true, ElementType: types.StringType, MarkdownDescription: description,
		Validators: []validator.List{listvalidator.NoNullValues()},
	}
}

func textSet(description string) schema.SetAttribute {
	return schema.SetAttribute{
		Optional: true, ElementType: types.StringType, MarkdownDescription: description,
		Validators: []validator.Set{setvalidator.NoNullValues()},
	}
}

func sessionTags(description string) schema.MapAttribute {
	attribute := textMap(description)
	attribute.Validators = []validator.Map{mapvalidator.NoNullValues()} // trust policies may depend on each of them
	return attribute
}

func textMap(description string) schema.MapAttribute {
	return schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: description}
}
