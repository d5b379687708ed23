package onboarding_test

import (
	"encoding/json"
	"maps"
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
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/evaluate"
)

type object = map[string]any

// everything is an administrator's policy.
var everything = object{
	"Version": "2012-10-17", "Statement": []any{object{"Effect": "Allow", "Action": "*", "Resource": "*"}},
}

const (
	path     = "/stowage/evil/"
	policies = "arn:aws:iam::" + account + ":policy"
	roles    = "arn:aws:iam::" + account + ":role"
	users    = "arn:aws:iam::" + account + ":user"
	groups   = "arn:aws:iam::" + account + ":group"
)

// resource returns a resource of IAM, or of the service that its kind names.
func resource(kind string, properties object, after ...string) object {
	if !strings.Contains(kind, "::") {
		kind = "IAM::" + kind
	}
	r := object{"Type": "AWS::" + kind, "Properties": properties}
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

// TestProvisioner_CannotMakeAdministrators tries to become the account's administrator by a change
// set. Each attempt fails with AWS's reason.
func TestProvisioner_CannotMakeAdministrators(t *testing.T) {
	own := object{"ManagedPolicyName": "evil-bounds", "Path": path, "PolicyDocument": everything}
	hub := trusting("arn:aws:iam::" + sandbox.HubAccount + ":root")
	for name, test := range map[string]struct {
		resources object
		want      string // in the reason of the failure
	}{
		"role with a boundary of its own": {object{
			"B": resource("ManagedPolicy", own),
			"R": resource("Role", object{"RoleName": "evil", "Path": path, "PermissionsBoundary": policies + path + "evil-bounds", "AssumeRolePolicyDocument": hub}, "B"),
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
		"policy with the name of a project's boundary": {object{
			"B": resource("ManagedPolicy", object{"ManagedPolicyName": "acme-boundary", "Path": "/stowage/acme/", "PolicyDocument": everything}),
		}, "iam:CreatePolicy"},
		"SFTP user with a role outside the path": {object{
			"S": resource("Transfer::Server", object{}),
			"U": resource("Transfer::User", object{
				"ServerId": object{"Fn::GetAtt": []any{"S", "ServerId"}}, "UserName": "evil", "Role": roles + "/transfer", "HomeDirectory": "/x",
			}),
		}, "iam:PassRole"},
		"SFTP server with a logging role outside the path": {object{
			"S": resource("Transfer::Server", object{"LoggingRole": roles + "/transfer"}),
		}, "iam:PassRole"},
		"user with a boundary of its own": {object{
			"B": resource("ManagedPolicy", own),
			"U": resource("User", object{"UserName": "evil", "Path": path, "PermissionsBoundary": policies + path + "evil-bounds"}, "B"),
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
				// Another principal created these in the account below the path of projects,
				// without a boundary.
				owner := w.as(account).Hub().IAM
				trust, _ := json.Marshal(hub)
				theirs := aws.String("/stowage/theirs/")
				must(t, second(owner.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("unbounded"), Path: theirs})))
				must(t, second(owner.CreateRole(ctx, &iam.CreateRoleInput{
					RoleName: aws.String("unbounded"), Path: theirs, AssumeRolePolicyDocument: aws.String(string(trust)),
				})))
				transfer, _ := json.Marshal(object{"Version": "2012-10-17", "Statement": []any{object{
					"Effect": "Allow", "Principal": object{"Service": "transfer.amazonaws.com"}, "Action": "sts:AssumeRole",
				}}})
				must(t, second(owner.CreateRole(ctx, &iam.CreateRoleInput{
					RoleName: aws.String("transfer"), AssumeRolePolicyDocument: aws.String(string(transfer)),
				})))
				if got := w.reasons(test.resources); !strings.Contains(got, test.want) || !strings.Contains(got, "not authorized") {
					t.Errorf("the stack's failures are %q, want %s", got, test.want)
				}
			})
		})
	}
}

// reasons commits resources to a stack of its own, as the provisioner, and returns why they failed;
// "" when they did not.
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
	must(
		t,
		second(
			provisioner.CloudFormation.ExecuteChangeSet(ctx, &cloudformation.ExecuteChangeSetInput{ChangeSetName: made.Id}),
		),
	)
	time.Sleep(10 * time.Minute)
	events, err := provisioner.CloudFormation.DescribeStackEvents(
		ctx, &cloudformation.DescribeStackEventsInput{StackName: made.StackId},
	)
	must(t, err)
	var reasons []string
	for _, e := range events.StackEvents {
		if strings.HasSuffix(string(e.ResourceStatus), "FAILED") {
			reasons = append(reasons, aws.ToString(e.ResourceStatusReason))
		}
	}
	return strings.Join(reasons, "; ")
}

