// Package localhubtest runs a hub behind a listener, for tests of the whole, and makes those who use it.
package localhubtest

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stowage/terraform-provider-stowage/examples/onboarding"
	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/cmd/localhub"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/server"
)

// Region is where everything is.
const Region = "eu-west-1"

// Main runs tests without this machine's AWS settings: it is what TestMain does.
func Main(m *testing.M) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			_ = os.Unsetenv(name) // it fails for impossible names only
		}
	}
	os.Exit(m.Run())
}

// Hub is a sandbox with its hub.
type Hub struct {
	server.Ready
	t *testing.T
}

// Start starts a hub that lasts as long as the test, with arguments of stowage-sandbox's command line. What the relay warns of is logged when the
// test fails.
func Start(t *testing.T, arguments ...string) Hub {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	log := &strings.Builder{}
	go func() {
		err := server.Main(ctx, append([]string{"--listen", "127.0.0.1:0"}, arguments...), onboarding.Account, writer, io.Discard, localhub.SetUp(log))
		_ = writer.CloseWithError(io.EOF)
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the end of the hub: %v", err)
		}
		if t.Failed() {
			t.Logf("the relay's log: %s", log)
		}
	})
	line, err := bufio.NewReader(reader).ReadBytes('\n')
	if err != nil {
		t.Fatalf("no ready line: %v", err)
	}
	h := Hub{t: t}
	must(t, json.Unmarshal(line, &h.Ready))
	return h
}

// In is the same hub as seen by a subtest.
func (h Hub) In(t *testing.T) Hub { return Hub{h.Ready, t} }

// Token is a token for somebody who may see projects. request has more that the sandbox's issuer knows.
func (h Hub) Token(request map[string]any, names ...string) string {
	h.t.Helper()
	if request == nil {
		request = map[string]any{}
	}
	request["projects"] = names
	body, err := json.Marshal(request)
	must(h.t, err)
	var answer struct{ Token string }
	must(h.t, json.Unmarshal(h.Control("/_sandbox/tokens", string(body)), &answer))
	return answer.Token
}

// Address is that of the board, with a token.
func (h Hub) Address(token string) string {
	return h.Endpoint + "/board/#" + url.Values{"token": {token}, "ws": {h.WebSocket}}.Encode()
}

// Control posts a request to the sandbox's own interface.
func (h Hub) Control(path, body string) []byte {
	h.t.Helper()
	request, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.Endpoint+path, strings.NewReader(body))
	must(h.t, err)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	must(h.t, err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	must(h.t, err)
	if response.StatusCode/100 != 2 {
		h.t.Fatalf("%s %s: %s %s", path, body, response.Status, answer)
	}
	return answer
}

// Provider is a process of the provider in a run, which is unique.
func (h Hub) Provider(run string) *projects.Service {
	h.t.Helper()
	access, secret := sandbox.StaticCredentials(sandbox.HubAccount)
	endpoints := map[string]string{}
	for _, service := range awsclient.EndpointServices {
		endpoints[service] = h.Endpoint
	}
	clients, err := awsclient.New(h.t.Context(), awsclient.Config{
		Region: Region, AccessKey: access, SecretKey: secret, Version: "test", Endpoints: endpoints, S3UsePathStyle: true,
	})
	must(h.t, err)
	return projects.New(projects.Config{
		Clients: clients, Hub: sandbox.HubName, RoleName: "StowageProvisioner", ReadMode: projects.Verified, Writer: "writer-" + run, Run: run,
		Warn: func(_ context.Context, message string, fields map[string]any) {
			h.t.Logf("warned: %s %v", message, fields)
		},
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
