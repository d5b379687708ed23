package projects

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Create is CreateAs for a caller that keeps no state.
func (s *Service) Create(ctx context.Context, project string, e model.Entity) error {
	return s.CreateAs(ctx, project, e, NewIncarnation())
}

// CreateAs adds a bucket, user or permission to a project, as the holder of a new incarnation (template, Ownership). An entity
// that another resource of this process has created is refused with a model.ConflictDuplicate error. A project whose stacks have no room
// for it gets another stack.
func (s *Service) CreateAs(ctx context.Context, project string, e model.Entity, incarnation string) error {
	return s.change(ctx, project, template.Change{Op: template.Create, Entity: e, Origin: s.config.Origin, Incarnation: incarnation})
}

// Update replaces the settings of a bucket, user or permission, whatever they are and whoever holds it.
func (s *Service) Update(ctx context.Context, project string, e model.Entity) error {
	return s.change(ctx, project, template.Change{Op: template.Update, Entity: e, Origin: s.config.Origin, AnyIncarnation: true})
}

// UpdateAs makes the change from prior to planned, field by field, as the holder of an incarnation. Fields that are the same in
// both keep what another writer has set; one that another writer has changed, too, is a *model.ConflictError. Another
// incarnation is a model.ConflictOwner error. A user whose slot gets another key is written in two commits, of which the first
// empties the slot. A failure in between appears in the next plan, which resumes.
func (s *Service) UpdateAs(ctx context.Context, project string, prior, planned model.Entity, incarnation string) error {
	change := template.Change{Op: template.Update, Entity: planned, Prior: prior, Origin: s.config.Origin, Incarnation: incarnation}
	user, isUser := planned.(model.User)
	before, known := prior.(model.User)
	if !isUser || !known {
		return s.change(ctx, project, change)
	}
	change.Target = planned
	for i, step := range model.KeySteps(before, user) {
		change.Entity = step
		err := s.change(ctx, project, change)
		if err != nil && i > 0 {
			err = model.AfterChange(err, "A first commit removed the access key that is to be replaced.")
		}
		if err != nil {
			return err
		}
		change.Prior = step
	}
	return nil
}

// target is a project that was read, as its changes need it.
type target struct {
	h     *hub
	p     *project
	first *shard
	view  *View
}

// existing reads a project and reaches its first stack.
func (s *Service) existing(ctx context.Context, name string) (*target, error) {
	v, err := s.readForWrite(ctx, name)
	if err != nil {
		return nil, err
	}
	h, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	p := s.project(name)
	first, err := s.reach(ctx, h, p, &mirror.Snapshot{Bodies: map[int]*mirror.Body{0: {Contents: v.Contents}}})
	return &target{h, p, first, v}, err
}

// again is the target as the process sees it by now.
func (s *Service) again(ctx context.Context, t *target) (*target, error) {
	view, err := s.Read(ctx, t.p.name)
	return &target{t.h, t.p, t.first, view}, err
}

// shard is the n-th stack of the project.
func (s *Service) shard(t *target, n int) *shard {
	return s.sibling(t.h, t.p, t.first, t.view.shards[0], n)
}

