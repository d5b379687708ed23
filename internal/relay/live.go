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

	mu        sync.Mutex // protects snapshots; never held during a call
	snapshots map[string]*kept
}

// kept is a snapshot as of a position. Whatever changes a project moves its position, so it is right for as long as that stands.
type kept struct {
	at       event.Position
	snapshot event.Snapshot
}

// mostKept is how many projects' snapshots are kept: a storm of clients that come back wants few projects.
const mostKept = 20

// commitsBack is how many events are read to find the last commits: each makes a few.
const commitsBack = 5 * event.MaxCommits

// positions are those of all projects that a client may see.
func (l *live) positions(ctx context.Context, c client) (map[string]event.Position, error) {
	names := c.projects
	if slices.Contains(names, Everything) {
		all, err := l.names(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the projects: %w", err)
		}
		names = append(slices.Clone(all), mirror.Directory)
	} else {
		names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !c.sees(name) })
	}
	return l.store.Positions(ctx, names)
}

// listed are the names of all projects, as the mirror has the directory: it is read again when it has changed only.
func (l *live) listed(ctx context.Context) ([]string, error) {
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
	return names, nil
}

func (l *live) position(ctx context.Context, project string) (position event.Position, there bool, err error) {
	positions, err := l.store.Positions(ctx, []string{project})
	position, there = positions[project]
	return position, there, err
}

// snapshot is a project as a whole, at a position that was read before or later. Clients that want the same one share the reading.
func (l *live) snapshot(ctx context.Context, project string, at event.Position) (event.Snapshot, error) {
	l.mu.Lock()
	k := l.snapshots[project]
	l.mu.Unlock()
	if k != nil && k.at == at {
		return k.snapshot, nil
	}
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
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.snapshots == nil || len(l.snapshots) >= mostKept && l.snapshots[project] == nil {
		l.snapshots = map[string]*kept{}
	}
	l.snapshots[project] = &kept{at, snapshot}
	return snapshot, nil
}