// TestProvisioner_Limits evaluates the role's policies for calls through CloudFormation for which
// the sandbox has no resource type. What AWS's conditions cannot prevent is listed as allowed and
// documented in the guide "Preparing accounts".
func TestProvisioner_Limits(t *testing.T) {
	w := newWorld(t, onboarding.Account)
	documents := w.policies("StowageProvisioner")
	boundary := func(name string) map[string][]string {
		return map[string][]string{"iam:PermissionsBoundary": {policies + name}}
	}
	policy := func(name string) map[string][]string { return map[string][]string{"iam:PolicyARN": {policies + name}} }
	administrator := map[string][]string{"iam:PolicyARN": {"arn:aws:iam::aws:policy/AdministratorAccess"}}
	key := func(tagged bool) map[string][]string {
		if !tagged {
			return nil
		}
		return map[string][]string{"aws:ResourceTag/stowage:project": {"acme"}}
	}
	owned := func(id string) map[string][]string { return map[string][]string{"aws:ResourceAccount": {id}} }
	pass := func(service string) map[string][]string {
		return map[string][]string{"iam:PassedToService": {service + ".amazonaws.com"}}
	}
	const kms = "arn:aws:kms:" + region + ":" + account + ":key/1"
	for _, test := range []struct {
		name, action, resource string
		context                map[string][]string
		want                   bool
	}{
		{"rewrite the boundary", "iam:CreatePolicyVersion", policies + "/StowageBoundary", nil, false},
		{"go back to an older version of the boundary", "iam:SetDefaultPolicyVersion", policies + "/StowageBoundary", nil, false},
		{"delete the boundary", "iam:DeletePolicy", policies + "/StowageBoundary", nil, false},
		{"rewrite the boundary of an older project", "iam:CreatePolicyVersion", policies + "/stowage/acme/acme-boundary", nil, false},
		{"rewrite a policy of its own role", "iam:CreatePolicyVersion", policies + "/StowageProvisionerIdentities", nil, false},
		{"take the boundary off a user", "iam:DeleteUserPermissionsBoundary", users + "/stowage/acme/acme-ann", nil, false},
		{"take the boundary off a role", "iam:DeleteRolePermissionsBoundary", roles + "/stowage/acme/acme-ann-sftp", nil, false},
		{"put another boundary on a role", "iam:PutRolePermissionsBoundary", roles + "/stowage/acme/acme-ann-sftp", boundary("/stowage/acme/any"), false},
		{"put an older project's boundary on a user", "iam:PutUserPermissionsBoundary", users + "/stowage/acme/acme-ann", boundary("/stowage/acme/acme-boundary"), false},
		{"put the boundary on its own role", "iam:PutRolePermissionsBoundary", roles + "/StowageProvisioner", boundary("/StowageBoundary"), false},
		{"attach a policy of AWS to a group", "iam:AttachGroupPolicy", groups + "/stowage/acme/acme-ann", administrator, false},
		{"attach a policy to a user", "iam:AttachUserPolicy", users + "/stowage/acme/acme-ann", policy("/stowage/acme/any"), false},
		{"write an inline policy of a user", "iam:PutUserPolicy", users + "/stowage/acme/acme-ann", nil, false},
		{"write an inline policy of a role", "iam:PutRolePolicy", roles + "/stowage/acme/acme-ann-sftp", nil, false},
		{"write an inline policy of a group", "iam:PutGroupPolicy", groups + "/stowage/acme/acme-ann", nil, false},
		{"change the trust policy of a role without a boundary", "iam:UpdateAssumeRolePolicy", roles + "/stowage/theirs/unbounded", nil, false},
		{"change the trust policy of a role outside the path", "iam:UpdateAssumeRolePolicy", roles + "/StowageReader", boundary("/StowageBoundary"), false},
		{"create a key of a user outside the path", "iam:CreateAccessKey", users + "/admin", nil, false},
		{"give a user a password", "iam:CreateLoginProfile", users + "/stowage/acme/acme-ann", nil, false},
		{"add a user to a group outside the path", "iam:AddUserToGroup", groups + "/admins", nil, false},
		{"pass a role outside the path", "iam:PassRole", roles + "/transfer", pass("transfer"), false},
		{"pass its own role", "iam:PassRole", roles + "/StowageProvisioner", pass("transfer"), false},
		{"pass a role to CloudFormation", "iam:PassRole", roles + "/stowage/acme/acme-ann-sftp", pass("cloudformation"), false},
		{"pass a role to Lambda", "iam:PassRole", roles + "/stowage/acme/acme-ann-sftp", pass("lambda"), false},
		{"assume a role", "sts:AssumeRole", roles + "/stowage/acme/acme-ann-sftp", nil, false},
		{"change the policy of a bucket of another account", "s3:PutBucketPolicy", "arn:aws:s3:::theirs", owned("444455556666"), false},
		{"change the policy of a key without the tag", "kms:PutKeyPolicy", kms, key(false), false},
		{"tag a key without the tag", "kms:TagResource", kms, nil, false},
		{"create a grant on a key", "kms:CreateGrant", kms, key(true), false},
		{"read a secret outside the prefix", "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:" + region + ":" + account + ":secret:other-1", nil, false},
		{"create a Lambda function", "lambda:CreateFunction", "*", nil, false},
		{"nest a stack", "cloudformation:CreateStack", "arn:aws:cloudformation:" + region + ":" + account + ":stack/stowage-acme-0-x/*", nil, false},
		{"pass the role that sends events", "iam:PassRole", roles + "/StowageEvents-" + region, pass("events"), false},
		{"let others assume the role that sends events", "iam:UpdateAssumeRolePolicy", roles + "/StowageEvents-" + region, boundary("/StowageBoundary"), false},
		{"write a policy of the role that sends events", "iam:PutRolePolicy", roles + "/StowageEvents-" + region, nil, false},
		{"change the rule that sends events", "events:PutTargets", "arn:aws:events:" + region + ":" + account + ":rule/StowageEvents", nil, false},
		{"send events to the hub", "events:PutEvents", hubBus, nil, false},
		{"change the stack that made it", "cloudformation:CreateChangeSet", "arn:aws:cloudformation:" + region + ":" + account + ":stack/StowageAccount/1", nil, false},

		// Remaining risks.
		{"add a user to a group of a project, whichever user it is", "iam:AddUserToGroup", groups + "/stowage/acme/acme-ann", nil, true},
		{"change the policy of any bucket of the account", "s3:PutBucketPolicy", "arn:aws:s3:::theirs", owned(account), true},
		{"change the policy of a project's key", "kms:PutKeyPolicy", kms, key(true), true},
		{"pass any role below the path to Transfer", "iam:PassRole", roles + "/stowage/theirs/any", pass("transfer"), true},
		{"let another account assume a bounded role", "iam:UpdateAssumeRolePolicy", roles + "/stowage/acme/acme-ann-sftp", boundary("/StowageBoundary"), true},
	} {
		request := evaluate.Request{
			Principal: provisioner + "/x", Role: roles + "/StowageProvisioner", Action: test.action, Resource: test.resource,
			Context: map[string][]string{"aws:CalledVia": {"cloudformation.amazonaws.com"}, "aws:SecureTransport": {"true"}},
		}
		maps.Copy(request.Context, test.context)
		if got := evaluate.Evaluate(request, evaluate.Policies{Identity: documents}); got.Allowed != test.want {
			t.Errorf("%s: %s on %s: allowed %v", test.name, test.action, test.resource, got.Allowed)
		}
	}
}

