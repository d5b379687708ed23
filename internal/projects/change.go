package projects

import (
	"context"
	"errors"
	"fmt"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Create adds a bucket, user or permission to a project.
func (s *Service) Create(ctx context.Context, project string, e model.Entity) error {
	return s.change(ctx, project, template.Change{Op: template.Create, Entity: e, Origin: s.config.Origin})
}

// Update replaces the settings of a bucket, user or permission.
func (s *Service) Update(ctx context.Context, project string, e model.Entity) error {
	return s.change(ctx, project, template.Change{Op: template.Update, Entity: e, Origin: s.config.Origin})
}

// Delete removes a bucket, user or permission; what is gone already counts as deleted. A bucket's data is treated as its
// on_delete says, as it stands in the model: with "refuse" a bucket that holds anything is a *NotEmptyError.
//
// A bucket is deleted before the model forgets it. S3 refuses to delete one to which data came in the meantime, and then
// nothing has changed; the commit retains and so touches nothing. Whatever crash in between is mended by deleting again.
func (s *Service) Delete(ctx context.Context, project string, id model.ID) error {
	d, view, err := s.existing(ctx, project)
	if err != nil {
		return ignoreUnknown(err)
	}
	contents := &view.Contents
	entity, there := contents.Of(id)
	bucket, ok := entity.(model.Bucket)
	if !there || ok && bucket.OnDelete == model.Empty {
		// Since the project was read, somebody may have made it. And data goes only by what the template says now: somebody
		// may have taken that back.
		if contents, err = s.now(ctx, d); err != nil {
			return err
		}
		entity, there = contents.Of(id)
	}
	if !there {
		return nil
	}
	if bucket, ok := entity.(model.Bucket); ok {
		if err := s.deleteBucket(ctx, d, contents, bucket); err != nil {
			return err
		}
	}
	return s.commit(ctx, d, template.Change{Op: template.Delete, Entity: entity})
}

// now reads what stands in a project's template, whatever the mirror or this process remembers.
func (s *Service) now(ctx context.Context, d *shard) (*template.Contents, error) {
	h, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	read, err := s.readTemplate(ctx, h, d)
	if err != nil {
		return nil, err
	}
	if read == nil {
		return nil, &StackMissingError{d.partition, d.stack.Name(), d.env.AccountID, d.env.Region}
	}
	s.remember(d, read)
	return read.contents, nil
}

func ignoreUnknown(err error) error {
	var unknown *UnknownProjectError
	if errors.As(err, &unknown) {
		return nil
	}
	return err
}

// existing reads a project and its stack.
func (s *Service) existing(ctx context.Context, name string) (*shard, *View, error) {
	v, err := s.Read(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	h, err := s.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	known := &mirror.Snapshot{Bodies: map[int]*mirror.Body{0: {Contents: v.Contents}}}
	d, err := s.reach(ctx, h, s.project(name), known)
	return d, v, err
}

func (s *Service) change(ctx context.Context, project string, change template.Change) error {
	d, view, err := s.existing(ctx, project)
	if err != nil {
		return err
	}
	if view.Contents.Project.Closing { // its stack may be gone already
		return &template.ClosingError{Project: project}
	}
	return s.commit(ctx, d, change)
}

// deleteBucket deletes a bucket in S3, before the model forgets it.
func (s *Service) deleteBucket(ctx context.Context, d *shard, contents *template.Contents, bucket model.Bucket) error {
	var by []model.ID
	for _, permission := range contents.Permissions {
		if permission.BucketID() == bucket.ID() {
			by = append(by, permission.ID())
		}
	}
	if len(by) > 0 {
		return &template.InUseError{ID: bucket.ID(), By: by}
	}
	return s.dispose(ctx, d, bucket.ID(), bucket.BucketName, bucket.OnDelete)
}

// dispose does with a bucket what on_delete says.
func (s *Service) dispose(ctx context.Context, d *shard, of model.ID, bucket string, onDelete model.OnDelete) error {
	buckets := account.Buckets{S3: d.account.S3, AccountID: d.env.AccountID}
	switch onDelete {
	case model.Retain:
		return nil
	case model.Empty:
		if err := s.empty(ctx, buckets, bucket); err != nil {
			return err
		}
	case model.Refuse:
		if err := buckets.CheckEmpty(ctx, bucket); err != nil {
			return notEmpty(of, bucket, err)
		}
	}
	return notEmpty(of, bucket, buckets.Delete(ctx, bucket))
}

func (s *Service) empty(ctx context.Context, buckets account.Buckets, bucket string) error {
	return buckets.Empty(ctx, bucket, func(deleted int) {
		s.config.Log(ctx, "Emptying the bucket", map[string]any{"bucket": bucket, "deleted": deleted})
	})
}

func notEmpty(of model.ID, bucket string, err error) error {
	var full *account.NotEmptyError
	if errors.As(err, &full) {
		return &NotEmptyError{ID: of, Bucket: bucket, Err: err}
	}
	return err
}

// CreateProject enters a project into the directory and makes its stack with the key and buckets that its entities share.
// A directory entry without a stack, as an interrupted creation leaves it, is taken over.
func (s *Service) CreateProject(ctx context.Context, p model.Project) error {
	h, err := s.open(ctx)
	if err != nil {
		return err
	}
	p.RoleName = s.config.RoleName
	// The account is reached before anything is changed: a role that can't be assumed leaves nothing behind.
	d, err := s.newShard(ctx, h, p.Listing(), true)
	if err != nil {
		return err
	}
	if err := s.enter(ctx, h, p.Listing()); err != nil {
		return err
	}
	return s.commit(ctx, d, template.Change{Op: template.Create, Entity: p, Origin: s.config.Origin})
}

// enter enters a project into the directory, unless its names could collide with another project's.
func (s *Service) enter(ctx context.Context, h *hub, listing model.Listing) error {
	read, err := s.readTemplate(ctx, h, h.directory)
	if err != nil {
		return fmt.Errorf("reading the directory of projects: %w", err)
	}
	if read != nil {
		for _, other := range read.contents.Listings {
			switch {
			case other == listing:
				return nil // what stands in the project's own stack decides whether it exists
			case other.Name == listing.Name:
				return &template.ExistsError{ID: model.ID{Kind: model.KindProject, Name: listing.Name}}
			case other.AccountID == listing.AccountID && model.NamesCollide(other.Name, listing.Name):
				return &CollisionError{listing.Name, other.Name, listing.AccountID}
			}
		}
	}
	return s.commit(ctx, h.directory, template.Change{Op: template.Create, Entity: listing, Origin: s.config.Origin})
}

// UpdateProject replaces a project's settings. Its account, region and role stay what they are. A project that is being
// deleted is refused with a *template.ClosingError: parts of it may be gone already.
func (s *Service) UpdateProject(ctx context.Context, p model.Project) error {
	d, v, err := s.existing(ctx, p.Name)
	if err != nil {
		return err
	}
	if v.Contents.Project.Closing {
		return &template.ClosingError{Project: p.Name}
	}
	p.RoleName = v.Contents.Project.RoleName
	return s.commit(ctx, d, template.Change{Op: template.Update, Entity: p, Origin: s.config.Origin})
}

// DeleteProject deletes a project in which nothing is left, with its log bucket and key as its on_delete says. A project that
// is gone already counts as deleted.
//
// First everything is checked, then a commit closes the project, so that nobody adds to it any more. The buckets and
// the key go while the stack still tells the key's ARN: so every step can be repeated after a crash. The stack goes by its id,
// then the directory entry. The mirror is last: it alone still shows, once the stack is gone, that the project was closing.
func (s *Service) DeleteProject(ctx context.Context, name string) error {
	h, err := s.open(ctx)
	if err != nil {
		return err
	}
	listing, err := s.listing(ctx, h, name)
	if err != nil {
		var unknown *UnknownProjectError
		if errors.As(err, &unknown) {
			s.forgetMirrored(ctx, h, name)
			return nil
		}
		return err
	}
	p := s.project(name)
	d, err := s.reach(ctx, h, p, &mirror.Snapshot{})
	if err != nil {
		return err
	}
	read, err := s.readTemplate(ctx, h, d)
	if err != nil {
		return err
	}
	if read != nil && read.contents.Project != nil {
		if err := s.deleteContents(ctx, d, read.contents); err != nil {
			return err
		}
	}
	if err := d.stack.Delete(ctx, s.token()); err != nil {
		return err
	}
	if err := s.commit(ctx, h.directory, template.Change{Op: template.Delete, Entity: *listing}); err != nil {
		return err
	}
	s.forgetMirrored(ctx, h, name)
	s.forget(name)
	return nil
}

// forgetMirrored clears the mirror of a project that is gone.
func (s *Service) forgetMirrored(ctx context.Context, h *hub, name string) {
	if err := h.table.Forget(ctx, name); err != nil {
		s.warnMirror(ctx, "cleared", name, err)
	}
}

// deleteContents closes a project and deletes what it holds besides its stack.
func (s *Service) deleteContents(ctx context.Context, d *shard, contents *template.Contents) error {
	p := *contents.Project
	if by := entities(contents); len(by) > 0 {
		return &template.InUseError{ID: p.ID(), By: by}
	}
	logs := model.LogBucketName(p.Name, d.env.AccountID, d.env.Region)
	templates := model.TemplateBucketName(p.Name, d.env.AccountID, d.env.Region)
	buckets := account.Buckets{S3: d.account.S3, AccountID: d.env.AccountID}
	if p.OnDelete != model.Retain {
		if err := checkKeyUnused(ctx, buckets, p, contents.Env.KeyARN); err != nil {
			return err
		}
	}
	if p.OnDelete == model.Refuse {
		if err := buckets.CheckEmpty(ctx, logs); err != nil {
			return notEmpty(p.ID(), logs, err)
		}
	}
	if !p.Closing {
		p.Closing = true
		if err := s.commit(ctx, d, template.Change{Op: template.Update, Entity: p}); err != nil {
			return err
		}
	}
	if err := s.dispose(ctx, d, p.ID(), logs, p.OnDelete); err != nil {
		return err
	}
	// Uploaded templates are copies of what CloudFormation keeps: nothing is lost with them.
	if err := s.dispose(ctx, d, p.ID(), templates, model.Empty); err != nil {
		return err
	}
	if p.OnDelete == model.Retain || contents.Env.KeyARN == "" {
		return nil
	}
	return account.ScheduleKeyDeletion(ctx, d.account.KMS, contents.Env.KeyARN)
}

func entities(contents *template.Contents) []model.ID {
	var ids []model.ID
	for e := range contents.Entities() {
		if e.ID().Kind != model.KindProject {
			ids = append(ids, e.ID())
		}
	}
	return ids
}

// checkKeyUnused refuses to give up a key with which a bucket of the account is still encrypted: its data would be lost.
func checkKeyUnused(ctx context.Context, buckets account.Buckets, p model.Project, key string) error {
	if key == "" {
		return nil
	}
	bucket, err := buckets.EncryptedWith(ctx, key)
	if err != nil {
		return err
	}
	if bucket != "" {
		return &KeyInUseError{Project: p.Name, Bucket: bucket, KeyARN: key}
	}
	return nil
}

// KeyInUseError refuses to delete a project whose key still encrypts a bucket that was retained.
type KeyInUseError struct{ Project, Bucket, KeyARN string }

func (e *KeyInUseError) Error() string {
	return fmt.Sprintf("the bucket %s is still encrypted with the key %s of the project %s", e.Bucket, e.KeyARN, e.Project)
}
