package relay

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/push"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// desk is a store and a sender in memory.
type desk struct {
	events      map[string][]event.Event // by project, without holes
	kept        int                      // only the last so many events are kept; 0 keeps all
	bodies      map[string]*mirror.Snapshot
	connections map[string]client
	fail, gone  error

	mu        sync.Mutex // protects the fields below
	reads     int        // number of reads of whole projects
	sent      []event.Message
	published []string
}

func newDesk(projects ...string) *desk {
	d := &desk{events: map[string][]event.Event{}, bodies: map[string]*mirror.Snapshot{}, connections: map[string]client{}}
	for _, name := range projects {
		d.bodies[name] = &mirror.Snapshot{Heads: map[int]*mirror.Head{}, Bodies: map[int]*mirror.Body{}}
		d.happen(name)
	}
	return d
}

func (d *desk) happen(project string) {
	seq := int64(len(d.events[project]) + 1)
	version := mirror.Version{
		StackID: "arn", LastUpdated: time.Unix(seq, 0).UTC(), Status: "UPDATE_COMPLETE",
		Phase: mirror.PhaseOf("UPDATE_COMPLETE"), Revision: seq,
	}
	d.bodies[project].Heads[0] = &mirror.Head{StackName: "stowage-" + project + "-0", Version: version}
	d.bodies[project].Bodies[0] = &mirror.Body{
		Version: version, Contents: template.Contents{Users: []model.User{{Name: "partner"}}},
	}
	e, _ := event.Of(event.TypeStack, event.StackChange{StackState: d.bodies[project].Live().Stacks[0].StackState})
	e.Project, e.Epoch, e.Seq, e.Time = project, "e", seq, version.LastUpdated
	d.events[project] = append(d.events[project], e)
}

func (d *desk) Positions(_ context.Context, projects []string) (map[string]event.Position, error) {
	all := map[string]event.Position{}
	for _, name := range projects {
		if n := len(d.events[name]); n > 0 {
			all[name] = event.Position{Epoch: "e", Seq: int64(n)}
		}
	}
	return all, d.fail
}

func (d *desk) Events(_ context.Context, project string, after int64) ([]event.Event, error) {
	var found []event.Event
	for i, e := range d.events[project] {
		if e.Seq > after && (d.kept == 0 || i >= len(d.events[project])-d.kept) {
			found = append(found, e)
		}
	}
	return found, d.fail
}

func (d *desk) Read(_ context.Context, project string) (*mirror.Snapshot, error) {
	d.reads++
	return d.bodies[project], d.fail
}

func (d *desk) Connect(_ context.Context, c client) error {
	d.connections[c.id] = c
	return d.fail
}

func (d *desk) Connections(context.Context) ([]client, error) {
	return slices.Collect(maps.Values(d.connections)), d.fail
}

func (d *desk) FallBehind(_ context.Context, id string, behind bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.connections[id]
	c.behind = behind
	d.connections[id] = c
	return d.fail
}

func (d *desk) Expire(context.Context, string) (int, error) { return 0, nil }

func (d *desk) Publish(_ context.Context, project string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.published = append(d.published, project)
	if project == "broken" {
		return errors.New("no")
	}
	return nil
}

func (d *desk) Disconnect(_ context.Context, id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.connections, id)
	return d.fail
}

func (d *desk) Send(_ context.Context, id string, m event.Message) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if id == "gone" {
		return push.ErrGone
	}
	if d.gone != nil {
		return d.gone
	}
	d.sent = append(d.sent, m)
	return nil
}

// take returns what has been sent since its last call: the messages' types, with their projects and
// positions if any.
func (d *desk) take() []string {
	var types []string
	for _, m := range d.sent {
		text := string(m.Type)
		if m.Project != "" {
			text += " " + m.Project
		}
		if m.Type == event.TypeError {
			e, _ := m.Error()
			text += " " + string(e.Code)
		}
		types = append(types, text)
	}
	d.sent = nil
	return types
}

// relayOver returns a relay whose connections are at a desk.
func relayOver(d *desk) *Relay {
	log := slog.New(slog.NewJSONHandler(io.Discard, nil))
	return &Relay{log: log, opened: &live{log: log, store: d, sender: d, names: func(context.Context) ([]string, error) {
		var names []string
		for name := range d.events {
			names = append(names, name)
		}
		return names, d.fail
	}}}
}

