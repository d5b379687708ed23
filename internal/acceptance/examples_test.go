package acceptance_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

var exampleDirectories = []string{
	"actions/stowage_detect_drift", // needs Terraform 1.14: internal/provider tests the protocol
	"data-sources/stowage_hub",
	"data-sources/stowage_project",
	"data-sources/stowage_project_buckets",
	"data-sources/stowage_project_users",
	"data-sources/stowage_projects",
	"data-sources/stowage_user_policy",
	"ephemeral-resources/stowage_user_credentials",
	"functions/bucket_name",
	"hub",
	"onboarding",
	"onboarding/hub", // for the aws provider: examples/onboarding tests the template
	"partner-exchange",
	"provider",
	"quickstart",
	"resources/stowage_hub",
	"resources/stowage_project",
	"resources/stowage_project_bucket",
	"resources/stowage_project_user",
	"resources/stowage_user_permission",
	"trying-on-aws",
}

func TestExamples_Tested(t *testing.T) {
	t.Parallel()
	root := filepath.Join(repository, "examples")
	var found []string
	err := fs.WalkDir(os.DirFS(root), ".", func(file string, _ fs.DirEntry, err error) error {
		if path.Ext(file) == ".tf" {
			found = append(found, path.Dir(file))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	if found = slices.Compact(found); !slices.Equal(found, exampleDirectories) {
		t.Errorf("examples with a test: %v\nexamples: %v", exampleDirectories, found)
	}
}

// TestAccExample_Quickstart applies the unchanged example in its account.
func TestAccExample_Quickstart(t *testing.T) {
	x := &tenant{shared.in(t).clients(), t, "acme"}
	testCase := x.testCase(
		resource.TestStep{
			ProtoV6ProviderFactories: providers, // not in the test case: the directory has a provider block
			ConfigDirectory:          config.StaticDirectory(filepath.Join(repository, "examples/quickstart")),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownOutputValue("inbox", knownvalue.StringExact(physical("inbox"))),
			},
			PostApplyFunc: x.wantQuickstart,
		},
	)
	testCase.ProtoV6ProviderFactories = nil
	resource.ParallelTest(t, testCase)
}

// TestAccExample_Resources applies the example of each resource, and imports it in each way that
// the examples show.
func TestAccExample_Resources(t *testing.T) {
	for _, name := range []string{"stowage_project", "stowage_project_bucket", "stowage_project_user", "stowage_user_permission"} {
		t.Run(name, func(t *testing.T) {
			x := newTenant(t)
			x.w.makeRole("444455556666", "courier") // a reader of secrets in the example of users
			dir := "examples/resources/" + name
			configuration := x.in(required, x.read(dir+"/resource.tf"))
			command := regexp.MustCompile(`terraform import (\S+) "?([^"\s]+)"?`).FindStringSubmatch(x.read(dir + "/import.sh"))
			if command == nil {
				t.Fatal("import.sh has no import command")
			}
			address, id := command[1], command[2]
			resource.ParallelTest(t, x.testCase(
				resource.TestStep{
					Config: configuration,
					ConfigPlanChecks: resource.ConfigPlanChecks{
						PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, plancheck.ResourceActionCreate)},
					},
				},
				resource.TestStep{ResourceName: address, ImportState: true, ImportStateId: id, ImportStateVerify: true},
				resource.TestStep{
					ResourceName: address, ImportState: true, ImportStateKind: resource.ImportBlockWithID,
					Config: x.in(configuration, x.read(dir+"/import-by-string-id.tf")), ImportStateConfigExact: true,
				},
				resource.TestStep{
					ResourceName:           address,
					ImportState:            true,
					ImportStateKind:        resource.ImportBlockWithResourceIdentity,
					SkipFunc:               withoutIdentity,
					Config:                 x.in(configuration, x.read(dir+"/import-by-identity.tf")),
					ImportStateConfigExact: true,
				},
				// A retained bucket would keep the project.
				resource.TestStep{Config: strings.ReplaceAll(configuration, `"retain"`, `"refuse"`)},
			))
		})
	}
}

func TestAccExample_DataSources(t *testing.T) {
	x := newTenant(t)
	setup := x.read("examples/resources/stowage_user_permission/resource.tf")
	// Other tests add projects to the directory, and remove them, at any time.
	onlyOwn := strings.NewReplacer("p.account_id }", `p.account_id if p.name == "`+x.project+`" }`)
	step := func(name, output string, want knownvalue.Check) resource.TestStep {
		return resource.TestStep{
			Config:            x.in(setup, onlyOwn.Replace(x.read("examples/data-sources/"+name+"/data-source.tf"))),
			ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownOutputValue(output, want)},
		}
	}
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{Config: setup},
		step("stowage_hub", "table", knownvalue.StringExact("stowage")),
		step("stowage_project", "room", knownvalue.NotNull()),
		step(
			"stowage_project_buckets", "buckets",
			knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact(x.in(physical("inbox")))}),
		),
		step("stowage_project_users", "users", knownvalue.ListExact([]knownvalue.Check{
			knownvalue.StringExact(x.in("arn:aws:iam::" + account + ":user/stowage/acme/acme-partner")),
		})),
		step(
			"stowage_projects", "accounts",
			knownvalue.ObjectExact(map[string]knownvalue.Check{x.project: knownvalue.StringExact(x.account)}),
		),
		step(
			"stowage_user_policy", "what_the_partner_may_do",
			knownvalue.StringRegexp(regexp.MustCompile(`(?m)^\| inbox +\| incoming/ +\| yes`)),
		),
	))
}

func TestAccExample_Function(t *testing.T) {
	x := newTenant(t)
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providers,
		Steps: []resource.TestStep{
			{
				Config: x.read("examples/functions/bucket_name/function.tf"),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownOutputValue("inbox", knownvalue.StringExact(x.in(physical("inbox")))),
				},
			},
		},
	})
}

func TestAccExample_Provider(t *testing.T) {
	x := newTenant(t)
	resource.ParallelTest(t, x.testCase(resource.TestStep{
		Config: x.in(x.read("examples/provider/provider.tf"), acmeProject, bucketOf("inbox", afterProject)),
		ConfigStateChecks: []statecheck.StateCheck{
			statecheck.ExpectKnownValue(
				inbox, at("tags_all"),
				knownvalue.MapExact(map[string]knownvalue.Check{"managed_by": knownvalue.StringExact("terraform")}),
			),
		},
	}))
}
