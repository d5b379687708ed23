package acceptance_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"
)

// everything is one object of each kind, with literal names.
const everything = acmeProject + `
resource "stowage_project_bucket" "inbox" {
  project         = "acme"
  name            = "inbox"
  lifecycle_rules = { expire_after_days = 30 }
  cors            = [{ allowed_origins = ["https://example.com"], allowed_methods = ["GET"] }]
  tags            = { team = "blue" }
  depends_on      = [stowage_project.acme]
}

resource "stowage_project_user" "partner" {
  project    = "acme"
  name       = "partner"
  source_ips = ["203.0.113.0/24"]
  depends_on = [stowage_project.acme]
}

resource "stowage_user_permission" "whole" {
  project    = "acme"
  user       = "partner"
  bucket     = "inbox"
  access     = "read"
  depends_on = [stowage_project_bucket.inbox, stowage_project_user.partner]
}

resource "stowage_user_permission" "part" {
  project    = "acme"
  user       = "partner"
  bucket     = "inbox"
  prefix     = "incoming/"
  access     = "write"
  depends_on = [stowage_project_bucket.inbox, stowage_project_user.partner]
}
`

// imports are the IDs and identities of everything, by address.
var imports = map[string]struct {
	id       string
	identity map[string]string
}{
	acme:    {"acme", map[string]string{"name": "acme"}},
	inbox:   {"acme/inbox", map[string]string{"project": "acme", "name": "inbox"}},
	partner: {"acme/partner", map[string]string{"project": "acme", "name": "partner"}},
	"stowage_user_permission.whole": {
		"acme/partner/inbox",
		map[string]string{"project": "acme", "user": "partner", "bucket": "inbox"},
	},
	"stowage_user_permission.part": {
		"acme/partner/inbox/incoming/",
		map[string]string{"project": "acme", "user": "partner", "bucket": "inbox", "prefix": "incoming/"},
	},
}

// TestAccImport_GeneratedConfiguration lets the CLI generate the configuration of imported objects.
// The plan changes nothing.
func TestAccImport_GeneratedConfiguration(t *testing.T) {
	x := newTenant(t)
	steps := []resource.TestStep{{Config: x.in(everything)}}
	for _, address := range slices.Sorted(maps.Keys(imports)) {
		steps = append(steps, resource.TestStep{
			ResourceName:    address,
			ImportState:     true,
			ImportStateKind: resource.ImportBlockWithID,
			ImportStateId:   x.in(imports[address].id),
			GenerateConfig:  true,
		})
	}
	resource.ParallelTest(t, x.testCase(steps...))
}

// TestAccImport_Block removes everything from the state, and imports it with one apply.
func TestAccImport_Block(t *testing.T) {
	x := newTenant(t)
	var forget, take strings.Builder
	imported := resource.ConfigPlanChecks{}
	for address, names := range imports {
		forget.WriteString("removed {\n  from = " + address + "\n  lifecycle {\n    destroy = false\n  }\n}\n")
		take.WriteString("import {\n  to = " + address + "\n  id = \"" + names.id + "\"\n}\n")
		imported.PreApply = append(imported.PreApply, plancheck.ExpectResourceAction(address, plancheck.ResourceActionNoop))
	}
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{Config: x.in(everything)},
		resource.TestStep{Config: x.in(forget.String())},
		resource.TestStep{
			Config: x.in(everything, take.String()), ConfigPlanChecks: imported,
			Check: resource.TestCheckResourceAttr(inbox, "bucket_name", x.in(physical("inbox"))),
		},
	))
}

// TestAccImport_Identity checks the identities of everything, and imports by them.
func TestAccImport_Identity(t *testing.T) {
	x := newTenant(t)
	first := resource.TestStep{Config: x.in(everything)}
	steps := []resource.TestStep{{}}
	for address, names := range imports {
		identity := map[string]knownvalue.Check{}
		for name, value := range names.identity {
			identity[name] = knownvalue.StringExact(x.in(value))
		}
		if address == "stowage_user_permission.whole" {
			identity["prefix"] = knownvalue.Null()
		}
		first.ConfigStateChecks = append(first.ConfigStateChecks, statecheck.ExpectIdentity(address, identity))
		steps = append(
			steps,
			resource.TestStep{
				ResourceName: address, ImportState: true, ImportStateKind: resource.ImportBlockWithResourceIdentity,
			},
		)
	}
	steps[0] = first
	testCase := x.testCase(steps...)
	testCase.TerraformVersionChecks = []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_12_0)}
	resource.ParallelTest(t, testCase)
}

func TestAccImport_Invalid(t *testing.T) {
	x := newTenant(t)
	steps := []resource.TestStep{{Config: x.in(everything)}}
	for _, test := range []struct {
		address, id string
		texts       []string
	}{
		{acme, "acme-none", []string{"Cannot Import Project", `There is no project "acme-none": only what is in the model can be imported.`}},
		{inbox, "acme/outbox", []string{"Cannot Import Project Bucket", `There is no project bucket "acme/outbox"`}},
		{inbox, "acme-none/inbox", []string{`The directory has no project "acme-none"`}},
		{inbox, "inbox", []string{"Invalid Import ID", "The id \"inbox\" has not the form `<project>/<name>`"}},
		{partner, "acme/ghost", []string{"Cannot Import Project User", `There is no project user "acme/ghost"`}},
		{"stowage_user_permission.whole", "acme/partner/outbox", []string{"Cannot Import User Permission", `There is no user permission "acme/partner/outbox"`}},
		{"stowage_user_permission.whole", "acme/partner", []string{"Invalid Import ID", "has not the form `<project>/<user>/<bucket>[/<prefix>]`"}},
	} {
		steps = append(steps, resource.TestStep{
			ResourceName: test.address, ImportState: true, ImportStateId: x.in(test.id), ExpectError: x.says(test.texts...),
		})
	}
	resource.ParallelTest(t, x.testCase(steps...))
}
