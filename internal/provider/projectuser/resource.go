// Package projectuser implements the resource stowage_project_user, and the data source
// stowage_project_users.
package projectuser

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// NewResource returns stowage_project_user.
func NewResource() resource.Resource { return entity.New[Model](object()) }

// NewListResource returns the list resource stowage_project_user.
func NewListResource() list.ListResource { return entity.NewList[Model](object()) }

func object() entity.Object[Model] {
	return entity.Object[Model]{
		Name: "project_user", Title: "Project User", Kind: model.KindUser,
		Description: "A user of a project: an IAM user that reaches the buckets that its permissions name, and nothing else.",
		Identity: []entity.IdentityAttribute{
			{Name: "project", Description: "The project's name."},
			{Name: "name", Description: "The user's name in the project."},
		},
		Attributes:  attributes(),
		Entity:      toEntity,
		Plan:        plan,
		NeedsUpdate: due,
		FromEntity:  fill,
	}
}

// noNulls refuses null elements: source_ips without the null one could mean "from anywhere".
var noNulls = []validator.Set{setvalidator.NoNullValues()}

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"project": schema.StringAttribute{
			Required: true, MarkdownDescription: "The project's name. Changing it replaces the user.",
		},
		"name": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "The user's name in the project: 3 to 32 characters of `a-z`, `0-9` and single inner hyphens, not `root`. Changing it replaces the user.",
		},
		"source_ips": schema.SetAttribute{
			ElementType:         types.StringType,
			Optional:            true,
			Computed:            true,
			Default:             setdefault.StaticValue(entity.EmptySet()),
			Validators:          noNulls,
			MarkdownDescription: "The networks from which the user may come, such as `203.0.113.0/24`. Default: none, which means from anywhere.",
		},
		"access_key": schema.SingleNestedAttribute{
			Optional:            true,
			MarkdownDescription: "Gives the user an access key for S3. Its secret goes by reference into a secret of Secrets Manager, and into nothing else: not into the state, a plan or a log. Default: no access key.",
			Attributes: map[string]schema.Attribute{
				"enabled": schema.BoolAttribute{
					Optional: true, Computed: true, Default: booldefault.StaticBool(true),
					MarkdownDescription: "Whether there is a key. With `false` the keys and the secret are deleted. Default: `true`.",
				},
				"rotation": schema.SingleNestedAttribute{
					Optional:            true,
					MarkdownDescription: "Replaces the key from time to time. Each apply makes the steps that are due by then: a new key beside the old one, which goes on working; then the old one made inactive; then deleted. Default: the key stays.",
					Attributes: map[string]schema.Attribute{
						"every_days": schema.Int64Attribute{
							Required: true, MarkdownDescription: "The age in days at which the key gets a successor.",
						},
						"overlap_days": schema.Int64Attribute{
							Optional:            true,
							Computed:            true,
							Default:             int64default.StaticInt64(7),
							MarkdownDescription: "How many days the old key works beside the new one, and how many days after that it stays inactive before it is deleted, at least one. With 0 it is made inactive together with the new one. Default: 7.",
						},
					},
				},
				"replacement_trigger": schema.StringAttribute{
					Optional:            true,
					MarkdownDescription: "Any text. When it changes, the key is replaced at once and the old one made inactive in the same step: for a key that got into wrong hands.",
				},
			},
		},
		"secret_readers": schema.SetAttribute{
			ElementType:         types.StringType,
			Optional:            true,
			Computed:            true,
			Default:             setdefault.StaticValue(entity.EmptySet()),
			Validators:          noNulls,
			MarkdownDescription: "Principals that may read the secret with the access key: ARNs of roles or users, or accounts, of any account. It is how a third party gets its key. Default: only the account itself.",
		},
		"sftp": schema.SingleNestedAttribute{
			Optional:            true,
			MarkdownDescription: "Lets the user reach its buckets by SFTP, at the project's `sftp_endpoint`. The project needs `sftp = { enabled = true }`. The user finds a directory `/<bucket>` or `/<bucket>/<prefix>` for each of its permissions. Default: no SFTP.",
			Attributes: map[string]schema.Attribute{
				"ssh_public_keys": schema.SetAttribute{
					ElementType:         types.StringType,
					Required:            true,
					Validators:          noNulls,
					MarkdownDescription: "The user's public SSH keys, 1 to 10, as they stand in an `authorized_keys` file: RSA of 2,048 bits and more, ECDSA or Ed25519.",
				},
			},
		},
		"access_key_id": schema.StringAttribute{
			Computed: true, MarkdownDescription: "Id of the current access key: the newest active one. Null without a key.",
		},
		"access_keys": schema.MapNestedAttribute{
			Computed:            true,
			MarkdownDescription: "All access keys of the user, by slot: `a` and `b`. The steps of a rotation show here.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"access_key_id": schema.StringAttribute{Computed: true, MarkdownDescription: "Id of the key."},
				"status":        schema.StringAttribute{Computed: true, MarkdownDescription: "`active` or `inactive`."},
				"created_at":    schema.StringAttribute{Computed: true, MarkdownDescription: "When the key was made."},
				"inactive_since": schema.StringAttribute{
					Computed: true, MarkdownDescription: "When the key was made inactive; null while it is active.",
				},
			}},
		},
		"key_created_at": schema.StringAttribute{
			Computed: true, MarkdownDescription: "When the current access key was made. Null without a key.",
		},
		"secret_arn": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "ARN of the secret that holds the current access key, as JSON with `access_key_id` and `secret_access_key`. Null without a key.",
		},
		"sftp_user_name": schema.StringAttribute{
			Computed: true, MarkdownDescription: "The name with which the user logs in by SFTP. Null without SFTP.",
		},
		"user_name": schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the IAM user: `<project>-<name>`."},
		"arn":       schema.StringAttribute{Computed: true, MarkdownDescription: "ARN of the IAM user."},
	}
}
