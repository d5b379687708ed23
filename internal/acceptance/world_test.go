package acceptance_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

const (
	// account is the project account of these tests, region where everything is.
	account = "111122223333"
	region  = "eu-west-1"
)

// world is a sandbox behind a listener.
type world struct {
	t        *testing.T
	box      *sandbox.Sandbox
	endpoint string
}

// newWorld starts a sandbox, immediate unless a change of its options says otherwise.
func newWorld(t *testing.T, change ...func(*sandbox.Options)) *world {
	t.Helper()
	options := sandbox.Options{Seed: 1, Region: region}
	for _, c := range change {
		c(&options)
	}
	box := sandbox.New(options)
	go box.Run(t.Context())
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	return &world{t, box, server.URL}
}

// in is the same world as seen by a subtest.
func (w *world) in(t *testing.T) *world {
	return &world{t, w.box, w.endpoint}
}

// environment makes the CLI and AWS clients talk to the sandbox as the hub's administrator.
func (w *world) environment() map[string]string {
	id, secret := sandbox.StaticCredentials(sandbox.HubAccount)
	return map[string]string{
		"AWS_ENDPOINT_URL":          w.endpoint,
		"AWS_ACCESS_KEY_ID":         id,
		"AWS_SECRET_ACCESS_KEY":     secret,
		"AWS_REGION":                region,
		"AWS_EC2_METADATA_DISABLED": "true",
		"TF_CLI_CONFIG_FILE":        cliConfig,
		"TF_IN_AUTOMATION":          "1",
		"CHECKPOINT_DISABLE":        "1",
	}
}

// fault makes calls or resources fail from now on.
func (w *world) fault(f ...sandbox.Fault) {
	w.t.Helper()
	if err := w.box.AddFaults(f...); err != nil {
		w.t.Fatal(err)
	}
}

// calls returns what has been called since the last reset, as "service.Operation" -> times.
func (w *world) calls() map[string]int {
	w.t.Helper()
	recorder := httptest.NewRecorder()
	w.box.ServeHTTP(recorder, httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, "/_sandbox/calls", http.NoBody))
	var counted map[string]map[string]int
	if err := json.Unmarshal(recorder.Body.Bytes(), &counted); err != nil {
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

// counted runs something and returns what it called.
func (w *world) counted(run func()) map[string]int {
	w.t.Helper()
	w.box.ResetCalls()
	run()
	return w.calls()
}

// wantCalls compares counted calls with a budget.
func (w *world) wantCalls(got, want map[string]int) {
	w.t.Helper()
	if !maps.Equal(got, want) {
		w.t.Errorf("calls (-want +got):\n%s", cmp.Diff(want, got))
	}
}

// wantNoWrite fails if any of the counted calls changes something: whatever is refused must be refused before that.
func (w *world) wantNoWrite(calls map[string]int) {
	w.t.Helper()
	for call, n := range calls {
		_, operation, _ := strings.Cut(call, ".")
		// PutItem and UpdateItem are the mirror's, which is mended by reads too.
		reading := false
		for _, prefix := range []string{"Get", "Describe", "List", "Head", "Query", "AssumeRole", "PutItem", "UpdateItem", "TransactWriteItems"} {
			reading = reading || strings.HasPrefix(operation, prefix)
		}
		if !reading {
			w.t.Errorf("%s was called %d times, but nothing was to be changed", call, n)
		}
	}
}
