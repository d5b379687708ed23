package acceptance_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/stowage/terraform-provider-stowage/internal/model/modeltest"
)

const partner = "stowage_project_user.partner"

func TestAccProjectUser_Basic(t *testing.T) {
	x := newTenant(t)
	known := map[string]knownvalue.Check{
		"id":             knownvalue.StringExact(x.in("acme/partner")),
		"user_name":      knownvalue.StringExact(x.in("acme-partner")),
		"arn":            knownvalue.StringExact(x.in("arn:aws:iam::" + account + ":user/stowage/acme/acme-partner")),
		"source_ips":     knownvalue.SetExact(nil),
		"secret_readers": knownvalue.SetExact(nil),
		"access_key":     knownvalue.Null(),
		"access_key_id":  knownvalue.Null(),
		"access_keys":    knownvalue.MapExact(nil),
		"secret_arn":     knownvalue.Null(),
		"sftp":           knownvalue.Null(),
		"sftp_user_name": knownvalue.Null(),
		"tags":           knownvalue.Null(),
		"tags_all":       knownvalue.MapExact(nil),
		"drift":          knownvalue.Null(),
	}
	planned := []plancheck.PlanCheck{plancheck.ExpectResourceAction(partner, plancheck.ResourceActionCreate)}
	var stored []statecheck.StateCheck
	for attribute, check := range known {
		planned = append(planned, plancheck.ExpectKnownValue(partner, at(attribute), check))
		stored = append(stored, statecheck.ExpectKnownValue(partner, at(attribute), check))
	}
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{Config: x.in(acmeProject)},
		resource.TestStep{
			Config:           x.in(acmeProject, userOf("partner", afterProject)),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: planned}, ConfigStateChecks: stored,
			PostApplyFunc: func() { x.wantGroupOnly(x.in("acme-partner")) },
		},
		resource.TestStep{ResourceName: partner, ImportState: true, ImportStateVerify: true},
		resource.TestStep{ResourceName: partner, ImportState: true, ImportStateKind: resource.ImportBlockWithID},
	))
}

// TestAccProjectUser_Credentials gives a user an access key and SFTP, replaces the key, and removes
// both.
func TestAccProjectUser_Credentials(t *testing.T) {
	x := newTenant(t)
	project := x.in(
		block("stowage_project", "acme", `name = "acme"`, `account_id = "`+account+`"`, "sftp = { enabled = true }"),
	)
	configuration := func(arguments ...string) string {
		return project + x.in(userOf("partner", append(arguments, afterProject)...))
	}
	sftp := `sftp = { ssh_public_keys = ["` + modeltest.PublicKey(1) + `"] }`
	readers := `secret_readers = ["arn:aws:iam::444455556666:role/partner"]`
	x.w.makeRole("444455556666", "partner")
	keys := func(statuses map[string]string) statecheck.StateCheck {
		slots := map[string]knownvalue.Check{}
		for slot, status := range statuses {
			slots[slot] = knownvalue.ObjectPartial(map[string]knownvalue.Check{"status": knownvalue.StringExact(status)})
		}
		return statecheck.ExpectKnownValue(partner, at("access_keys"), knownvalue.MapExact(slots))
	}
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{
			Config: configuration("access_key = { rotation = { every_days = 90 } }", readers, sftp, `tags = { person = "Ada" }`),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectUnknownValue(partner, at("access_key_id")),
				plancheck.ExpectUnknownValue(partner, at("secret_arn")),
			}},
			ConfigStateChecks: []statecheck.StateCheck{
				keys(map[string]string{"a": "active"}),
				statecheck.ExpectKnownValue(partner, at("sftp_user_name"), knownvalue.StringExact("partner")),
				statecheck.ExpectKnownValue(
					partner, at("access_key").AtMapKey("rotation").AtMapKey("overlap_days"), knownvalue.Int64Exact(7),
				),
			},
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttrPair(partner, "access_key_id", partner, "access_keys.a.access_key_id"),
				resource.TestCheckResourceAttrSet(partner, "key_created_at"),
				resource.TestCheckResourceAttrWith(partner, "secret_arn", func(arn string) error {
					if want := x.in(
						"arn:aws:secretsmanager:" + region + ":" + account + ":secret:stowage/acme/partner-",
					); !strings.HasPrefix(arn, want) {
						t.Errorf("secret_arn is %s, want %s...", arn, want)
					}
					return nil
				}),
			),
		},
		resource.TestStep{ResourceName: partner, ImportState: true, ImportStateVerify: true},
		resource.TestStep{ResourceName: partner, ImportState: true, ImportStateKind: resource.ImportBlockWithID},
		resource.TestStep{
			Config: configuration(
				`access_key = { rotation = { every_days = 90 }, replacement_trigger = "leaked" }`, readers, sftp,
			),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(partner, plancheck.ResourceActionUpdate),
				plancheck.ExpectUnknownValue(partner, at("access_key_id")),
			}},
			ConfigStateChecks: []statecheck.StateCheck{keys(map[string]string{"a": "inactive", "b": "active"})},
			Check:             resource.TestCheckResourceAttrPair(partner, "access_key_id", partner, "access_keys.b.access_key_id"),
		},
		resource.TestStep{
			Config: configuration("access_key = { enabled = false }"),
			ConfigStateChecks: []statecheck.StateCheck{
				keys(nil),
				statecheck.ExpectKnownValue(partner, at("secret_arn"), knownvalue.Null()),
				statecheck.ExpectKnownValue(partner, at("access_key_id"), knownvalue.Null()),
				statecheck.ExpectKnownValue(partner, at("sftp_user_name"), knownvalue.Null()),
			},
			PostApplyFunc: func() {
				if secrets := x.secrets(); len(secrets) > 0 {
					t.Errorf("secrets: %v", secrets)
				}
			},
		},
	))
}

