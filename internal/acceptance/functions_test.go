package acceptance_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

func TestAccBucketNameFunction(t *testing.T) {
	x := newTenant(t)
	call := func(arguments string) string {
		return "output \"name\" {\n  value = provider::stowage::bucket_name(" + arguments + ")\n}\n"
	}
	names := func(want string) []statecheck.StateCheck {
		return []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("name", knownvalue.StringExact(want))}
	}
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providers,
		Steps: []resource.TestStep{
			{
				Config:            call(`"acme", "inbox", "111122223333", "eu-west-1"`),
				ConfigStateChecks: names("acme-inbox-111122223333-eu-west-1-an"),
			},
			// This region has no namespace for the account's own buckets.
			{
				Config:            call(`"acme", "inbox", "111122223333", "me-south-1"`),
				ConfigStateChecks: names("acme-inbox-111122223333-me-south-1"),
			},
			{
				Config:      call(`"a", "inbox", "111122223333", "eu-west-1"`),
				PlanOnly:    true,
				ExpectError: x.says(`Invalid value for "project" parameter`, "a project name has 2 to 20"),
			},
			{
				Config:      call(`"acme", "In", "111122223333", "eu-west-1"`),
				PlanOnly:    true,
				ExpectError: x.says(`Invalid value for "name" parameter`, "may hold only"),
			},
			{
				Config:      call(`"acme", "inbox", "1", "eu-west-1"`),
				PlanOnly:    true,
				ExpectError: x.says(`Invalid value for "account" parameter`, "must be the 12 digits"),
			},
			{
				Config:      call(`"acme", "inbox", "111122223333", "Ireland"`),
				PlanOnly:    true,
				ExpectError: x.says(`Invalid value for "region" parameter`, "must be the code of an AWS region"),
			},
			{
				Config:      call(`"acme", "inbox", "111122223333", null`),
				PlanOnly:    true,
				ExpectError: x.says(`Invalid value for "region" parameter`, "must not be null"),
			},
		},
	})
}
