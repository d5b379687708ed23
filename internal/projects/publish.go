package projects

import (
	"context"
	"errors"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/push"
)

// Publishing is sending events to web clients. The process that stores an event publishes it. This
// process publishes a commit before Terraform gets its result, and an announcement before
// CloudFormation begins; the relay publishes what a notification or a sweep has found. Events that
// were stored but not sent, because their process died or ran out of time, are sent by the next
// publisher, and by the sweep at the latest. Concurrent publishers of a project share the next
// round.

const (
	// publishBound limits how long publishing may delay an apply.
	publishBound = 2 * time.Second
	// publishPatience limits publishing when no caller waits for it.
	publishPatience = time.Minute
)

// Live holds what is needed to serve web clients.
type Live struct {
	Table *mirror.Table
	// Pusher sends to the clients; nil when the hub has no WebSocket API.
	Pusher *push.Pusher
}

// Live returns what is needed to serve web clients.
func (s *Synchronizer) Live(ctx context.Context) (Live, error) {
	hub, err := s.registry.open(ctx)
	if err != nil {
		return Live{}, err
	}
	return Live{hub.table, hub.pusher}, nil
}

// Publish sends the pending events of a project, or of the directory, to all authorized clients.
// Clients that are disconnected are removed, and slow ones are left to catch up; neither is an
// error. Without a WebSocket API it does nothing.
//
// Without pending events it takes one Query; else two more, a post for each client and 32 KB, and a
// write.
func (s *Synchronizer) Publish(ctx context.Context, project string) error {
	proj, err := s.registry.project(ctx, project)
	if err != nil {
		return err
	}
	return proj.publish(ctx, publishPatience)
}

// publish joins a round of publishing the events of a project, for at most bound. Without a
// WebSocket API it does nothing.
func (proj *project) publish(ctx context.Context, bound time.Duration) error {
	if proj.hub.pusher == nil {
		return nil
	}
	_, err := proj.publishing.do(ctx, func(ctx context.Context) (struct{}, error) {
		ctx, cancel := context.WithTimeout(ctx, bound)
		defer cancel()
		return struct{}{}, proj.hub.publish(ctx, proj.name)
	})
	return err
}

// tell publishes what this process has just stored, for at most publishBound. The change succeeds
// even if publishing fails: the relay's sweep sends the rest.
func (proj *project) tell(ctx context.Context) {
	if err := proj.publish(ctx, publishBound); err != nil {
		proj.hub.config.Warn(
			ctx, "Web clients could not be told of the change; the relay does it within a minute",
			map[string]any{"project": proj.name, "error": strings.TrimSpace(err.Error())},
		)
	}
}

// publish is one round of publishing.
func (hub *hub) publish(ctx context.Context, project string) error {
	pending, err := hub.table.Pending(ctx, project)
	if err != nil || pending.None() {
		return err
	}
	// A client that connects later gets the events in response to its hello, so the connections are
	// read after the events were stored.
	audience, err := hub.table.Audience(ctx, project)
	if err != nil {
		return err
	}
	if len(audience) > 0 {
		events, err := hub.table.Events(ctx, project, pending.After.Seq)
		if err != nil {
			return err
		}
		if pending.Upto, err = hub.send(ctx, audience, events, pending); err != nil {
			return err
		}
	}
	return hub.table.Sent(ctx, project, pending.Upto)
}

// send sends events to clients and returns the position up to which they were sent.
func (hub *hub) send(
	ctx context.Context, audience []mirror.Connection, events []event.Event, pending mirror.Pending,
) (upto event.Position, err error) {
	upto = pending.Upto
	if n := len(events); n > 0 {
		upto = events[n-1].Position() // there may be more by now, or another epoch
	}
	ids := make([]string, len(audience))
	for i, c := range audience {
		ids[i] = c.ID
	}
	result := hub.pusher.Publish(ctx, ids, events)
	return upto, errors.Join(result.Err, hub.note(ctx, result))
}

// note records which clients are disconnected or behind. It returns one of the errors and completes
// the other notes.
func (hub *hub) note(ctx context.Context, result push.Result) error {
	var group errgroup.Group
	group.SetLimit(notesAtOnce)
	for _, id := range result.Gone {
		group.Go(func() error { return hub.table.Disconnect(ctx, id) })
	}
	for _, id := range result.Behind {
		group.Go(func() error { return hub.table.FallBehind(ctx, id, true) })
	}
	return group.Wait()
}

// notesAtOnce is how many connections are updated in the table concurrently.
const notesAtOnce = 16
