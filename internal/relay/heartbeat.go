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
	// clientsAtOnce is how many connections are written to at the same time.
	clientsAtOnce = 50
	// sendBound is the most that one message to one client may take, lest a slow client holds up the others.
	sendBound = 5 * time.Second
	// spread is the most by which clients spread their new connections, when they are told to connect again.
	spread = 5 * time.Minute
)

// beat lets all clients hear from the server: a heartbeat with the positions of their projects, and, when their connections end soon, that
// they should connect again. Connections that have ended are removed: API Gateway doesn't always tell.
func (l *live) beat(ctx context.Context) error {
	clients, err := l.store.Connections(ctx)
	if err != nil {
		return fmt.Errorf("reading the connections: %w", err)
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	heartbeats, err := l.heartbeats(ctx, clients)
	if err != nil {
		return err
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
			return l.store.FallBehind(ctx, c.id, false) // it knows by now what it lacks
		case err == nil:
			return nil
		case errors.Is(err, push.ErrGone):
			removed.Add(1)
			return l.store.Disconnect(ctx, c.id)
		}
		// A client that doesn't read is no failure of ours: it finds out by itself what it lacks.
		failed.Add(1)
		return nil
	})
	l.log.InfoContext(ctx, "heartbeats", "connections", len(clients), "ending", told.Load(), "removed", removed.Load(), "unreached", failed.Load(), "took", time.Since(now).String())
	return err
}

// group is the same for all clients that may see the same projects.
func (c client) group() string { return strings.Join(c.projects, " ") }

// heartbeats are the heartbeats of all groups of clients. Those that may see the same share a reading.
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

// sendAt sends a message of the server on a connection.
func (l *live) sendAt(ctx context.Context, connection string, now time.Time, t event.Type, data any) error {
	m, err := event.Of(t, data)
	if err != nil {
		return err
	}
	m.Time = now
	return l.sender.Send(ctx, connection, m)
}
