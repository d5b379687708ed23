package relay

import (
	"context"
	"errors"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/mirror"
)

const (
	// recordEvery is the precision of the time of the last event. Each process records it once in
	// this time at most, so that a storm of events does not become one of writes.
	recordEvery = time.Minute
	// recordBound limits a record, which must not delay what it is about.
	recordBound = 2 * time.Second
)

// recordSweep records the outcome of a sweep, even if the sweep ran out of time.
func (r *Relay) recordSweep(ctx context.Context, s mirror.Sweep) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordBound)
	defer cancel()
	s.RelayVersion = r.version
	hub, err := r.projects.Synchronizer().Live(ctx)
	if err != nil {
		return errors.Join(s.Err, err)
	}
	return errors.Join(s.Err, hub.Table.RecordSweep(ctx, s))
}

// recordEvent records that an event about a stack arrived. A failure is only logged: the event was
// handled.
func (r *Relay) recordEvent(ctx context.Context) {
	now := time.Now()
	r.mu.Lock()
	due := r.recorded.IsZero() || now.Sub(r.recorded) >= recordEvery
	if due {
		r.recorded = now
	}
	r.mu.Unlock()
	if !due {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, recordBound)
	defer cancel()
	hub, err := r.projects.Synchronizer().Live(ctx)
	if err == nil {
		err = hub.Table.RecordEvent(ctx, now)
	}
	if err != nil {
		r.log.WarnContext(ctx, "the time of the event could not be recorded", "error", err.Error())
	}
}
