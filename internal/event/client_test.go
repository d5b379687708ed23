package event_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// fixture is a client that shows the project demo as of event 3.
type fixture struct {
	*testing.T
	event.Client
}

func begun(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{T: t}
	f.wants("", f.message(event.TypeSnapshot, "e", 3, event.Snapshot{Stacks: []event.StackSnapshot{}}))
	return f
}

// message returns a message about the project demo, at noon plus as many seconds as its number.
func (f *fixture) message(kind event.Type, epoch string, seq int64, data any) event.Message {
	f.Helper()
	m, err := event.Of(kind, data)
	if err != nil {
		f.Fatal(err)
	}
	m.Project, m.Epoch, m.Seq, m.Time = "demo", epoch, seq, noon.Add(time.Duration(seq)*time.Second)
	return m
}

// stack returns an event after which a stack holds a bucket.
func (f *fixture) stack(seq int64) event.Message {
	f.Helper()
	change := event.StackChange{
		StackState: event.StackState{
			Status:  "UPDATE_COMPLETE",
			Version: event.StackVersion{StackID: "a", LastUpdated: noon.Add(time.Duration(seq) * time.Second), Phase: 4},
		},
		Facts: &event.Facts{},
		Put:   event.Entities{Buckets: []model.Bucket{{Name: fmt.Sprint("b", seq)}}},
	}
	return f.message(event.TypeStack, "e", seq, change)
}

func (f *fixture) beat(epoch string, seq int64) event.Message {
	f.Helper()
	m := f.message(
		event.TypeHeartbeat, "", 0,
		event.Heartbeat{Projects: map[string]event.Position{"demo": {Epoch: epoch, Seq: seq}}},
	)
	m.Project = ""
	return m
}

// wants fails unless the client answers a message with these types and positions: "resume 3
// snapshot 0".
func (f *fixture) wants(want string, m event.Message) {
	f.Helper()
	text, err := json.Marshal(m)
	if err != nil {
		f.Fatal(err)
	}
	send, err := f.Receive(text)
	if err != nil {
		f.Errorf("%s: %v", text, err)
	}
	var sent []string
	for _, m := range send {
		sent = append(sent, fmt.Sprint(m.Type, " ", m.Seq))
		if problems := schemas(f).Validate(schemaOf(m), encoded(f, m)); len(problems) > 0 {
			f.Error(problems)
		}
	}
	if got := strings.Join(sent, " "); got != want {
		f.Errorf("%s: sent %q, want %q", text, got, want)
	}
}

