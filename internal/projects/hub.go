package projects

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/push"
)

// hub is an open hub: the mirror's table, the web clients and the directory.
type hub struct {
	*process

	name      string
	at        HubLocation
	settings  hubSettings
	table     *mirror.Table
	pusher    *push.Pusher // nil when there is no WebSocket API
	directory *directory

	mu       sync.Mutex // guards projects; never held during a call or a wait
	projects map[string]*project
}

// project returns the handle of a project, or of the directory. The project may not exist.
func (hub *hub) project(name string) *project {
	if name == directoryName {
		return hub.directory.project
	}
	hub.mu.Lock()
	defer hub.mu.Unlock()
	proj := hub.projects[name]
	if proj == nil {
		proj = newProject(hub, name)
		hub.projects[name] = proj
	}
	return proj
}

// forget drops the handle of a project that was deleted, has moved or does not exist.
func (hub *hub) forget(name string) {
	hub.mu.Lock()
	defer hub.mu.Unlock()
	delete(hub.projects, name)
}

// mirrorBound limits how long a write of the mirror may delay an apply: the relay's sweep repairs
// the rest.
const mirrorBound = 2 * time.Second

// mirrored reads a partition of the mirror. The mirror is disposable: if it can't be read within
// mirrorBound, it warns and the stacks are read. A table that does not exist is an error, as the
// hub's settings are wrong.
func (hub *hub) mirrored(ctx context.Context, partition string) (*mirror.Snapshot, error) {
	if hub.config.ReadMode == Authoritative {
		return &mirror.Snapshot{}, nil
	}
	snapshot, err := hub.table.ReadWithin(ctx, partition, mirrorBound)
	if missing := hub.missingTable(err); missing != nil {
		return nil, missing
	}
	if err != nil {
		hub.warnUnread(ctx, partition, err)
		return &mirror.Snapshot{}, nil
	}
	return snapshot, nil
}

// drifts reads the drift of a project's stacks in AWS: no template holds it. If it can't be read
// within mirrorBound, it warns that none is shown.
func (hub *hub) drifts(ctx context.Context, project string) map[int]*mirror.Drift {
	drifts, err := mirror.ReadDrifts(ctx, hub.table, project, mirrorBound)
	if err != nil {
		hub.warnMirror(ctx, "read", project, err)
		hub.warnings.addUnread(MirrorWarning{hub.settings.Table, hub.at, err, true})
	}
	return drifts
}

// mirroredNow reads a partition of the mirror for a caller that needs it.
func (hub *hub) mirroredNow(ctx context.Context, partition string) (*mirror.Snapshot, error) {
	snapshot, err := hub.table.Read(ctx, partition)
	if missing := hub.missingTable(err); missing != nil {
		return nil, missing
	}
	if err != nil {
		return nil, fmt.Errorf("reading the mirror: %w", err)
	}
	return snapshot, nil
}

// clearMirror removes a project that no longer exists from the mirror.
func (hub *hub) clearMirror(ctx context.Context, project string) {
	if err := hub.table.Forget(ctx, project); err != nil {
		hub.warnMirror(ctx, "cleared", project, err)
	}
}

// warnUnread warns that the mirror could not be read: in the log and, once per process, to the
// user.
func (hub *hub) warnUnread(ctx context.Context, partition string, err error) {
	hub.warnMirror(ctx, "read", partition, err)
	hub.warnings.addUnread(MirrorWarning{hub.settings.Table, hub.at, err, false})
}

// missingTable returns the *HubError for a table that does not exist; nil for any other error.
func (hub *hub) missingTable(err error) error {
	if !model.IsNotFound(err, model.NotFoundTable) {
		return nil
	}
	return hub.error(
		badHubSettings("table", fmt.Sprintf("the DynamoDB table %q does not exist in %s", hub.settings.Table, hub.at)),
	)
}

// error wraps an error with the hub in a *HubError.
func (hub *hub) error(err error) error {
	return &HubError{Hub: hub.name, Parameter: hubParameter(hub.name), At: hub.at, Err: err}
}
