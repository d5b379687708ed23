package event_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

func change() event.StackChange {
	c := event.StackChange{
		StackState: event.StackState{
			Shard: 1, StackName: "stowage-demo-1", Status: "UPDATE_COMPLETE", Revision: 3,
			Version: event.StackVersion{StackID: "arn", LastUpdated: time.Date(2026, 5, 1, 12, 0, 0, 123e6, time.UTC), Phase: 4},
		},
		Removed: []model.ID{{Kind: model.KindBucket, Name: "old"}},
	}
	for _, entity := range []model.Entity{
		model.Project{Name: "demo", AccountID: "111122223333", Region: "eu-west-1", OnDelete: model.Refuse},
		model.Bucket{Name: "inbox", BucketName: "demo-inbox", OnDelete: model.Refuse},
		model.User{Name: "alice"},
		model.Permission{User: "alice", Bucket: "inbox", Access: model.Read},
		model.DirectoryEntry{Name: "demo", AccountID: "111122223333", Region: "eu-west-1"},
	} {
		c.Put.Add(entity)
	}
	return c
}

func TestStackChange_RoundTrip(t *testing.T) {
	want := change()
	if p := want.Put; p.Project == nil || len(p.Buckets) != 1 || len(p.Users) != 1 || len(p.Permissions) != 1 ||
		len(p.DirectoryEntries) != 1 {
		t.Fatalf("an entity got lost: %+v", p)
	}
	e, err := event.Of(event.TypeStack, want)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var received event.Event
	if err := json.Unmarshal(text, &received); err != nil {
		t.Fatal(err)
	}
	got, err := received.StackChange()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The names of the envelope's members are part of the protocol.
func TestEnvelope(t *testing.T) {
	text, err := json.Marshal(event.Event{
		V: 1, Type: event.TypeStack, Project: "demo", Epoch: "e", Seq: 2, Revision: 3,
		Time: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), Run: "run-1", Data: json.RawMessage(`{}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"v":1,"type":"stack","project":"demo","epoch":"e","seq":2,"revision":3,"time":"2026-05-01T12:00:00Z","run":"run-1","data":{}}`
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

func TestDecode_TypeVersionAndSize(t *testing.T) {
	good, err := event.Of(event.TypeStack, change())
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*event.Event){
		"another type":    func(e *event.Event) { e.Type = "hello" },
		"another version": func(e *event.Event) { e.V = 2 },
		"a part":          func(e *event.Event) { e.Part, e.Parts = 1, 2 },
		"broken data":     func(e *event.Event) { e.Data = json.RawMessage(`[]`) },
	} {
		e := good
		spoil(&e)
		if _, err := e.StackChange(); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestVersionsOfStacks(t *testing.T) {
	at := func(id string, ms, phase int) event.StackVersion {
		return event.StackVersion{StackID: id, LastUpdated: time.UnixMilli(int64(ms)), Phase: phase}
	}
	for _, c := range []struct {
		a, b event.StackVersion
		want bool
	}{
		{at("a", 1, 4), at("a", 2, 1), true},
		{at("a", 2, 1), at("a", 1, 4), false},
		{at("a", 1, 1), at("a", 1, 4), true},
		{at("a", 1, 4), at("a", 1, 4), false},
		{at("a", 1, 7), at("b", 2, 1), true},
		{at("a", 1, 1), at("b", 1, 4), false}, // unknown
		{event.StackVersion{}, at("a", 1, 0), true},
	} {
		if got := c.a.OlderThan(c.b); got != c.want {
			t.Errorf("%v is older than %v: %v", c.a, c.b, got)
		}
	}
}
