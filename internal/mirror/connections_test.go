package mirror_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// audience returns the ids of the connections to which a project's events are sent.
func (b *bench) audience(t *testing.T, project string) []string {
	t.Helper()
	all, err := b.Audience(t.Context(), project)
	must(t, err)
	ids := []string{}
	for _, c := range all {
		ids = append(ids, c.ID)
	}
	return ids
}

func TestEvents_OnlyToPermittedClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		soon, later := time.Now().Add(time.Minute).UTC(), time.Now().Add(time.Hour).UTC()
		for _, c := range []mirror.Connection{
			{ID: "all", Projects: []string{mirror.Everything}, Ends: later},
			{ID: "acme", Projects: []string{"acme"}, Ends: later},
			{ID: "brief", Projects: []string{"acme", "globex"}, Ends: soon},
			// Names that contain others are not equal to them, and a project's name does not make
			// the directory visible.
			{ID: "other", Projects: []string{"acme-2", "not-acme", mirror.Directory}, Ends: later},
			{ID: "nobody", Ends: later},
		} {
			must(t, b.Connect(t.Context(), c))
		}
		for project, want := range map[string][]string{
			"acme": {"acme", "all", "brief"}, "globex": {"all", "brief"}, "unknown": {"all"}, mirror.Directory: {"all"},
		} {
			if diff := cmp.Diff(want, b.audience(t, project)); diff != "" {
				t.Errorf("%s: %s", project, diff)
			}
		}

		must(t, b.FallBehind(t.Context(), "acme", true))
		if diff := cmp.Diff([]string{"all", "brief"}, b.audience(t, "acme")); diff != "" {
			t.Errorf("one is behind: %s", diff)
		}
		must(t, b.FallBehind(t.Context(), "acme", false))
		must(t, b.Disconnect(t.Context(), "all"))
		must(t, b.Disconnect(t.Context(), "all")) // again is no error
		<-time.After(time.Minute)                 // brief has ended
		if diff := cmp.Diff([]string{"acme"}, b.audience(t, "acme")); diff != "" {
			t.Error(diff)
		}
		// Ended connections are still listed, so that they can be removed.
		kept, err := b.Connections(t.Context())
		must(t, err)
		want := mirror.Connection{ID: "brief", Projects: []string{"acme", "globex"}, Ends: soon.Truncate(time.Millisecond)}
		if i := slices.IndexFunc(
			kept, func(c mirror.Connection) bool { return c.ID == "brief" },
		); len(kept) != 4 || i < 0 ||
			!cmp.Equal(want, kept[i]) {
			t.Errorf("kept are %+v", kept)
		}
	})
}

// A client may disconnect while another process marks it as behind.
func TestConnections_GoneIsNotBehind(t *testing.T) {
	b := newBench(t)
	must(t, b.FallBehind(t.Context(), "gone", true))
	if kept, err := b.Connections(t.Context()); err != nil || len(kept) != 0 {
		t.Errorf("kept are %+v, error %v", kept, err)
	}
}

// unsent returns a project's unsent events, as "after..upto".
func (b *bench) pending(t *testing.T, project string) string {
	t.Helper()
	u, err := b.Pending(t.Context(), project)
	must(t, err)
	if u.After.Epoch != u.Upto.Epoch || u.None() != (u.After.Seq == u.Upto.Seq) {
		t.Errorf("from %+v to %+v", u.After, u.Upto)
	}
	return fmt.Sprintf("%d..%d", u.After.Seq, u.Upto.Seq)
}

func TestSent_Recorded(t *testing.T) {
	b := newBench(t)
	expect := func(want string) {
		t.Helper()
		if got := b.pending(t, "demo"); got != want {
			t.Errorf("unsent are %s, want %s", got, want)
		}
	}
	expect("0..0")
	n := 0
	write := func(times int) event.Position {
		for range times {
			n++
			b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_COMPLETE", n)))
		}
		positions, err := b.Positions(t.Context(), []string{"demo"})
		must(t, err)
		return positions["demo"]
	}
	second := write(2)
	expect("0..2")
	must(t, b.Sent(t.Context(), "demo", second))
	expect("2..2")
	fifth := write(3)
	must(t, b.Sent(t.Context(), "demo", fifth))
	must(t, b.Sent(t.Context(), "demo", second)) // another sender was slower
	expect("5..5")

	// The note of sent events is not read as an event.
	if events, err := b.Events(t.Context(), "demo", 0); err != nil || len(events) != 5 {
		t.Errorf("%d events, error %v", len(events), err)
	}
	// Numbers of another epoch are ignored.
	must(t, b.Forget(t.Context(), "demo"))
	expect("0..0")
	write(1)
	must(t, b.Sent(t.Context(), "demo", fifth)) // another sender was even slower
	expect("0..1")
	// After a long failure, only the last 100 events are sent.
	write(150)
	expect("51..151")
}

