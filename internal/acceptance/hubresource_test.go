package acceptance_test

import (
	"archive/zip"
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/oidc"
)

const theHub = "stowage_hub.main"

// administrator is the provider of an account's administrator. Each test makes its hub in an account
// of its own: the directory of projects is that of an account.
func administrator(account string) string {
	id, secret := sandbox.StaticCredentials(account)
	return fmt.Sprintf("provider \"stowage\" {\n  access_key = %q\n  secret_key = %q\n}\n", id, secret)
}

// hubRelay makes a package of a relay, and registers the code of the hub's function: the package's
// program cannot run.
func (w *world) hubRelay(dir, account, hub, version string) (path string) {
	w.t.Helper()
	w.box.RegisterFunction(
		"arn:aws:lambda:"+region+":"+account+":function:stowage-hub-"+hub+"-relay",
		func(context.Context, []byte) ([]byte, error) { return []byte("{}"), nil },
	)
	var program, body bytes.Buffer
	if err := binary.Write(&program, binary.LittleEndian, elf.Header64{
		Ident:   [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:    uint16(elf.ET_EXEC),
		Machine: uint16(elf.EM_AARCH64),
		Version: uint32(elf.EV_CURRENT),
		Ehsize:  64,
	}); err != nil {
		w.t.Fatal(err)
	}
	z := zip.NewWriter(&body)
	for _, f := range []struct{ name, content string }{{"bootstrap", program.String()}, {"VERSION", version + "\n"}} {
		header := &zip.FileHeader{Name: f.name}
		header.SetMode(0o755)
		file, err := z.CreateHeader(header)
		if err == nil {
			_, err = file.Write([]byte(f.content))
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		w.t.Fatal(err)
	}
	path = filepath.Join(dir, "relay-"+version+".zip")
	if err := os.WriteFile(path, body.Bytes(), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// noHub is a CheckDestroy: it fails if a hub's stack exists.
func (w *world) noHub(account, hub string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		_, err := cloudformation.NewFromConfig(w.config(account)).DescribeStacks(
			w.t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String("stowage-hub-" + hub)},
		)
		if err == nil || !strings.Contains(err.Error(), "does not exist") {
			return fmt.Errorf("the stack of the hub %s is left: %w", hub, err)
		}
		return nil
	}
}

// TestAccHub makes a hub, imports it, upgrades its relay, changes it and deletes it.
func TestAccHub(t *testing.T) {
	w := shared.in(t)
	dir := t.TempDir()
	const account = "888800000001"
	old, upgraded := w.hubRelay(dir, account, "acc", "0.2.0"), w.hubRelay(dir, account, "acc", "0.3.0")
	config := func(relay string, more ...string) string {
		return administrator(account) + block("stowage_hub", "main", append([]string{
			`name = "acc"`, `organization_id = "o-a1b2c3d4e5"`, fmt.Sprintf("relay_package = %q", relay),
		}, more...)...)
	}
	live := fmt.Sprintf(`live = { oidc_issuer = %q, oidc_client_id = "board" }`, oidc.URL(w.endpoint))
	const operators = `operators = { principals = ["arn:aws:iam::888800000001:root"] }`
	action := func(action plancheck.ResourceActionType, version string) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			plancheck.ExpectResourceAction(theHub, action),
			plancheck.ExpectKnownValue(theHub, at("relay_version"), knownvalue.StringExact(version)),
		}}
	}
	text := func(attribute, value string) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(theHub, at(attribute), knownvalue.StringExact(value))
	}
	null := func(attribute string) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(theHub, at(attribute), knownvalue.Null())
	}
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providers, CheckDestroy: w.noHub(account, "acc"),
		Steps: []resource.TestStep{
			{
				Config: config(old), ConfigPlanChecks: action(plancheck.ResourceActionCreate, "0.2.0"),
				ConfigStateChecks: []statecheck.StateCheck{
					text("table_name", "stowage-hub-acc"), text("relay_version", "0.2.0"),
					text("event_bus_arn", "arn:aws:events:eu-west-1:888800000001:event-bus/stowage-hub-acc"),
					null("board_url"), null("websocket_url"), null("operator_role_arn"), null("planner_role_arn"), null("drift"),
				},
			},
			{
				ResourceName: theHub, ImportState: true, ImportStateId: "acc", ImportStateVerify: true,
				ImportStateVerifyIgnore: []string{"relay_package"},
			},
			{
				Config: config(upgraded), ConfigPlanChecks: action(plancheck.ResourceActionUpdate, "0.3.0"),
				ConfigStateChecks: []statecheck.StateCheck{text("relay_version", "0.3.0")},
			},
			{Config: config(old, operators), ExpectError: regexp.MustCompile("Unable to Downgrade Hub")},
			{
				Config:           config(upgraded, operators, live),
				ConfigPlanChecks: action(plancheck.ResourceActionUpdate, "0.3.0"),
				ConfigStateChecks: []statecheck.StateCheck{
					text("operator_role_arn", "arn:aws:iam::888800000001:role/StowageOperator-acc-eu-west-1"),
					text("planner_role_arn", "arn:aws:iam::888800000001:role/StowagePlanner-acc-eu-west-1"),
					statecheck.ExpectKnownValue(theHub, at("board_url"), knownvalue.StringRegexp(regexp.MustCompile(`^https?://`))),
					statecheck.ExpectKnownValue(theHub, at("websocket_url"), knownvalue.StringRegexp(regexp.MustCompile(`^wss?://`))),
				},
			},
			{Config: config(upgraded), ConfigStateChecks: []statecheck.StateCheck{null("board_url"), null("operator_role_arn")}},
		},
	})
}

