package localhub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/stowage/terraform-provider-stowage/internal/cmd/localhub/localhubtest"
	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

const account = "111122223333"

func TestMain(m *testing.M) { localhubtest.Main(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// watcher is a web client that uses the protocol as event.Client does.
type watcher struct {
	t      *testing.T
	socket *websocket.Conn
	client event.Client
	// came are the received messages, in short.
	came []string
}

func watch(t *testing.T, h localhubtest.Hub, token string) *watcher {
	t.Helper()
	socket, _, err := websocket.Dial(
		t.Context(), h.WebSocket,
		&websocket.DialOptions{Subprotocols: []string{event.Subprotocol, "stowage.token." + token}},
	)
	must(t, err)
	socket.SetReadLimit(1 << 20)
	if socket.Subprotocol() != event.Subprotocol {
		t.Errorf("the subprotocol is %q", socket.Subprotocol())
	}
	w := &watcher{t: t, socket: socket}
	t.Cleanup(func() { _ = socket.CloseNow() })
	w.send(w.client.Hello())
	return w
}

func (w *watcher) send(m event.Message) {
	w.t.Helper()
	text, err := json.Marshal(m)
	must(w.t, err)
	must(w.t, w.socket.Write(w.t.Context(), websocket.MessageText, text))
}

func (w *watcher) until(what string, holds func() bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	for !holds() {
		_, text, err := w.socket.Read(ctx)
		if err != nil {
			w.t.Fatalf("waiting for %s: %v; came %q", what, err, w.came)
		}
		var m event.Message
		must(w.t, json.Unmarshal(text, &m))
		about := string(m.Type) + " " + m.Project
		if change, err := m.StackChange(); err == nil {
			about += fmt.Sprintf(" %s run=%s", change.Status, m.Run)
		}
		if change, err := m.OperationChange(); err == nil && change.Operation != nil {
			about += fmt.Sprintf(" %v run=%s", change.Operation.Members, change.Operation.Run)
		}
		w.came = append(w.came, about)
		requests, err := w.client.Receive(text)
		must(w.t, err)
		for _, request := range requests {
			w.send(request)
		}
	}
}

func (w *watcher) buckets(project string) []string {
	names := []string{}
	if view := w.client.View(project); view != nil {
		for _, entity := range view.Entities() {
			if b, ok := entity.(model.Bucket); ok {
				names = append(names, b.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

func (w *watcher) untilBuckets(project string, names ...string) {
	w.t.Helper()
	w.until(fmt.Sprintf("the buckets %v", names), func() bool { return slices.Equal(w.buckets(project), names) })
}

func bucket(name string) model.Bucket {
	return model.Bucket{
		Name: name, BucketName: model.DefaultBucketName("acme", name, account, "eu-west-1"),
		Lifecycle: model.DefaultLifecycle(), OnDelete: model.Refuse,
	}
}

// TestWatchers_EveryChange covers the whole path: the provider's changes are sent
// before and after, a manual edit is sent as well, and a client without access to the project
// receives nothing of it.
func TestWatchers_EveryChange(t *testing.T) {
	h := localhubtest.Start(t)
	everything := watch(t, h, h.Token(nil, "*"))
	foreign := watch(t, h, h.Token(nil, "globex"))
	everything.until("the welcome", func() bool { return !everything.client.Ends.IsZero() })
	foreign.until("the welcome", func() bool { return !foreign.client.Ends.IsZero() })

	provider := h.Provider("run-1")
	must(
		t,
		provider.CreateProject(
			t.Context(), model.Project{Name: "acme", AccountID: account, Region: "eu-west-1", OnDelete: model.Refuse},
		),
	)
	must(t, provider.Create(t.Context(), "acme", bucket("inbox")))
	everything.untilBuckets("acme", "inbox")
	operation := "operation acme [bucket inbox] run=run-1"
	settled := "stack acme UPDATE_COMPLETE run=run-1"
	if i := slices.Index(everything.came, operation); i < 0 || !slices.Contains(everything.came[i:], settled) {
		t.Errorf("came %q", everything.came)
	}

	// A client that connects later gets everything at once.
	late := watch(t, h, h.Token(nil, "acme"))
	late.untilBuckets("acme", "inbox")

	// Another writer removes the bucket from the template manually.
	h.ByHand(account, "stowage-acme-0", func(resources map[string]json.RawMessage) {
		delete(resources, "Bucketinbox")
		delete(resources, "BucketPolicyinbox")
	})
	late.untilBuckets("acme")
	everything.untilBuckets("acme")

	for _, about := range foreign.came {
		if strings.Contains(about, "acme") || strings.Contains(about, "directory") {
			t.Errorf("a client without the claim received %q", about)
		}
	}
	for _, about := range late.came {
		if strings.Contains(about, "directory") {
			t.Errorf("a client of one project received %q", about)
		}
	}
}