func TestAccProjectUser_Replace(t *testing.T) {
	x := newTenant(t)
	configuration := func(name string) string {
		return x.in(
			acmeProject,
			block("stowage_project_user", "partner", `project = "acme"`, `name = "`+name+`"`, afterProject),
		)
	}
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{Config: configuration("ann")},
		resource.TestStep{
			Config: configuration("bob"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(partner, plancheck.ResourceActionDestroyBeforeCreate),
				plancheck.ExpectKnownValue(partner, at("user_name"), knownvalue.StringExact(x.in("acme-bob"))),
			}},
			PostApplyFunc: func() {
				if users := x.users(); !slices.Equal(users, []string{x.in("acme-bob")}) {
					t.Errorf("users: %v", users)
				}
			},
		},
	))
}

// TestAccProjectUser_Disappears removes a user with its permissions from the template manually. The
// next apply creates them again.
func TestAccProjectUser_Disappears(t *testing.T) {
	x := newTenant(t)
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{Config: x.in(everything)},
		resource.TestStep{
			PreConfig: func() {
				x.editResources(x.project, func(resources map[string]editedResource) {
					for id := range resources {
						if id == "Userpartner" || id == "Grouppartner" || strings.HasPrefix(id, "Policypartner") {
							delete(resources, id)
						}
					}
				})
				if users := x.users(); len(users) > 0 {
					t.Fatalf("user is still there: %v", users)
				}
			},
			RefreshState: true, ExpectNonEmptyPlan: true,
			RefreshPlanChecks: resource.RefreshPlanChecks{PostRefresh: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(partner, plancheck.ResourceActionCreate),
				plancheck.ExpectResourceAction("stowage_user_permission.whole", plancheck.ResourceActionCreate),
				plancheck.ExpectResourceAction("stowage_user_permission.part", plancheck.ResourceActionCreate),
				plancheck.ExpectResourceAction(inbox, plancheck.ResourceActionNoop),
			}},
		},
		resource.TestStep{Config: x.in(everything), PostApplyFunc: func() {
			x.wantGroupOnly(x.in("acme-partner"), x.in(physical("inbox")+"/*"), x.in(physical("inbox")+"/incoming/*"))
		}},
	))
}
