package projects_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stowage/terraform-provider-stowage/examples/onboarding"
	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

// account is the project account of these tests.
const account = "111122223333"

// world is a sandbox and the processes that work on it.
type world struct {
	t   *testing.T
	box *sandbox.Sandbox
	// processes counts the services created: each is one run of the provider.
	processes int
}

func newWorld(t *testing.T, latency bool) *world {
	t.Helper()
	options := sandbox.Options{Seed: 1, Onboarding: onboarding.Account}
	if latency {
		options.Latency = sandbox.LatencyAWS()
	}
	return &world{t: t, box: sandbox.New(options)}
}

// clients are those of a process with the hub's credentials.
func (w *world) clients() *awsclient.Clients {
	w.t.Helper()
	return w.clientsOf(sandbox.HubAccount)
}

// memberOf are clients with the credentials of an account.
func (w *world) memberOf(id string) *awsclient.Account {
	w.t.Helper()
	return w.clientsOf(id).Hub()
}

func (w *world) clientsOf(id string) *awsclient.Clients {
	w.t.Helper()
	return w.clientsBy(id, func(next http.RoundTripper) http.RoundTripper { return next })
}

// clientsBy are clients whose calls go by a transport of the test's own, and by it to the sandbox.
func (w *world) clientsBy(id string, own func(next http.RoundTripper) http.RoundTripper) *awsclient.Clients {
	w.t.Helper()
	access, secret := sandbox.StaticCredentials(id)
	clients, err := awsclient.New(w.t.Context(), awsclient.Config{
		Region: "eu-west-1", AccessKey: access, SecretKey: secret, Version: "test",
		HTTPClient: &http.Client{Transport: own(simulate.NewTransport(w.box))},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return clients
}

// before makes a transport that does something once, before the first call of an action of CloudFormation on a stack.
func before(action, stack string, do func()) func(next http.RoundTripper) http.RoundTripper {
	var done atomic.Bool
	return func(next http.RoundTripper) http.RoundTripper {
		return transport(func(r *http.Request) (*http.Response, error) {
			if done.Load() || !strings.HasPrefix(r.URL.Host, "cloudformation.") {
				return next.RoundTrip(r)
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			form, err := url.ParseQuery(string(body))
			if err != nil {
				return nil, err
			}
			if form.Get("Action") == action && strings.Contains(form.Get("StackName"), stack) &&
				done.CompareAndSwap(false, true) {
				do()
			}
			return next.RoundTrip(r)
		})
	}
}

// transport is a function that is an http.RoundTripper.
type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// process is a new process of the provider.
func (w *world) process(change ...func(*projects.Config)) *projects.Service {
	w.t.Helper()
	w.processes++
	config := projects.Config{
		Clients: w.clients(), Hub: sandbox.HubName, RoleName: "StowageProvisioner", ReadMode: projects.Verified,
		Writer: fmt.Sprintf("process-%d", w.processes),
		Warn: func(_ context.Context, message string, fields map[string]any) {
			w.t.Logf("warning: %s %v", message, fields)
		},
	}
	for _, c := range change {
		c(&config)
	}
	return projects.New(config)
}

// control sends a request to the sandbox's own interface.
func (w *world) control(method, path, body string) []byte {
	w.t.Helper()
	recorder := httptest.NewRecorder()
	w.box.ServeHTTP(recorder, httptest.NewRequestWithContext(w.t.Context(), method, path, strings.NewReader(body)))
	if recorder.Code/100 != 2 {
		w.t.Fatalf("%s %s: %d %s", method, path, recorder.Code, recorder.Body)
	}
	return recorder.Body.Bytes()
}

// calls returns what has been called since the last reset, as "service.Operation" -> times.
func (w *world) calls() map[string]int {
	w.t.Helper()
	var counted map[string]map[string]int
	if err := json.Unmarshal(w.control(http.MethodGet, "/_sandbox/calls", ""), &counted); err != nil {
		w.t.Fatal(err)
	}
	flat := map[string]int{}
	for service, operations := range counted {
		for operation, n := range operations {
			flat[service+"."+operation] = n
		}
	}
	return flat
}

func (w *world) resetCalls() { w.control(http.MethodDelete, "/_sandbox/calls", "") }

func acme() model.Project {
	return model.Project{Name: "acme", AccountID: account, Region: "eu-west-1", OnDelete: model.Refuse}
}

func bucket(name string) model.Bucket {
	return model.Bucket{
		Name: name, BucketName: model.DefaultBucketName("acme", name, account, "eu-west-1"),
		Lifecycle: model.DefaultLifecycle(), OnDelete: model.Refuse,
	}
}

// TestMain keeps the machine's own AWS settings out of the tests.
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
