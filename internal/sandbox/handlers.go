package sandbox

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// The permissions that the handlers of resource types require besides the change itself.
//
// A creation and an update end with a read of the resource, and a deletion begins with one,
// regardless of its properties (resource type schemas, "handlers"; AWS's own handlers for SSM and
// Logs). It is not documented whether a handler tolerates a refused read, so the sandbox refuses
// the step; for the handlers of readBack it can tolerate it. Actions of features that Stowage's
// templates do not use are omitted; internal/judge lists them with reasons and compares the rest
// with the schemas.

// handler lists the permissions that one type's handlers require: on the resource, or on "*" where
// an action has no resource.
type handler struct {
	// read is required after a creation and an update.
	read []string
	// change is required before an update, too.
	change []string
	// remove is required before and after a deletion.
	remove []string
}

var handlers = map[string]handler{
	"AWS::S3::Bucket": {
		read: []string{
			"s3:GetAccelerateConfiguration",
			"s3:GetAnalyticsConfiguration",
			"s3:GetBucketAbac",
			"s3:GetBucketAcl",
			"s3:GetBucketCORS",
			"s3:GetBucketLogging",
			"s3:GetBucketMetadataTableConfiguration",
			"s3:GetBucketNotification",
			"s3:GetBucketObjectLockConfiguration",
			"s3:GetBucketOwnershipControls",
			"s3:GetBucketPublicAccessBlock",
			"s3:GetBucketTagging",
			"s3:GetBucketVersioning",
			"s3:GetBucketWebsite",
			"s3:GetEncryptionConfiguration",
			"s3:GetIntelligentTieringConfiguration",
			"s3:GetInventoryConfiguration",
			"s3:GetLifecycleConfiguration",
			"s3:GetMetricsConfiguration",
			"s3:GetReplicationConfiguration",
			"s3:ListBucket",
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
		read: []string{
			"iam:GetLoginProfile",
			"iam:GetUser",
			"iam:ListAttachedUserPolicies",
			"iam:ListGroupsForUser",
			"iam:ListUserPolicies",
		},
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
	"AWS::DynamoDB::Table": {
		read: []string{
			"dynamodb:DescribeContinuousBackups",
			"dynamodb:DescribeContributorInsights",
			"dynamodb:DescribeKinesisStreamingDestination",
			"dynamodb:DescribeTable",
			"dynamodb:DescribeTimeToLive",
			"dynamodb:GetResourcePolicy",
			"dynamodb:ListTagsOfResource",
		},
		remove: []string{"dynamodb:DescribeTable"},
	},
	"AWS::Events::EventBus": {
		read:   []string{"events:DescribeEventBus", "events:ListTagsForResource"},
		remove: []string{"events:DescribeEventBus"},
	},
	"AWS::Events::EventBusPolicy": {
		read: []string{"events:DescribeEventBus"}, remove: []string{"events:DescribeEventBus"},
	},
	"AWS::Events::Rule": {
		read:   []string{"events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"},
		remove: []string{"events:DescribeRule", "events:ListTargetsByRule"},
	},
	"AWS::Lambda::Function": {
		read: []string{
			"lambda:GetFunction",
			"lambda:GetFunctionCodeSigningConfig",
			"lambda:GetFunctionRecursionConfig",
			"lambda:GetFunctionScalingConfig",
			"lambda:GetRuntimeManagementConfig",
		},
		remove: []string{"lambda:GetFunction"},
	},
	"AWS::Lambda::Permission":        {read: []string{"lambda:GetPolicy"}},
	"AWS::Lambda::EventInvokeConfig": {read: []string{"lambda:GetFunctionEventInvokeConfig"}},
	"AWS::SQS::Queue": {
		read: []string{"sqs:GetQueueAttributes", "sqs:ListQueueTags"}, remove: []string{"sqs:GetQueueAttributes"},
	},
	"AWS::CloudWatch::Alarm": {
		read:   []string{"cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"},
		remove: []string{"cloudwatch:DescribeAlarms"},
	},
	"AWS::ApiGateway::Account":       {read: []string{"apigateway:GET"}, remove: []string{"apigateway:GET"}},
	"AWS::ApiGatewayV2::Api":         {read: []string{"apigateway:GET"}, remove: []string{"apigateway:GET"}},
	"AWS::ApiGatewayV2::ApiMapping":  {read: []string{"apigateway:GET"}},
	"AWS::ApiGatewayV2::Authorizer":  {read: []string{"apigateway:GET"}, remove: []string{"apigateway:GET"}},
	"AWS::ApiGatewayV2::Deployment":  {read: []string{"apigateway:GET"}, remove: []string{"apigateway:GET"}},
	"AWS::ApiGatewayV2::DomainName":  {read: []string{"apigateway:GET"}, remove: []string{"apigateway:GET"}},
	"AWS::ApiGatewayV2::Integration": {read: []string{"apigateway:GET"}, remove: []string{"apigateway:GET"}},
	"AWS::ApiGatewayV2::Route":       {read: []string{"apigateway:GET"}, remove: []string{"apigateway:GET"}},
	"AWS::ApiGatewayV2::Stage":       {read: []string{"apigateway:GET"}},
	"AWS::IAM::OIDCProvider":         {read: []string{"iam:GetOpenIDConnectProvider"}},
	"AWS::Transfer::Server":          {read: []string{"ec2:DescribeVpcEndpoints", "transfer:DescribeServer"}},
	"AWS::Transfer::User":            {read: []string{"transfer:DescribeUser"}},
	"AWS::Logs::LogGroup": {
		read: []string{
			"logs:DescribeIndexPolicies",
			"logs:DescribeLogGroups",
			"logs:DescribeResourcePolicies",
			"logs:GetDataProtectionPolicy",
			"logs:ListTagsForResource",
		},
		remove: []string{"logs:DeleteDataProtectionPolicy", "logs:DescribeLogGroups"},
	},
}

// withoutResource are the actions without a resource (Service authorization reference).
var withoutResource = map[string]bool{
	"ec2:DescribeVpcEndpoints":      true,
	"kms:ListAliases":               true,
	"logs:DescribeIndexPolicies":    true,
	"logs:DescribeLogGroups":        true,
	"logs:DescribeResourcePolicies": true,
}

// readBack are the reads whose refusal a handler may tolerate, by the rule (unproven:
// ssm-parameter-read-back, log-group-read-back, iam-user-login-profile).
var readBack = map[string]string{
	"ssm:ListTagsForResource":    unproven.ParameterReadBack,
	"logs:DescribeIndexPolicies": unproven.LogGroupReadBack,
	"iam:GetLoginProfile":        unproven.LoginProfileReadBack,
}

// handlers demands what a type's handlers require besides the change.
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
		case doubtful && t.answers.Of(rule) == unproven.Tolerated: // refused or not, the step continues
		case withoutResource[action]:
			t.needs("*", action)
		case t.Type == "AWS::KMS::Key" && t.making():
			t.demands = append(t.demands, t.newKeyDemand(action))
		default:
			t.needs(resource, action)
		}
	}
}

// newKeyDemand returns a demand on a key in creation, which already has the tags and the policy of
// its properties.
func (t *step) newKeyDemand(action string) cloud.Demand {
	context := map[string][]string{}
	for name, values := range requestTags(t.After["Tags"]) {
		context[strings.Replace(name, "aws:RequestTag/", "aws:ResourceTag/", 1)] = values
	}
	policy, err := json.Marshal(t.After["KeyPolicy"])
	if err != nil {
		policy = nil
	}
	return cloud.Demand{
		Action: action, Resource: t.arn("kms", "key/new"), Policy: string(policy), Account: t.account,
		Context: context,
	}
}