// on returns a route event from a client with access to the projects.
func on(route, projects, body string) []byte {
	request := events.APIGatewayWebsocketProxyRequest{
		Headers: map[string]string{"Sec-WebSocket-Protocol": "stowage.v1, stowage.token.canary"}, Body: body,
		RequestContext: events.APIGatewayWebsocketProxyRequestContext{
			RouteKey:     route,
			ConnectionID: "c=",
			ConnectedAt:  time.Now().UnixMilli(),
			Authorizer:   map[string]any{"projects": projects, "principalId": "alice"},
		},
	}
	raw, _ := json.Marshal(request)
	return raw
}

// say sends a client's message and returns the answers.
func say(t *testing.T, r *Relay, d *desk, projects string, m event.Message) []string {
	t.Helper()
	body, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return sayText(t, r, d, projects, string(body))
}

func sayText(t *testing.T, r *Relay, d *desk, projects, body string) []string {
	t.Helper()
	answer, err := r.Handle(t.Context(), on("$default", projects, body))
	if err != nil || !strings.Contains(string(answer), `"statusCode":200`) {
		t.Fatalf("%s, %v", answer, err)
	}
	return d.take()
}

func hello(t *testing.T, positions map[string]event.Position) event.Message {
	t.Helper()
	m, err := event.Of(event.TypeHello, event.Hello{Versions: []int{1}, Projects: positions})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %s", what, diff)
	}
}

func TestConnect_Protocol(t *testing.T) {
	d := newDesk()
	r := relayOver(d)
	answer, err := r.Handle(t.Context(), on("$connect", "acme globex", ""))
	if err != nil || strings.Contains(string(answer), "token") ||
		!strings.Contains(string(answer), `"Sec-WebSocket-Protocol":"stowage.v1"`) {
		t.Errorf("%s, %v", answer, err)
	}
	if c := d.connections["c="]; len(d.connections) != 1 || !slices.Equal(c.projects, []string{"acme", "globex"}) ||
		time.Until(c.ends) > event.ConnectionLife ||
		time.Until(c.ends) < event.ConnectionLife-time.Minute {
		t.Errorf("kept: %+v", d.connections)
	}
	for range 2 { // API Gateway may report twice, or report an unknown connection
		if answer, err := r.Handle(t.Context(), on("$disconnect", "acme globex", "")); err != nil ||
			!strings.Contains(string(answer), "200") {
			t.Errorf("%s, %v", answer, err)
		}
	}
	if len(d.connections) > 0 {
		t.Errorf("left: %v", d.connections)
	}
	if answer, err := r.Handle(
		t.Context(), on("$connect", "", ""),
	); err != nil || !strings.Contains(string(answer), "401") ||
		len(d.connections) > 0 {
		t.Errorf("without projects: %s, %v, %v", answer, err, d.connections)
	}
	d.fail = errors.New("no")
	if answer, err := r.Handle(t.Context(), on("$connect", "acme", "")); err != nil ||
		!strings.Contains(string(answer), "503") {
		t.Errorf("when it can't be kept: %s, %v", answer, err)
	}
}

func TestHello_MissingOfEveryProject(t *testing.T) {
	d := newDesk("acme", "globex", "secret", mirror.Directory)
	for range 3 {
		d.happen("acme")
	}
	r := relayOver(d)
	same(t, "a new client", say(t, r, d, "acme globex nope", hello(t, nil)), "welcome", "snapshot acme", "snapshot globex")
	same(t, "one that comes back", say(t, r, d, "acme globex", hello(t, map[string]event.Position{
		"acme": {Epoch: "e", Seq: 2}, "globex": {Epoch: "e", Seq: 1}, "secret": {Epoch: "e", Seq: 1},
	})), "welcome", "stack acme", "stack acme")
	same(
		t, "after another epoch",
		say(t, r, d, "globex", hello(t, map[string]event.Position{"globex": {Epoch: "old", Seq: 1}})), "welcome",
		"gap globex", "snapshot globex",
	)
	same(t, "one that may see all", say(t, r, d, "*", hello(t, map[string]event.Position{"acme": {Epoch: "e", Seq: 4}})),
		"welcome", "snapshot directory", "snapshot globex", "snapshot secret")
	d.kept = 1
	same(
		t, "one that comes back late",
		say(t, r, d, "acme", hello(t, map[string]event.Position{"acme": {Epoch: "e", Seq: 1}})), "welcome",
		"gap acme", "snapshot acme",
	)
	old := hello(t, nil)
	old.Data = json.RawMessage(`{"versions":[7]}`)
	same(t, "one of another version", say(t, r, d, "acme", old), "error version")
	old.Data = json.RawMessage(`{"versions":"1"}`)
	same(t, "one that can't be read", say(t, r, d, "acme", old), "error bad_message")
}