// change makes a change in the stack where it belongs (see place.go). What fails because of what stands in another stack is tried
// again with what that holds by now.
func (s *Service) change(ctx context.Context, project string, change template.Change) error {
	defer s.count()()
	t, err := s.existing(ctx, project)
	if err != nil {
		return err
	}
	if t.view.Contents.Project.Closing { // its stack may be gone already
		return &model.ConflictError{Kind: model.ConflictClosing, Project: project}
	}
	id := change.Entity.ID()
	end, waited, err := t.p.begin(ctx, id)
	if err != nil {
		return err
	}
	defer func() { end() }()
	if waited {
		if t, err = s.again(ctx, t); err != nil {
			return err
		}
	}
	tried := attempts{full: map[int]bool{}}
	for {
		if change.Op == template.Create && t.p.twin(id, t.view.Contents.IncarnationOf(id)) {
			return &model.ConflictError{Kind: model.ConflictDuplicate, ID: id}
		}
		n, err := s.place(ctx, t, change, tried.full)
		if err == nil && n >= len(t.view.shards) { // the project has just grown
			if t, err = s.again(ctx, t); err == nil {
				continue
			}
		}
		if err != nil {
			return err
		}
		err = s.commitIn(ctx, t, n, change)
		if over := t.p.deletion(id); over != nil && isExists(err) {
			// This process is about to delete it, for a resource whose address has changed: that goes first.
			end()
			if end, err = t.p.after(ctx, id, over); err == nil {
				t, err = s.again(ctx, t)
			}
			if err != nil {
				return err
			}
			continue
		}
		if again, waitErr := s.retries(ctx, t, n, change, err, &tried); waitErr != nil {
			return waitErr
		} else if !again {
			switch {
			case err == nil && change.Op == template.Update:
				s.finish(ctx, t.p.name, change)
			case err == nil:
				t.p.hasCreated(id, change.Incarnation)
			}
			if permission, ok := change.Entity.(model.Permission); ok && err == nil {
				s.headroom(t.p, permission)
			}
			return s.bucketNameTaken(ctx, t, change, err)
		}
		if t, err = s.again(ctx, t); err != nil {
			return err
		}
	}
}

// bucketNameTaken is the error of a creation that failed, or, where a bucket's physical name is that of another bucket of the
// project or the account, a model.ConflictBucketName or ConflictBucketKept error: CloudFormation only tells that the name is taken.
func (s *Service) bucketNameTaken(ctx context.Context, t *target, change template.Change, failure error) error {
	bucket, ok := change.Entity.(model.Bucket)
	var refused *commit.CommitError
	if !ok || change.Op != template.Create || !errors.As(failure, &refused) {
		return failure
	}
	view, err := s.Read(ctx, t.p.name)
	if err != nil {
		return failure
	}
	env := view.Contents.Env
	by := model.ID{}
	switch bucket.BucketName {
	case model.LogBucketName(env.Project, env.AccountID, env.Region), model.TemplateBucketName(env.Project, env.AccountID, env.Region):
		by = model.ID{Kind: model.KindProject, Name: t.p.name}
	}
	for e := range view.Contents.Entities() {
		if other, ok := e.(model.Bucket); ok && other.Name != bucket.Name && other.BucketName == bucket.BucketName {
			by = other.ID()
		}
	}
	if by.Kind == "" {
		buckets := account.Buckets{S3: t.first.account.S3, AccountID: env.AccountID}
		if exists, err := buckets.Exists(ctx, bucket.BucketName); err != nil || !exists {
			return failure
		}
		return &model.ConflictError{Kind: model.ConflictBucketKept, Project: t.p.name, ID: bucket.ID(), Bucket: bucket.BucketName}
	}
	return &model.ConflictError{Kind: model.ConflictBucketName, Project: t.p.name, ID: bucket.ID(), By: []model.ID{by}, Bucket: bucket.BucketName}
}

func isExists(err error) bool {
	return model.IsConflict(err, model.ConflictExists)
}

// attempts are what a change has come up against.
type attempts struct {
	full    map[int]bool // stacks without room for it
	waiting int          // times that it has waited for what it needs
}

// mostWaiting is how often a change waits for what it needs from other stacks: a permission for its user and its bucket, and once
// more for whatever has come in between.
const mostWaiting = 3

