package acceptance_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

const permission = "stowage_user_permission.p"

// parentsOfPermissions is a project with two buckets and two users.
var parentsOfPermissions = acmeProject + bucketOf("inbox", afterProject) + bucketOf(
	"outbox", afterProject,
) + userOf("ann", afterProject) + userOf("bob", afterProject)

func permissionAfterParents(user, bucket string, arguments ...string) string {
	return permissionOf(
		"p",
		user,
		bucket,
		append(
			arguments,
			after(
				"stowage_project_bucket.inbox, stowage_project_bucket.outbox, stowage_project_user.ann, stowage_project_user.bob",
			),
		)...)
}

func TestAccUserPermission_Basic(t *testing.T) {
	x := newTenant(t)
	configuration := func(arguments ...string) string {
		return x.in(parentsOfPermissions, permissionAfterParents("ann", "inbox", arguments...))
	}
	updates := resource.ConfigPlanChecks{
		PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(permission, plancheck.ResourceActionUpdate)},
	}
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{
			Config: configuration(`access = "read"`),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(permission, plancheck.ResourceActionCreate),
				plancheck.ExpectKnownValue(permission, at("id"), knownvalue.StringExact(x.in("acme/ann/inbox"))),
				plancheck.ExpectKnownValue(permission, at("allow_delete"), knownvalue.Bool(false)),
			}},
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(permission, at("prefix"), knownvalue.StringExact("")),
				statecheck.ExpectKnownValue(permission, at("drift"), knownvalue.Null()),
			},
			PostApplyFunc: func() { x.wantGroupOnly(x.in("acme-ann"), x.in(physical("inbox")+"/*")) },
		},
		resource.TestStep{ResourceName: permission, ImportState: true, ImportStateVerify: true},
		resource.TestStep{ResourceName: permission, ImportState: true, ImportStateKind: resource.ImportBlockWithID},
		resource.TestStep{Config: configuration(`access = "read_write"`, "allow_delete = true"), ConfigPlanChecks: updates},
		resource.TestStep{Config: configuration(`access = "write"`), ConfigPlanChecks: updates},
	))
}

func TestAccUserPermission_Replace(t *testing.T) {
	x := newTenant(t)
	step := func(id string, configuration string) resource.TestStep {
		return resource.TestStep{
			Config: x.in(parentsOfPermissions, configuration),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(permission, plancheck.ResourceActionDestroyBeforeCreate),
				plancheck.ExpectKnownValue(permission, at("id"), knownvalue.StringExact(x.in(id))),
			}},
		}
	}
	last := step("acme/bob/outbox", permissionAfterParents("bob", "outbox", `access = "read"`))
	last.PostApplyFunc = func() {
		x.wantGroupOnly(x.in("acme-ann"))
		x.wantGroupOnly(x.in("acme-bob"), x.in(physical("outbox")+"/*"))
	}
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{Config: x.in(parentsOfPermissions, permissionAfterParents("ann", "inbox", `access = "read"`))},
		step("acme/ann/inbox/in/", permissionAfterParents("ann", "inbox", `access = "read"`, `prefix = "in/"`)),
		resource.TestStep{ResourceName: permission, ImportState: true, ImportStateVerify: true},
		step("acme/ann/outbox/in/", permissionAfterParents("ann", "outbox", `access = "read"`, `prefix = "in/"`)),
		step("acme/bob/outbox/in/", permissionAfterParents("bob", "outbox", `access = "read"`, `prefix = "in/"`)),
		last,
	))
}

// TestAccUserPermission_MissingParent fails in the apply, before any change: a plan cannot know
// what the same apply creates.
func TestAccUserPermission_MissingParent(t *testing.T) {
	x := newTenant(t)
	var revision string
	parents := resource.TestStep{
		Config: x.in(parentsOfPermissions), PostApplyFunc: func() { revision = x.revision(x.project) },
	}
	resource.ParallelTest(t, x.testCase(
		parents,
		resource.TestStep{
			Config: x.in(parentsOfPermissions, permissionAfterParents("ann", "archive", `access = "read"`)),
			ExpectError: x.says(
				"Unable to Create User Permission", `Its bucket "archive" does not exist in the project.`,
				"bucket = stowage_project_bucket.<NAME>.name",
			),
		},
		resource.TestStep{
			Config: x.in(parentsOfPermissions, permissionAfterParents("nobody", "inbox", `access = "read"`)),
			ExpectError: x.says(
				"Unable to Create User Permission", `Its user "nobody" does not exist in the project.`,
				"user = stowage_project_user.<NAME>.name",
			),
		},
		resource.TestStep{Config: x.in(parentsOfPermissions), PlanOnly: true, PostApplyFunc: func() {
			if now := x.revision(x.project); now != revision {
				t.Errorf("the refusals changed the stack: revision %s, then %s", revision, now)
			}
		}},
	))
}
