package projects

import (
	"context"
	"fmt"
	"sync"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// unreadableError says that the template of a stack was read and cannot be understood.
type unreadableError struct {
	stack string
	err   error
}

func (e *unreadableError) Error() string {
	return fmt.Sprintf("the template of the stack %s: %v", e.stack, e.err)
}
func (e *unreadableError) Unwrap() error { return e.err }

// read reads a project: first the stack that holds it and tells how many there are, then the others side by side.
func (s *Service) read(ctx context.Context, p *project) (*View, error) {
	h, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	snapshot, err := s.mirrored(ctx, h, p.name)
	if err != nil {
		return nil, err
	}
	if s.config.ReadMode == Cached && p.reached(0) == nil {
		// Of a project that was closing, the mirror can be all that an interrupted deletion has left.
		if v := mirroredView(p.name, snapshot); v != nil && !v.Contents.Project.Closing {
			return v, nil
		}
	}
	first, err := s.reach(ctx, h, p, snapshot)
	if err != nil {
		return nil, err
	}
	read, err := s.readShard(ctx, h, first, snapshot)
	if err != nil {
		return nil, err
	}
	if read == nil || read.contents.Project == nil {
		return s.missing(ctx, h, p, first, read)
	}
	shards, err := s.readOthers(h, p, first, read, func(d *shard) (*shardRead, error) { return s.readShard(ctx, h, d, snapshot) })
	if err != nil {
		return nil, err
	}
	return newView(p.name, shards), nil
}

// readOthers reads the other stacks of a project. All have to be there, unless the project is being deleted: a stack that is gone is
// not taken for one in which there is nothing.
func (s *Service) readOthers(h *hub, p *project, first *shard, read *shardRead, one func(*shard) (*shardRead, error)) ([]*shardRead, error) {
	shards := make([]*shardRead, read.shards())
	shards[0] = read
	errs := make([]error, len(shards))
	var group sync.WaitGroup
	for n := 1; n < len(shards); n++ {
		d := s.sibling(h, p, first, read, n)
		group.Go(func() {
			shards[n], errs[n] = one(d)
			if errs[n] == nil && shards[n] == nil && !read.contents.Project.Closing {
				errs[n] = d.missing()
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return shards, nil
}

// mirroredView is a project as the mirror shows it; nil when it doesn't show it whole.
func mirroredView(name string, snapshot *mirror.Snapshot) *View {
	body := snapshot.Bodies[0]
	if body == nil || body.Contents.Project == nil {
		return nil
	}
	shards := make([]*shardRead, max(body.Contents.Shards, 1))
	for n := range shards {
		body := snapshot.Bodies[n]
		if body == nil && !snapshot.Bodies[0].Contents.Project.Closing {
			return nil
		}
		if body != nil {
			shards[n] = mirroredRead(body)
		}
	}
	return newView(name, shards)
}

// now reads what stands in a project's templates at some moment after it is called, whatever the mirror or this process remembers.
// Those who call it at once share a reading.
func (s *Service) now(ctx context.Context, t *target) (*View, error) {
	return t.p.rereading.do(ctx, func(ctx context.Context) (*View, error) { return s.reread(ctx, t) })
}

func (s *Service) reread(ctx context.Context, t *target) (*View, error) {
	one := func(d *shard) (*shardRead, error) {
		read, stale, err := s.readFresh(ctx, t.h, d)
		if err != nil || read == nil {
			return nil, err
		}
		s.remember(d, read)
		if stale && !read.doubtful { // what this process remembers may be what the stack held before
			inDoubt := *read
			inDoubt.doubtful = true
			read = &inDoubt
		}
		return read, nil
	}
	first, err := one(t.first)
	if err != nil {
		return nil, err
	}
	if first == nil || first.contents.Project == nil {
		return nil, t.first.missing()
	}
	shards, err := s.readOthers(t.h, t.p, t.first, first, one)
	if err != nil {
		return nil, err
	}
	return newView(t.p.name, shards), nil
}

// missing says what it means that a project has no stack, or one that holds no project: where the project was found may have
// been out of date, so the directory's template decides. When the stack is gone and the mirror shows that the project was
// closing, somebody's deletion was interrupted: then the project is what the mirror shows, so that it can be deleted to its end.
// If the directory doesn't know it any more either, only the mirror is left to be cleared, which is done at once.
func (s *Service) missing(ctx context.Context, h *hub, p *project, d *shard, read *shardRead) (*View, error) {
	var closing *View
	if read == nil {
		snapshot, err := h.table.ReadWithin(ctx, p.name, mirrorBound)
		if err != nil {
			s.warnUnread(ctx, h, p.name, err)
		} else if v := mirroredView(p.name, snapshot); v != nil && v.Contents.Project.Closing {
			closing = v
		}
	}
	listing, err := s.listing(ctx, h, p.name)
	if model.IsNotFound(err, model.NotFoundProject) && closing != nil {
		// The deletion was interrupted when the mirror alone was left, and nobody will delete what is unknown.
		s.forgetMirrored(ctx, h, p.name)
	}
	if err != nil {
		return nil, err
	}
	if closing != nil {
		return closing, nil
	}
	return nil, &model.NotFoundError{
		Kind: model.NotFoundStack, Project: p.name, Stack: d.stack.Name(), AccountID: listing.AccountID, Region: listing.Region,
	}
}

// reach finds the first stack of a project: where the mirror says, else where the directory says.
func (s *Service) reach(ctx context.Context, h *hub, p *project, snapshot *mirror.Snapshot) (*shard, error) {
	if d := p.reached(0); d != nil {
		return d, nil
	}
	listing := &model.Listing{}
	if body := snapshot.Bodies[0]; body != nil && body.Contents.Project != nil {
		*listing = body.Contents.Project.Listing()
	} else {
		var err error
		if listing, err = s.listing(ctx, h, p.name); err != nil {
			return nil, err
		}
	}
	d, err := s.newFirst(ctx, h, *listing, false)
	if err != nil {
		return nil, err
	}
	return p.keep(d), nil
}

// sibling is the n-th stack of a project, of which the first has been reached and read.
func (s *Service) sibling(h *hub, p *project, first *shard, read *shardRead, n int) *shard {
	shared := read.contents.Env.Shared
	if d := p.reached(n); d != nil {
		if n > 0 {
			d.share(shared)
		}
		return d
	}
	if n == 0 {
		return first
	}
	return p.keep(s.newSibling(h, first, n, shared, false))
}

// mirrored reads a partition of the mirror. The mirror is disposable: when it can't be read within a bounded time, that is a warning, and the
// stacks are asked. A table that does not exist is an error, since the hub's settings are wrong.
func (s *Service) mirrored(ctx context.Context, h *hub, partition string) (*mirror.Snapshot, error) {
	if s.config.ReadMode == Authoritative {
		return &mirror.Snapshot{}, nil
	}
	snapshot, err := h.table.ReadWithin(ctx, partition, mirrorBound)
	if missing := h.missingTable(err); missing != nil {
		return nil, missing
	}
	if err != nil {
		s.warnUnread(ctx, h, partition, err)
		return &mirror.Snapshot{}, nil
	}
	return snapshot, nil
}

// readShard reads one stack as the read mode says; nil without an error when there is no such stack.
func (s *Service) readShard(ctx context.Context, h *hub, d *shard, snapshot *mirror.Snapshot) (*shardRead, error) {
	body := snapshot.Bodies[d.n]
	if body != nil {
		switch s.config.ReadMode {
		case Cached:
			return d.latest(mirroredRead(body)), nil
		case Verified:
			d.stack.Know(body.StackID, body.LastUpdated)
			described, err := d.stack.Describe(ctx)
			if err != nil {
				return nil, err
			}
			if described != nil && !body.Doubtful && current(body.Version, *described) {
				return d.latest(mirroredRead(body)), nil
			}
		case Authoritative:
		}
	}
	return s.readTemplate(ctx, h, d)
}

// mirroredRead is what the mirror shows of a stack.
func mirroredRead(body *mirror.Body) *shardRead {
	return &shardRead{body.Version, &body.Contents, body.Doubtful, true}
}

// doubtful says that a template is of another revision than its stack says, although it was read for long enough.
func doubtful(d commit.Description, t *template.Template) bool {
	return commit.BaseRead{After: d, Template: t}.Stale()
}

// current says that the mirror holds what a description shows, or something newer: descriptions can be stale, the mirror
// never goes back.
func current(v mirror.Version, d commit.Description) bool {
	if v.StackID != d.StackID {
		return false
	}
	if v.LastUpdated.After(d.LastUpdated) {
		return true
	}
	revision := d.Parameters[template.RevisionParameter]
	return v.LastUpdated.Equal(d.LastUpdated) && v.ChangeSetID == d.ChangeSetID && v.Status == d.Status &&
		cfn.Stable(d.Status) && fmt.Sprint(v.Revision) == revision
}

// readTemplate reads a stack's template and mends the mirror. It returns the newest that this process has seen.
func (s *Service) readTemplate(ctx context.Context, h *hub, d *shard) (*shardRead, error) {
	read, _, err := s.readFresh(ctx, h, d)
	return read, err
}

// readFresh is readTemplate, and reports whether CloudFormation's own answer was stale.
func (s *Service) readFresh(ctx context.Context, h *hub, d *shard) (result *shardRead, stale bool, err error) {
	read, err := d.stack.Settled(ctx)
	if err != nil || read == nil {
		return nil, false, err
	}
	contents, err := template.Parse(read.Template, d.withOutputs(read.After.Outputs))
	if err != nil {
		return nil, false, &unreadableError{d.stack.Name(), err}
	}
	stale = read.Stale()
	result = d.latest(&shardRead{version: version(read.After, revisionOf(read.After)), contents: contents, doubtful: stale})
	if s.config.ReadMode != Authoritative {
		s.write(ctx, h, d, result)
	}
	return result, stale, nil
}
