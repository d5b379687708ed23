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

// store is the subset of the mirror's table that the routes need.
type store interface {
	// Positions returns the positions of the projects that exist.
	Positions(ctx context.Context, projects []string) (map[string]event.Position, error)
	Events(ctx context.Context, project string, after int64) ([]event.Event, error)
	Read(ctx context.Context, project string) (*mirror.Snapshot, error)

	// Expire expires the operations of a project that their writers have abandoned, and returns
	// their number.
	Expire(ctx context.Context, project string) (expired int, err error)

	Connect(ctx context.Context, c client) error
	Disconnect(ctx context.Context, id string) error
	Connections(ctx context.Context) ([]client, error)
	// FallBehind records whether a client has missed events. Such a client receives no events until
	// it is told.
	FallBehind(ctx context.Context, id string, behind bool) error
}

type sender interface {
	// Send returns push.ErrGone for a closed connection, and push.ErrBusy for a client that does
	// not read.
	Send(ctx context.Context, connection string, m event.Message) error
	// Publish sends the pending events of a project to all clients with access to it.
	Publish(ctx context.Context, project string) error
}

// live serves connections. It is safe for concurrent use.
type live struct {
	log    *slog.Logger
	store  store
	sender sender
	// names lists all projects, for clients with access to all of them.
	names func(context.Context) ([]string, error)

	snapshots cache[place, event.Snapshot]
	missed    cache[stretch, []event.Event]

	mu     sync.Mutex // protects listed; never held during a call
	listed *listing   // the last one read
}

// place is a project at a position. Every change of a project moves its position, so what was read
// at a position is valid until the position changes.
type place struct {
	project string
	at      event.Position
}

// stretch is a range of a project's events: those after the number after, up to a place.
type stretch struct {
	place
	after int64
}

// listing is the directory at a position.
type listing struct {
	at    event.Position
	names []string
}

// commitsBack is the number of events that are read to find the last commits: a commit makes a few
// events.
const commitsBack = 5 * event.MaxCommits

// positions returns the positions of all projects that a client may see.
func (l *live) positions(ctx context.Context, c client) (map[string]event.Position, error) {
	if !slices.Contains(c.projects, Everything) {
		return l.store.Positions(
			ctx, slices.DeleteFunc(slices.Clone(c.projects), func(name string) bool { return !c.sees(name) }),
		)
	}
	// The projects of the last list are requested together with the directory, which shows whether
	// the list is still complete.
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

// list returns the names of all projects in the mirror's directory. It reads the directory again
// only after a change.
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
		for _, listing := range stack.Entities.DirectoryEntries {
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

// snapshot returns a whole project at a position that was read before. Clients that request the
// same one share the read.
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

// events returns the events after a number, up to a position that was read before. Clients that
// miss the same events share the read.
func (l *live) events(ctx context.Context, project string, after int64, upto event.Position) ([]event.Event, error) {
	return l.missed.get(ctx, stretch{place{project, upto}, after}, func(ctx context.Context) ([]event.Event, error) {
		return l.store.Events(ctx, project, after)
	})
}
