package onboarding_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/stowage/terraform-provider-stowage/examples/onboarding"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

type object = map[string]any

// everything is a policy that makes an administrator.
var everything = object{"Version": "2012-10-17", "Statement": []any{object{"Effect": "Allow", "Action": "*", "Resource": "*"}}}

const path, policies = "/stowage/evil/", "arn:aws:iam::" + account + ":policy"

func resource(kind string, properties object, after ...string) object {
	r := object{"Type": "AWS::IAM::" + kind, "Properties": properties}
	if len(after) > 0 {
		r["DependsOn"] = after
	}
	return r
}

func trusting(principal string) object {
	return object{"Version": "2012-10-17", "Statement": []any{object{
		"Effect": "Allow", "Principal": object{"AWS": principal}, "Action": "sts:AssumeRole",
	}}}
}

// TestProvisioner_CannotMakeAdministrators tries to become the account's administrator by a change set. Each way fails, with
// AWS's reason.
func TestProvisioner_CannotMakeAdministrators(t *testing.T) {
	own := object{"ManagedPolicyName": "evil-boundary", "Path": path, "PolicyDocument": everything}
	hub := trusting("arn:aws:iam::" + sandbox.HubAccount + ":root")
	for name, test := range map[string]struct {
		resources object
		want      string // in the reason of the failure
	}{
		"role with a boundary of its own": {object{
			"B": resource("ManagedPolicy", own),
			"R": resource("Role", object{"RoleName": "evil", "Path": path, "PermissionsBoundary": policies + path + "evil-boundary", "AssumeRolePolicyDocument": hub}, "B"),
		}, "iam:CreateRole"},
		"role without a boundary": {object{
			"R": resource("Role", object{"RoleName": "evil", "Path": path, "AssumeRolePolicyDocument": hub}),
		}, "iam:CreateRole"},
		"role with a boundary of AWS": {object{
			"R": resource("Role", object{"RoleName": "evil", "Path": path, "PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess", "AssumeRolePolicyDocument": hub}),
		}, "iam:CreateRole"},
		"role outside the path": {object{
			"R": resource("Role", object{"RoleName": "evil", "PermissionsBoundary": policies + "/StowageBoundary", "AssumeRolePolicyDocument": hub}),
		}, "iam:CreateRole"},
		"user with a boundary of its own": {object{
			"B": resource("ManagedPolicy", own),
			"U": resource("User", object{"UserName": "evil", "Path": path, "PermissionsBoundary": policies + path + "evil-boundary"}, "B"),
		}, "iam:CreateUser"},
		"user without a boundary": {object{
			"U": resource("User", object{"UserName": "evil", "Path": path}),
		}, "iam:CreateUser"},
		"policy outside the path": {object{
			"P": resource("ManagedPolicy", object{"ManagedPolicyName": "StowageBoundary2", "PolicyDocument": everything}),
		}, "iam:CreatePolicy"},
		"policy on the provisioner's own role": {object{
			"P": resource("ManagedPolicy", object{"ManagedPolicyName": "evil", "Path": path, "PolicyDocument": everything, "Roles": []any{"StowageProvisioner"}}),
		}, "iam:AttachRolePolicy"},
		"policy on a user": {object{
			"P": resource("ManagedPolicy", object{"ManagedPolicyName": "evil", "Path": path, "PolicyDocument": everything, "Users": []any{"unbounded"}}),
		}, "iam:AttachUserPolicy"},
		"policy on a role without a boundary": {object{
			"P": resource("ManagedPolicy", object{"ManagedPolicyName": "evil", "Path": path, "PolicyDocument": everything, "Roles": []any{"unbounded"}}),
		}, "iam:AttachRolePolicy"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, onboarding.Account)
				ctx := t.Context()
				// What somebody else made in the account, below the path of projects, without a boundary.
				owner := w.as(account).Hub().IAM
				trust, _ := json.Marshal(hub)
				must(t, second(owner.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("unbounded"), Path: aws.String("/stowage/theirs/")})))
				must(t, second(owner.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("unbounded"), Path: aws.String("/stowage/theirs/"), AssumeRolePolicyDocument: aws.String(string(trust))})))
				if got := w.reasons(test.resources); !strings.Contains(got, test.want) || !strings.Contains(got, "not authorized") {
					t.Errorf("the stack's failures are %q, want %s", got, test.want)
				}
			})
		})
	}
}

// reasons commits resources to a stack of its own, as the provisioner, and returns why they failed; "" when they did not.
func (w *world) reasons(resources object) string {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	provisioner, err := w.as(sandbox.HubAccount).Project(ctx, account, region, "StowageProvisioner")
	must(t, err)
	body, err := json.Marshal(object{"Resources": resources})
	must(t, err)
	made, err := provisioner.CloudFormation.CreateChangeSet(ctx, &cloudformation.CreateChangeSetInput{
		StackName: aws.String("stowage-evil-0"), ChangeSetName: aws.String("x"), ChangeSetType: types.ChangeSetTypeCreate,
		TemplateBody: aws.String(string(body)), Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam},
	})
	must(t, err)
	time.Sleep(time.Minute)
	must(t, second(provisioner.CloudFormation.ExecuteChangeSet(ctx, &cloudformation.ExecuteChangeSetInput{ChangeSetName: made.Id})))
	time.Sleep(10 * time.Minute)
	events, err := provisioner.CloudFormation.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: made.StackId})
	must(t, err)
	var reasons []string
	for _, e := range events.StackEvents {
		if strings.HasSuffix(string(e.ResourceStatus), "FAILED") {
			reasons = append(reasons, aws.ToString(e.ResourceStatusReason))
		}
	}
	return strings.Join(reasons, "; ")
}
