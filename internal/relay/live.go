package relay

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
)

// store is what the routes need of the mirror's table.
type store interface {
	// Positions is where the projects stand; those that there aren't are left out.
	Positions(ctx context.Context, projects []string) (map[string]event.Position, error)
	Events(ctx context.Context, project string, after int64) ([]event.Event, error)
	Read(ctx context.Context, project string) (*mirror.Snapshot, error)

	// Expire lets the operations of a project expire that their writers have left behind, and says how many there were.
	Expire(ctx context.Context, project string) (expired int, err error)

	Connect(ctx context.Context, c client) error
	Disconnect(ctx context.Context, id string) error
	Connections(ctx context.Context) ([]client, error)
	// FallBehind notes whether a client has lost something, so that it is sent no events until it knows.
	FallBehind(ctx context.Context, id string, behind bool) error
}

// sender sends on connections.
type sender interface {
	// Send returns push.ErrGone for a client that has gone, and push.ErrBusy for one that doesn't read.
	Send(ctx context.Context, connection string, m event.Message) error
	// Publish sends the events of a project that have been stored and not been sent, to all that may see the project.
	Publish(ctx context.Context, project string) error
}

// live is what is needed to serve connections. It is safe for concurrent use.
type live struct {
	log    *slog.Logger
	store  store
	sender sender
	// names lists all projects, for those that may see all of them.
	names func(context.Context) ([]string, error)

	snapshots cache[place, event.Snapshot]
	missed    cache[stretch, []event.Event]

	mu     sync.Mutex // protects listed; never held during a call
	listed *listing   // as it was read last
}

// place is a project at a position. Whatever changes a project moves its position, so what was read there is right for as long as that
// stands.
type place struct {
	project string
	at      event.Position
}

// stretch is a part of a project's sequence: what lies behind after, up to a place.
type stretch struct {
	place
	after int64
}

// listing is the directory at a position.
type listing struct {
	at    event.Position
	names []string
}

// commitsBack is how many events are read to find the last commits: each makes a few.
const commitsBack = 5 * event.MaxCommits

// positions are those of all projects that a client may see.
func (l *live) positions(ctx context.Context, c client) (map[string]event.Position, error) {
	if !slices.Contains(c.projects, Everything) {
		return l.store.Positions(ctx, slices.DeleteFunc(slices.Clone(c.projects), func(name string) bool { return !c.sees(name) }))
	}
	// The projects of last time are asked for along with the directory, which tells whether they are still all.
	l.mu.Lock()
	listed := l.listed
	l.mu.Unlock()
	if listed != nil {
		positions, err := l.store.Positions(ctx, append(slices.Clone(listed.names), mirror.Directory))
		if err != nil || positions[mirror.Directory] == listed.at {
			return positions, err
		}
	}
	all, err := l.names(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing the projects: %w", err)
	}
	return l.store.Positions(ctx, append(slices.Clone(all), mirror.Directory))
}

// list are the names of all projects, as the mirror has the directory: it is read again when it has changed only.
func (l *live) list(ctx context.Context) ([]string, error) {
	at, there, err := l.position(ctx, mirror.Directory)
	if err != nil || !there {
		return nil, err
	}
	directory, err := l.snapshot(ctx, mirror.Directory, at)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, stack := range directory.Stacks {
		for _, listing := range stack.Entities.Listings {
			names = append(names, listing.Name)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listed = &listing{at, names}
	return names, nil
}

func (l *live) position(ctx context.Context, project string) (position event.Position, there bool, err error) {
	positions, err := l.store.Positions(ctx, []string{project})
	position, there = positions[project]
	return position, there, err
}

// snapshot is a project as a whole, at a position that was read before. Clients that want the same one share the reading.
func (l *live) snapshot(ctx context.Context, project string, at event.Position) (event.Snapshot, error) {
	return l.snapshots.get(ctx, place{project, at}, func(ctx context.Context) (event.Snapshot, error) {
		past, err := l.store.Events(ctx, project, max(0, at.Seq-commitsBack))
		if err != nil {
			return event.Snapshot{}, err
		}
		past = slices.DeleteFunc(past, func(e event.Event) bool { return e.Seq > at.Seq })
		read, err := l.store.Read(ctx, project)
		if err != nil {
			return event.Snapshot{}, err
		}
		snapshot := read.Live()
		snapshot.Commits = event.Commits(past)
		return snapshot, nil
	})
}

// events are what clients lack that stand at a number, when the project stands at a position that was read before. Clients that lack the same
// share the reading.
func (l *live) events(ctx context.Context, project string, after int64, upto event.Position) ([]event.Event, error) {
	return l.missed.get(ctx, stretch{place{project, upto}, after}, func(ctx context.Context) ([]event.Event, error) {
		return l.store.Events(ctx, project, after)
	})
}