func TestRequestsAboutOneProject(t *testing.T) {
	d := newDesk("acme", "secret")
	d.happen("acme")
	r := relayOver(d)
	ask := func(t event.Type, project string, seq int64) event.Message {
		return event.Message{V: 1, Type: t, Project: project, Epoch: "e", Seq: seq}
	}
	for name, c := range map[string]struct {
		asked event.Message
		want  []string
	}{
		"resume":                        {ask(event.TypeResume, "acme", 1), []string{"stack acme"}},
		"resume without need":           {ask(event.TypeResume, "acme", 2), []string{"heartbeat"}},
		"resume from the future":        {ask(event.TypeResume, "acme", 9), []string{"gap acme", "snapshot acme"}},
		"snapshot":                      {ask(event.TypeSnapshot, "acme", 0), []string{"snapshot acme"}},
		"ping":                          {ask(event.TypePing, "", 0), []string{"heartbeat"}},
		"a project that isn't there":    {ask(event.TypeSnapshot, "nope", 0), []string{"error nope unknown_project"}},
		"a project that it may not see": {ask(event.TypeSnapshot, "secret", 0), []string{"error secret unknown_project"}},
		"the directory":                 {ask(event.TypeResume, "directory", 0), []string{"error directory unknown_project"}},
		"no project":                    {ask(event.TypeSnapshot, "", 0), []string{"error unknown_project"}},
		"no name of a project":          {ask(event.TypeSnapshot, "*", 0), []string{"error unknown_project"}},
		"a type of the server":          {ask(event.TypeStack, "acme", 1), []string{"error acme bad_message"}},
		"another version":               {event.Message{V: 2, Type: event.TypePing}, []string{"error version"}},
	} {
		same(t, name, say(t, r, d, "acme nope", c.asked), c.want...)
	}
	for _, body := range []string{``, `{`, `[]`, `7`, `null`, `{"v":"1"}`, `{"v":1,"type":7}`, strings.Repeat(" ", event.MaxMessage+1)} {
		got := sayText(t, r, d, "acme", body)
		if len(got) != 1 || got[0] != "error bad_message" && got[0] != "error version" {
			t.Errorf("%.20q: %q", body, got)
		}
	}
}

// TestHello_SharedReading checks that they do until the project changes.
func TestHello_SharedReading(t *testing.T) {
	d := newDesk("acme")
	r := relayOver(d)
	for range 100 {
		say(t, r, d, "acme", hello(t, nil))
	}
	if d.reads != 1 {
		t.Errorf("%d readings", d.reads)
	}
	d.happen("acme")
	say(t, r, d, "acme", hello(t, nil))
	if d.reads != 2 {
		t.Errorf("%d readings after an event", d.reads)
	}
}

func TestHello_Failures(t *testing.T) {
	d := newDesk("acme")
	r := relayOver(d)
	d.fail = errors.New("canary")
	same(t, "hello", say(t, r, d, "acme", hello(t, nil)), "error unavailable")
	d.fail, d.gone = nil, push.ErrGone
	same(t, "gone", say(t, r, d, "acme", hello(t, nil)))
}

// TestHello_ConvergesToMirror uses the protocol's own client with the routes.
func TestHello_ConvergesToMirror(t *testing.T) {
	d := newDesk("acme")
	r := relayOver(d)
	client := &event.Client{}
	say(t, r, d, "acme", hello(t, nil))
	if _, err := r.Handle(
		t.Context(), on("$default", "acme", `{"v":1,"type":"hello","data":{"versions":[1]}}`),
	); err != nil {
		t.Fatal(err)
	}
	for _, m := range d.sent {
		texts, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			if _, err := client.Receive(text); err != nil {
				t.Fatal(err)
			}
		}
	}
	view := client.View("acme")
	if view == nil || len(view.Entities()) != 1 || view.Position != (event.Position{Epoch: "e", Seq: 1}) ||
		len(view.Commits) != 1 {
		t.Errorf("%+v", view)
	}
}

