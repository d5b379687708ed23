// Package hub implements the resource stowage_hub.
package hub

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/relaypackage"
)

// NewResource returns stowage_hub.
func NewResource() resource.Resource { return newResource(relays{relaypackage.Embedded}) }

func newResource(r relays) resource.Resource {
	return entity.NewStandalone[Model](entity.Standalone[Model]{
		Object: entity.Object[Model]{
			Name:  "hub",
			Title: "Hub",
			Description: "Manages a hub: the table that mirrors the projects, the relay that keeps the table and web clients up to date, the event bus for the projects' accounts, the WebSocket API and the board for web clients, and the roles for those who run Terraform. " +
				"All of it is one CloudFormation stack in the account and region of the provider. A hub that holds projects cannot be deleted.",
			Identity:   []entity.IdentityAttribute{{Name: "name", Description: "Name of the hub."}},
			Attributes: attributes(),
			Plan:       r.plan,
		},
		Problems: problems,
		Read:     read,
		Create:   r.create,
		Update:   r.update,
		Delete:   remove,
	})
}

// allowsNone is the default of allow_relay_downgrade.
var allowsNone = types.BoolValue(false)

func attributes() map[string]schema.Attribute {
	all := map[string]schema.Attribute{
		"name": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "Name of the hub, which the provider argument `hub` refers to: 2 to 32 characters of `a-z`, `0-9` and single inner hyphens. It must not end with a number of its own, such as `-1`. Changing it replaces the hub.",
		},
		"organization_id": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "ID of the AWS organization whose accounts report to the hub. Exactly one of `organization_id` and `account_ids` must be set.",
		},
		"account_ids":   stringsAttribute("IDs of the AWS accounts that report to the hub, besides its own. Exactly one of `organization_id` and `account_ids` must be set."),
		"alarm_actions": stringsAttribute("ARNs of the SNS topics that are notified of the hub's alarms. Default: none."),
		"live":          liveAttribute(),
		"operators":     operatorsAttribute(),
		"drift_check_hours": schema.Int64Attribute{
			Optional: true, Computed: true, Default: int64default.StaticInt64(hub.DefaultDriftCheckHours),
			MarkdownDescription: "Interval in hours at which the relay compares the stacks of projects with AWS. `0` disables it. Default: `24`.",
		},
		"relay_package": schema.StringAttribute{
			Optional:            true,
			Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			MarkdownDescription: "Path of a package of the relay to deploy instead of the provider's own. Development builds of the provider have none.",
		},
		"allow_relay_downgrade": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(allowsNone.ValueBool()),
			MarkdownDescription: "Whether the relay may be replaced by an older version. Without it, a provider that is older than the hub refuses to change the hub. Default: `false`.",
		},
	}
	for name, description := range map[string]string{
		"table_name":        "Name of the DynamoDB table that mirrors the projects.",
		"event_bus_arn":     "ARN of the event bus for the stack events of the projects' accounts.",
		"websocket_url":     "URL of the WebSocket API. Null without `live`.",
		"board_url":         "URL of the board. Null without `live`.",
		"operator_role_arn": "ARN of the IAM role that can apply projects. Null without `operators`.",
		"planner_role_arn":  "ARN of the IAM role that can plan projects and change nothing. Null without `operators`.",
		"relay_version":     "Version of the relay. An upgrade of the provider usually upgrades it.",
	} {
		all[name] = schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	return all
}

// stringsAttribute is an optional set of strings, empty by default.
func stringsAttribute(description string) schema.Attribute {
	return schema.SetAttribute{
		Optional: true, Computed: true, ElementType: types.StringType, Default: setdefault.StaticValue(entity.EmptySet()),
		Validators: []validator.Set{setvalidator.NoNullValues()}, MarkdownDescription: description,
	}
}

// requiredStrings is a required set of strings.
func requiredStrings(description string) schema.Attribute {
	return schema.SetAttribute{
		Required: true, ElementType: types.StringType, Validators: []validator.Set{setvalidator.NoNullValues()},
		MarkdownDescription: description,
	}
}

func liveAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "WebSocket API and board for web clients. Default: none.",
		Attributes: map[string]schema.Attribute{
			"oidc_issuer": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "URL of the OpenID Connect issuer that people sign in at, exactly as in the claim `iss` of its tokens.",
			},
			"oidc_client_id": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "ID of the board's client at the issuer: a public client for the authorization code flow with PKCE. Its redirect URI is `board_url`.",
			},
			"oidc_audience": schema.SetAttribute{
				Optional: true, Computed: true, ElementType: types.StringType,
				Validators:          []validator.Set{setvalidator.NoNullValues(), setvalidator.SizeAtLeast(1)},
				MarkdownDescription: "Accepted audiences of tokens. Default: the client ID.",
			},
			"projects_claim": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(hub.DefaultProjectsClaim),
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
				MarkdownDescription: "Claim of tokens that lists the visible projects, or `*` for all. Default: `stowage_projects`.",
			},
			"board_domain":     domainAttribute("board"),
			"websocket_domain": domainAttribute("WebSocket API"),
		},
	}
}

func domainAttribute(of string) schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Custom domain of the " + of + ". The board and the WebSocket API need one each. Default: none.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{Required: true, MarkdownDescription: "Domain name, in lower case."},
			"certificate_arn": schema.StringAttribute{
				Required: true, MarkdownDescription: "ARN of the ACM certificate for the domain, in the hub's region.",
			},
		},
	}
}

func operatorsAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Who can assume the roles for those who run Terraform: `StowageOperator-<name>-<region>`, which applies, and `StowagePlanner-<name>-<region>`, which only plans. " +
			"Neither can change the hub. Default: none, the roles do not exist.",
		Attributes: map[string]schema.Attribute{
			"hcp_terraform": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "Workspaces of HCP Terraform, by workload identity. Runs in the phase `plan` can assume both roles, those in the phase `apply` only the operator's.",
				Attributes: map[string]schema.Attribute{
					"organization": schema.StringAttribute{Required: true, MarkdownDescription: "Name of the organization."},
					"workspaces":   requiredStrings("Names of workspaces. `*` stands for any characters."),
				},
			},
			"github_actions": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "Repositories whose workflows run Terraform in GitHub Actions. Runs for pull requests can only plan.",
				Attributes: map[string]schema.Attribute{
					"repositories": requiredStrings("Repositories, as `owner/name` or, in the immutable form of subjects, `owner@id/name@id`."),
				},
			},
			"principals": stringsAttribute("ARNs of IAM users, roles and accounts. Default: none."),
		},
	}
}