// retries says whether a change that failed in the n-th stack is to be tried again: in another stack, or after what it needs has arrived.
func (s *Service) retries(ctx context.Context, t *target, n int, change template.Change, failure error, tried *attempts) (again bool, err error) {
	var full *template.FullError
	if errors.As(failure, &full) && full.Stack {
		tried.full[n] = true
		return true, nil
	}
	if tried.waiting == mostWaiting {
		return false, nil
	}
	tried.waiting++
	var failed *commit.CommitError
	if isGone := model.IsNotFound(failure, model.NotFoundEntity); isGone || errors.As(failure, &failed) && failed.NameTaken {
		// Somebody may have created it in another stack, perhaps in one that this process doesn't know of. Or it was to be deleted by the
		// same commit, and wasn't.
		now, err := s.now(ctx, t)
		if err != nil {
			return false, err
		}
		homes := now.homes(change.Entity.ID())
		if len(homes) > 0 && (isGone || !slices.Contains(homes, n)) {
			return true, nil
		}
	}
	var missing *model.NotFoundError
	if errors.As(failure, &missing) && missing.Kind == model.NotFoundParent {
		// This process may be about to create it, in another stack or in a later batch; or has done so meanwhile.
		if waited, err := t.p.await(ctx, missing.ID); waited || err != nil {
			return err == nil, err
		}
		now, err := s.Read(ctx, t.p.name)
		if err != nil {
			return false, err
		}
		return len(now.homes(missing.ID)) > 0 && len(t.view.homes(missing.ID)) == 0, nil
	}
	if errors.As(failure, &failed) && change.Entity.ID().Kind == model.KindPermission && len(t.view.shards) > 1 {
		// Another process may have made a policy of the user in another stack, and given it the number that was free.
		t.p.supersede()
		now, err := s.Read(ctx, t.p.name)
		if err != nil {
			return false, err
		}
		user, _, _ := strings.Cut(change.Entity.ID().Name, "/")
		return !slices.Equal(t.view.policiesElsewhere(n, user)[user], now.policiesElsewhere(n, user)[user]), nil
	}
	return false, nil
}

// commitIn commits a change to the n-th stack, with what it has to know of the others.
func (s *Service) commitIn(ctx context.Context, t *target, n int, change template.Change) error {
	t.p.placed(change.Entity.ID(), n)
	change.Elsewhere = t.view.elsewhere(n, change.Entity)
	return s.commit(ctx, s.shard(t, n), change)
}

// finish does in other stacks what follows from an update: policies there say what the bucket or user was before, and a
// permission can stand twice. The change itself stands. What fails here shows in the next plan, as a deviation, and is mended
// by applying that.
func (s *Service) finish(ctx context.Context, project string, change template.Change) {
	t, err := s.existing(ctx, project)
	if err != nil || len(t.view.shards) == 1 {
		return // whoever reads next hears of the error
	}
	id := change.Entity.ID()
	var group sync.WaitGroup
	follow := func(n int, change template.Change) {
		group.Go(func() {
			if err := s.commitIn(ctx, t, n, change); err != nil {
				s.config.Warn(ctx, "Policies in another stack could not be brought up to date; the next plan shows which", map[string]any{
					"project": project, "changed": id.String(), "stack": stackName(project, n), "error": err.Error(),
				})
			}
		})
	}
	for _, o := range t.view.outdated() {
		if o.of == id {
			for _, permission := range o.permissions {
				follow(o.shard, template.Change{Op: template.Update, Entity: permission, Prior: permission, AnyIncarnation: true})
			}
		}
	}
	if homes := t.view.homes(id); len(homes) > 1 {
		for _, n := range homes[1:] {
			follow(n, template.Change{Op: template.Delete, Entity: change.Entity, AnyIncarnation: true})
		}
	}
	group.Wait()
}

// CreateProject is CreateProjectAs for a caller that keeps no state.
func (s *Service) CreateProject(ctx context.Context, p model.Project) error {
	return s.CreateProjectAs(ctx, p, NewIncarnation())
}

