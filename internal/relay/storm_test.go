package relay_test

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/relay"
)

const (
	stormEvents = 1000
	stormStacks = 10
)

// lambdaPool runs events as Lambda does: a process handles one event at a time, and an event that
// finds none free starts another process.
type lambdaPool struct {
	start func() *relay.Relay

	mu      sync.Mutex // protects the fields below; never held during a call
	free    []*relay.Relay
	started int
}

func (p *lambdaPool) Handle(ctx context.Context, event []byte) ([]byte, error) {
	p.mu.Lock()
	var r *relay.Relay
	if n := len(p.free); n > 0 {
		r, p.free = p.free[n-1], p.free[:n-1]
	} else {
		p.started++
	}
	p.mu.Unlock()
	if r == nil {
		r = p.start()
	}
	defer func() {
		p.mu.Lock()
		p.free = append(p.free, r)
		p.mu.Unlock()
	}()
	return r.Handle(ctx, event)
}

// stormProject returns a project in an account of its own.
func stormProject(i int) model.Project {
	return model.Project{
		Name: fmt.Sprintf("storm-%d", i), AccountID: fmt.Sprintf("77770000%04d", i), Region: region, OnDelete: model.Refuse,
	}
}

// stormProjects creates the projects and returns the IDs of their stacks.
func (w *world) stormProjects() []string {
	w.t.Helper()
	ids := make([]string, stormStacks)
	for i := range ids {
		must(w.t, w.process().CreateProject(w.t.Context(), stormProject(i)))
		ids[i] = w.mirrored(stormProject(i).Name).Heads[0].StackID
	}
	return ids
}

// storm changes each stack once by hand, within its first 45 seconds, and sends the events.
func (w *world) storm(ids []string, at func(i int) time.Duration, send func(event []byte) error) {
	w.t.Helper()
	var group sync.WaitGroup
	for i := range ids {
		group.Go(func() {
			time.Sleep(time.Duration(i) * time.Second)
			w.addByHandIn(stormProject(i).AccountID, "stowage-"+stormProject(i).Name+"-0", 3)
		})
	}
	for i := range stormEvents {
		group.Go(func() {
			time.Sleep(at(i))
			status := "UPDATE_IN_PROGRESS"
			if at(i) > 45*time.Second {
				status = "UPDATE_COMPLETE"
			}
			if err := send(bus(w.t, ids[i%stormStacks], status)); err != nil {
				w.t.Error(err)
			}
		})
	}
	group.Wait()
}

// TestStorm sends 1,000 events of ten stacks in ten accounts within a minute, while each stack is
// changed by hand once. The mirror shows every change afterwards. The counts are those of the guide
// "Running a hub". Which process of Lambda has which role already, and how often two of them race
// for a write, depends on the order of events at one moment: most bounds that.
func TestStorm(t *testing.T) {
	spread := func(i int) time.Duration { return time.Duration(i) * time.Minute / stormEvents }
	bursts := func(i int) time.Duration { return time.Duration(i/100) * 6 * time.Second }
	for _, c := range []struct {
		name      string
		at        func(i int) time.Duration
		processes int // of Lambda; 0 for a single process that handles all events
		want      map[string]int
		most      map[string]int
	}{
		{"one process, spread", spread, 0, map[string]int{
			"Query": 1000, "DescribeStacks": 1020, "GetTemplate": 10, "TransactGetItems": 20, "TransactWriteItems": 20,
			"AssumeRole": 10, "GetParameter": 1, "UpdateItem": 1,
		}, nil},
		{"one process, bursts", bursts, 0, map[string]int{
			"Query": 100, "DescribeStacks": 120, "GetTemplate": 10, "TransactGetItems": 20, "TransactWriteItems": 20,
			"AssumeRole": 10, "GetParameter": 1, "UpdateItem": 1,
		}, nil},
		{"Lambda, spread", spread, 5, map[string]int{
			"Query": 1000, "DescribeStacks": 1020, "GetTemplate": 10, "TransactGetItems": 20, "TransactWriteItems": 20,
			"GetParameter": 5, "GetCallerIdentity": 5, "UpdateItem": 5,
		}, map[string]int{"AssumeRole": 50}},
		// A hundred events at once start a hundred processes, and the ten of one stack read it at once.
		{"Lambda, bursts", bursts, 100, map[string]int{
			"Query": 1000, "DescribeStacks": 1200, "GetTemplate": 100, "GetParameter": 100, "GetCallerIdentity": 100,
			"UpdateItem": 100,
		}, map[string]int{"AssumeRole": 1000, "TransactGetItems": 600, "TransactWriteItems": 600}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, true)
				ids := w.stormProjects()
				one, calls := w.relay()
				pool := &lambdaPool{start: func() *relay.Relay { return w.relayOver(calls) }}
				handle := one.Handle
				if c.processes > 0 {
					handle = pool.Handle
				}
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				go w.box.Run(ctx)
				w.storm(ids, c.at, func(event []byte) error { _, err := handle(ctx, event); return err })
				got := calls.take()
				for call, most := range c.most {
					if got[call] > most {
						t.Errorf("%d %s, at most %d are expected", got[call], call, most)
					}
					delete(got, call)
				}
				if !maps.Equal(got, c.want) || pool.started != c.processes {
					t.Errorf("%d processes: %s", pool.started, cmp.Diff(c.want, got))
				}
				for i := range ids {
					snapshot := w.mirrored(stormProject(i).Name)
					if n := len(snapshot.Bodies[0].Contents.Foreign); n != 3 || snapshot.Heads[0].Status != "UPDATE_COMPLETE" {
						t.Errorf("the mirror of project %d shows %d of 3 resources in the status %s", i, n, snapshot.Heads[0].Status)
					}
				}
				// Nothing is left to repair.
				must(t, one.Compare(ctx))
				if repaired := calls.take()["TransactWriteItems"]; repaired != 0 {
					t.Errorf("%d stacks were repaired afterwards", repaired)
				}
			})
		})
	}
}
