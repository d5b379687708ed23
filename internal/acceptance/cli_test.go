package acceptance_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/unchanged/comparison"
)

// The programs under test, set once by TestMain.
var (
	cli string // terraform or tofu
	// opensLater is set for OpenTofu. It does not open an ephemeral resource in an apply that changes
	// what the resource depends on, unless another resource refers to it.
	opensLater bool
	cliConfig  string // CLI configuration that uses the built provider
	awsCLI     string // the AWS CLI, "" for none: see TestAccExample_PartnerExchange
)

const repository = "../.."

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "acceptance:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if cli, err = findCLI(); err != nil {
		return 0, err
	}
	awsCLI = os.Getenv("STOWAGE_TEST_AWS_CLI")
	// The CLI and the clients of the tests must ignore the machine's own settings.
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		for _, prefix := range []string{"AWS_", "TF_", "TFC_", "STOWAGE_"} {
			if strings.HasPrefix(name, prefix) {
				if err := os.Unsetenv(name); err != nil {
					return 0, err
				}
			}
		}
	}
	dir, err := os.MkdirTemp("", "stowage-acceptance-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "terraform-provider-stowage"), "./internal/cmd/comparing")
	build.Dir = repository
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("building the provider: %w\n%s", err, out)
	}
	cliConfig = filepath.Join(dir, "cli.tfrc")
	if err := os.WriteFile(cliConfig, []byte(overrides(dir)), 0o600); err != nil {
		return 0, err
	}
	if err := serveShared(dir); err != nil {
		return 0, err
	}
	// The tests wait for commits much more than they compute.
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		return 0, err
	}
	outcomes := filepath.Join(dir, "outcomes")
	if err := os.Setenv(comparison.OutcomesVariable, outcomes); err != nil {
		return 0, err
	}
	code = m.Run()
	all := flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.list").Value.String() == ""
	return code, checkOutcomes(outcomes, all)
}

// serveShared starts the shared sandbox, and sets the environment for the CLI and the provider that
// terraform-plugin-testing runs.
func serveShared(dir string) error {
	home := filepath.Join(dir, "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	shared, _ = startWorld(context.Background(), worldOptions) // until the process ends
	environment := shared.environment()
	environment["HOME"] = home // has no AWS or CLI settings
	environment["TF_ACC"] = "1"
	environment["TF_ACC_TERRAFORM_PATH"] = cli
	environment["TF_ACC_PROVIDER_NAMESPACE"] = "stowage"
	if opensLater = filepath.Base(cli) == "tofu"; opensLater {
		environment["TF_ACC_PROVIDER_HOST"] = "registry.opentofu.org"
	}
	delete(environment, "TF_CLI_CONFIG_FILE") // its overrides name the built provider
	for name, value := range environment {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

func findCLI() (string, error) {
	candidates := []string{
		os.Getenv("TF_ACC_TERRAFORM_PATH"), "terraform", "tofu", filepath.Join(repository, "bin", "tofu"),
	}
	for _, candidate := range candidates {
		if candidate == "" {
			continue
		}
		if path, err := exec.LookPath(candidate); err == nil {
			return filepath.Abs(path)
		}
		if candidate == candidates[0] {
			return "", fmt.Errorf(
				"TF_ACC_TERRAFORM_PATH names %s, which can't be run: run `make test`, which builds a CLI where there is none",
				candidate,
			)
		}
	}
	return "", errors.New(
		"there is neither terraform nor tofu: run `make test`, which builds one, or put one on the PATH or into TF_ACC_TERRAFORM_PATH",
	)
}

// overrides returns a CLI configuration with the provider's directory, under each address that a
// CLI may use.
func overrides(dir string) string {
	var b strings.Builder
	b.WriteString("provider_installation {\n  dev_overrides {\n")
	for _, source := range []string{"stowage/stowage", "registry.terraform.io/stowage/stowage", "registry.opentofu.org/stowage/stowage"} {
		fmt.Fprintf(&b, "    %q = %q\n", source, dir)
	}
	b.WriteString("  }\n  direct {}\n}\n")
	return b.String()
}

// cliAtLeast reports whether the CLI has this version or a later one. Terraform and OpenTofu use
// the same numbers.
func cliAtLeast(major, minor int) bool {
	version := cliVersion()
	return version[0] > major || version[0] == major && version[1] >= minor
}

var cliVersion = sync.OnceValue(func() [2]int {
	var version struct {
		Version string `json:"terraform_version"`
	}
	out, err := exec.Command(cli, "version", "-json").Output()
	if err == nil {
		err = json.Unmarshal(out, &version)
	}
	var numbers [2]int
	if err == nil {
		_, err = fmt.Sscanf(version.Version, "%d.%d", &numbers[0], &numbers[1])
	}
	if err != nil {
		panic(fmt.Sprintf("%s version -json: %v", cli, err))
	}
	return numbers
})
