package sandbox_test

import (
	"archive/zip"
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

const (
	steppedFunction = "arn:aws:lambda:eu-west-1:" + sandbox.HubAccount + ":function:thing"
	steppedRole     = "arn:aws:iam::" + sandbox.HubAccount + ":role/runs"
)

// functionStack is a stack with each type of functions. MORE stands for further properties of the
// function, and RETRIES for a number.
const functionStack = `{"Resources":{
	"Function":{"Type":"AWS::Lambda::Function","Properties":{"FunctionName":"thing","Runtime":"provided.al2023","Handler":"bootstrap",
		"Role":"` + steppedRole + `","Code":{"S3Bucket":"packages","S3Key":"KEY"}MORE}},
	"Permission":{"Type":"AWS::Lambda::Permission","Properties":{"FunctionName":{"Ref":"Function"},"Action":"lambda:InvokeFunction",
		"Principal":"events.amazonaws.com"}},
	"Config":{"Type":"AWS::Lambda::EventInvokeConfig","Properties":{"FunctionName":{"Ref":"Function"},"Qualifier":"$LATEST",
		"MaximumRetryAttempts":RETRIES}}}}`

// functionRights are the permissions for that stack.
var functionRights = strings.Fields(`lambda:AddPermission lambda:CreateFunction lambda:DeleteFunction
	lambda:DeleteFunctionConcurrency lambda:DeleteFunctionEventInvokeConfig lambda:GetFunction lambda:GetFunctionCodeSigningConfig
	lambda:GetFunctionEventInvokeConfig lambda:GetFunctionRecursionConfig lambda:GetFunctionScalingConfig lambda:GetPolicy
	lambda:GetRuntimeManagementConfig lambda:PutFunctionConcurrency lambda:PutFunctionEventInvokeConfig lambda:RemovePermission
	lambda:TagResource lambda:UntagResource lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration
	lambda:UpdateFunctionEventInvokeConfig`)

// TestFunctionSteps creates, changes and deletes a function with exactly the listed rights, and
// checks that each is needed.
func TestFunctionSteps(t *testing.T) {
	t.Parallel()
	const (
		pass = `{"Effect":"Allow","Action":"iam:PassRole","Resource":"` + steppedRole +
			`","Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}}`
		read = `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::packages/*"}`
	)
	rights := func(without string) string {
		actions := slices.DeleteFunc(slices.Clone(functionRights), func(a string) bool { return a == without })
		return `{"Effect":"Allow","Action":"cloudformation:*","Resource":"*"},
			{"Effect":"Allow","Action":["` + strings.Join(actions, `","`) + `"],"Resource":"` + steppedFunction + `"}`
	}
	used, reason := functionSteps(t, rights("")+","+pass+","+read)
	want := append(slices.Clone(functionRights), "iam:PassRole", "s3:GetObject")
	slices.Sort(want)
	if reason != "" || !slices.Equal(used, want) {
		t.Errorf("%s; used %v\nwant %v", reason, used, want)
	}
	for missing, statements := range map[string]string{
		"iam:PassRole":              rights("") + "," + read,
		"s3:GetObject":              rights("") + "," + pass,
		"lambda:UpdateFunctionCode": rights("lambda:UpdateFunctionCode") + "," + pass + "," + read,
	} {
		if _, reason := functionSteps(t, statements); !strings.Contains(reason, "is not authorized to perform: "+missing) {
			t.Errorf("without %s: %q", missing, reason)
		}
	}
}

// functionSteps runs the life of functionStack with a role, and returns the used permissions, and the
// reason of the first failure.
func functionSteps(t *testing.T, statements string) (used []string, reason string) {
	t.Helper()
	box, admin := serve(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := iam.NewFromConfig(admin).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("runs"), AssumeRolePolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
		),
	})
	must(err)
	var package_ bytes.Buffer
	must(zip.NewWriter(&package_).Close())
	objects := s3.NewFromConfig(admin, func(o *s3.Options) { o.UsePathStyle = true })
	_, err = objects.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: aws.String("packages"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"},
	})
	must(err)
	for _, key := range []string{"a.zip", "b.zip"} {
		_, err = objects.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: aws.String("packages"), Key: &key, Body: bytes.NewReader(package_.Bytes()),
		})
		must(err)
	}
	client := cloudformation.NewFromConfig(session(t, admin, "deployer", hubRoot, statements))
	stack := aws.String("thing")
	failure := func() string {
		box.RunDue()
		events, err := cloudformation.NewFromConfig(admin).DescribeStackEvents(
			t.Context(), &cloudformation.DescribeStackEventsInput{StackName: stack},
		)
		if err != nil {
			return "" // the stack is deleted
		}
		for _, e := range events.StackEvents {
			if strings.HasSuffix(string(e.ResourceStatus), "_FAILED") {
				return aws.ToString(e.ResourceStatusReason)
			}
		}
		return ""
	}
	_, err = client.CreateStack(t.Context(), &cloudformation.CreateStackInput{
		StackName: stack, TemplateBody: aws.String(strings.NewReplacer(
			"KEY", "a.zip", "MORE", `,"ReservedConcurrentExecutions":1,"Tags":[{"Key":"a","Value":"1"}]`, "RETRIES", "0",
		).Replace(functionStack)),
	})
	must(err)
	if reason := failure(); reason != "" {
		return nil, reason
	}
	_, err = client.UpdateStack(t.Context(), &cloudformation.UpdateStackInput{
		StackName: stack, TemplateBody: aws.String(strings.NewReplacer(
			"KEY", "b.zip", "MORE", `,"Timeout":5`, "RETRIES", "1",
		).Replace(functionStack)),
	})
	must(err)
	if reason := failure(); reason != "" {
		return nil, reason
	}
	_, err = client.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: stack})
	must(err)
	reason = failure()
	via := map[string]bool{}
	for _, p := range box.Permissions()["arn:aws:sts::"+sandbox.HubAccount+":assumed-role/deployer"] {
		if p.Via {
			via[p.Action] = true
		}
	}
	return slices.Sorted(maps.Keys(via)), reason
}
