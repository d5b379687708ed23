package acceptance_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

const acme = "stowage_project.acme"

func TestAccProject_Basic(t *testing.T) {
	x := newTenant(t)
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{
			Config: x.in(acmeProject),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(acme, plancheck.ResourceActionCreate),
				plancheck.ExpectKnownValue(acme, at("id"), knownvalue.StringExact(x.project)),
				plancheck.ExpectKnownValue(acme, at("region"), knownvalue.StringExact(region)),
				plancheck.ExpectKnownValue(acme, at("on_delete"), knownvalue.StringExact("refuse")),
				plancheck.ExpectKnownValue(acme, at("tags_all"), knownvalue.MapExact(nil)),
				plancheck.ExpectKnownValue(
					acme, at("log_bucket_name"),
					knownvalue.StringExact(x.in("stowage-acme-logs-"+account+"-"+region+"-an")),
				),
				plancheck.ExpectUnknownValue(acme, at("kms_key_arn")),
				plancheck.ExpectUnknownValue(acme, at("notification_topic_arn")),
			}},
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(acme, at("tags"), knownvalue.Null()),
				statecheck.ExpectKnownValue(acme, at("drift"), knownvalue.Null()),
				statecheck.ExpectKnownValue(acme, at("sftp_endpoint"), knownvalue.Null()),
				statecheck.ExpectKnownValue(
					acme, at("notification_topic_arn"),
					knownvalue.StringExact(x.in("arn:aws:sns:"+region+":"+account+":stowage-events")),
				),
			},
			Check: resource.TestCheckResourceAttrWith(acme, "kms_key_arn", func(arn string) error {
				if key := x.projectKey(); arn != key {
					t.Errorf("kms_key_arn is %s, want %s", arn, key)
				}
				return nil
			}),
		},
		resource.TestStep{ResourceName: acme, ImportState: true, ImportStateVerify: true},
		resource.TestStep{ResourceName: acme, ImportState: true, ImportStateKind: resource.ImportBlockWithID},
	))
}

func TestAccProject_Update(t *testing.T) {
	x := newTenant(t)
	configuration := func(arguments ...string) string {
		return x.in(`provider "stowage" {
  default_tags {
    tags = { team = "blue" }
  }
}`, block("stowage_project", "acme", append(arguments, `name = "acme"`, `account_id = "`+account+`"`)...))
	}
	updates := resource.ConfigPlanChecks{
		PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(acme, plancheck.ResourceActionUpdate)},
	}
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{Config: configuration()},
		resource.TestStep{
			Config:           configuration(`tags = { client = "Acme" }`, "sftp = { enabled = true }", `on_delete = "empty"`),
			ConfigPlanChecks: updates,
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(acme, at("tags_all"), knownvalue.MapExact(map[string]knownvalue.Check{
					"client": knownvalue.StringExact("Acme"), "team": knownvalue.StringExact("blue"),
				})),
				statecheck.ExpectKnownValue(acme, at("sftp_endpoint"), knownvalue.NotNull()),
			},
		},
		resource.TestStep{ResourceName: acme, ImportState: true, ImportStateKind: resource.ImportBlockWithID},
		resource.TestStep{
			Config:           configuration(),
			ConfigPlanChecks: updates,
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(acme, at("sftp_endpoint"), knownvalue.Null()),
			},
		},
	))
}

// TestAccProject_Replace moves an empty project to another account. A project with content stays
// where it is.
func TestAccProject_Replace(t *testing.T) {
	x, y := newTenant(t), newTenant(t)
	moved := strings.ReplaceAll(x.in(acmeProject), x.account, y.account)
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{Config: x.in(acmeProject, userOf("partner", afterProject))},
		resource.TestStep{
			Config:   moved + x.in(userOf("partner", afterProject)),
			PlanOnly: true,
			ExpectError: x.says(
				"Unable to Replace Project",
				"holds 0 buckets, 1 users and 0 permissions, and can't change its account_id",
			),
		},
		resource.TestStep{Config: x.in(acmeProject)},
		resource.TestStep{
			Config: moved,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(acme, plancheck.ResourceActionDestroyBeforeCreate),
			}},
			PostApplyFunc: func() {
				if left := x.left(); len(left) > 0 {
					t.Errorf("left in the old account: %v", left)
				}
			},
		},
	))
}

// TestAccProject_StackDeleted deletes a project's stack manually: that is an error, and the project
// is not created again.
func TestAccProject_StackDeleted(t *testing.T) {
	x := newTenant(t)
	gone := x.says(
		"the account "+account+" has no stack stowage-acme-0 in the region eu-west-1",
		"A missing stack is not taken for a deletion",
	)
	testCase := x.testCase(
		resource.TestStep{Config: x.in(acmeProject)},
		resource.TestStep{
			PreConfig: func() {
				protected, err := x.cfn.UpdateTerminationProtection(t.Context(), &cloudformation.UpdateTerminationProtectionInput{
					StackName: aws.String(x.in("stowage-acme-0")), EnableTerminationProtection: aws.Bool(false),
				})
				must(x.w, protected, err)
				deleted, err := x.cfn.DeleteStack(
					t.Context(), &cloudformation.DeleteStackInput{StackName: aws.String(x.in("stowage-acme-0"))},
				)
				must(x.w, deleted, err)
			},
			RefreshState: true,
			ExpectError:  gone,
		},
		resource.TestStep{Config: x.in(acmeProject), PlanOnly: true, ExpectError: gone},
	)
	testCase.CheckDestroy = nil // CloudFormation has retained key and buckets
	resource.ParallelTest(t, testCase)
}
