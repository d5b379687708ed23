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

// Publishing is sending events to the web clients that watch. Whoever stores an event publishes it: in this process that is a commit before
// Terraform hears of its end, and an announcement before CloudFormation begins; in the relay it is whatever a notification or a sweep has
// found. Events that were stored and not sent, as their process died or ran out of time, are sent by whoever comes next, and by the sweep
// at the latest. Those who want to publish events of the same project at the same time share the next round.

const (
	// publishBound is the most that publishing may hold up an apply.
	publishBound = 2 * time.Second
	// publishPatience is the most that publishing takes where nobody waits for it.
	publishPatience = time.Minute
)

// Live is what is needed to serve web clients.
type Live struct {
	Table *mirror.Table
	// Pusher reaches the clients; nil when the hub has no WebSocket API, so that there are none.
	Pusher *push.Pusher
}

// Live says how web clients are served.
func (s *Synchronizer) Live(ctx context.Context) (Live, error) {
	hub, err := s.registry.open(ctx)
	if err != nil {
		return Live{}, err
	}
	return Live{hub.table, hub.pusher}, nil
}

// Publish sends the events of a project, or of the directory, that have not been sent yet to all that may see it. Clients that have gone are
// removed, those that don't read are left to catch up; both are no failures. Without a WebSocket API it does nothing.
//
// With nothing to send it takes one Query; else two more, a post for each client and 32 KB, and a write.
func (s *Synchronizer) Publish(ctx context.Context, project string) error {
	proj, err := s.registry.project(ctx, project)
	if err != nil {
		return err
	}
	return proj.publish(ctx, publishPatience)
}

// publish takes part in a round of publishing the events of a project that takes no longer than bound. Without a WebSocket API it does
// nothing.
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

// tell publishes what this process has just stored. It takes no longer than publishBound, and a failure is no failure of the change: the
// relay's sweep sends what is left.
func (proj *project) tell(ctx context.Context) {
	if err := proj.publish(ctx, publishBound); err != nil {
		proj.hub.config.Warn(ctx, "Web clients could not be told of the change; the relay does it within a minute", map[string]any{
			"project": proj.name, "error": strings.TrimSpace(err.Error()),
		})
	}
}

// publish is one round of publishing.
func (hub *hub) publish(ctx context.Context, project string) error {
	unsent, err := hub.table.Unsent(ctx, project)
	if err != nil || unsent.None() {
		return err
	}
	// Who connects later hears of the events in answer to its hello, so the connections are read after the events were stored.
	audience, err := hub.table.Audience(ctx, project)
	if err != nil {
		return err
	}
	if len(audience) > 0 {
		events, err := hub.table.Events(ctx, project, unsent.After.Seq)
		if err != nil {
			return err
		}
		if unsent.Upto, err = hub.send(ctx, audience, events, unsent); err != nil {
			return err
		}
	}
	return hub.table.Sent(ctx, project, unsent.Upto)
}

// send sends events to clients and says how far they went.
func (hub *hub) send(ctx context.Context, audience []mirror.Connection, events []event.Event, unsent mirror.Unsent) (upto event.Position, err error) {
	upto = unsent.Upto
	if n := len(events); n > 0 {
		upto = events[n-1].Position() // there may be more of them by now, or another epoch
	}
	ids := make([]string, len(audience))
	for i, c := range audience {
		ids[i] = c.ID
	}
	result := hub.pusher.Publish(ctx, ids, events)
	return upto, errors.Join(result.Err, hub.note(ctx, result))
}

// note notes who has gone and who has fallen behind. One error is enough to return, and stops no other note.
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

// notesAtOnce is how many connections are noted in the table at the same time.
const notesAtOnce = 16
