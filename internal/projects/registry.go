package projects

import (
	"context"
	"sync"

	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/push"
)

// registry finds the hub and its projects, and keeps their handles.
type registry struct {
	process *process
	opening flights[*hub]

	mu  sync.Mutex // guards hub; never held during a call or a wait
	hub *hub
}

// open returns the hub. Its settings are read once per process.
func (r *registry) open(ctx context.Context) (*hub, error) {
	if opened := r.opened(); opened != nil {
		return opened, nil
	}
	return r.opening.do(ctx, r.process.config.Hub, func(ctx context.Context) (*hub, error) {
		if opened := r.opened(); opened != nil {
			return opened, nil
		}
		read, err := r.read(ctx)
		if err != nil {
			return nil, err
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.hub = read
		return read, nil
	})
}

func (r *registry) opened() *hub {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hub
}

func (r *registry) read(ctx context.Context) (*hub, error) {
	account := r.process.config.Clients.Hub()
	settings, err := readHubSettings(ctx, account, r.process.config.Hub)
	if err != nil {
		return nil, err
	}
	read := &hub{
		process: r.process, name: r.process.config.Hub, at: HubLocation{settings.AccountID, settings.Region},
		settings: *settings, table: mirror.New(account.DynamoDB, settings.Table), projects: map[string]*project{},
	}
	if settings.ManagementURL != "" {
		read.pusher = push.New(account.Connections(settings.ManagementURL))
	}
	read.directory = newDirectory(read, account)
	return read, nil
}

// project returns the handle of a project, or of the directory. The project may not exist.
func (r *registry) project(ctx context.Context, name string) (*project, error) {
	opened, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	return opened.project(name), nil
}
