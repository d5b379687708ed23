package sandbox

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// What the handlers of resource types ask for beside the change itself.
//
// A creation and an update end with a read of the resource, and a deletion begins with one, whatever its properties are
// (resource type schemas, "handlers"; AWS's own handlers for SSM and Logs). Whether a handler puts up with a refused read is
// documented for none of them, so that the sandbox refuses the step; for those of readBack it can do otherwise. Actions of features that no template of ours uses are
// left out; internal/judge lists them with reasons and compares the rest with the schemas.

// handler is what the handlers of one type ask for: of the resource, or of "*" where an action takes no resource.
type handler struct {
	// read is asked for after a creation and an update.
	read []string
	// change is asked for before an update, too.
	change []string
	// remove is asked for before and after a deletion.
	remove []string
}

var handlers = map[string]handler{
	"AWS::S3::Bucket": {
		read: []string{
			"s3:GetAccelerateConfiguration", "s3:GetAnalyticsConfiguration", "s3:GetBucketAbac", "s3:GetBucketAcl", "s3:GetBucketCORS",
			"s3:GetBucketLogging", "s3:GetBucketMetadataTableConfiguration", "s3:GetBucketNotification", "s3:GetBucketObjectLockConfiguration",
			"s3:GetBucketOwnershipControls", "s3:GetBucketPublicAccessBlock", "s3:GetBucketTagging", "s3:GetBucketVersioning", "s3:GetBucketWebsite",
			"s3:GetEncryptionConfiguration", "s3:GetIntelligentTieringConfiguration", "s3:GetInventoryConfiguration",
			"s3:GetLifecycleConfiguration", "s3:GetMetricsConfiguration", "s3:GetReplicationConfiguration", "s3:ListBucket",
		},
		remove: []string{"s3:ListBucket"},
	},
	"AWS::S3::BucketPolicy": {read: []string{"s3:GetBucketPolicy"}, remove: []string{"s3:GetBucketPolicy"}},
	"AWS::KMS::Key": {
		read:   []string{"kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"},
		remove: []string{"kms:DescribeKey"},
	},
	"AWS::KMS::Alias":     {read: []string{"kms:ListAliases"}},
	"AWS::SSM::Parameter": {read: []string{"ssm:GetParameters", "ssm:ListTagsForResource"}},
	"AWS::IAM::User": {
		read:   []string{"iam:GetLoginProfile", "iam:GetUser", "iam:ListAttachedUserPolicies", "iam:ListGroupsForUser", "iam:ListUserPolicies"},
		change: []string{"iam:ListUserTags"},
		remove: []string{
			"iam:DeleteLoginProfile", "iam:GetLoginProfile", "iam:GetUser", "iam:ListAccessKeys", "iam:ListAttachedUserPolicies",
			"iam:ListGroupsForUser", "iam:ListUserPolicies",
		},
	},
	"AWS::IAM::Role": {
		read:   []string{"iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"},
		remove: []string{"iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"},
	},
	"AWS::IAM::Group": {
		read:   []string{"iam:GetGroup", "iam:ListAttachedGroupPolicies", "iam:ListGroupPolicies"},
		remove: []string{"iam:GetGroup", "iam:ListAttachedGroupPolicies", "iam:ListGroupPolicies"},
	},
	"AWS::IAM::ManagedPolicy": {
		read:   []string{"iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListEntitiesForPolicy"},
		change: []string{"iam:DeletePolicyVersion", "iam:ListPolicyVersions"},
		remove: []string{"iam:DeletePolicyVersion", "iam:GetPolicy", "iam:ListEntitiesForPolicy", "iam:ListPolicyVersions"},
	},
	"AWS::SecretsManager::Secret": {
		read:   []string{"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"},
		remove: []string{"secretsmanager:DescribeSecret"},
	},
	"AWS::SecretsManager::ResourcePolicy": {
		read:   []string{"secretsmanager:GetResourcePolicy"},
		remove: []string{"secretsmanager:GetResourcePolicy"},
	},
	"AWS::Transfer::Server": {read: []string{"ec2:DescribeVpcEndpoints", "transfer:DescribeServer"}},
	"AWS::Transfer::User":   {read: []string{"transfer:DescribeUser"}},
	"AWS::Logs::LogGroup": {
		read: []string{
			"logs:DescribeIndexPolicies", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "logs:GetDataProtectionPolicy",
			"logs:ListTagsForResource",
		},
		remove: []string{"logs:DeleteDataProtectionPolicy", "logs:DescribeLogGroups"},
	},
}

// withoutResource are the actions that take no resource (Service authorization reference).
var withoutResource = map[string]bool{
	"ec2:DescribeVpcEndpoints": true, "kms:ListAliases": true, "logs:DescribeIndexPolicies": true, "logs:DescribeLogGroups": true,
	"logs:DescribeResourcePolicies": true,
}

// readBack are the reads that a handler may tolerate to be refused, by the rule (unproven: ssm-parameter-read-back,
// log-group-read-back, iam-user-login-profile).
var readBack = map[string]string{
	"ssm:ListTagsForResource":    unproven.ParameterReadBack,
	"logs:DescribeIndexPolicies": unproven.LogGroupReadBack,
	"iam:GetLoginProfile":        unproven.LoginProfileReadBack,
}

// handlers demands what the handlers of a type ask for beside the change.
func (t *step) handlers(resource string) {
	h := handlers[t.Type]
	actions := h.read
	switch {
	case t.deleting():
		actions = h.remove
	case !t.making():
		actions = slices.Concat(h.change, h.read)
	}
	for _, action := range actions {
		rule, doubtful := readBack[action]
		switch {
		case doubtful && t.answers.Of(rule) == unproven.Tolerated: // refused or not, the step goes on
		case withoutResource[action]:
			t.needs("*", action)
		case t.Type == "AWS::KMS::Key" && t.making():
			t.demands = append(t.demands, t.newKeyDemand(action))
		default:
			t.needs(resource, action)
		}
	}
}

// newKeyDemand is about a key that is being made: it has the tags and the policy of its properties already.
func (t *step) newKeyDemand(action string) cloud.Demand {
	context := map[string][]string{}
	for name, values := range requestTags(t.After["Tags"]) {
		context[strings.Replace(name, "aws:RequestTag/", "aws:ResourceTag/", 1)] = values
	}
	policy, err := json.Marshal(t.After["KeyPolicy"])
	if err != nil {
		policy = nil
	}
	return cloud.Demand{Action: action, Resource: t.arn("kms", "key/new"), Policy: string(policy), Account: t.account, Context: context}
}
