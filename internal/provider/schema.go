package provider

import (
	"context"

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
	resp.Schema = schema.Schema{
		MarkdownDescription: "Stowage hands S3 buckets to third parties: projects with an isolated account each, their buckets, users and permissions.",
		Attributes: map[string]schema.Attribute{
			"hub": ruled(
				isHubName,
				"The hub's name: its settings are read from the SSM parameter `/stowage/hub/<name>` in the account of the provider's own credentials, in the provider's region. Environment: `STOWAGE_HUB`. Default: `stowage`.",
			),
			"project_role_name": ruled(
				isRoleName,
				"The role that is assumed in each project's account, such as `StowageProvisioner`. Left out or `null`: environment `STOWAGE_PROJECT_ROLE_NAME`, else the provider's own credentials serve all projects.",
			),
			"project_external_id": ruled(
				isExternalID,
				"The external ID that is given when the role `project_role_name` is assumed, if its trust policy asks for one. Left out or `null`: environment `STOWAGE_PROJECT_EXTERNAL_ID`, else none.",
			),
			"read_consistency": schema.StringAttribute{
				Optional: true,
				Validators: []validator.String{
					stringvalidator.OneOf(string(projects.Verified), string(projects.Cached), string(projects.Authoritative)),
				},
				MarkdownDescription: "How much reads trust the mirror: `verified` compares it with one call per stack and reads the stack where they differ, `cached` takes it as it is, `authoritative` reads the stacks only. Environment: `STOWAGE_READ_CONSISTENCY`. Default: `verified`.",
			},
			"origin": ruled(
				isPlainText,
				"Marks what this configuration creates, so that a create that was interrupted is taken over by the next apply. Default: the HCP Terraform workspace (`TFC_WORKSPACE_SLUG`), else none.",
			),
			"commit_timeout": text(
				"How long a create, update or delete waits at most, as a duration such as `90s` or `2h`. The `timeouts` of a resource take precedence. Default: `60m`.",
			),

			"region": text(
				"The AWS region of the hub, and of projects that name none. Environment: `AWS_REGION`, `AWS_DEFAULT_REGION`; shared configuration: `region`.",
			),
			"profile":    text("The profile in the shared files. Environment: `AWS_PROFILE`."),
			"access_key": secret("The access key id. Environment: `AWS_ACCESS_KEY_ID`."),
			"secret_key": secret("The secret access key. Environment: `AWS_SECRET_ACCESS_KEY`."),
			"token":      secret("The session token of temporary credentials. Environment: `AWS_SESSION_TOKEN`."),
			"shared_config_files": textList(
				"Paths of shared configuration files. Environment: `AWS_CONFIG_FILE`. Default: `~/.aws/config`.",
			),
			"shared_credentials_files": textList(
				"Paths of shared credentials files. Environment: `AWS_SHARED_CREDENTIALS_FILE`. Default: `~/.aws/credentials`.",
			),
			"allowed_account_ids": textSet(
				"The accounts of which the provider's own credentials may be. Conflicts with `forbidden_account_ids`.",
			),
			"forbidden_account_ids": textSet(
				"Accounts in which the provider must not work, neither with its own credentials nor for a project. Conflicts with `allowed_account_ids`.",
			),
			"custom_ca_bundle": text(
				"Path of a file of certificates in PEM form that are trusted too. Environment: `AWS_CA_BUNDLE`.",
			),
			"http_proxy":  text("URL of the proxy for HTTP; `\"\"`: none. Environment: `HTTP_PROXY`."),
			"https_proxy": text("URL of the proxy for HTTPS; `\"\"`: none. Environment: `HTTPS_PROXY`."),
			"no_proxy":    text("Hosts that are reached without a proxy, with commas between them. Environment: `NO_PROXY`."),
			"insecure":    flag("Whether any TLS certificate is accepted. Default: `false`."),
			"max_retries": count("How many times a call is attempted. Default: `25`."),
			"retry_mode": oneOf(
				"How retries are spaced: `standard` or `adaptive`. Environment: `AWS_RETRY_MODE`. Default: `standard`.",
				"standard", "adaptive",
			),
			"token_bucket_rate_limiter_capacity": count(
				"Capacity of a bucket of tokens that limits retries. Default: `0`, no limit.",
			),
			"sts_region": text("The region in which the security token service is called. Default: the provider's."),
			"use_fips_endpoint": flag(
				"Whether endpoints with FIPS cryptography are called. Environment: `AWS_USE_FIPS_ENDPOINT`.",
			),
			"use_dualstack_endpoint": flag(
				"Whether endpoints with IPv6 are called. Environment: `AWS_USE_DUALSTACK_ENDPOINT`.",
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
				"`true`: the instance metadata service is never asked for credentials. Environment: `AWS_EC2_METADATA_DISABLED`.",
				"true", "false", "",
			),
			"skip_credentials_validation": flag("Whether credentials that AWS refuses are let through, as emulators need."),
			"skip_region_validation":      flag("Whether regions are let through that this version doesn't know."),
			"skip_requesting_account_id": flag(
				"Whether AWS isn't asked for the account of the credentials. Not with `allowed_account_ids` or `forbidden_account_ids`.",
			),
			"s3_use_path_style": flag("Whether S3 is called with the bucket in the path, as emulators need."),
			"user_agent": schema.ListNestedAttribute{
				Optional: true, Validators: []validator.List{listvalidator.NoNullValues()},
				MarkdownDescription: "Products that are added to the user agent of calls. Environment: `TF_APPEND_USER_AGENT`.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"product_name":    schema.StringAttribute{Required: true, MarkdownDescription: "The product's name."},
					"product_version": text("The product's version."),
					"comment":         text("A comment."),
				}},
			},
		},
		Blocks: map[string]schema.Block{
			"assume_role": schema.ListNestedBlock{
				MarkdownDescription: "A role that is assumed for the provider's own credentials. Several blocks are a chain: each role is assumed with the credentials of the one before it.",
				NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
					"role_arn": schema.StringAttribute{Required: true, MarkdownDescription: "ARN of the role."},
					"duration": text(
						"How long the credentials last, such as `1h`. They are renewed as often as needed. Default: `15m`.",
					),
					"external_id":         text("The external id that the role's trust policy asks for."),
					"policy":              text("A policy in JSON that further limits the session."),
					"policy_arns":         textSet("ARNs of managed policies that further limit the session."),
					"session_name":        text("The session's name."),
					"source_identity":     text("The source identity of the session."),
					"tags":                sessionTags("The tags of the session."),
					"transitive_tag_keys": textSet("Keys of the tags that are passed on along the chain."),
				}},
			},
			"assume_role_with_web_identity": schema.ListNestedBlock{
				MarkdownDescription: "A role that is assumed with a token of an OIDC issuer. At most one block.",
				Validators:          []validator.List{listvalidator.SizeAtMost(1)},
				NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
					"role_arn":                schema.StringAttribute{Required: true, MarkdownDescription: "ARN of the role."},
					"duration":                text("How long the credentials last, such as `1h`."),
					"policy":                  text("A policy in JSON that further limits the session."),
					"policy_arns":             textSet("ARNs of managed policies that further limit the session."),
					"session_name":            text("The session's name."),
					"web_identity_token":      secret("The token. Exactly one of this and `web_identity_token_file` must be set."),
					"web_identity_token_file": text("Path of a file that holds the token."),
				}},
			},
			"default_tags": schema.ListNestedBlock{
				MarkdownDescription: "Tags of everything that this provider makes. At most one block.",
				Validators:          []validator.List{listvalidator.SizeAtMost(1)},
				NestedObject: schema.NestedBlockObject{
					Attributes: map[string]schema.Attribute{
						"tags": textMap(
							"The tags. An object's own tags override those with the same keys. A tag whose value is `null` is left out.",
						),
					},
				},
			},
			"ignore_tags": schema.ListNestedBlock{
				MarkdownDescription: "Tags that others set: they appear in no plan and are left as they are. At most one block.",
				Validators:          []validator.List{listvalidator.SizeAtMost(1)},
				NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
					"keys":         textSet("Keys of such tags."),
					"key_prefixes": textSet("Prefixes of keys of such tags."),
				}},
			},
			"endpoints": schema.ListNestedBlock{
				MarkdownDescription: "Addresses of services, instead of AWS's own. At most one block. Environment: `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_<SERVICE>`.",
				Validators:          []validator.List{listvalidator.SizeAtMost(1)},
				NestedObject:        schema.NestedBlockObject{Attributes: endpointAttributes()},
			},
		},
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
