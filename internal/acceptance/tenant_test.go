package acceptance_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/stowage/terraform-provider-stowage/internal/provider"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/unchanged/comparison"
)

// shared is the sandbox of all tests that use terraform-plugin-testing. TestMain sets it.
var shared *world

// providers serves the provider from the test process. Each command of the CLI gets a new server.
// Like the built provider, it compares each answer that it gives without the plugin framework with
// the framework's.
var providers = map[string]func() (tfprotov6.ProviderServer, error){
	"stowage": func() (tfprotov6.ProviderServer, error) {
		outcomes := os.Getenv(comparison.OutcomesVariable)
		return provider.NewServer(
			provider.ServerOptions{Version: "test", InFrontOf: comparison.Comparing(comparison.AppendTo(outcomes))},
		), nil
	},
}

// tenant is a project with an account of its own in the shared sandbox. Its AWS clients belong to
// the account's administrator.
type tenant struct {
	*clients
	t       *testing.T
	project string
}

var tenants atomic.Int64

// newTenant reserves an account and a project name.
func newTenant(t *testing.T) *tenant {
	t.Helper()
	n := tenants.Add(1)
	return &tenant{shared.in(t).clientsOf(fmt.Sprintf("3%011d", n)), t, fmt.Sprintf("tenant%d", n)}
}

// testCase returns a test case with these steps. It fails if they leave anything in the account.
func (x *tenant) testCase(steps ...resource.TestStep) resource.TestCase {
	return resource.TestCase{ProtoV6ProviderFactories: providers, CheckDestroy: x.destroyed, Steps: steps}
}

// in returns a configuration, or another text about project acme in account 111122223333, for the
// tenant's project and account. It keeps addresses of resources.
func (x *tenant) in(texts ...string) string {
	text := strings.ReplaceAll(strings.Join(texts, "\n"), account, x.account)
	return acmeOrAddress.ReplaceAllStringFunc(text, func(found string) string {
		if found == "acme" {
			return x.project
		}
		return found
	})
}

var acmeOrAddress = regexp.MustCompile(`(?:stowage_\w+(?:\.|" "))?acme`)

// required names the provider's source, for configurations to which terraform-plugin-testing does
// not add it.
const required = `
terraform {
  required_providers {
    stowage = {
      source = "stowage/stowage"
    }
  }
}
`

// read returns a file of the repository, for the tenant.
func (x *tenant) read(path string) string {
	x.t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, path))
	if err != nil {
		x.t.Fatal(err)
	}
	return x.in(string(text))
}

// says matches a diagnostic that contains the texts in this order, however the CLI wraps its lines.
func (x *tenant) says(texts ...string) *regexp.Regexp {
	var patterns []string
	for _, text := range texts {
		words := strings.Fields(x.in(text))
		for i, word := range words {
			words[i] = regexp.QuoteMeta(word)
		}
		patterns = append(patterns, strings.Join(words, `[\s│]+`))
	}
	return regexp.MustCompile(`(?s)` + strings.Join(patterns, ".*"))
}

// destroyed is a CheckDestroy: it fails if the account or the hub's directory still contains
// anything of the project.
func (x *tenant) destroyed(*terraform.State) error {
	left := x.left()
	directory, err := cloudformation.NewFromConfig(x.w.config(sandbox.HubAccount)).GetTemplate(
		x.t.Context(), &cloudformation.GetTemplateInput{StackName: aws.String("stowage-directory")},
	)
	if err != nil {
		return err
	}
	if strings.Contains(aws.ToString(directory.TemplateBody), `"`+x.project+`"`) {
		left = append(left, "directory entry "+x.project)
	}
	if len(left) > 0 {
		return fmt.Errorf("left after destroy: %s", strings.Join(left, ", "))
	}
	return nil
}

// left returns the objects in the account that are not from the onboarding.
func (c *clients) left() []string {
	var left []string
	for what, names := range map[string][]string{
		"bucket": c.buckets(), "user": c.users(), "group": c.groups(), "policy": c.policies(), "stack": c.stacks(),
		"secret": c.secrets(), "parameter": c.parameters(), "key": c.keys(),
	} {
		for _, name := range names {
			left = append(left, what+" "+name)
		}
	}
	return left
}

func (c *clients) secrets() []string {
	c.w.t.Helper()
	out, err := secretsmanager.NewFromConfig(c.w.config(c.account)).ListSecrets(
		c.w.t.Context(), &secretsmanager.ListSecretsInput{},
	)
	var names []string
	for _, secret := range must(c.w, out, err).SecretList {
		names = append(names, aws.ToString(secret.Name))
	}
	return names
}

func (c *clients) parameters() []string {
	c.w.t.Helper()
	out, err := ssm.NewFromConfig(c.w.config(c.account)).GetParametersByPath(
		c.w.t.Context(), &ssm.GetParametersByPathInput{Path: aws.String("/stowage"), Recursive: aws.Bool(true)},
	)
	var names []string
	for _, parameter := range must(c.w, out, err).Parameters {
		names = append(names, aws.ToString(parameter.Name))
	}
	return names
}

// keys returns the ARNs of the KMS keys that are not scheduled for deletion, except that of the
// onboarding.
func (c *clients) keys() []string {
	c.w.t.Helper()
	client := kms.NewFromConfig(c.w.config(c.account))
	out, err := client.ListKeys(c.w.t.Context(), &kms.ListKeysInput{})
	var arns []string
	for _, key := range must(c.w, out, err).Keys {
		described, err := client.DescribeKey(c.w.t.Context(), &kms.DescribeKeyInput{KeyId: key.KeyId})
		metadata := must(c.w, described, err).KeyMetadata
		onboarding := aws.ToString(metadata.Description) == "Encrypts the topic stowage-events"
		if !onboarding && metadata.KeyState != kmstypes.KeyStatePendingDeletion {
			arns = append(arns, aws.ToString(key.KeyArn))
		}
	}
	return arns
}

// at returns the path of an attribute.
func at(attribute string) tfjsonpath.Path { return tfjsonpath.New(attribute) }

// withoutIdentity is a SkipFunc for steps that need resource identity, which Terraform and OpenTofu
// have from version 1.12.
func withoutIdentity() (bool, error) { return !cliAtLeast(1, 12), nil }

// wantEqual omits the values from its error: they may be secret.
func wantEqual(got, want string) error {
	if got != want || want == "" {
		return errors.New("another value")
	}
	return nil
}

func wantPositive(what string, n int64) error {
	if n <= 0 {
		return fmt.Errorf("%s is %d", what, n)
	}
	return nil
}