// CreateProjectAs enters a project into the directory and makes its stack with the key and buckets that its entities share.
// A directory entry without a stack, as an interrupted creation leaves it, is taken over. When somebody deletes a project of that name
// at the same time, they may take the entry away after the stack was made: so it is looked after again at the end, here and there.
func (s *Service) CreateProjectAs(ctx context.Context, p model.Project, incarnation string) error {
	h, err := s.open(ctx)
	if err != nil {
		return err
	}
	known := s.project(p.Name)
	end, _, err := known.begin(ctx, p.ID())
	if err != nil {
		return err
	}
	defer end()
	if known.hasMade(p.ID()) {
		view, err := s.Read(ctx, p.Name)
		if err == nil && known.twin(p.ID(), view.Contents.IncarnationOf(p.ID())) {
			return &model.ConflictError{Kind: model.ConflictDuplicate, ID: p.ID()}
		}
	}
	p.RoleName = s.config.RoleName
	// The account is reached before anything is changed: a role that can't be assumed leaves nothing behind. Nor does a hub whose table is
	// mistyped, for which alone the mirror is read here.
	var d *shard
	var reached, mirrored error
	var group sync.WaitGroup
	group.Go(func() { _, mirrored = s.mirrored(ctx, h, p.Name) })
	group.Go(func() { d, reached = s.newFirst(ctx, h, p.Listing(), true) })
	group.Wait()
	if err := cmp.Or(mirrored, reached); err != nil {
		return err
	}
	if err := s.enter(ctx, h, p.Listing()); err != nil {
		return err
	}
	s.project(p.Name).register()
	change := template.Change{Op: template.Create, Entity: p, Origin: s.config.Origin, Incarnation: incarnation}
	err = s.commit(ctx, d, change)
	if err != nil && !model.IsConflict(err, model.ConflictExists) {
		return model.AfterChange(err, "The project was entered into the directory.")
	}
	if err != nil {
		return err
	}
	known.hasCreated(p.ID(), incarnation)
	// The project exists from here on. A run that is interrupted now has to know that: the next one would be refused to create it.
	ctx, cancel := uninterrupted(ctx)
	defer cancel()
	if err := s.enter(ctx, h, p.Listing()); err != nil {
		return model.AfterChange(err, "The stack of the project was created.")
	}
	s.warnOfAccess(ctx, p.Name, d.account)
	return nil
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

// UpdateProject replaces a project's settings, whatever they are and whoever holds it.
func (s *Service) UpdateProject(ctx context.Context, p model.Project) error {
	return s.updateProject(ctx, template.Change{Entity: p, AnyIncarnation: true})
}

// UpdateProjectAs makes the change from prior to planned as the holder of an incarnation, like UpdateAs.
func (s *Service) UpdateProjectAs(ctx context.Context, prior, planned model.Project, incarnation string) error {
	prior.RoleName, planned.RoleName = "", "" // it stays what it is
	return s.updateProject(ctx, template.Change{Entity: planned, Prior: prior, Incarnation: incarnation})
}

// updateProject changes a project's settings. Its account, region and role stay what they are. A project that is being deleted
// is refused with a model.ConflictClosing error: parts of it may be gone already.
func (s *Service) updateProject(ctx context.Context, change template.Change) error {
	p, _ := change.Entity.(model.Project)
	t, err := s.existing(ctx, p.Name)
	if err != nil {
		return err
	}
	if t.view.Contents.Project.Closing {
		return &model.ConflictError{Kind: model.ConflictClosing, Project: p.Name}
	}
	prior, merges := change.Prior.(model.Project)
	if !merges {
		p.RoleName = t.view.Contents.Project.RoleName
	}
	if !p.SFTP && t.view.Contents.Project.SFTP && (!merges || prior.SFTP) {
		if by := sftpUsers(t.view); len(by) > 0 {
			return &model.ConflictError{Kind: model.ConflictServerInUse, Project: p.Name, By: by}
		}
	}
	change.Op, change.Entity, change.Origin = template.Update, p, s.config.Origin
	if err := s.commit(ctx, t.first, change); err != nil {
		return err
	}
	s.warnOfAccess(ctx, p.Name, t.first.account)
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
