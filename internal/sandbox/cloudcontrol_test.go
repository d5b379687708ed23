package sandbox_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// TestCloudControl_Types reads a resource of each type of Stowage's templates. An access key cannot
// be read.
func TestCloudControl_Types(t *testing.T) {
	t.Parallel()
	d := newDrifting(t, sandbox.Options{})
	control := cloudcontrol.NewFromConfig(d.config)
	for name, test := range map[string]struct{ kind, properties string }{
		"Alias":        {"AWS::KMS::Alias", "AliasName TargetKeyId"},
		"BucketPolicy": {"AWS::S3::BucketPolicy", "Bucket PolicyDocument"},
		"Group":        {"AWS::IAM::Group", "Arn GroupName ManagedPolicyArns Path"},
		"Key":          {"AWS::KMS::Key", "Arn Description EnableKeyRotation Enabled KeyId KeyPolicy KeySpec KeyUsage MultiRegion Origin Tags"},
		"Logs":         {"AWS::Logs::LogGroup", "Arn BearerTokenAuthenticationEnabled DeletionProtectionEnabled LogGroupClass LogGroupName RetentionInDays Tags"},
		"Marker":       {"AWS::SSM::Parameter", "DataType Name Type Value"},
		"Policy":       {"AWS::IAM::ManagedPolicy", "AttachmentCount CreateDate DefaultVersionId Groups IsAttachable ManagedPolicyName Path PermissionsBoundaryUsageCount PolicyArn PolicyDocument PolicyId Roles UpdateDate"},
		"Readers":      {"AWS::SecretsManager::ResourcePolicy", "Id ResourcePolicy SecretId"},
		"Role":         {"AWS::IAM::Role", "Arn AssumeRolePolicyDocument ManagedPolicyArns MaxSessionDuration Path PermissionsBoundary RoleId RoleName"},
		"SFTP":         {"AWS::Transfer::User", "Arn HomeDirectoryMappings HomeDirectoryType Role ServerId SshPublicKeys Tags UserName"},
		"Secret":       {"AWS::SecretsManager::Secret", "Id Name ReplicaRegions Tags"},
		"Server":       {"AWS::Transfer::Server", "Arn Domain EndpointType IdentityProviderType Protocols SecurityPolicyName ServerId State StructuredLogDestinations Tags"},
		"User":         {"AWS::IAM::User", "Arn Groups Path PermissionsBoundary Tags UserName"},
	} {
		out, err := control.GetResource(
			t.Context(), &cloudcontrol.GetResourceInput{TypeName: &test.kind, Identifier: aws.String(d.physical(name))},
		)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var properties map[string]any
		if err := json.Unmarshal([]byte(aws.ToString(out.ResourceDescription.Properties)), &properties); err != nil {
			t.Error(err)
		}
		if got := strings.Join(slices.Sorted(maps.Keys(properties)), " "); got != test.properties {
			t.Errorf("%s has %s, want %s", name, got, test.properties)
		}
	}
	_, err := control.GetResource(
		t.Context(), &cloudcontrol.GetResourceInput{TypeName: aws.String("AWS::IAM::User"), Identifier: aws.String("ghost")},
	)
	wantRefusal(
		t, err, "ResourceNotFoundException",
		"AWS::IAM::User Handler returned status FAILED: Resource of type 'AWS::IAM::User' with identifier 'ghost' was not found. (HandlerErrorCode: NotFound,",
	)
	_, err = control.GetResource(t.Context(), &cloudcontrol.GetResourceInput{
		TypeName: aws.String("AWS::IAM::AccessKey"), Identifier: aws.String(d.physical("KeyA")),
	})
	wantRefusal(t, err, "SandboxNotModelled", "reading an AWS::IAM::AccessKey")
}