// TestProvisioner_WithoutCloudFormation evaluates what the role may do to users and roles with calls
// of its own: set the boundary that all of them have, and nothing else.
func TestProvisioner_WithoutCloudFormation(t *testing.T) {
	w := newWorld(t, onboarding.Account)
	documents := w.policies("StowageProvisioner")
	boundary := func(name string) map[string][]string {
		return map[string][]string{"iam:PermissionsBoundary": {policies + name}}
	}
	for _, test := range []struct {
		name, action, resource string
		context                map[string][]string
		want                   bool
	}{
		{"the boundary of a user", "iam:PutUserPermissionsBoundary", users + "/stowage/acme/acme-ann", boundary("/StowageBoundary"), true},
		{"the boundary of a role", "iam:PutRolePermissionsBoundary", roles + "/stowage/acme/acme-ann-sftp", boundary("/StowageBoundary"), true},
		{"another boundary", "iam:PutUserPermissionsBoundary", users + "/stowage/acme/acme-ann", boundary("/stowage/acme/any"), false},
		{"no boundary", "iam:DeleteUserPermissionsBoundary", users + "/stowage/acme/acme-ann", nil, false},
		{"its own role", "iam:PutRolePermissionsBoundary", roles + "/StowageProvisioner", boundary("/StowageBoundary"), false},
		{"a user outside the path", "iam:PutUserPermissionsBoundary", users + "/admin", boundary("/StowageBoundary"), false},
		{"a new user", "iam:CreateUser", users + "/stowage/acme/acme-ann", boundary("/StowageBoundary"), false},
		{"a user's group", "iam:AddUserToGroup", groups + "/stowage/acme/acme-ann", nil, false},
		{"a user's key", "iam:CreateAccessKey", users + "/stowage/acme/acme-ann", nil, false},
	} {
		request := evaluate.Request{
			Principal: provisioner + "/x", Role: roles + "/StowageProvisioner", Action: test.action, Resource: test.resource,
			Context: map[string][]string{"aws:SecureTransport": {"true"}},
		}
		maps.Copy(request.Context, test.context)
		if got := evaluate.Evaluate(request, evaluate.Policies{Identity: documents}); got.Allowed != test.want {
			t.Errorf("%s: %s on %s: allowed %v", test.name, test.action, test.resource, got.Allowed)
		}
	}
}
