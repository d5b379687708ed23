package acceptance_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/examples/onboarding"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

const (
	// account is the project account of these tests, region the region of everything.
	account = "111122223333"
	region  = "eu-west-1"
)

type world struct {
	t        *testing.T
	box      *sandbox.Sandbox
	endpoint string
	served   *signal // fires after each request
}

var worldOptions = sandbox.Options{Seed: 1, Region: region, Onboarding: onboarding.Account}

// newWorld starts a sandbox without latency, unless a change of its options sets one.
func newWorld(t *testing.T, change ...func(*sandbox.Options)) *world {
	t.Helper()
	options := worldOptions
	for _, c := range change {
		c(&options)
	}
	w, end := startWorld(t.Context(), options)
	t.Cleanup(end)
	return w.in(t)
}

// startWorld starts a sandbox and its listener; end stops both.
func startWorld(ctx context.Context, options sandbox.Options) (w *world, end func()) {
	w = &world{box: sandbox.New(options), served: newSignal()}
	go w.box.Run(ctx)
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		w.box.ServeHTTP(answer, request)
		w.served.fire()
	}))
	w.endpoint = server.URL
	return w, server.Close
}

func (w *world) in(t *testing.T) *world {
	return &world{t, w.box, w.endpoint, w.served}
}

// environment connects the CLI and AWS clients to the sandbox as the hub's administrator.
func (w *world) environment() map[string]string {
	id, secret := sandbox.StaticCredentials(sandbox.HubAccount)
	return map[string]string{
		"AWS_ENDPOINT_URL":          w.endpoint,
		"AWS_ACCESS_KEY_ID":         id,
		"AWS_SECRET_ACCESS_KEY":     secret,
		"AWS_REGION":                region,
		"STOWAGE_PROJECT_ROLE_NAME": "StowageProvisioner",
		"AWS_EC2_METADATA_DISABLED": "true",
		"TF_CLI_CONFIG_FILE":        cliConfig,
		"TF_IN_AUTOMATION":          "1",
		"GOGC":                      "400", // the CLI spends a quarter of its time on garbage collection
		"CHECKPOINT_DISABLE":        "1",
	}
}

// calls returns the calls since the last reset, as "service.Operation" -> times.
func (w *world) calls() map[string]int {
	w.t.Helper()
	flat := map[string]int{}
	for service, operations := range w.box.Calls() {
		for operation, n := range operations {
			flat[service+"."+operation] = n
		}
	}
	return flat
}

// awaitCall waits until a call, as "service.Operation", has been made n times since the last reset.
func (w *world) awaitCall(call string, n int) {
	w.t.Helper()
	for {
		fired := w.served.wait()
		if w.calls()[call] >= n {
			return
		}
		select {
		case <-fired:
		case <-w.t.Context().Done():
			w.t.Fatalf("%s was not called %d times", call, n)
		}
	}
}

func (w *world) callsOf(service string) int {
	n := 0
	for _, times := range w.box.Calls()[service] {
		n += times
	}
	return n
}

func (w *world) slow(least, most time.Duration) {
	w.box.World().Lock()
	defer w.box.World().Unlock()
	w.box.World().Latency.ResourceMin, w.box.World().Latency.ResourceMax = least, most
}

// signal notifies all its waiters each time it fires.
type signal struct {
	mu   sync.Mutex
	next chan struct{}
}

func newSignal() *signal { return &signal{next: make(chan struct{})} }

func (s *signal) fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.next)
	s.next = make(chan struct{})
}

// wait returns a channel that is closed when the signal fires next.
func (s *signal) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next
}

func (w *world) counted(run func()) map[string]int {
	w.t.Helper()
	w.box.ResetCalls()
	run()
	return w.calls()
}

func (w *world) wantCalls(got, want map[string]int) {
	w.t.Helper()
	if !maps.Equal(got, want) {
		w.t.Errorf("calls (-want +got):\n%s", cmp.Diff(want, got))
	}
}

// wantNoWrite fails if any of the counted calls is a write: refusals must precede all writes.
func (w *world) wantNoWrite(calls map[string]int) {
	w.t.Helper()
	for call, n := range calls {
		_, operation, _ := strings.Cut(call, ".")
		// The last ones update the mirror, which reads repair too.
		reading := false
		for _, prefix := range []string{"Get", "Describe", "List", "Head", "Query", "AssumeRole", "TransactGetItems", "PutItem", "UpdateItem", "TransactWriteItems"} {
			reading = reading || strings.HasPrefix(operation, prefix)
		}
		if !reading {
			w.t.Errorf("%s was called %d times, but nothing was to be changed", call, n)
		}
	}
}
