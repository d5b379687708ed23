package stack_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// recorder records the parameters of all calls that go through it.
type recorder struct {
	next  http.RoundTripper
	mu    sync.Mutex
	calls []url.Values
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body != nil {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		request.Body = io.NopCloser(strings.NewReader(string(body)))
		if form, err := url.ParseQuery(string(body)); err == nil {
			r.mu.Lock()
			r.calls = append(r.calls, form)
			r.mu.Unlock()
		}
	}
	return r.next.RoundTrip(request)
}

// TestChangeSets_NamedByARN requires ARNs in all calls that execute or delete a change set, even
// after lost replies and name collisions. Another writer's change set may have the same name.
func TestChangeSets_NamedByARN(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		calls := &recorder{next: w.transport}
		w.transport = calls
		w.filled(w.process())
		w.faults(
			sandbox.Fault{Service: "cloudformation", Operation: "CreateChangeSet", Effect: sandbox.LostReply, Times: 1},
			sandbox.Fault{Service: "cloudformation", Operation: "ExecuteChangeSet", Effect: sandbox.LostReply, Times: 1},
		)
		mustAll(t, commitAll(t.Context(), w.process(), 3, creations("user", 3)...))
		seen := map[string]int{}
		for _, call := range calls.calls {
			action := call.Get("Action")
			if action != "ExecuteChangeSet" && action != "DeleteChangeSet" {
				continue
			}
			seen[action]++
			if name := call.Get("ChangeSetName"); !strings.HasPrefix(name, "arn:") {
				t.Errorf("%s of %q", action, name)
			}
		}
		if seen["ExecuteChangeSet"] == 0 {
			t.Error("nothing was executed")
		}
	})
}
