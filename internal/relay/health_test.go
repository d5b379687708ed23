package relay_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/relay"
)

func (w *world) health() *mirror.Health {
	w.t.Helper()
	health, err := w.process().Health(w.t.Context())
	must(w.t, err)
	return health.Relay
}

// TestHealth_Sweep checks that each sweep records its outcome with one call.
func TestHealth_Sweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		must(t, w.process().CreateProject(t.Context(), project("acme")))
		r, calls := w.relay(func(c *relay.Config) { c.Version = "0.3.0" })
		if health := w.health(); health != nil {
			t.Errorf("before the first sweep: %+v", health)
		}
		began := time.Now().UTC().Truncate(time.Millisecond)
		w.addByHand("stowage-acme-0", 1)
		sweep(t, r)
		got := w.health()
		if got.RelayVersion != "0.3.0" || got.Swept.Before(began) || got.Compared != got.Swept || got.Projects != 1 ||
			got.Repaired != 1 || got.Failures != 0 || !got.Event.IsZero() {
			t.Errorf("recorded %+v", got)
		}
		calls.take()
		time.Sleep(time.Minute)
		sweep(t, r)
		if n := calls.take()["UpdateItem"]; n != 1 {
			t.Errorf("a sweep recorded its outcome with %d calls", n)
		}
		again := w.health()
		if again.Swept.Sub(got.Swept).Round(time.Second) != time.Minute || again.Compared != got.Compared {
			t.Errorf("recorded %+v", again)
		}

		w.spoil(account, "stowage-acme-0")
		time.Sleep(5 * time.Minute)
		if _, err := r.Handle(t.Context(), []byte(schedule)); err == nil {
			t.Error("the sweep succeeds")
		}
		if got = w.health(); got.Failures != 1 || !strings.Contains(got.Failure, "comparing the project acme") ||
			got.Failed != got.Swept {
			t.Errorf("recorded %+v", got)
		}
	})
}

const acmeStack = "arn:aws:cloudformation:" + region + ":" + account + ":stack/stowage-acme-0/1"

// TestHealth_Event checks that events are recorded once a minute by each process, whatever their
// number.
func TestHealth_Event(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		must(t, w.process().CreateProject(t.Context(), project("acme")))
		r, calls := w.relay()
		var updates int
		for range 3 {
			_, err := r.Handle(t.Context(), bus(t, acmeStack, "UPDATE_COMPLETE"))
			must(t, err)
			updates += calls.take()["UpdateItem"]
			time.Sleep(20 * time.Second)
		}
		first := w.health().Event
		if updates != 1 || time.Since(first).Round(time.Second) != time.Minute {
			t.Errorf("%d updates, event %s ago", updates, time.Since(first))
		}
		_, err := r.Handle(t.Context(), bus(t, acmeStack, "UPDATE_COMPLETE"))
		must(t, err)
		if got := w.health().Event; got.Sub(first).Round(time.Second) != time.Minute || calls.take()["UpdateItem"] != 1 {
			t.Errorf("the last event is recorded %s after the first", got.Sub(first))
		}
	})
}
