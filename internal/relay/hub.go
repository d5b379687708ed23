package relay

import (
	"context"
	"fmt"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/push"
)

// tableStore is the store backed by the mirror's table.
type tableStore struct{ *mirror.Table }

func (s tableStore) Connect(ctx context.Context, c client) error {
	return s.Table.Connect(ctx, mirror.Connection{ID: c.id, Projects: c.projects, Ends: c.ends})
}

func (s tableStore) Connections(ctx context.Context) ([]client, error) {
	kept, err := s.Table.Connections(ctx)
	clients := make([]client, len(kept))
	for i, c := range kept {
		clients[i] = client{id: c.ID, projects: c.Projects, ends: c.Ends, behind: c.Behind}
	}
	return clients, err
}

// stageSender sends through the stage of the WebSocket API.
type stageSender struct {
	pusher   *push.Pusher
	projects *projects.Synchronizer
}

func (s stageSender) Send(ctx context.Context, connection string, m event.Message) error {
	return s.pusher.Send(ctx, connection, m)
}

func (s stageSender) Publish(ctx context.Context, project string) error {
	return s.projects.Publish(ctx, project)
}

// open returns what serves connections; errNobody for a hub without a WebSocket API.
func (r *Relay) open(ctx context.Context) (*live, error) {
	r.mu.Lock()
	opened := r.opened
	r.mu.Unlock()
	if opened != nil {
		return opened, nil
	}
	hub, err := r.projects.Synchronizer().Live(ctx)
	if err != nil {
		return nil, fmt.Errorf("finding out how web clients are reached: %w", err)
	}
	if hub.Pusher == nil {
		return nil, errNobody
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.opened == nil {
		r.opened = &live{log: r.log, store: tableStore{hub.Table}, sender: stageSender{hub.Pusher, r.projects.Synchronizer()}}
		r.opened.names = r.opened.list
	}
	return r.opened, nil
}
