package acceptance_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

func TestAccDataSources(t *testing.T) {
	x := newTenant(t)
	text := func(s string) knownvalue.Check { return knownvalue.StringExact(x.in(s)) }
	project, buckets, users, policy := "data.stowage_project.acme", "data.stowage_project_buckets.acme", "data.stowage_project_users.acme", "data.stowage_user_policy.partner"
	bucket := func(attributes map[string]knownvalue.Check) knownvalue.Check {
		return knownvalue.ListExact([]knownvalue.Check{knownvalue.ObjectPartial(attributes)})
	}
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{Config: x.in(everything)},
		resource.TestStep{
			Config: x.in(everything, `
data "stowage_project" "acme" {
  name = "acme"
}

data "stowage_projects" "all" {}

data "stowage_hub" "main" {}

data "stowage_project_buckets" "acme" {
  project = "acme"
}

data "stowage_project_users" "acme" {
  project = "acme"
}

data "stowage_user_policy" "partner" {
  project = "acme"
  user    = "partner"
}
`),
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttrPair(project, "kms_key_arn", acme, "kms_key_arn"),
				resource.TestCheckResourceAttrPair(buckets, "buckets.0.kms_key_arn", acme, "kms_key_arn"),
				resource.TestCheckResourceAttrPair(buckets, "buckets.0.arn", inbox, "arn"),
				resource.TestCheckResourceAttrPair(users, "users.0.arn", partner, "arn"),
				resource.TestCheckTypeSetElemNestedAttrs("data.stowage_projects.all", "projects.*", map[string]string{
					"name": x.project, "account_id": x.account, "region": region, "role_name": "StowageProvisioner",
				}),
			),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("data.stowage_hub.main", at("name"), text("stowage")),
				statecheck.ExpectKnownValue(project, at("account_id"), text(account)),
				statecheck.ExpectKnownValue(project, at("status"), text("UPDATE_COMPLETE")),
				statecheck.ExpectKnownValue(project, at("public_access_blocked"), knownvalue.Bool(false)),
				statecheck.ExpectKnownValue(project, at("revision"), knownvalue.Int64Func(func(revision int64) error {
					return wantPositive("revision", revision)
				})),
				statecheck.ExpectKnownValue(
					project,
					at("headroom").AtMapKey("resources"),
					knownvalue.Int64Func(func(room int64) error {
						return wantPositive("headroom", room)
					}),
				),
				statecheck.ExpectKnownValue(project, at("stacks").AtSliceIndex(0).AtMapKey("name"), text("stowage-acme-0")),
				statecheck.ExpectKnownValue(buckets, at("buckets"), bucket(map[string]knownvalue.Check{
					"id":          text("acme/inbox"),
					"name":        text("inbox"),
					"bucket_name": text(physical("inbox")),
					"versioning":  knownvalue.Bool(true),
					"on_delete":   text("refuse"),
					"tags":        knownvalue.MapExact(map[string]knownvalue.Check{"team": text("blue")}),
				})),
				statecheck.ExpectKnownValue(users, at("users"), bucket(map[string]knownvalue.Check{
					"id": text("acme/partner"), "name": text("partner"), "user_name": text("acme-partner"),
					"source_ips": knownvalue.SetExact([]knownvalue.Check{text("203.0.113.0/24")}),
				})),
				statecheck.ExpectKnownValue(policy, at("policies"), knownvalue.Int64Exact(1)),
				statecheck.ExpectKnownValue(policy, at("statements").AtSliceIndex(0).AtMapKey("effect"), text("Deny")),
				statecheck.ExpectKnownValue(
					policy,
					at("table"),
					knownvalue.StringExact(`| Bucket | Below     | List | Read | Write | Delete |
|--------|-----------|------|------|-------|--------|
| inbox  | (all)     | yes  | yes  | no    | no     |
| inbox  | incoming/ | no   | no   | yes   | no     |
`),
				),
			},
		},
		resource.TestStep{
			Config:      x.in(everything, "data \"stowage_project\" \"none\" {\n  name = \"acme-none\"\n}\n"),
			PlanOnly:    true,
			ExpectError: x.says("Unable to Read Project", `The directory has no project "acme-none".`),
		},
		resource.TestStep{
			Config: x.in(
				everything, "data \"stowage_user_policy\" \"none\" {\n  project = \"acme\"\n  user    = \"ghost\"\n}\n",
			),
			PlanOnly:    true,
			ExpectError: x.says("Unable to Read User Policy", `The project "acme" has no user "ghost".`),
		},
	))
}
