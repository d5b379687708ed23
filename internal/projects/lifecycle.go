package projects

import (
	"cmp"
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// lifecycle creates, changes and deletes projects.
type lifecycle struct {
	registry *registry
	reader   *reader
}

// create creates a project: its entry in the directory, then its stack. A concurrent deletion of
// that name may remove the entry after the stack was created, so both are checked again at the end.
func (lc *lifecycle) create(ctx context.Context, p model.Project, incarnation string) error {
	proj, err := lc.registry.project(ctx, p.Name)
	if err != nil {
		return err
	}
	end, _, err := proj.changes.begin(ctx, p.ID())
	if err != nil {
		return err
	}
	defer end()
	if proj.changes.hasCreated(p.ID()) {
		view, err := lc.reader.read(ctx, p.Name)
		if err == nil && proj.changes.twin(p.ID(), view.Contents.IncarnationOf(p.ID())) {
			return &model.ConflictError{Kind: model.ConflictDuplicate, ID: p.ID()}
		}
	}
	config, directory := proj.hub.config, proj.hub.directory
	p.RoleName = config.RoleName
	founding, err := foundingShard(ctx, proj, p.DirectoryEntry())
	if err != nil {
		return err
	}
	if err := directory.register(ctx, p.DirectoryEntry()); err != nil {
		return err
	}
	proj.hub.project(p.Name).memory.registered() // the handle may differ since a deletion
	err = founding.commit(
		ctx, template.Change{Op: template.Create, Entity: p, Origin: config.Origin, Incarnation: incarnation},
	)
	if err != nil && !model.IsConflict(err, model.ConflictExists) {
		return model.AfterChange(err, "The project was entered into the directory.")
	}
	if err != nil {
		return err
	}
	proj.changes.creation(p.ID(), incarnation)
	// The project exists from here on. An interrupted run must record that, as the next one could
	// not create it.
	ctx, cancel := uninterrupted(ctx)
	defer cancel()
	if err := directory.register(ctx, p.DirectoryEntry()); err != nil {
		return model.AfterChange(err, "The stack of the project was created.")
	}
	proj.warnOfAccess(ctx, founding.account)
	return nil
}

// foundingShard connects to the account of a new project before anything is changed: a role that
// can't be assumed leaves nothing behind. It reads the mirror only to detect a wrong table name.
func foundingShard(ctx context.Context, proj *project, entry model.DirectoryEntry) (*shard, error) {
	var founding *shard
	var reached, mirrored error
	var group errgroup.Group
	group.Go(func() error { _, mirrored = proj.hub.mirrored(ctx, entry.Name); return nil })
	group.Go(func() error { founding, reached = proj.newFirst(ctx, entry, true); return nil })
	_ = group.Wait() // of two errors, that of the hub is returned
	return founding, cmp.Or(mirrored, reached)
}

// uninterrupted returns a context that ends at the deadline of ctx, but not when the run is
// interrupted.
func uninterrupted(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, limited := ctx.Deadline()
	ctx = context.WithoutCancel(ctx)
	if !limited {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline)
}

// update changes a project's settings, except its account, region and role. A project that is being
// deleted is refused with a model.ConflictClosing error: parts of it may be deleted already.
func (lc *lifecycle) update(ctx context.Context, change template.Change) error {
	p, _ := change.Entity.(model.Project)
	t, err := lc.reader.target(ctx, p.Name)
	if err != nil {
		return err
	}
	present := t.view.Contents.Project
	if present.Closing {
		return &model.ConflictError{Kind: model.ConflictClosing, Project: p.Name}
	}
	prior, merges := change.Prior.(model.Project)
	if merges {
		prior.RoleName, p.RoleName = "", "" // it never changes
		change.Prior = prior
	} else {
		p.RoleName = present.RoleName
	}
	if !p.SFTP && present.SFTP && (!merges || prior.SFTP) {
		if by := sftpUsers(t.view); len(by) > 0 {
			return &model.ConflictError{Kind: model.ConflictServerInUse, Project: p.Name, By: by}
		}
	}
	change.Op, change.Entity, change.Origin = template.Update, p, t.project.hub.config.Origin
	first := t.project.first()
	if err := first.commit(ctx, change); err != nil {
		return err
	}
	t.project.warnOfAccess(ctx, first.account)
	return nil
}

// repair makes an update of a project whose own resources have drifted in AWS.
func (lc *lifecycle) repair(ctx context.Context, change template.Change) error {
	r := repairer{lc.registry, lc.reader}
	return r.repair(ctx, change.Entity.ID().Name, change, func(change template.Change, _ bool) error {
		return lc.update(ctx, change)
	})
}

// sftpUsers returns the users with SFTP in all stacks of a project.
func sftpUsers(v *View) []model.ID {
	var ids []model.ID
	for _, user := range v.Contents.Users {
		if user.SFTP != nil {
			ids = append(ids, user.ID())
		}
	}
	return ids
}

// accessBlockTimeout limits the read of the account's settings: a warning must not delay the
// caller.
const accessBlockTimeout = 5 * time.Second

func readAccessBlock(ctx context.Context, reached *awsclient.Account) (AccessBlock, error) {
	ctx, cancel := context.WithTimeout(ctx, accessBlockTimeout)
	defer cancel()
	return account.ReadAccessBlock(ctx, reached.SDK(), reached.S3, reached.ID)
}

// warnOfAccess warns when the account of a new or changed project doesn't block public access, or
// when that cannot be read. It never fails.
func (proj *project) warnOfAccess(ctx context.Context, reached *awsclient.Account) {
	block, err := readAccessBlock(ctx, reached)
	missing := block.Missing()
	if err != nil {
		missing = nil
	}
	if err != nil || len(missing) > 0 {
		proj.hub.warnings.add(AccessBlockWarning{proj.name, reached.ID, missing, err})
	}
}
