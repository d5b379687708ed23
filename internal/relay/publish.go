package relay

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/mirror"
)

// publish sends the pending events of a project to its clients. After a failure the next sweep
// sends them.
func (r *Relay) publish(ctx context.Context, project string) {
	live, err := r.open(ctx)
	if errors.Is(err, errNobody) {
		return
	}
	if err == nil {
		err = live.publish(ctx, project)
	}
	if err != nil {
		r.log.WarnContext(ctx, "events could not be sent; the next sweep does it", "project", project, "error", err.Error())
	}
}

// sweepLive is the part of a sweep that runs every time. It returns the number of web clients.
func (r *Relay) sweepLive(ctx context.Context) (connections int, err error) {
	live, err := r.open(ctx)
	if errors.Is(err, errNobody) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	err = live.republish(ctx)
	connections, lost := live.sendHeartbeats(ctx)
	return connections, errors.Join(err, lost)
}

// errNobody reports that the hub has no WebSocket API and therefore no clients.
var errNobody = errors.New("the hub has no WebSocket API")

// republish does for all projects what every sweep does: it expires abandoned operations and sends
// pending events. It continues after a project's failure and returns all errors.
func (l *live) republish(ctx context.Context) error {
	names, err := l.all(ctx)
	if err != nil {
		return err
	}
	return forEach(ctx, projectsAtOnce, names, func(ctx context.Context, name string) error {
		_, err := l.store.Expire(ctx, name)
		if err != nil {
			err = fmt.Errorf("letting operations of the project %s expire: %w", name, err)
		}
		return errors.Join(err, l.publish(ctx, name))
	})
}

// projectsAtOnce is the number of projects that are repaired concurrently.
const projectsAtOnce = 8

func (l *live) publish(ctx context.Context, project string) error {
	if err := l.sender.Publish(ctx, project); err != nil {
		return fmt.Errorf("sending the events of the project %s: %w", project, err)
	}
	return nil
}

// all returns the names of all projects, and of the directory.
func (l *live) all(ctx context.Context) ([]string, error) {
	names, err := l.names(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing the projects: %w", err)
	}
	return append(slices.Clone(names), mirror.Directory), nil
}
