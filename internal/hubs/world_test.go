package hubs_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/hubs"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

const region = "eu-west-1"

var place = hub.Place{AccountID: sandbox.HubAccount, Region: region, Partition: "aws"}

// world is a sandbox and the processes that deploy hubs in it.
type world struct {
	t         *testing.T
	box       *sandbox.Sandbox
	processes int
	warnings  []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{t: t, box: sandbox.New(sandbox.Options{Seed: 1, Latency: sandbox.LatencyAWS()})}
}

func (w *world) clients(change ...func(*awsclient.Config)) *awsclient.Clients {
	w.t.Helper()
	access, secret := sandbox.StaticCredentials(sandbox.HubAccount)
	config := awsclient.Config{
		Region: region, AccessKey: access, SecretKey: secret, Version: "test",
		HTTPClient: &http.Client{Transport: simulate.NewTransport(w.box)},
	}
	for _, c := range change {
		c(&config)
	}
	clients, err := awsclient.New(w.t.Context(), config)
	must(w.t, err)
	return clients
}

// process returns the service of a new process.
func (w *world) process(change ...func(*awsclient.Config)) *hubs.Service {
	w.t.Helper()
	w.processes++
	return hubs.New(hubs.Config{Clients: w.clients(change...), Writer: fmt.Sprintf("process-%d", w.processes)})
}

// make creates a hub's stack from a template, as a person would.
func (w *world) make(name string, tpl *template.Template) {
	w.t.Helper()
	stacks := w.clients().Hub().CloudFormation
	_, err := stacks.CreateStack(w.t.Context(), &cloudformation.CreateStackInput{
		StackName: aws.String(hub.StackName(name)), TemplateBody: aws.String(string(tpl.Encode())),
		Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam},
	})
	must(w.t, err)
}

func minimal() hub.Settings {
	return hub.Settings{Name: "main", OrganizationID: sandbox.OrganizationID, DriftCheckHours: new(24)}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestMain isolates the tests from the machine's AWS settings.
func TestMain(m *testing.M) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			if err := os.Unsetenv(name); err != nil {
				panic(err)
			}
		}
	}
	os.Exit(m.Run())
}
