package sandbox_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// as makes the following calls of CloudFormation with a role that has these statements.
func (d *drifting) as(name string, statements ...string) {
	d.Helper()
	_, err := d.iam.CreateRole(d.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"sts:AssumeRole"}]}`,
	)})
	d.must(err)
	_, err = d.iam.PutRolePolicy(d.Context(), &iam.PutRolePolicyInput{
		RoleName: &name, PolicyName: aws.String("p"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`),
	})
	d.must(err)
	out, err := sts.NewFromConfig(d.config).AssumeRole(d.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::000000000000:role/" + name), RoleSessionName: aws.String("test"),
	})
	d.must(err)
	c := d.config.Copy()
	c.Credentials = credentials.NewStaticCredentialsProvider(
		*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken,
	)
	d.stacks = cloudformation.NewFromConfig(c)
}

const (
	detects = `{"Effect":"Allow","Action":["cloudformation:DetectStackDrift","cloudformation:DescribeStackResourceDrifts","cloudformation:DescribeStacks","cloudformation:DescribeStackResource"],"Resource":"arn:aws:cloudformation:*:000000000000:stack/partner/*"}`
	// The status of a detection has no stack as its resource.
	follows = `{"Effect":"Allow","Action":"cloudformation:DescribeStackDriftDetectionStatus","Resource":"*"}`
	readsIt = `{"Effect":"Allow","Action":["s3:Get*","s3:List*","iam:Get*","iam:List*","ssm:Get*","ssm:List*","kms:Describe*","kms:Get*","kms:List*","logs:*","transfer:Describe*","ec2:DescribeVpcEndpoints","secretsmanager:DescribeSecret"],"Resource":"*"}`
)

// TestDrift_Rights detects drift with roles that may not read everything: drift detection reads
// with the caller's rights.
func TestDrift_Rights(t *testing.T) {
	t.Parallel()
	t.Run("no detection", func(t *testing.T) {
		t.Parallel()
		d := newDrifting(t, sandbox.Options{})
		d.as("none", follows)
		_, err := d.stacks.DetectStackDrift(t.Context(), &cloudformation.DetectStackDriftInput{StackName: aws.String("partner")})
		wantRefusal(t, err, "AccessDenied", "is not authorized to perform: cloudformation:DetectStackDrift on resource: arn:aws:cloudformation:eu-west-1:000000000000:stack/partner/")
	})
	t.Run("no status", func(t *testing.T) {
		t.Parallel()
		d := newDrifting(t, sandbox.Options{})
		d.as("blind", strings.Replace(detects, "DetectStackDrift", "*", 1))
		started, err := d.stacks.DetectStackDrift(t.Context(), &cloudformation.DetectStackDriftInput{StackName: aws.String("partner")})
		d.must(err)
		_, err = d.stacks.DescribeStackDriftDetectionStatus(
			t.Context(), &cloudformation.DescribeStackDriftDetectionStatusInput{StackDriftDetectionId: started.StackDriftDetectionId},
		)
		wantRefusal(t, err, "AccessDenied", "cloudformation:DescribeStackDriftDetectionStatus on resource: *")
	})
	t.Run("no reads", func(t *testing.T) {
		t.Parallel()
		d := newDrifting(t, sandbox.Options{})
		d.as("detector", detects, follows)
		if got := d.detect().StackDriftStatus; got != "UNKNOWN" || strings.Count(d.modified(), "UNKNOWN") != 12 {
			t.Errorf("the stack is %s: %s", got, d.modified())
		}
		out, err := d.stacks.DescribeStackResourceDrifts(
			t.Context(), &cloudformation.DescribeStackResourceDriftsInput{StackName: aws.String("partner")},
		)
		d.must(err)
		if reason := aws.ToString(out.StackResourceDrifts[1].DriftStatusReason); !strings.Contains(
			reason, "is not authorized to perform: s3:GetAccelerateConfiguration",
		) {
			t.Errorf("the reason is %q", reason)
		}
	})
	for answer, want := range map[string]string{unproven.Demanded: "UNKNOWN", unproven.Tolerated: "IN_SYNC"} {
		t.Run("no values of secrets, "+answer, func(t *testing.T) {
			t.Parallel()
			d := newDrifting(t, sandbox.Options{Answers: unproven.Answers{unproven.SecretReadHandler: answer}})
			d.as("reader", detects, follows, readsIt)
			got := d.detect()
			if string(got.StackDriftStatus) != want || d.drifts()["Secret"] != want || len(d.drifts()) != 12 {
				t.Errorf("the stack is %s: %v", got.StackDriftStatus, d.drifts())
			}
		})
	}
	for pattern, want := range map[string]string{"arn:aws:iam::000000000000:user/stowage/*": "UNKNOWN", "*": "DELETED"} {
		t.Run("a user that does not exist, "+pattern, func(t *testing.T) {
			t.Parallel()
			d := newDrifting(t, sandbox.Options{})
			d.must(d.deleteUser())
			d.as("reader", detects, follows, fmt.Sprintf(`{"Effect":"Allow","Action":["iam:Get*","iam:List*"],"Resource":%q}`, pattern))
			d.detect("User")
			if got := d.drifts()["User"]; got != want {
				t.Errorf("the user is %s, want %s", got, want)
			}
		})
	}
}

// TestDrift_BucketEncryption checks both answers for a bucket with the keys of S3.
func TestDrift_BucketEncryption(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		unproven.Off: "",
		unproven.On:  `Bucket MODIFIED; /BucketEncryption REMOVE {"ServerSideEncryptionConfiguration":[{"ServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]} null`,
	} {
		d := newDrifting(t, sandbox.Options{Answers: unproven.Answers{unproven.BucketEncryptionDrifts: answer}})
		d.resources["Bucket"] = `{"Type":"AWS::S3::Bucket","Properties":{"BucketName":"acme-inbox","BucketEncryption":` +
			`{"ServerSideEncryptionConfiguration":[{"ServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}}}`
		d.update("UPDATE_COMPLETE")
		d.detect()
		if got := d.modified(); got != want {
			t.Errorf("%s: %s", answer, got)
		}
	}
}
