package relay

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/push"
)

const (
	// clientsAtOnce is the number of connections that are written concurrently.
	clientsAtOnce = 50
	// sendBound limits one message to one client, so that a slow client does not delay the others.
	sendBound = 5 * time.Second
	// spread is the maximum random delay of a new connection when clients are asked to reconnect.
	spread = 5 * time.Minute
)

// sendHeartbeats sends all clients a heartbeat with the positions of their projects. It asks
// clients whose connections end soon to reconnect. It removes ended connections, since API Gateway
// does not report all of them. It returns the number of the others.
func (l *live) sendHeartbeats(ctx context.Context) (connections int, err error) {
	clients, err := l.store.Connections(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading the connections: %w", err)
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	heartbeats, err := l.heartbeats(ctx, clients)
	if err != nil {
		return len(clients), err
	}
	var removed, told, failed atomic.Int64
	err = forEach(ctx, clientsAtOnce, clients, func(ctx context.Context, c client) error {
		ctx, cancel := context.WithTimeout(ctx, sendBound)
		defer cancel()
		var err error
		left := c.ends.Sub(now)
		if left <= 0 {
			err = push.ErrGone
		}
		if err == nil {
			err = l.sendAt(ctx, c.id, now, event.TypeHeartbeat, heartbeats[c.group()])
		}
		if err == nil && left <= event.ReconnectAhead {
			told.Add(1)
			err = l.sendAt(ctx, c.id, now, event.TypeReconnect, event.Reconnect{
				Ends: c.ends, SpreadSeconds: max(1, int(min(spread, left/2)/time.Second)),
			})
		}
		switch {
		case err == nil && c.behind:
			return l.store.FallBehind(ctx, c.id, false) // the heartbeat tells it what it is missing
		case err == nil:
			return nil
		case errors.Is(err, push.ErrGone):
			removed.Add(1)
			return l.store.Disconnect(ctx, c.id)
		}
		// A client that does not read is not a failure: it detects what it is missing.
		failed.Add(1)
		return nil
	})
	l.log.InfoContext(
		ctx, "heartbeats", "connections", len(clients), "ending", told.Load(), "removed", removed.Load(),
		"unreached", failed.Load(), "took_ms", time.Since(now).Milliseconds(),
	)
	return len(clients) - int(removed.Load()), err
}

// group returns a key that is equal for clients with the same visible projects.
func (c client) group() string { return strings.Join(c.projects, " ") }

// heartbeats returns the heartbeats of all groups of clients. Clients with the same visible
// projects share a read.
func (l *live) heartbeats(ctx context.Context, clients []client) (map[string]event.Heartbeat, error) {
	heartbeats := map[string]event.Heartbeat{}
	for _, c := range clients {
		if _, made := heartbeats[c.group()]; made {
			continue
		}
		positions, err := l.positions(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("reading the positions of projects: %w", err)
		}
		heartbeats[c.group()] = event.Heartbeat{Projects: positions}
	}
	return heartbeats, nil
}

func (l *live) sendAt(ctx context.Context, connection string, now time.Time, t event.Type, data any) error {
	m, err := event.Of(t, data)
	if err != nil {
		return err
	}
	m.Time = now
	return l.sender.Send(ctx, connection, m)
}
