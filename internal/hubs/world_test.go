package hubs_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
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
	// issuer answers requests for discovery documents.
	issuer http.RoundTripper
	// transport carries the calls of the next processes.
	transport http.RoundTripper
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, box: sandbox.New(sandbox.Options{Seed: 1, Latency: sandbox.LatencyAWS()}), issuer: documents{}}
	w.transport = simulate.NewTransport(w.box)
	w.box.RegisterFunction(
		"arn:aws:lambda:"+region+":"+sandbox.HubAccount+":function:stowage-hub-main-relay",
		func(context.Context, []byte) ([]byte, error) { return nil, nil },
	)
	return w
}

func (w *world) clients(change ...func(*awsclient.Config)) *awsclient.Clients {
	w.t.Helper()
	access, secret := sandbox.StaticCredentials(sandbox.HubAccount)
	config := awsclient.Config{
		Region: region, AccessKey: access, SecretKey: secret, Version: "test",
		HTTPClient: &http.Client{Transport: w.transport},
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
	return hubs.New(hubs.Config{
		Clients: w.clients(change...), Writer: fmt.Sprintf("process-%d", w.processes),
		Issuers: &http.Client{Transport: w.issuer},
		Warn: func(_ context.Context, message string, fields map[string]any) {
			w.warnings = append(w.warnings, fmt.Sprint(message, " ", fields))
		},
	})
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

// live returns the settings of a hub with web clients and operators.
func live() hub.Settings {
	s := minimal()
	s.Live = &hub.Live{OIDCIssuer: "https://login.example.com", OIDCClientID: "stowage-board"}
	s.Operators = hub.Operators{HCPTerraform: &hub.HCPTerraform{Organization: "acme", Workspaces: []string{"storage"}}}
	return s
}

// pack returns a package of the relay.
func pack(version string) hubs.Package {
	var content bytes.Buffer
	archive := zip.NewWriter(&content)
	file, err := archive.Create("bootstrap")
	if err == nil {
		_, err = file.Write([]byte("relay " + version))
	}
	if err != nil || archive.Close() != nil {
		panic(fmt.Sprintf("a buffer fails: %v", err))
	}
	sum := sha256.Sum256(content.Bytes())
	return hubs.Package{Relay: hub.Relay{Version: version, Hash: hex.EncodeToString(sum[:])}, Zip: content.Bytes()}
}

// documents answers with the discovery document of the requested issuer, changed by text.
type documents struct {
	status    int // 0 means 200
	old, text string
}

func (d documents) RoundTrip(r *http.Request) (*http.Response, error) {
	issuer := "https://" + r.URL.Host
	body := `{"issuer":"` + issuer + `","authorization_endpoint":"` + issuer + `/a","token_endpoint":"` + issuer +
		`/t","jwks_uri":"` + issuer + `/k","code_challenge_methods_supported":["S256"],"response_types_supported":["code"]}`
	if d.old != "" {
		body = strings.Replace(body, d.old, d.text, 1)
	}
	status := d.status
	if status == 0 {
		status = http.StatusOK
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

// commits returns how many change sets were executed since the last reset.
func (w *world) commits() int { return w.box.Calls()["cloudformation"]["ExecuteChangeSet"] }

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
