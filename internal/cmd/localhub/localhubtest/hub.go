// Package localhubtest runs a hub with a listener for end-to-end tests, and creates its users.
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

// Region is the region of everything.
const Region = "eu-west-1"

// Main is the TestMain of tests that must ignore this machine's AWS settings.
func Main(m *testing.M) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			_ = os.Unsetenv(name) // fails only for invalid names
		}
	}
	os.Exit(m.Run())
}

// Hub is a sandbox with its hub.
type Hub struct {
	server.Ready
	t *testing.T
}

// Start starts a hub that runs until the test ends, with arguments of stowage-sandbox's command
// line. It logs the relay's warnings when the test fails.
func Start(t *testing.T, arguments ...string) Hub {
	t.Helper()
	return StartWith(t, nil, arguments...)
}

// StartWith is Start with an OIDC issuer for the board.
func StartWith(t *testing.T, register localhub.Register, arguments ...string) Hub {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	log := &strings.Builder{}
	go func() {
		err := server.Main(
			ctx, append([]string{"--listen", "127.0.0.1:0"}, arguments...), onboarding.Account, writer, io.Discard,
			localhub.SetUp(log, register),
		)
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

// In returns the same hub for a subtest.
func (h Hub) In(t *testing.T) Hub { return Hub{h.Ready, t} }

// Token returns a token with access to projects. request contains further parameters of the
// sandbox's issuer.
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

// Address returns the board's address with a token.
func (h Hub) Address(token string) string {
	return h.Endpoint + "/board/#" + url.Values{"token": {token}, "ws": {h.WebSocket}}.Encode()
}

// Control posts a request to the sandbox's control interface.
func (h Hub) Control(path, body string) []byte {
	h.t.Helper()
	return h.control(http.MethodPost, path, body)
}

// EndSessions signs everybody out at the sandbox's issuer. ID tokens stay valid.
func (h Hub) EndSessions() { h.control(http.MethodDelete, "/_sandbox/sessions", "") }

func (h Hub) control(method, path, body string) []byte {
	h.t.Helper()
	request, err := http.NewRequestWithContext(h.t.Context(), method, h.Endpoint+path, strings.NewReader(body))
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

// Provider returns a process of the provider in a unique run.
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
		Clients:  clients,
		Hub:      sandbox.HubName,
		RoleName: "StowageProvisioner",
		ReadMode: projects.Verified,
		Writer:   "writer-" + run,
		Run:      run,
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
