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
		Description: "Manages a user of a project: an IAM user that can access only the buckets named in its permissions.",
		Identity: []entity.IdentityAttribute{
			{Name: "project", Description: "Name of the project."},
			{Name: "name", Description: "Name of the user in the project."},
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
			Required: true, MarkdownDescription: "Name of the project. Changing it replaces the user.",
		},
		"name": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "Name of the user in the project: 3 to 32 characters of `a-z`, `0-9` and single inner hyphens, not `root`. Changing it replaces the user.",
		},
		"source_ips": schema.SetAttribute{
			ElementType:         types.StringType,
			Optional:            true,
			Computed:            true,
			Default:             setdefault.StaticValue(entity.EmptySet()),
			Validators:          noNulls,
			MarkdownDescription: "CIDR blocks from which the user can connect, such as `203.0.113.0/24`. Default: any address.",
		},
		"access_key": accessKeyAttribute(),
		"secret_readers": schema.SetAttribute{
			ElementType:         types.StringType,
			Optional:            true,
			Computed:            true,
			Default:             setdefault.StaticValue(entity.EmptySet()),
			Validators:          noNulls,
			MarkdownDescription: "Principals that can read the secret with the access key: ARNs of roles or users, or account IDs, of any account. Third parties get their key this way. Default: only the project's account.",
		},
		"sftp": schema.SingleNestedAttribute{
			Optional:            true,
			MarkdownDescription: "SFTP access of the user at the project's `sftp_endpoint`. Requires `sftp = { enabled = true }` in the project. The user has a directory `/<bucket>` or `/<bucket>/<prefix>` for each of its permissions. Default: no SFTP access.",
			Attributes: map[string]schema.Attribute{
				"ssh_public_keys": schema.SetAttribute{
					ElementType:         types.StringType,
					Required:            true,
					Validators:          noNulls,
					MarkdownDescription: "Public SSH keys of the user, 1 to 10, in the format of an `authorized_keys` file: RSA with at least 2,048 bits, ECDSA or Ed25519.",
				},
			},
		},
		"access_key_id": schema.StringAttribute{
			Computed: true, MarkdownDescription: "ID of the current access key, the newest active one. Null without a key.",
		},
		"access_keys": accessKeysAttribute(),
		"key_created_at": schema.StringAttribute{
			Computed: true, MarkdownDescription: "Time when the current access key was created. Null without a key.",
		},
		"secret_arn": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "ARN of the secret that holds the current access key, as JSON with `access_key_id` and `secret_access_key`. Null without a key.",
		},
		"sftp_user_name": schema.StringAttribute{
			Computed: true, MarkdownDescription: "User name for SFTP. Null without SFTP access.",
		},
		"user_name": schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the IAM user: `<project>-<name>`."},
		"arn":       schema.StringAttribute{Computed: true, MarkdownDescription: "ARN of the IAM user."},
	}
}

// accessKeyAttribute returns the argument that asks for a key and its rotation.
func accessKeyAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Access key of the user for the S3 API. The secret key is stored in AWS Secrets Manager only, never in the state, a plan or a log. Default: no access key.",
		Attributes: map[string]schema.Attribute{
			"enabled": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				MarkdownDescription: "Whether the user has a key. `false` deletes the keys and the secret. Default: `true`.",
			},
			"rotation": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "Rotation of the key. Each apply takes the steps that are due: create a new key beside the old one, deactivate the old key, delete it. Default: no rotation.",
				Attributes: map[string]schema.Attribute{
					"every_days": schema.Int64Attribute{
						Required: true, MarkdownDescription: "Age in days at which the key is replaced.",
					},
					"overlap_days": schema.Int64Attribute{
						Optional:            true,
						Computed:            true,
						Default:             int64default.StaticInt64(7),
						MarkdownDescription: "Days for which the old key stays active beside the new one, and then stays inactive before it is deleted (at least one). With `0` the old key is deactivated when the new one is created. Default: `7`.",
					},
				},
			},
			"replacement_trigger": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Arbitrary text. Changing it replaces the key and deactivates the old one at once, for a compromised key.",
			},
		},
	}
}

func accessKeysAttribute() schema.Attribute {
	return schema.MapNestedAttribute{
		Computed:            true,
		MarkdownDescription: "Access keys of the user by slot, `a` and `b`. Shows the steps of a rotation.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"access_key_id": schema.StringAttribute{Computed: true, MarkdownDescription: "ID of the key."},
			"status":        schema.StringAttribute{Computed: true, MarkdownDescription: "`active` or `inactive`."},
			"created_at":    schema.StringAttribute{Computed: true, MarkdownDescription: "Time when the key was created."},
			"inactive_since": schema.StringAttribute{
				Computed: true, MarkdownDescription: "Time when the key was deactivated. Null while it is active.",
			},
		}},
	}
}
