package projects

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// project is the handle of a project: its hub, its stacks, and what this process knows of it.
type project struct {
	name    string
	hub     *hub
	memory  memory  // what was read
	changes changes // what is being written

	adding     flights[struct{}]    // of stacks
	rereading  *coalescer[*View]    // of the templates
	refreshing rounds               // of the mirror
	publishing *coalescer[struct{}] // of events
	detection  detection            // of drift in AWS

	mu     sync.Mutex     // guards the fields below; never held during a call or a wait
	shards map[int]*shard // the connected stacks
	// overflow is, by user, the stack of permissions for which the user's own stack has no room.
	// Concurrent ones must be in one stack, as their policies would get the same names in two.
	overflow map[string]int
	scarce   map[string]bool // users with a HeadroomWarning
}

func newProject(hub *hub, name string) *project {
	proj := &project{
		name: name, hub: hub, changes: newChanges(),
		rereading: newCoalescer[*View](), publishing: newCoalescer[struct{}](),
		shards: map[int]*shard{}, overflow: map[string]int{}, scarce: map[string]bool{},
	}
	proj.memory.project = proj
	return proj
}

// reached returns a connected stack of the project; nil for none.
func (proj *project) reached(n int) *shard {
	proj.mu.Lock()
	defer proj.mu.Unlock()
	return proj.shards[n]
}

// keep stores a connected stack. The first one is kept, as a stack has one engine.
func (proj *project) keep(sh *shard) *shard {
	proj.mu.Lock()
	defer proj.mu.Unlock()
	if proj.shards[sh.n] == nil {
		proj.shards[sh.n] = sh
	}
	return proj.shards[sh.n]
}

// first returns the first stack of a connected project.
func (proj *project) first() *shard { return proj.reached(0) }

// reach connects to the first stack of a project: located by the mirror, else by the directory.
func (proj *project) reach(ctx context.Context, snapshot *mirror.Snapshot) (*shard, error) {
	if sh := proj.first(); sh != nil {
		return sh, nil
	}
	entry := &model.DirectoryEntry{}
	if body := snapshot.Bodies[0]; body != nil && body.Contents.Project != nil {
		*entry = body.Contents.Project.DirectoryEntry()
	} else {
		var err error
		if entry, err = proj.hub.directory.entry(ctx, proj.name); err != nil {
			return nil, err
		}
	}
	sh, err := proj.newFirst(ctx, *entry, false)
	if err != nil {
		return nil, err
	}
	return proj.keep(sh), nil
}

// newFirst returns the first stack of a project, located by its entry. Only founding, the commit
// that creates the project, may create the stack: adding to a project whose stack was deleted must
// fail.
func (proj *project) newFirst(ctx context.Context, entry model.DirectoryEntry, founding bool) (*shard, error) {
	config := proj.hub.config
	account, err := proj.hub.account(ctx, entry.AccountID, entry.Region)
	if err != nil {
		return nil, err
	}
	sh := &shard{project: proj, account: account, env: template.Env{
		Project: entry.Name, AccountID: entry.AccountID, Region: entry.Region, Partition: config.Clients.Partition(),
		Budget: config.Budget,
	}}
	sh.attach(sh.settings(founding))
	return sh, nil
}

// newSibling returns another stack of a project whose first stack is connected. shared is what that
// shares.
func (proj *project) newSibling(n int, shared template.Shared, create bool) *shard {
	first := proj.first()
	sh := &shard{project: proj, n: n, account: first.account, env: first.env, shared: shared}
	sh.attach(sh.settings(create))
	return sh
}

// sibling returns the n-th stack of a project whose first stack is connected and was read.
func (proj *project) sibling(n int, shared template.Shared) *shard {
	sh := proj.reached(n)
	switch {
	case n == 0:
	case sh != nil:
		sh.share(shared)
	default:
		sh = proj.keep(proj.newSibling(n, shared, false))
	}
	return sh
}

// readOthers reads the other stacks of a project concurrently; first is what the first stack holds.
// All must exist, unless the project is being deleted: a missing stack is not an empty one.
func (proj *project) readOthers(first *shardRead, read func(*shard) (*shardRead, error)) ([]*shardRead, error) {
	shards := make([]*shardRead, first.shards())
	shards[0] = first
	errs := make([]error, len(shards))
	var group errgroup.Group
	for n := 1; n < len(shards); n++ {
		sh := proj.sibling(n, first.contents.Env.Shared)
		group.Go(func() error {
			shards[n], errs[n] = read(sh)
			if errs[n] == nil && shards[n] == nil && !first.contents.Project.Closing {
				errs[n] = sh.missing()
			}
			return nil
		})
	}
	_ = group.Wait() // all are awaited; the first error by number is returned
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return shards, nil
}

// overflows records the stack for permissions of a user that the user's own stack has no room for,
// unless one is recorded that is not full. It returns the stack.
func (proj *project) overflows(user string, n int, full map[int]bool) int {
	proj.mu.Lock()
	defer proj.mu.Unlock()
	if at, known := proj.overflow[user]; known && !full[at] {
		return at
	}
	proj.overflow[user] = n
	return n
}

// warnHeadroom warns, once per user and process, when the user of a new permission has few policies
// left.
func (proj *project) warnHeadroom(permission model.Permission) {
	view := proj.memory.current()
	if view == nil {
		return
	}
	proj.mu.Lock()
	defer proj.mu.Unlock()
	if n := view.Policies(permission.User); n >= scarcePolicies && !proj.scarce[permission.User] {
		proj.scarce[permission.User] = true
		proj.hub.warnings.add(HeadroomWarning{proj.name, permission.User, n})
	}
}
