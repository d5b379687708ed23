package relay

import (
	"context"
	"errors"
)

// publish tells those who watch a project what has been stored and not been sent yet.
func (r *Relay) publish(context.Context, string) {}

func (r *Relay) sweepLive(context.Context) error { return nil }

// open is what is needed to serve connections.
func (r *Relay) open(context.Context) (*live, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.opened != nil {
		return r.opened, nil
	}
	return nil, errors.New("the hub has no WebSocket API")
}
