package projects

import (
	"context"

	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// reader reads projects.
type reader struct{ registry *registry }

// read returns a project according to the read mode, or from this process's memory.
func (r *reader) read(ctx context.Context, name string) (*View, error) {
	proj, err := r.registry.project(ctx, name)
	if err != nil {
		return nil, err
	}
	return r.view(ctx, proj)
}

// view returns a project according to the read mode, or from this process's memory.
func (r *reader) view(ctx context.Context, proj *project) (*View, error) {
	return proj.memory.get(ctx, func(ctx context.Context) (*View, error) {
		view, err := r.stacks(ctx, proj)
		return proj.memory.withCompared(view), err
	})
}

// target is a project that was read for a change.
type target struct {
	reader  *reader
	project *project
	view    *View
}

// target reads a project for a change and connects to its first stack. It discards a stored
// absence.
func (r *reader) target(ctx context.Context, name string) (*target, error) {
	proj, err := r.registry.project(ctx, name)
	if err != nil {
		return nil, err
	}
	proj.memory.lookAgain()
	view, err := r.view(ctx, proj)
	if err != nil {
		return nil, err
	}
	_, err = proj.reach(ctx, &mirror.Snapshot{Bodies: map[int]*mirror.Body{0: {Contents: view.Contents}}})
	return &target{r, proj, view}, err
}

// again updates the target from this process's memory.
func (t *target) again(ctx context.Context) (err error) {
	t.view, err = t.reader.read(ctx, t.project.name)
	return err
}

// shard returns the n-th stack of the project.
func (t *target) shard(n int) *shard {
	return t.project.sibling(n, t.view.shards[0].contents.Env.Shared)
}

// stacks reads the stacks of a project: first the one that holds it and their number, then the
// others concurrently.
func (r *reader) stacks(ctx context.Context, proj *project) (*View, error) {
	snapshot, err := proj.hub.mirrored(ctx, proj.name)
	if err != nil {
		return nil, err
	}
	if proj.hub.config.ReadMode == Cached && proj.first() == nil {
		// An interrupted deletion may have left only the mirror of a project that was closing.
		if v := mirroredView(proj.name, snapshot); v != nil && !v.Contents.Project.Closing {
			return v, nil
		}
	}
	first, err := proj.reach(ctx, snapshot)
	if err != nil {
		return nil, err
	}
	read, err := first.read(ctx, snapshot)
	if err != nil {
		return nil, err
	}
	if read == nil || read.contents.Project == nil {
		return r.absent(ctx, first, read)
	}
	shards, err := proj.readOthers(read, func(sh *shard) (*shardRead, error) { return sh.read(ctx, snapshot) })
	if err != nil {
		return nil, err
	}
	if proj.hub.config.ReadMode == Authoritative {
		snapshot.Drifts = proj.hub.drifts(ctx, proj.name)
	}
	return newView(proj.name, shards).withDrifts(snapshot.Drifts), nil
}

// mirroredView returns a project from the mirror; nil when the mirror doesn't hold all of it.
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
	return newView(name, shards).withDrifts(snapshot.Drifts)
}

// now reads the templates of a project after it is called, regardless of the mirror or this
// process's memory. Concurrent callers share a reading.
func (r *reader) now(ctx context.Context, proj *project) (*View, error) {
	return proj.rereading.do(ctx, func(ctx context.Context) (*View, error) { return reread(ctx, proj) })
}

func reread(ctx context.Context, proj *project) (*View, error) {
	one := func(sh *shard) (*shardRead, error) {
		read, stale, err := sh.readFresh(ctx)
		if err != nil || read == nil {
			return nil, err
		}
		sh.memory().remember(sh.n, read)
		if stale && !read.maybeStale { // the memory of this process may be older
			maybeStaleRead := *read
			maybeStaleRead.maybeStale = true
			read = &maybeStaleRead
		}
		return read, nil
	}
	first := proj.first()
	read, err := one(first)
	if err != nil {
		return nil, err
	}
	if read == nil || read.contents.Project == nil {
		return nil, first.missing()
	}
	shards, err := proj.readOthers(read, one)
	if err != nil {
		return nil, err
	}
	return newView(proj.name, shards), nil
}

// absent handles a project that has no stack, or whose stack holds no project. Its location may
// have been outdated, so the directory's template decides. When the stack is deleted and the mirror
// shows that the project was closing, a deletion was interrupted: then absent returns the project
// from the mirror, so that its deletion can be completed. If the directory doesn't list it either,
// absent clears the mirror at once.
func (r *reader) absent(ctx context.Context, first *shard, read *shardRead) (*View, error) {
	proj, hub := first.project, first.project.hub
	var closing *View
	if read == nil {
		snapshot, err := hub.table.ReadWithin(ctx, proj.name, mirrorBound)
		if err != nil {
			hub.warnUnread(ctx, proj.name, err)
		} else if v := mirroredView(proj.name, snapshot); v != nil && v.Contents.Project.Closing {
			closing = v
		}
	}
	entry, err := hub.directory.entry(ctx, proj.name)
	if model.IsNotFound(err, model.NotFoundProject) && closing != nil {
		// Only the mirror was left of an interrupted deletion, and no deletion of an unknown
		// project follows.
		hub.clearMirror(ctx, proj.name)
	}
	if err != nil {
		return nil, err
	}
	if closing != nil {
		return closing, nil
	}
	return nil, &model.NotFoundError{
		Kind:      model.NotFoundStack,
		Project:   proj.name,
		Stack:     first.stack.Name(),
		AccountID: entry.AccountID,
		Region:    entry.Region,
	}
}