func TestPositionsOfManyProjects(t *testing.T) {
	b := newBench(t)
	var names []string
	for n := range 130 {
		name := fmt.Sprintf("p%d", n)
		names = append(names, name)
		if n%2 == 0 {
			b.mustWrite(t, name, 0, reading(at("a", "UPDATE_COMPLETE", n+1)))
		}
	}
	// DynamoDB returns unprocessed keys when it lacks capacity.
	short := 0
	b.before = func(operation string, body []byte) *cloud.Response {
		if operation != "BatchGetItem" || short > 0 {
			return nil
		}
		short++
		return &cloud.Response{
			Status: http.StatusOK,
			Body:   []byte(strings.Replace(string(body), `"RequestItems"`, `"Responses":{},"UnprocessedKeys"`, 1)),
		}
	}
	positions, err := b.Positions(t.Context(), names)
	must(t, err)
	if len(positions) != 65 || positions["p128"].Seq != 1 || positions["p128"].Epoch == "" ||
		positions["p128"].Epoch == positions["p0"].Epoch {
		t.Errorf("%d positions, p128 %+v", len(positions), positions["p128"])
	}
	if calls := b.calls("BatchGetItem"); calls != 3 { // all keys of one batch are unprocessed
		t.Errorf("%d calls", calls)
	}
	if none, err := b.Positions(t.Context(), nil); err != nil || len(none) != 0 || b.calls("BatchGetItem") != 3 {
		t.Errorf("no projects: %v, error %v", none, err)
	}
}

func TestOperations_LeftBehindExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		for shard := range 3 {
			b.mustWrite(t, "demo", shard, reading(at("a", "UPDATE_COMPLETE", 1)))
		}
		for shard, life := range map[int]time.Duration{0: time.Minute, 2: time.Hour} {
			_, err := b.Announce(
				t.Context(), "demo", shard,
				mirror.Operation{Token: fmt.Sprint(shard), Run: "run-1", Expires: time.Now().Add(life)},
			)
			must(t, err)
		}
		expire := func(want int) {
			t.Helper()
			if n, err := b.Expire(t.Context(), "demo"); err != nil || n != want {
				t.Errorf("%d expired, want %d; error %v", n, want, err)
			}
		}
		expire(0)
		<-time.After(time.Minute)
		expire(1)
		expire(0)
		events, err := b.Events(t.Context(), "demo", 5)
		must(t, err)
		if len(events) != 1 {
			t.Fatalf("%d events", len(events))
		}
		change, err := events[0].OperationChange()
		if err != nil || change.Shard != 0 || change.Operation != nil || change.Version.OlderThan(event.StackVersion{}) {
			t.Errorf("the event says %+v, error %v", change, err)
		}
		if op := b.mustRead(t, "demo").Heads[2].Operation; op == nil || op.Token != "2" {
			t.Errorf("the other operation is %+v", op)
		}
		// The stack continues as usual.
		b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_COMPLETE", 2)))
	})
}

// Another operation may begin between the read of the heads and the write.
func TestOperations_NewDoesNotExpire(t *testing.T) {
	b := newBench(t)
	b.mustWrite(t, "demo", 0, reading(at("a", "UPDATE_COMPLETE", 1)))
	_, err := b.Announce(t.Context(), "demo", 0, mirror.Operation{Token: "old", Expires: time.Now().Add(-time.Minute)})
	must(t, err)
	b.once("TransactGetItems", func([]byte) *cloud.Response {
		if _, err := b.Announce(t.Context(), "demo", 0, mirror.Operation{Token: "new"}); err != nil {
			t.Error(err)
		}
		return nil
	})
	if n, err := b.Expire(t.Context(), "demo"); err != nil || n != 0 {
		t.Errorf("%d expired, error %v", n, err)
	}
	if op := b.mustRead(t, "demo").Heads[0].Operation; op == nil || op.Token != "new" {
		t.Errorf("the operation is %+v", op)
	}
}

func TestConnectionsNeedATable(t *testing.T) {
	table := mirror.New(newBench(t).client, "elsewhere")
	ctx := t.Context()
	_, connections := table.Connections(ctx)
	_, positions := table.Positions(ctx, []string{"demo"})
	_, pending := table.Pending(ctx, "demo")
	_, expire := table.Expire(ctx, "demo")
	for doing, err := range map[string]error{
		"connect": table.Connect(ctx, mirror.Connection{ID: "c"}), "disconnect": table.Disconnect(ctx, "c"), "behind": table.FallBehind(ctx, "c", true),
		"connections": connections, "positions": positions, "unsent": pending, "expire": expire, "sent": table.Sent(ctx, "demo", event.Position{Epoch: "e", Seq: 1}),
	} {
		var missing *model.NotFoundError
		if !errors.As(err, &missing) || missing.Kind != model.NotFoundTable || missing.Table != "elsewhere" {
			t.Errorf("%s: %v", doing, err)
		}
	}
}

func TestStatus_Reason(t *testing.T) {
	b := newBench(t)
	update := reading(at("a", "UPDATE_ROLLBACK_FAILED", 1))
	update.Reason = strings.Repeat("é", 1000)
	head := b.mustWrite(t, "demo", 0, update)
	want := strings.Repeat("é", 248) + "…"
	if head.Reason != want || b.mustRead(t, "demo").Live().Stacks[0].Reason != want {
		t.Errorf("the reason is %q", head.Reason)
	}
	update = reading(at("a", "UPDATE_COMPLETE", 2))
	if head := b.mustWrite(t, "demo", 0, update); head.Reason != "" {
		t.Errorf("it is still %q", head.Reason)
	}
	events, err := b.Events(t.Context(), "demo", 0)
	must(t, err)
	if change, err := events[0].StackChange(); err != nil || change.Reason != want {
		t.Errorf("the event says %q, error %v", change.Reason, err)
	}
}
