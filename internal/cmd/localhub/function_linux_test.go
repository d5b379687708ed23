package localhub_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/coder/websocket"

	"github.com/stowage/terraform-provider-stowage/examples/onboarding"
	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/cmd/localhub/localhubtest"
	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/relaypackage"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/lambda"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/oidc"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/server"
)

// deployedHub is the hub's place.
var deployedHub = hub.Place{AccountID: sandbox.HubAccount, Region: localhubtest.Region, Partition: "aws"}

// deployed is a hub that was deployed by its template, on a sandbox with a listener.
type deployed struct {
	t        *testing.T
	box      *sandbox.Sandbox
	endpoint string
	outputs  map[string]string
}

// relayPackage builds the relay's package for this machine.
func relayPackage(t *testing.T) *relaypackage.Package {
	t.Helper()
	path := filepath.Join(t.TempDir(), "relay.zip")
	build := exec.CommandContext(
		t.Context(), "go", "run", "./internal/cmd/relayzip", "-arch", runtime.GOARCH, "-out", path, "-version", "0.0.0-test",
	)
	build.Dir = filepath.Join("..", "..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the relay: %v\n%s", err, out)
	}
	body, err := os.ReadFile(path)
	must(t, err)
	built, err := relaypackage.Parse(body)
	must(t, err)
	if built.Architecture != lambda.Machine() {
		t.Fatalf("the package is for %s, this machine runs functions for %q", built.Architecture, lambda.Machine())
	}
	return built
}

// deploy deploys a hub whose relay is a process.
func deploy(t *testing.T) *deployed {
	t.Helper()
	built := relayPackage(t)
	d := &deployed{t: t, outputs: map[string]string{}, box: sandbox.New(sandbox.Options{
		Seed: 1, Onboarding: onboarding.Account, HubBus: hub.BusARN("main", deployedHub),
	})}
	listener := httptest.NewServer(d.box)
	d.endpoint = listener.URL
	d.box.WebSockets().SetAddress(d.endpoint)
	d.box.RunFunctions(d.endpoint)
	ctx, stop := context.WithCancel(t.Context())
	go d.box.Run(ctx)
	t.Cleanup(func() {
		d.box.WebSockets().Shutdown()
		must(t, d.box.StopFunctions())
		stop()
		listener.Close()
	})
	settings := hub.Settings{
		Name: "main", AccountIDs: []string{account},
		Live: &hub.Live{
			OIDCIssuer: oidc.URL(d.endpoint), OIDCClientID: "stowage-board", OIDCAudience: []string{oidc.Audience},
		},
	}
	relay := hub.Relay{Version: built.Version, Hash: built.Hash, Architecture: built.Architecture}
	clients := d.clients().Hub()
	name := hub.StackName("main")
	_, err := clients.CloudFormation.CreateStack(ctx, &cloudformation.CreateStackInput{
		StackName: &name, TemplateBody: aws.String(string(hub.Foundation(deployedHub, settings).Encode())),
	})
	must(t, err)
	d.complete(name, cfntypes.StackStatusCreateComplete)
	_, err = clients.S3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(hub.ArtifactBucket("main", deployedHub)), Key: aws.String(relay.Key()),
		Body: bytes.NewReader(built.Zip),
	})
	must(t, err)
	_, err = clients.CloudFormation.UpdateStack(ctx, &cloudformation.UpdateStackInput{
		StackName:    &name,
		TemplateBody: aws.String(string(hub.Compile(deployedHub, settings, relay, hub.Shared{}).Encode())),
		Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityNamedIam},
	})
	must(t, err)
	for _, o := range d.complete(name, cfntypes.StackStatusUpdateComplete).Outputs {
		d.outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	return d
}

