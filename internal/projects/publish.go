package projects

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

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
func (s *Service) Live(ctx context.Context) (Live, error) {
	h, err := s.open(ctx)
	if err != nil {
		return Live{}, err
	}
	return Live{h.table, h.pusher}, nil
}

// Publish sends the events of a project, or of the directory, that nobody has sent yet to all that may see it. Clients that have gone are
// removed, those that don't read are left to catch up; both are no failures. Without a WebSocket API it does nothing.
//
// With nothing to send it takes one Query; else two more, a post for each client and 32 KB, and a write.
func (s *Service) Publish(ctx context.Context, project string) error {
	h, err := s.open(ctx)
	if err != nil || h.pusher == nil {
		return err
	}
	return s.publish(ctx, h, project, publishPatience)
}

// publish takes part in a round of publishing that takes no longer than bound.
func (s *Service) publish(ctx context.Context, h *hub, project string, bound time.Duration) error {
	_, err := s.project(project).publishing.do(ctx, func(ctx context.Context) (struct{}, error) {
		ctx, cancel := context.WithTimeout(ctx, bound)
		defer cancel()
		return struct{}{}, h.publish(ctx, project)
	})
	return err
}

// publish is one round of publishing.
func (h *hub) publish(ctx context.Context, project string) error {
	unsent, err := h.table.Unsent(ctx, project)
	if err != nil || unsent.None() {
		return err
	}
	// Who connects later hears of the events in answer to its hello, so the connections are read after the events were stored.
	audience, err := h.table.Audience(ctx, project)
	if err != nil {
		return err
	}
	if len(audience) > 0 {
		events, err := h.table.Events(ctx, project, unsent.After.Seq)
		if err != nil {
			return err
		}
		if unsent.Upto, err = h.send(ctx, audience, events, unsent); err != nil {
			return err
		}
	}
	return h.table.Sent(ctx, project, unsent.Upto)
}

// send sends events to clients and says how far they went.
func (h *hub) send(ctx context.Context, audience []mirror.Connection, events []event.Event, unsent mirror.Unsent) (upto event.Position, err error) {
	upto = unsent.Upto
	if n := len(events); n > 0 {
		upto = events[n-1].Position() // there may be more of them by now, or another epoch
	}
	ids := make([]string, len(audience))
	for i, c := range audience {
		ids[i] = c.ID
	}
	result := h.pusher.Publish(ctx, ids, events)
	return upto, errors.Join(result.Err, h.note(ctx, result))
}

// note notes who has gone and who has fallen behind.
func (h *hub) note(ctx context.Context, result push.Result) error {
	var (
		group  sync.WaitGroup
		mu     sync.Mutex
		failed error
	)
	places := make(chan struct{}, notesAtOnce)
	do := func(note func() error) {
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			if err := note(); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = err // one of them tells enough
			}
		})
	}
	for _, id := range result.Gone {
		do(func() error { return h.table.Disconnect(ctx, id) })
	}
	for _, id := range result.Behind {
		do(func() error { return h.table.FallBehind(ctx, id, true) })
	}
	group.Wait()
	return failed
}

// notesAtOnce is how many connections are noted in the table at the same time.
const notesAtOnce = 16

// tell publishes what this process has just stored. It takes no longer than publishBound, and a failure is no failure of the change: the
// relay's sweep sends what is left.
func (s *Service) tell(ctx context.Context, h *hub, project string) {
	if h.pusher == nil {
		return
	}
	err := s.publish(ctx, h, project, publishBound)
	if err != nil {
		s.config.Warn(ctx, "Web clients could not be told of the change; the relay does it within a minute", map[string]any{
			"project": project, "error": strings.TrimSpace(err.Error()),
		})
	}
}
