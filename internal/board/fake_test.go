//go:build browser

package board_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/stowage/terraform-provider-stowage/internal/board"
	"github.com/stowage/terraform-provider-stowage/internal/event"
)

// epoch is the time of the stacks' last change.
var epoch = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// fake is a hub whose messages a test defines.
type fake struct {
	t   *testing.T
	url string
	// greet returns the answers to a hello.
	greet func(event.Hello) []event.Message

	mu      sync.Mutex // protects the fields below
	sockets []*websocket.Conn
	closed  bool // refuses every connection
	hellos  []event.Hello
	offered []string // subprotocols
}

func newFake(t *testing.T, greet func(event.Hello) []event.Message) *fake {
	t.Helper()
	f := &fake{t: t, greet: greet}
	mux := http.NewServeMux()
	mux.Handle("/", board.Handler(board.Settings{}))
	mux.HandleFunc("/live", f.accept)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

// address is the board's address without that of a WebSocket API, which is on the same host.
func (f *fake) address() string { return f.url + "/#token=any" }

func (f *fake) accept(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	refused := f.closed
	f.offered = append(f.offered, r.Header.Get("Sec-WebSocket-Protocol"))
	f.mu.Unlock()
	if refused {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{event.Subprotocol}})
	if err != nil {
		return
	}
	f.mu.Lock()
	f.sockets = append(f.sockets, socket)
	f.mu.Unlock()
	for {
		_, text, err := socket.Read(context.Background())
		if err != nil {
			return
		}
		var m event.Message
		if json.Unmarshal(text, &m) != nil || m.Type != event.TypeHello {
			continue
		}
		hello, err := m.Hello()
		if err != nil {
			continue
		}
		f.mu.Lock()
		f.hellos = append(f.hellos, hello)
		f.mu.Unlock()
		for _, answer := range f.greet(hello) {
			f.write(socket, answer)
		}
	}
}

func (f *fake) write(socket *websocket.Conn, m event.Message) {
	texts, err := m.Encode()
	if err != nil {
		f.t.Error(err)
	}
	for _, text := range texts {
		_ = socket.Write(context.Background(), websocket.MessageText, text) // the client may have disconnected
	}
}

func (f *fake) say(messages ...event.Message) {
	f.mu.Lock()
	sockets := f.sockets
	f.mu.Unlock()
	for _, socket := range sockets {
		for _, m := range messages {
			f.write(socket, m)
		}
	}
}

// drop closes all connections, and refuses new ones until open.
func (f *fake) drop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for _, socket := range f.sockets {
		_ = socket.CloseNow()
	}
	f.sockets = nil
}

func (f *fake) open() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = false
}

func (f *fake) message(kind event.Type, seq int64, data any) event.Message {
	f.t.Helper()
	m, err := event.Of(kind, data)
	must(f.t, err)
	m.Project, m.Epoch, m.Seq, m.Time = "acme", "e", seq, time.Now().UTC()
	if kind == event.TypeWelcome {
		m.Project, m.Epoch, m.Seq = "", "", 0
	}
	return m
}

// showing returns a hub that answers with a snapshot of acme.
func showing(t *testing.T, stacks ...event.StackSnapshot) *fake {
	t.Helper()
	var f *fake
	f = newFake(t, func(event.Hello) []event.Message {
		return []event.Message{
			f.message(event.TypeWelcome, 0, event.Welcome{
				Protocol:         "1.0",
				HeartbeatSeconds: 60,
				Ends:             time.Now().Add(2 * time.Hour).UTC(),
				Projects:         map[string]event.Position{"acme": {Epoch: "e", Seq: 1}},
			}),
			f.message(event.TypeSnapshot, 1, event.Snapshot{Stacks: stacks}),
		}
	})
	return f
}

func stackOf(entities event.Entities) event.StackSnapshot {
	version := event.StackVersion{
		StackID: "arn:aws:cloudformation:eu-west-1:111122223333:stack/stowage-acme-0/1", LastUpdated: epoch,
		Phase: 3,
	}
	return event.StackSnapshot{
		StackState: event.StackState{StackName: "stowage-acme-0", Version: version, Status: "UPDATE_COMPLETE", Revision: 1},
		Contents:   &version, Facts: &event.Facts{MaxPolicies: 10}, Entities: entities,
	}
}

func (f *fake) subprotocols() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.offered, "\n")
}
