package acceptance_test

import (
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

// TestAccDrift_Identities changes a user and the project's own log bucket in AWS, and deletes a
// policy. A comparison finds it, the plan of a provider that reads the templates shows it, and the
// apply repairs it.
func TestAccDrift_Identities(t *testing.T) {
	x := newTenant(t)
	configuration := x.in(
		"provider \"stowage\" {\n  read_consistency = \"authoritative\"\n}\n", acmeProject, bucketOf("inbox", afterProject),
		userOf("partner", "access_key = {}", afterProject),
		permissionOf("read", "partner", "inbox", `access = "read"`, "depends_on = [stowage_project_user.partner, stowage_project_bucket.inbox]"),
	)
	user, permission, project := aws.String(x.in("acme-partner")), "stowage_user_permission.read", "stowage_project.acme"
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{Config: configuration},
		resource.TestStep{
			PreConfig: func() {
				x.changeIdentities(user)
				logs := aws.String(x.in("stowage-acme-logs-" + account + "-" + region + "-an"))
				_, err := x.s3.DeletePublicAccessBlock(t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: logs})
				must(x.w, logs, err)
				x.compareWithAWS()
			},
			RefreshState: true, ExpectNonEmptyPlan: true,
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestMatchResourceAttr(partner, "drift", regexp.MustCompile("(?s)Groups is nothing in AWS.*PermissionsBoundary is nothing in AWS")),
				resource.TestMatchResourceAttr(permission, "drift", regexp.MustCompile(`ManagedPolicy\) was deleted in AWS`)),
				resource.TestMatchResourceAttr(project, "drift", regexp.MustCompile("LogBucket PublicAccessBlockConfiguration is nothing in AWS")),
			),
			RefreshPlanChecks: resource.RefreshPlanChecks{PostRefresh: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(partner, plancheck.ResourceActionUpdate),
				plancheck.ExpectResourceAction(permission, plancheck.ResourceActionUpdate),
				plancheck.ExpectResourceAction(project, plancheck.ResourceActionUpdate),
			}},
		},
		resource.TestStep{
			Config: configuration,
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(partner, at("drift"), knownvalue.Null()),
				statecheck.ExpectKnownValue(permission, at("drift"), knownvalue.Null()),
				statecheck.ExpectKnownValue(project, at("drift"), knownvalue.Null()),
			},
			PostApplyFunc: func() { x.wantIdentities(user) },
		},
	))
}

// changeIdentities takes a user out of its group, removes its boundary, and deletes the policies of
// the group.
func (x *tenant) changeIdentities(user *string) {
	x.t.Helper()
	ctx := x.t.Context()
	_, err := x.iam.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{UserName: user, GroupName: user})
	must(x.w, user, err)
	_, err = x.iam.DeleteUserPermissionsBoundary(ctx, &iam.DeleteUserPermissionsBoundaryInput{UserName: user})
	must(x.w, user, err)
	out, err := x.iam.ListAttachedGroupPolicies(ctx, &iam.ListAttachedGroupPoliciesInput{GroupName: user})
	for _, policy := range must(x.w, out, err).AttachedPolicies {
		_, err := x.iam.DetachGroupPolicy(ctx, &iam.DetachGroupPolicyInput{GroupName: user, PolicyArn: policy.PolicyArn})
		must(x.w, user, err)
		_, err = x.iam.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: policy.PolicyArn})
		must(x.w, user, err)
	}
}

// wantIdentities expects that a user is in its group, with its boundary and one policy.
func (x *tenant) wantIdentities(user *string) {
	x.t.Helper()
	ctx := x.t.Context()
	groups, err := x.iam.ListGroupsForUser(ctx, &iam.ListGroupsForUserInput{UserName: user})
	found, err2 := x.iam.GetUser(ctx, &iam.GetUserInput{UserName: user})
	policies, err3 := x.iam.ListAttachedGroupPolicies(ctx, &iam.ListAttachedGroupPoliciesInput{GroupName: user})
	if n := len(must(x.w, groups, err).Groups); n != 1 {
		x.t.Errorf("the user is in %d groups", n)
	}
	if must(x.w, found, err2).User.PermissionsBoundary == nil {
		x.t.Error("the user has no boundary")
	}
	if n := len(must(x.w, policies, err3).AttachedPolicies); n != 1 {
		x.t.Errorf("the group has %d policies", n)
	}
}