func TestSweep_HeartbeatsAndCleanup(t *testing.T) {
	d := newDesk("acme", "broken", mirror.Directory)
	delete(d.events, mirror.Directory) // the list of projects does not contain it
	r := relayOver(d)
	now := time.Now()
	for id, c := range map[string]client{
		"fresh": {projects: []string{"acme"}, ends: now.Add(time.Hour)}, "all": {projects: []string{"*"}, ends: now.Add(time.Hour)},
		"ending": {projects: []string{"acme"}, ends: now.Add(5 * time.Minute)},
		"ended":  {projects: []string{"acme"}, ends: now.Add(-time.Second)},
		"gone":   {projects: []string{"acme"}, ends: now.Add(time.Hour)},
	} {
		c.id = id
		d.connections[id] = c
	}
	connections, err := r.sweepLive(t.Context())
	if connections != 3 {
		t.Errorf("%d connections are left", connections)
	}
	if err == nil || !strings.Contains(err.Error(), "broken") ||
		strings.Contains(err.Error(), "acme") {
		t.Errorf("a failure of one project: %v", err)
	}
	slices.Sort(d.published)
	same(t, "published", d.published, "acme", "broken", "directory")
	same(t, "left", slices.Sorted(maps.Keys(d.connections)), "all", "ending", "fresh")
	for _, m := range d.sent {
		switch m.Type {
		case event.TypeHeartbeat:
			h, err := m.Heartbeat()
			if err != nil || len(h.Projects) != 1 && len(h.Projects) != 2 ||
				h.Projects["acme"] != (event.Position{Epoch: "e", Seq: 1}) {
				t.Errorf("%+v, %v", h, err)
			}
		case event.TypeReconnect:
			w, err := m.Reconnect()
			if err != nil || w.SpreadSeconds < 100 || w.SpreadSeconds > 150 || w.Ends.Sub(now) > 6*time.Minute {
				t.Errorf("%+v, %v", w, err)
			}
		default:
			t.Errorf("sent %s", m.Type)
		}
	}
	got := d.take()
	slices.Sort(got)
	same(t, "sent", got, "heartbeat", "heartbeat", "heartbeat", "reconnect")
}

// TestSweep_ConnectionEndsWithToken checks that the client is told before.
func TestSweep_ConnectionEndsWithToken(t *testing.T) {
	d := newDesk("acme")
	r := relayOver(d)
	at := func(route, body string, expires time.Time) []byte {
		var request events.APIGatewayWebsocketProxyRequest
		if err := json.Unmarshal(on(route, "acme", body), &request); err != nil {
			t.Fatal(err)
		}
		request.RequestContext.Authorizer = map[string]any{
			"projects": "acme", "expires": strconv.FormatInt(expires.Unix(), 10),
		}
		raw, err := json.Marshal(request)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	soon := time.Now().Add(20 * time.Minute).Truncate(time.Second)
	if _, err := r.Handle(t.Context(), at("$connect", "", soon)); err != nil || !d.connections["c="].ends.Equal(soon) {
		t.Errorf("%+v, %v", d.connections, err)
	}
	if _, err := r.Handle(
		t.Context(), at("$default", `{"v":1,"type":"hello","data":{"versions":[1]}}`, soon),
	); err != nil {
		t.Fatal(err)
	}
	if w, err := d.sent[0].Welcome(); err != nil || !w.Ends.Equal(soon) {
		t.Errorf("%+v, %v", w, err)
	}
	d.take()
	answer, err := r.Handle(t.Context(), at("$default", `{"v":1,"type":"ping"}`, time.Now().Add(-time.Second)))
	if err != nil || !strings.Contains(string(answer), "403") || len(d.take()) > 0 || len(d.connections) > 0 {
		t.Errorf("afterwards: %s, %v, %v", answer, err, d.connections)
	}
}