func encoded(t interface {
	Helper()
	Fatal(...any)
}, m event.Message) []byte {
	t.Helper()
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (f *fixture) at(want int64) {
	f.Helper()
	if got := f.View("demo").Position; got.Seq != want {
		f.Errorf("the view is at %v, want %d", got, want)
	}
}

func TestClient_GapRequestedOnce(t *testing.T) {
	f := begun(t)
	f.wants("resume 3", f.stack(5))
	f.wants("", f.stack(7))
	f.wants("", f.stack(3)) // already applied
	f.at(3)
	f.wants("", f.stack(4))
	f.at(5)
	f.wants("", f.stack(6))
	f.at(7)
	f.wants("", f.beat("e", 7))
	if !f.Complete("demo") || len(f.View("demo").Entities()) != 4 || len(f.View("demo").Commits) != 4 ||
		len(f.View("demo").Gaps) != 0 {
		t.Errorf("the view is %+v", f.View("demo"))
	}
}

func TestClient_RepeatsUnansweredRequest(t *testing.T) {
	f := begun(t)
	f.wants("resume 3", f.beat("e", 4))
	f.wants("", f.beat("e", 4))
	f.wants("resume 3", f.beat("e", 4))
	f.wants("", f.stack(4))
	f.wants("", f.beat("e", 4))
}

func TestClient_SnapshotInsteadOfEvents(t *testing.T) {
	f := begun(t)
	f.wants("", f.message(event.TypeGap, "e", 9, event.Gap{From: 4, To: 9, Reason: event.GapExpired}))
	f.wants("", f.stack(11))
	f.wants(
		"resume 9",
		f.message(event.TypeSnapshot, "e", 9, event.Snapshot{Gap: &event.Gap{From: 4, To: 9, Reason: event.GapExpired}}),
	)
	f.wants("", f.stack(10))
	f.at(11)
	f.wants("", f.message(event.TypeSnapshot, "e", 10, event.Snapshot{})) // late
	f.at(11)
	f.wants("resume 11", f.message(event.TypeOperation, "new", 1, event.OperationChange{}))
	// older than the snapshot that started the epoch
	f.wants("", f.message(event.TypeSnapshot, "new", 1, event.Snapshot{}))
	m := f.message(event.TypeSnapshot, "new", 1, event.Snapshot{})
	m.Time = noon.Add(time.Hour)
	f.wants("", m)
	f.at(1)
	want := []event.Missed{
		{From: event.Position{Epoch: "e", Seq: 3}, To: event.Position{Epoch: "e", Seq: 9}, Reason: event.GapExpired},
		{From: event.Position{Epoch: "e", Seq: 11}, To: event.Position{Epoch: "new", Seq: 1}, Reason: event.GapEpoch},
	}
	if diff := cmp.Diff(want, f.View("demo").Gaps); diff != "" {
		t.Error(diff)
	}
}

// An unreadable event requires one snapshot. Additions of a later minor version require none.
func TestEventsOfLaterVersions(t *testing.T) {
	f := begun(t)
	f.wants("", f.message("weather", "e", 4, map[string]any{"rain": true}))
	f.at(4)
	f.wants("", f.message("weather", "", 0, map[string]any{"rain": true})) // not an event
	m := f.stack(5)
	m.V = 2
	f.wants("snapshot 0", m)
	f.wants("", m)
	f.wants("", f.stack(6))
	f.at(4)
	f.wants("", f.message(event.TypeSnapshot, "e", 5, event.Snapshot{}))
	f.at(6)
	m = f.message(event.TypeHeartbeat, "", 0, map[string]any{})
	m.V = 2
	f.wants("", m)
	// Unknown members are ignored.
	if _, err := f.Receive(
		[]byte(`{"v":1,"type":"stack","project":"demo","epoch":"e","seq":7,"mood":[null],"data":{"shard":0,"mood":1}}`),
	); err != nil {
		t.Error(err)
	}
	f.at(7)
}

func TestEvents_TooLargeBecomesSnapshot(t *testing.T) {
	f := begun(t)
	f.wants("resume 3", f.stack(5))
	f.wants("snapshot 0", f.message(event.TypeStack, "e", 4, event.StackChange{Reload: true}))
	f.wants("", f.beat("e", 5))
	f.wants("snapshot 0", f.beat("e", 5))
	f.wants("", f.message(event.TypeSnapshot, "e", 4, event.Snapshot{}))
	f.at(5)
	if gaps := f.View("demo").Gaps; len(gaps) != 1 || gaps[0].Reason != event.GapReload {
		t.Errorf("the gaps are %v", gaps)
	}
}

func TestProjectsComeAndGo(t *testing.T) {
	f := begun(t)
	welcome := f.message(
		event.TypeWelcome, "", 0,
		event.Welcome{Protocol: "1.0", Ends: noon, Projects: map[string]event.Position{"new": {Epoch: "n", Seq: 1}}},
	)
	welcome.Project = ""
	f.wants("", welcome)
	if f.View("demo") != nil || f.Complete("new") || !f.Ends.Equal(noon) {
		t.Errorf("demo is still there, or new is complete, or the end is %s", f.Ends)
	}
	f.wants("snapshot 0", f.beat("e", 3)) // of demo; the server sends what new lacks after the welcome
	f.wants("snapshot 0", f.beat("e", 3)) // of new: it did not arrive
	m := f.message(event.TypeError, "", 0, event.Error{Code: event.CodeUnknownProject, Message: "gone"})
	f.wants("", m)
	if f.LastError == nil || f.LastError.Code != event.CodeUnknownProject {
		t.Errorf("the error is %v", f.LastError)
	}
	m.Project = "new"
	f.wants("", m)
	if got := f.Projects(); len(got) != 0 {
		t.Errorf("the projects are %v", got)
	}
}

// A snapshot can include later events, and events can repeat a snapshot. The view never goes back
// in time.
func TestClient_IgnoresOlder(t *testing.T) {
	f := &fixture{T: t}
	version := event.StackVersion{StackID: "a", LastUpdated: noon.Add(6 * time.Second), Phase: 4}
	f.wants("", f.message(event.TypeSnapshot, "e", 3, event.Snapshot{Stacks: []event.StackSnapshot{
		{
			StackState: event.StackState{Status: "UPDATE_COMPLETE", Version: version},
			Contents:   &version,
			Facts:      &event.Facts{},
			Entities:   entities(),
		},
	}}))
	before := f.View("demo").Entities()
	newest := func(when string) {
		t.Helper()
		if stack := f.View("demo").Stacks[0]; stack.Version != version || stack.Contents != version {
			t.Errorf("%s the stack is at %v, its contents at %v", when, stack.Version, stack.Contents)
		}
	}
	f.wants("", f.stack(4))
	newest("after an older event")
	past := event.StackVersion{StackID: "a", LastUpdated: noon, Phase: 4}
	f.wants(
		"",
		f.message(
			event.TypeSnapshot, "e", 4,
			event.Snapshot{Stacks: []event.StackSnapshot{{StackState: event.StackState{Version: past}, Contents: &past}}},
		),
	)
	newest("after an older snapshot")
	change := event.OperationChange{
		Version: event.StackVersion{StackID: "a", LastUpdated: noon, Phase: 4}, Operation: operation(),
	}
	f.wants("", f.message(event.TypeOperation, "e", 5, change))
	if diff := cmp.Diff(before, f.View("demo").Entities()); diff != "" || len(f.View("demo").Operations(noon)) != 0 {
		t.Errorf("%v, %s", f.View("demo").Operations(noon), diff)
	}
	change.Version = version
	f.wants("", f.message(event.TypeOperation, "e", 6, change))
	if got := f.View("demo").Operations(noon); len(got) != 1 {
		t.Errorf("the operations are %v", got)
	}
	if got := f.View("demo").Operations(noon.Add(time.Hour)); len(got) != 0 {
		t.Errorf("the operations are %v after they have expired", got)
	}
	gone := event.StackChange{StackState: event.StackState{Status: "DELETE_COMPLETE", Version: version}}
	gone.Version.Phase = 7
	f.wants("", f.message(event.TypeStack, "e", 7, gone))
	if got := f.View("demo").Entities(); len(got) != 0 {
		t.Errorf("entities of a stack that is gone: %v", got)
	}
}

func TestDanglingPermissions(t *testing.T) {
	f := &fixture{T: t}
	permission := func(bucket string) model.Permission { return model.Permission{User: "partner", Bucket: bucket} }
	f.wants("", f.message(event.TypeSnapshot, "e", 3, event.Snapshot{Stacks: []event.StackSnapshot{
		{Entities: event.Entities{Buckets: []model.Bucket{{Name: "inbox"}}}},
		{
			StackState: event.StackState{Shard: 1},
			Entities:   event.Entities{Permissions: []model.Permission{permission("inbox"), permission("gone")}},
		},
	}}))
	if diff := cmp.Diff([]model.ID{permission("gone").ID()}, f.View("demo").Dangling()); diff != "" {
		t.Error(diff)
	}
}

// A hello always fits into one message with the client's positions.
func TestHello(t *testing.T) {
	f := begun(t)
	reconnect := f.message(event.TypeReconnect, "", 0, event.Reconnect{Ends: noon, SpreadSeconds: 5})
	f.wants("", reconnect)
	if f.Reconnect == nil || f.Reconnect.SpreadSeconds != 5 {
		t.Errorf("told %v", f.Reconnect)
	}
	hello, err := f.Hello().Hello()
	if err != nil || f.Reconnect != nil {
		t.Errorf("error %v, told %v", err, f.Reconnect)
	}
	if diff := cmp.Diff(
		event.Hello{Versions: []int{1}, Projects: map[string]event.Position{"demo": {Epoch: "e", Seq: 3}}}, hello,
	); diff != "" {
		t.Error(diff)
	}
	for i := range 1000 {
		m := f.message(event.TypeSnapshot, "5f2a90c1d7e83b64", 1<<62, event.Snapshot{})
		m.Project = fmt.Sprint("a-long-name-of-", i)
		f.wants("", m)
	}
	text := encoded(t, f.Hello())
	if len(text) > event.MaxMessage || len(text) < event.MaxMessage*8/10 {
		t.Errorf("a hello of %d bytes", len(text))
	}
}

// Receive accepts any text, and the client stays usable.
func FuzzReceive(f *testing.F) {
	f.Add([]byte(`{"v":1,"type":"snapshot","project":"demo","epoch":"e","seq":3,"data":{"stacks":[{"shard":1}]}}`))
	f.Add([]byte(`{"v":1,"type":"stack","project":"demo","epoch":"e","seq":1,"data":{"shard":0,"removed":[{}]}}`))
	f.Add([]byte(`{"v":1,"type":"stack","project":"demo","id":"a","part":1,"parts":2,"data":[null,null]}`))
	f.Add([]byte(`{"v":1,"type":"heartbeat","data":{"projects":{"demo":{}}}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var client event.Client
		for range 2 {
			if _, err := client.Receive(
				[]byte(`{"v":1,"type":"snapshot","project":"demo","epoch":"e","seq":0,"data":{"stacks":[]}}`),
			); err != nil {
				t.Fatal(err)
			}
			_, _ = client.Receive(text) // an error is correct for a text that is no message
		}
		for _, name := range client.Projects() {
			client.View(name).Dangling()
			client.View(name).Operations(noon)
		}
		client.Hello()
	})
}
