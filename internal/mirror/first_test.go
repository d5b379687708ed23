package mirror_test

import (
	"testing"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

func creation() mirror.Operation {
	return mirror.Operation{
		Token: "token", Run: "run-1", Who: "alice", Started: epoch0.Add(time.Millisecond),
		Expires: time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond),
	}
}

// announceCreation announces the creation of a stack that is not mirrored.
func announceCreation(t *testing.T, b *bench, operation mirror.Operation) {
	t.Helper()
	if ok, err := b.Announce(t.Context(), "demo", 0, operation); ok || err != nil {
		t.Fatalf("announced %v, error %v", ok, err)
	}
}

// lastCommit returns the commit of the last event.
func lastCommit(t *testing.T, b *bench) event.Commit {
	t.Helper()
	events, err := b.Events(t.Context(), "demo", 0)
	if err != nil || len(events) == 0 {
		t.Fatalf("%d events, error %v", len(events), err)
	}
	commit, ok := event.CommitOf(events[len(events)-1])
	if !ok {
		t.Fatalf("the last event is %+v", events[len(events)-1])
	}
	return commit
}

// TestAnnouncements_FirstCreation writes the statuses of a creation as the relay does, without an
// author. The commit has the one that was announced, whichever status is mirrored first.
func TestAnnouncements_FirstCreation(t *testing.T) {
	for name, statuses := range map[string][]string{
		"end only":      {"CREATE_COMPLETE"},
		"from start on": {"CREATE_IN_PROGRESS", "CREATE_COMPLETE"},
		"rolled back":   {"CREATE_IN_PROGRESS", "ROLLBACK_COMPLETE"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			announceCreation(t, b, creation())
			for i, status := range statuses {
				b.mustWrite(t, "demo", 0, reading(at("a", status, 1)))
				op := b.mustRead(t, "demo").Heads[0].Operation
				if running := i < len(statuses)-1; running != (op != nil && op.Who == "alice") {
					t.Errorf("in %s the announced operation is %+v", status, op)
				}
			}
			if c := lastCommit(t, b); c.Who != "alice" || c.Run != "run-1" || c.Started == nil {
				t.Errorf("the commit is %+v", c)
			}
		})
	}
}

// TestAnnouncements_FirstTakenOnce checks that the first Write removes the announcement: it is not
// that of a stack that is created later.
func TestAnnouncements_FirstTakenOnce(t *testing.T) {
	b := newBench(t)
	announceCreation(t, b, creation())
	b.mustWrite(t, "demo", 0, reading(at("a", "CREATE_COMPLETE", 1)))
	if err := b.Forget(t.Context(), "demo"); err != nil {
		t.Fatal(err)
	}
	b.mustWrite(t, "demo", 0, reading(at("b", "CREATE_COMPLETE", 2)))
	if c := lastCommit(t, b); c.Who != "" || c.Run != "" {
		t.Errorf("the second creation's commit is %+v", c)
	}
}

func TestAnnouncements_FirstExpires(t *testing.T) {
	b := newBench(t)
	expired := creation()
	expired.Expires = time.Now().Add(-time.Second)
	announceCreation(t, b, expired)
	b.mustWrite(t, "demo", 0, reading(at("a", "CREATE_IN_PROGRESS", 1)))
	if op := b.mustRead(t, "demo").Heads[0].Operation; op != nil {
		t.Errorf("%+v has not expired", op)
	}
}

// TestAnnouncements_FirstRaces mirrors the stack between the read and the write of an announcement,
// and announces between those of a Write. Neither loses the announcement.
func TestAnnouncements_FirstRaces(t *testing.T) {
	t.Run("write within announcement", func(t *testing.T) {
		b := newBench(t)
		b.once("TransactWriteItems", func([]byte) *cloud.Response {
			b.mustWrite(t, "demo", 0, reading(at("a", "REVIEW_IN_PROGRESS", 0)))
			return nil
		})
		if ok, err := b.Announce(t.Context(), "demo", 0, creation()); !ok || err != nil {
			t.Errorf("announced %v, error %v", ok, err)
		}
		b.mustWrite(t, "demo", 0, reading(at("a", "CREATE_COMPLETE", 1)))
		if c := lastCommit(t, b); c.Who != "alice" {
			t.Errorf("the commit is %+v", c)
		}
	})
	t.Run("announcement within write", func(t *testing.T) {
		b := newBench(t)
		b.once("TransactWriteItems", func([]byte) *cloud.Response {
			announceCreation(t, b, creation())
			return nil
		})
		b.mustWrite(t, "demo", 0, reading(at("a", "REVIEW_IN_PROGRESS", 0)))
		if op := b.mustRead(t, "demo").Heads[0].Operation; op == nil || op.Who != "alice" {
			t.Errorf("the announced operation is %+v", op)
		}
	})
	t.Run("another announcement within write", func(t *testing.T) {
		b := newBench(t)
		announceCreation(t, b, creation())
		b.once("TransactWriteItems", func([]byte) *cloud.Response {
			other := creation()
			other.Token, other.Who = "other", "bob"
			announceCreation(t, b, other)
			return nil
		})
		b.mustWrite(t, "demo", 0, reading(at("a", "CREATE_IN_PROGRESS", 1)))
		if op := b.mustRead(t, "demo").Heads[0].Operation; op == nil || op.Who != "bob" {
			t.Errorf("the announced operation is %+v", op)
		}
	})
}