// TestAccHub_NameInUse creates a hub whose name another one has.
func TestAccHub_NameInUse(t *testing.T) {
	w := shared.in(t)
	const account = "888800000002"
	relay := fmt.Sprintf("relay_package = %q", w.hubRelay(t.TempDir(), account, "twice", "0.2.0"))
	const organization = `organization_id = "o-a1b2c3d4e5"`
	one := administrator(account) + block("stowage_hub", "one", `name = "twice"`, organization, relay)
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providers, CheckDestroy: w.noHub(account, "twice"),
		Steps: []resource.TestStep{
			{Config: one},
			{
				Config: one + block(
					"stowage_hub", "two", `name = "twice"`, organization, relay, "drift_check_hours = 0",
				),
				ExpectError: regexp.MustCompile(`(?s)Unable to Create Hub.*to = stowage_hub\.twice`),
			},
		},
	})
}

// TestAccHub_FirstProject makes a hub and its first project by one apply, and deletes both.
func TestAccHub_FirstProject(t *testing.T) {
	w := shared.in(t)
	const account = "888800000003"
	relay := fmt.Sprintf("relay_package = %q", w.hubRelay(t.TempDir(), account, "first", "0.2.0"))
	own := strings.Replace(administrator(account), "{\n", "{\n  hub = \"first\"\n  project_role_name = \"\"\n", 1)
	hub := block("stowage_hub", "main", `name = "first"`, `organization_id = "o-a1b2c3d4e5"`, relay)
	project := func(more ...string) string {
		arguments := append([]string{`name = "beta"`, `account_id = "` + account + `"`}, more...)
		return block("stowage_project", "beta", arguments...)
	}
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providers, CheckDestroy: w.noHub(account, "first"),
		Steps: []resource.TestStep{
			{Config: own + project(), ExpectError: regexp.MustCompile(`depends_on = \[stowage_hub\.`)},
			{
				Config: own + hub + project(after(theHub)),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction("stowage_project.beta", plancheck.ResourceActionCreate),
					plancheck.ExpectUnknownValue("stowage_project.beta", at("kms_key_arn")),
				}},
			},
			{
				Config: own + hub + project(after(theHub)) + `data "stowage_hub" "main" {}`,
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(
					"data.stowage_hub.main", at("table_name"), knownvalue.StringExact("stowage-hub-first"),
				)},
			},
		},
	})
}
