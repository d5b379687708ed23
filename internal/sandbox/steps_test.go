package sandbox_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// TestCloudFormation_CallersRights checks a role that may change stacks, and one that
// may also create parameters.
func TestCloudFormation_CallersRights(t *testing.T) {
	t.Parallel()
	box, c := serve(t)
	ctx := t.Context()
	users := iam.NewFromConfig(c)
	role := func(name, statements string) aws.Config {
		t.Helper()
		_, err := users.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"sts:AssumeRole"}]}`,
		)})
		if err != nil {
			t.Fatal(err)
		}
		_, err = users.PutRolePolicy(
			ctx,
			&iam.PutRolePolicyInput{
				RoleName: &name, PolicyName: aws.String("p"),
				PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` + statements + `]}`),
			},
		)
		if err != nil {
			t.Fatal(err)
		}
		out, err := sts.NewFromConfig(c).AssumeRole(
			ctx,
			&sts.AssumeRoleInput{
				RoleArn: aws.String("arn:aws:iam::000000000000:role/" + name), RoleSessionName: aws.String("test"),
			},
		)
		if err != nil {
			t.Fatal(err)
		}
		config := c.Copy()
		config.Credentials = credentials.NewStaticCredentialsProvider(
			*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken,
		)
		return config
	}
	const stacks = `{"Effect":"Allow","Action":["cloudformation:CreateStack","cloudformation:Describe*"],"Resource":"arn:aws:cloudformation:*:000000000000:stack/ours-*/*"}`
	const parameters = `{"Effect":"Allow","Action":["ssm:PutParameter","ssm:DeleteParameter","ssm:GetParameters","ssm:ListTagsForResource"],"Resource":"arn:aws:ssm:*:000000000000:parameter/ours/*","Condition":{"ForAnyValue:StringEquals":{"aws:CalledVia":"cloudformation.amazonaws.com"}}}`
	template := func(parameter string) *string {
		return aws.String(
			`{"Resources":{"P":{"Type":"AWS::SSM::Parameter","Properties":{"Name":"` + parameter + `","Type":"String","Value":"x"}}}}`,
		)
	}
	create := func(config aws.Config, name, parameter string) (reason string) {
		t.Helper()
		client := cloudformation.NewFromConfig(config)
		_, err := client.CreateStack(
			ctx, &cloudformation.CreateStackInput{StackName: &name, TemplateBody: template(parameter)},
		)
		var denied smithy.APIError
		if errors.As(err, &denied) {
			return denied.ErrorCode() + ": " + denied.ErrorMessage()
		}
		if err != nil {
			t.Fatal(err)
		}
		box.RunDue()
		events, err := client.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: &name})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events.StackEvents {
			if e.ResourceStatus == cfntypes.ResourceStatusCreateFailed {
				return aws.ToString(e.ResourceStatusReason)
			}
		}
		return ""
	}
	only, both := role("stacks", stacks), role("parameters", stacks+","+parameters)
	for _, test := range []struct {
		config                 aws.Config
		stack, parameter, want string
	}{
		{only, "ours-1", "/ours/1", "User: arn:aws:sts::000000000000:assumed-role/stacks/test is not authorized to perform: ssm:PutParameter on resource: arn:aws:ssm:eu-west-1:000000000000:parameter/ours/1 because no identity-based policy allows the ssm:PutParameter action"},
		{only, "theirs-1", "/ours/1", "AccessDenied: User: arn:aws:sts::000000000000:assumed-role/stacks/test is not authorized to perform: cloudformation:CreateStack on resource: arn:aws:cloudformation:eu-west-1:000000000000:stack/theirs-1/*"},
		{both, "ours-2", "/ours/2", ""},
		{both, "ours-3", "/theirs/2", "is not authorized to perform: ssm:PutParameter on resource: arn:aws:ssm:eu-west-1:000000000000:parameter/theirs/2"},
	} {
		got := create(test.config, test.stack, test.parameter)
		if test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s with %s: %q, want %q", test.stack, test.parameter, got, test.want)
		}
	}
	// The used permissions are reported by principal.
	var used []string
	for _, p := range box.Permissions()["arn:aws:sts::000000000000:assumed-role/parameters"] {
		used = append(used, p.Action+" "+p.Resource)
	}
	if !strings.Contains(
		strings.Join(used, "\n"), "ssm:PutParameter arn:aws:ssm:eu-west-1:000000000000:parameter/ours/2",
	) {
		t.Errorf("used: %v", used)
	}
}
