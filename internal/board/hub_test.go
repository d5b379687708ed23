//go:build browser

package board_test

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
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/server"
)

const account, region = "111122223333", "eu-west-1"

// TestMain takes this machine's AWS settings away.
func TestMain(m *testing.M) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			_ = os.Unsetenv(name)
		}
	}
	os.Exit(m.Run())
}

// hub is a sandbox with its hub, which serves the board.
type hub struct {
	t *testing.T
	server.Ready
}

func startHub(t *testing.T, arguments ...string) hub {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := server.Main(ctx, append([]string{"--listen", "127.0.0.1:0"}, arguments...), onboarding.Account, writer, io.Discard, localhub.SetUp(io.Discard))
		_ = writer.CloseWithError(io.EOF)
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the end: %v", err)
		}
	})
	line, err := bufio.NewReader(reader).ReadBytes('\n')
	if err != nil {
		t.Fatalf("no ready line: %v", err)
	}
	h := hub{t: t}
	must(t, json.Unmarshal(line, &h.Ready))
	return h
}

// address is the board's for somebody who may see projects.
func (h hub) address(names ...string) string {
	h.t.Helper()
	return h.addressFor(map[string]any{"projects": names})
}

// addressFor is the board's with a token as the sandbox is asked for it.
func (h hub) addressFor(request map[string]any) string {
	h.t.Helper()
	body, err := json.Marshal(request)
	must(h.t, err)
	response, err := http.Post(h.Endpoint+"/_sandbox/tokens", "application/json", strings.NewReader(string(body)))
	must(h.t, err)
	defer func() { _ = response.Body.Close() }()
	var answer struct{ Token string }
	must(h.t, json.NewDecoder(response.Body).Decode(&answer))
	return h.Endpoint + "/board/#" + url.Values{"token": {answer.Token}, "ws": {h.WebSocket}}.Encode()
}

// control sends a request to the sandbox's own interface.
func (h hub) control(path, body string) {
	h.t.Helper()
	response, err := http.Post(h.Endpoint+path, "application/json", strings.NewReader(body))
	must(h.t, err)
	_ = response.Body.Close()
	if response.StatusCode/100 != 2 {
		h.t.Fatalf("%s %s: %s", path, body, response.Status)
	}
}

// process is a process of the provider.
func (h hub) process(run string) *projects.Service {
	h.t.Helper()
	access, secret := sandbox.StaticCredentials(sandbox.HubAccount)
	endpoints := map[string]string{}
	for _, service := range awsclient.EndpointServices {
		endpoints[service] = h.Endpoint
	}
	clients, err := awsclient.New(h.t.Context(), awsclient.Config{
		Region: region, AccessKey: access, SecretKey: secret, Version: "test", Endpoints: endpoints, S3UsePathStyle: true,
	})
	must(h.t, err)
	return projects.New(projects.Config{
		Clients: clients, Hub: sandbox.HubName, RoleName: "StowageProvisioner", ReadMode: projects.Verified, Writer: "writer-" + run, Run: run,
	})
}

func project(name string) model.Project {
	return model.Project{Name: name, AccountID: account, Region: region, OnDelete: model.Refuse}
}

func bucket(project, name string) model.Bucket {
	return model.Bucket{Name: name, BucketName: model.DefaultBucketName(project, name, account, region), Lifecycle: model.DefaultLifecycle(), OnDelete: model.Refuse}
}

func containsAny(text string, parts ...string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}
