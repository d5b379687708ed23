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

// lifecycle makes, changes and deletes projects.
type lifecycle struct {
	registry *registry
	reader   *reader
}

// create makes a project: its entry in the directory, then its stack. When another process deletes a project of that name
// at the same time, it may take the entry away after the stack was made: so it is looked after again at the end, here and there.
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
	founding, err := foundingShard(ctx, proj, p.Listing())
	if err != nil {
		return err
	}
	if err := directory.register(ctx, p.Listing()); err != nil {
		return err
	}
	proj.hub.project(p.Name).memory.registered() // the handle may be another one since a deletion
	err = founding.commit(ctx, template.Change{Op: template.Create, Entity: p, Origin: config.Origin, Incarnation: incarnation})
	if err != nil && !model.IsConflict(err, model.ConflictExists) {
		return model.AfterChange(err, "The project was entered into the directory.")
	}
	if err != nil {
		return err
	}
	proj.changes.creation(p.ID(), incarnation)
	// The project exists from here on. A run that is interrupted now has to know that: the next one would be refused to create it.
	ctx, cancel := uninterrupted(ctx)
	defer cancel()
	if err := directory.register(ctx, p.Listing()); err != nil {
		return model.AfterChange(err, "The stack of the project was created.")
	}
	proj.warnOfAccess(ctx, founding.account)
	return nil
}

// foundingShard reaches the account of a new project before anything is changed: a role that can't be assumed leaves nothing behind. Nor does
// a hub whose table is mistyped, for which alone the mirror is read here.
func foundingShard(ctx context.Context, proj *project, listing model.Listing) (*shard, error) {
	var founding *shard
	var reached, mirrored error
	var group errgroup.Group
	group.Go(func() error { _, mirrored = proj.hub.mirrored(ctx, listing.Name); return nil })
	group.Go(func() error { founding, reached = proj.newFirst(ctx, listing, true); return nil })
	_ = group.Wait() // of two errors, that of the hub is returned
	return founding, cmp.Or(mirrored, reached)
}

// uninterrupted returns a context that ends at the deadline of ctx, and not when the run is interrupted.
func uninterrupted(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, limited := ctx.Deadline()
	ctx = context.WithoutCancel(ctx)
	if !limited {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline)
}

// update changes a project's settings. Its account, region and role stay what they are. A project that is being deleted
// is refused with a model.ConflictClosing error: parts of it may be gone already.
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
		prior.RoleName, p.RoleName = "", "" // it stays what it is
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

// sftpUsers are the users of a project, in whatever stack, that have SFTP.
func sftpUsers(v *View) []model.ID {
	var ids []model.ID
	for _, user := range v.Contents.Users {
		if user.SFTP != nil {
			ids = append(ids, user.ID())
		}
	}
	return ids
}

// accessBlockTimeout bounds what a look at the account's settings may take: nobody waits longer for a warning.
const accessBlockTimeout = 5 * time.Second

func readAccessBlock(ctx context.Context, reached *awsclient.Account) (AccessBlock, error) {
	ctx, cancel := context.WithTimeout(ctx, accessBlockTimeout)
	defer cancel()
	return account.ReadAccessBlock(ctx, reached.SDK(), reached.S3, reached.ID)
}

// warnOfAccess warns when the account of a project that was just made or changed doesn't block public access, or when that cannot be
// read. It never fails.
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
