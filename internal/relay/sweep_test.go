package relay_test

import (
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/relay"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

const schedule = `{"version":"0","source":"aws.events","detail-type":"Scheduled Event","time":"2026-11-23T12:03:00Z","detail":{}}`

func sweep(t *testing.T, r *relay.Relay) {
	t.Helper()
	_, err := r.Handle(t.Context(), []byte(schedule))
	must(t, err)
}

// TestSweep_LostNotifications checks the repair, in the next interval if a
// comparison was just made.
func TestSweep_LostNotifications(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		must(t, w.process().CreateProject(t.Context(), project("acme")))
		r, _ := w.relay()
		sweep(t, r)
		w.addByHand("stowage-acme-0", 3)
		sweep(t, r)
		if n := len(w.mirrored("acme").Bodies[0].Contents.Foreign); n != 0 {
			t.Errorf("a second comparison at once has repaired %d", n)
		}
		time.Sleep(5 * time.Minute)
		sweep(t, r)
		if n := len(w.mirrored("acme").Bodies[0].Contents.Foreign); n != 3 {
			t.Errorf("the mirror shows %d of 3 resources", n)
		}
	})
}

// TestSweep_NoTemplatesRead expects two calls per stack, and as many for the list
// of projects.
func TestSweep_NoTemplatesRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		for _, name := range []string{"acme", "globex", "initech"} {
			must(t, w.process().CreateProject(t.Context(), project(name)))
		}
		r, calls := w.relay()
		must(t, r.Compare(t.Context()))
		calls.take()
		must(t, r.Compare(t.Context()))
		want := map[string]int{"Query": 2 + 3, "DescribeStacks": 2 + 3}
		if got := calls.take(); !maps.Equal(got, want) {
			t.Error(cmp.Diff(want, got))
		}
	})
}

func TestSweep_ContinuesAfterFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		other := model.Project{Name: "globex", AccountID: "444455556666", Region: region, OnDelete: model.Refuse}
		must(t, w.process().CreateProject(t.Context(), other))
		must(t, w.process().CreateProject(t.Context(), project("acme")))
		r, _ := w.relay()
		must(t, r.Compare(t.Context()))
		w.addByHand("stowage-acme-0", 3)
		w.spoil(other.AccountID, "stowage-globex-0")
		if err := r.Compare(t.Context()); err == nil || !strings.Contains(err.Error(), "comparing the project globex") ||
			strings.Contains(err.Error(), "acme") {
			t.Errorf("the failure is not reported: %v", err)
		}
		if n := len(w.mirrored("acme").Bodies[0].Contents.Foreign); n != 3 {
			t.Errorf("the mirror shows %d of 3 resources", n)
		}
	})
}

func TestSweep_Throttling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		must(t, w.process().CreateProject(t.Context(), project("acme")))
		r, _ := w.relay()
		w.addByHand("stowage-acme-0", 3)
		must(t, w.box.AddFaults(sandbox.Fault{Service: "*", Effect: sandbox.Throttle, Every: 2, For: "1m"}))
		sweep(t, r)
		if n := len(w.mirrored("acme").Bodies[0].Contents.Foreign); n != 3 {
			t.Errorf("the mirror shows %d of 3 resources", n)
		}
	})
}