// complete returns a stack, which must have a status.
func (d *deployed) complete(name string, status cfntypes.StackStatus) cfntypes.Stack {
	d.t.Helper()
	d.box.RunDue()
	stacks := d.clients().Hub().CloudFormation
	out, err := stacks.DescribeStacks(d.t.Context(), &cloudformation.DescribeStacksInput{StackName: &name})
	must(d.t, err)
	if out.Stacks[0].StackStatus == status {
		return out.Stacks[0]
	}
	events, err := stacks.DescribeStackEvents(d.t.Context(), &cloudformation.DescribeStackEventsInput{StackName: &name})
	must(d.t, err)
	for _, e := range events.StackEvents {
		d.t.Log(aws.ToString(e.LogicalResourceId), e.ResourceStatus, aws.ToString(e.ResourceStatusReason))
	}
	d.t.Fatalf("the stack %s is %s", name, out.Stacks[0].StackStatus)
	return cfntypes.Stack{}
}

// clients returns clients of the hub account's administrator.
func (d *deployed) clients() *awsclient.Clients {
	d.t.Helper()
	access, secret := sandbox.StaticCredentials(sandbox.HubAccount)
	endpoints := map[string]string{}
	for _, service := range awsclient.EndpointServices {
		endpoints[service] = d.endpoint
	}
	clients, err := awsclient.New(d.t.Context(), awsclient.Config{
		Region: localhubtest.Region, AccessKey: access, SecretKey: secret, Version: "test", Endpoints: endpoints,
		S3UsePathStyle: true,
	})
	must(d.t, err)
	return clients
}

// provider returns a run of the provider.
func (d *deployed) provider() *projects.Service {
	d.t.Helper()
	return projects.New(projects.Config{
		Clients: d.clients(), Hub: "main", RoleName: "StowageProvisioner", ReadMode: projects.Verified, Writer: "writer-1",
		Run: "run-1", Warn: func(_ context.Context, message string, fields map[string]any) {
			d.t.Errorf("warned: %s %v", message, fields)
		},
	})
}

// page returns a page of the board.
func (d *deployed) page(path string) (string, http.Header) {
	d.t.Helper()
	request, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, d.outputs["BoardUrl"]+path, nil)
	must(d.t, err)
	answer, err := http.DefaultClient.Do(request)
	must(d.t, err)
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	must(d.t, err)
	if answer.StatusCode != http.StatusOK {
		d.t.Fatalf("the page %q: %s %s", path, answer.Status, body)
	}
	return string(body), answer.Header
}

// TestRelay_AsFunction deploys a hub by its template, with the relay's own package. The relay serves
// the board, lets a web client in, hears of changes by the rules and sends them to the client, with
// the rights of its role.
func TestRelay_AsFunction(t *testing.T) {
	d := deploy(t)
	page, header := d.page("")
	if !strings.Contains(page, "<html") || !strings.Contains(header.Get("Content-Security-Policy"), "connect-src") {
		t.Errorf("the board: %.200s, %v", page, header)
	}
	text, _ := d.page("config.json")
	if !json.Valid([]byte(text)) || !strings.Contains(text, d.outputs["WebSocketUrl"]) {
		t.Errorf("config.json: %s", text)
	}

	_, refused, err := websocket.Dial(t.Context(), d.outputs["WebSocketUrl"], &websocket.DialOptions{
		Subprotocols: []string{event.Subprotocol, "stowage.token.none"},
	})
	if err == nil || refused == nil || refused.StatusCode != http.StatusUnauthorized {
		t.Errorf("a client without a valid token: %v, %v", refused, err)
	}
	token, err := d.box.Issuer().Token(oidc.URL(d.endpoint), oidc.TokenRequest{})
	must(t, err)
	w := watch(t, localhubtest.Hub{Ready: server.Ready{WebSocket: d.outputs["WebSocketUrl"]}}, token)
	w.until("the welcome", func() bool { return !w.client.Ends.IsZero() })
	provider := d.provider()
	must(t, provider.CreateProject(
		t.Context(), model.Project{Name: "acme", AccountID: account, Region: localhubtest.Region, OnDelete: model.Refuse},
	))
	must(t, provider.Create(t.Context(), "acme", bucket("inbox")))
	w.untilBuckets("acme", "inbox")
	// The relay sends a status after an event of a rule.
	w.until("the event of a rule", func() bool {
		return slices.ContainsFunc(w.came, func(m string) bool { return strings.HasPrefix(m, "stack acme UPDATE_COMPLETE") })
	})
}
