package projects

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Refreshing is bringing the mirror up to date with the stacks, whichever writer changed them. It
// compares by one description of a stack, and reads the stack only if the mirror is behind. It is
// safe at any time, from any process, repeatedly: the mirror never goes back. Concurrent callers
// share the next round.
//
// It does not wait for operations. The mirror gets the status of a busy stack, and the notification
// of the operation's end causes the next round.

// refreshBound limits one round, throttling included.
const refreshBound = 2 * time.Minute

// Synchronizer keeps the mirror up to date with the stacks, and web clients with the mirror. It is
// safe for concurrent use.
type Synchronizer struct{ registry *registry }

// rounds are the refreshes of a project: one at a time of each stack, and of the whole project.
type rounds struct {
	mu sync.Mutex // protects of; never held during a call or a wait
	of map[int]*coalescer[Refreshed]
}

// Refreshed is the result of a refresh.
type Refreshed struct {
	// Changed reports whether the mirror was updated.
	Changed bool
	// Status is the stack's in the mirror, for a project that of its first stack; "" when it isn't
	// mirrored.
	Status string
}

// AtRest reports whether the mirror shows the stack at rest, or deleted. That is the expected state
// after CloudFormation has reported the end of an operation, unless an event is lost or late.
func (r Refreshed) AtRest() bool { return !cfn.InProgress(r.Status) }

func (r Refreshed) and(others Refreshed) Refreshed {
	r.Changed = r.Changed || others.Changed
	return r
}

// wholeProject is the key of a whole project's round, among those of its stacks.
const wholeProject = -1

func (r *rounds) do(ctx context.Context, n int, round func(context.Context) (Refreshed, error)) (Refreshed, error) {
	return r.round(n).do(ctx, func(ctx context.Context) (Refreshed, error) {
		ctx, cancel := context.WithTimeout(ctx, refreshBound)
		defer cancel()
		return round(ctx)
	})
}

func (r *rounds) round(n int) *coalescer[Refreshed] {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil {
		r.of = map[int]*coalescer[Refreshed]{}
	}
	if r.of[n] == nil {
		r.of[n] = newCoalescer[Refreshed]()
	}
	return r.of[n]
}

// foreign returns the error for a stack with the name of a project's stack that is not one: the
// project is in another account or region, has fewer stacks, or does not exist.
func (a StackAddress) foreign() error {
	return &model.NotFoundError{Kind: model.NotFoundOwner, Stack: a.Name(), AccountID: a.AccountID, Region: a.Region}
}

// Refresh refreshes all stacks of a project; of the directory if name is mirror.Directory. changed
// reports whether the mirror was updated. It returns a model.NotFoundProject error when neither
// mirror nor directory have the project.
func (s *Synchronizer) Refresh(ctx context.Context, name string) (changed bool, err error) {
	return s.RefreshAndCheck(ctx, name, 0)
}

// RefreshStack refreshes one stack, for a notification about it: the notification's contents are
// ignored. When the first stack shows that the project has grown, the new stacks are refreshed,
// too.
//
// It returns a model.NotFoundOwner error for a stack that belongs to no project, and a
// model.NotFoundProject error when there is no project of that name.
func (s *Synchronizer) RefreshStack(ctx context.Context, at StackAddress) (Refreshed, error) {
	proj, err := s.registry.project(ctx, at.Project)
	if err != nil {
		return Refreshed{}, err
	}
	done, err := proj.refreshing.do(ctx, at.Shard, func(ctx context.Context) (Refreshed, error) {
		r, err := newRefresh(ctx, proj)
		if err != nil {
			return Refreshed{}, err
		}
		return r.one(ctx, at)
	})
	if model.IsNotFound(err, model.NotFoundProject, model.NotFoundDirectory) {
		proj.hub.forget(at.Project) // names of projects that do not exist must not accumulate
	}
	return done, err
}

// refresh is one round for a project: it compares the stacks with the mirror.
type refresh struct {
	project  *project
	first    *shard // once connected
	snapshot *mirror.Snapshot
}

// newRefresh reads the mirror. It drops the project's handle when the mirror shows another
// location.
func newRefresh(ctx context.Context, proj *project) (*refresh, error) {
	snapshot, err := proj.hub.mirroredNow(ctx, proj.name)
	if err != nil {
		return nil, err
	}
	r := &refresh{project: proj.hub.project(proj.name), snapshot: snapshot}
	if r.relocated() {
		r.forget()
	}
	return r, nil
}

// relocated reports whether the mirror shows the project in another account or region than this
// process does.
func (r *refresh) relocated() bool {
	first, body := r.project.first(), r.snapshot.Bodies[0]
	if first == nil || body == nil || body.Contents.Project == nil {
		return false
	}
	now := body.Contents.Project.DirectoryEntry()
	return now.AccountID != first.env.AccountID || now.Region != first.env.Region
}

// forget drops the location of the project.
func (r *refresh) forget() {
	hub, name := r.project.hub, r.project.name
	hub.forget(name)
	r.project = hub.project(name)
}

// all refreshes all stacks of the project.
func (r *refresh) all(ctx context.Context) (done Refreshed, err error) {
	if r.first, err = r.project.reach(ctx, r.snapshot); err != nil {
		return Refreshed{}, err
	}
	contents, done, err := r.stack(ctx, r.first)
	if err != nil || contents == nil {
		return done, err
	}
	others, err := r.others(ctx, contents, func(int) bool { return true })
	return done.and(others), err
}

// others refreshes the chosen ones of a project's other stacks. contents are the first stack's. The
// status is that of the last chosen stack.
func (r *refresh) others(
	ctx context.Context, contents *template.Contents, chosen func(n int) bool,
) (all Refreshed, err error) {
	for n := 1; n < contents.Shards; n++ {
		if !chosen(n) {
			continue
		}
		_, done, err := r.stack(ctx, r.project.sibling(n, contents.Env.Shared))
		all = done.and(all)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// one refreshes the stack at an address, and new stacks of the project that the first one shows.
func (r *refresh) one(ctx context.Context, at StackAddress) (Refreshed, error) {
	if len(r.snapshot.Heads) == 0 && r.project.first() == nil && r.project.hub.directory.unlisted(at.Project) {
		return Refreshed{}, &model.NotFoundError{Kind: model.NotFoundProject, Project: at.Project}
	}
	if err := r.reach(ctx, at); err != nil {
		return Refreshed{}, err
	}
	unmirrored := func(n int) bool { return r.snapshot.Heads[n] == nil }
	if at.Shard == 0 {
		contents, done, err := r.stack(ctx, r.first)
		if err != nil || contents == nil {
			return done, err
		}
		grown, err := r.others(ctx, contents, unmirrored)
		return done.and(grown), err
	}
	if body := r.snapshot.Bodies[0]; body != nil && body.Contents.Project != nil && at.Shard < body.Contents.Shards {
		return r.others(ctx, &body.Contents, func(n int) bool { return n == at.Shard })
	}
	// The mirror doesn't count the stack: the first stack decides.
	contents, done, err := r.stack(ctx, r.first)
	if err != nil {
		return done, err
	}
	if contents == nil || at.Shard >= contents.Shards {
		return done, at.foreign()
	}
	others, err := r.others(ctx, contents, func(n int) bool { return n == at.Shard || unmirrored(n) })
	return others.and(done), err
}

// reach connects to the first stack of the project that the stack at that address belongs to.
func (r *refresh) reach(ctx context.Context, at StackAddress) (err error) {
	known := r.project.first() != nil
	r.first, err = r.project.reach(ctx, r.snapshot)
	if err == nil && !at.isOf(r.first) && known && r.snapshot.Bodies[0] == nil {
		// The project may have been deleted and created elsewhere since.
		r.forget()
		r.first, err = r.project.reach(ctx, r.snapshot)
	}
	if err == nil && !at.isOf(r.first) {
		return at.foreign()
	}
	return err
}

// stack brings the mirror of one stack up to date. contents is what the mirror holds then; nil for
// nothing.
func (r *refresh) stack(ctx context.Context, sh *shard) (contents *template.Contents, done Refreshed, err error) {
	head, body := r.snapshot.Heads[sh.n], r.snapshot.Bodies[sh.n]
	if body != nil {
		contents = &body.Contents
	}
	if head != nil {
		sh.stack.Know(head.StackID, head.LastUpdated)
		done.Status = head.Status
	}
	described, err := sh.stack.Describe(ctx)
	if err != nil {
		return contents, done, err
	}
	if described == nil {
		return sh.gone(ctx, head, contents)
	}
	update := mirror.Update{
		StackName: sh.stack.Name(), Reason: described.StatusReason,
		Version: version(*described, revisionOf(*described)),
	}
	whole := body != nil && !body.MaybeStale || !cfn.Stable(described.Status) // the body is there, as far as there is one
	if head != nil && whole && !update.Supersedes(head.Version) {
		return contents, done, nil
	}
	if cfn.Stable(described.Status) {
		read, err := sh.stack.ReadStableOrBusy(ctx)
		if err != nil || read == nil {
			return contents, done, err
		}
		if cfn.Stable(read.After.Status) {
			if update.Contents, err = template.Parse(read.Template, sh.withOutputs(read.After.Outputs)); err != nil {
				return contents, done, fmt.Errorf("the template of the stack %s: %w", sh.stack.Name(), err)
			}
			contents, update.MaybeStale = update.Contents, maybeStale(read.After, read.Template)
		}
		update.Version, update.Reason = version(read.After, revisionOf(read.After)), read.After.StatusReason
	}
	done, err = sh.put(ctx, update)
	return contents, done, err
}

// put stores the state of a stack in the mirror.
func (sh *shard) put(ctx context.Context, update mirror.Update) (done Refreshed, err error) {
	won, head, err := sh.project.hub.table.Write(ctx, sh.project.name, sh.n, update)
	done.Changed = won
	if head != nil {
		done.Status = head.Status
	}
	return done, err
}

// gone removes a deleted stack from the mirror. Only CloudFormation's report that this very stack
// was deleted counts: a read in the wrong place, or too early, finds nothing either.
//
// The first stack of a closing project stays: once it is deleted, only the mirror shows that the
// deletion isn't over.
func (sh *shard) gone(
	ctx context.Context, head *mirror.Head, contents *template.Contents,
) (*template.Contents, Refreshed, error) {
	closing := contents != nil && contents.Project != nil && contents.Project.Closing
	switch {
	case head == nil:
		return contents, Refreshed{}, nil
	case contents != nil && len(contents.DirectoryEntries) > 0:
		// The stack is the directory's, and the mirror the last record of the projects: reading the
		// directory needs it.
		return contents, Refreshed{Status: head.Status}, sh.project.hub.error(directoryLost(len(contents.DirectoryEntries)))
	case head.Status == cfn.DeleteComplete || closing && sh.n == 0:
		return contents, Refreshed{Status: head.Status}, nil
	}
	out, err := sh.account.CloudFormation.DescribeStacks(
		ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(head.StackID)},
	)
	if err != nil || len(out.Stacks) != 1 || out.Stacks[0].StackStatus != cfn.DeleteComplete {
		// That the stack is gone is known. A failure to learn more leaves the mirror as it was.
		return contents, Refreshed{Status: head.Status}, nil //nolint:nilerr // see above
	}
	update := mirror.Update{StackName: sh.stack.Name(), Version: head.Version}
	update.Status = cfn.DeleteComplete
	if last := aws.ToTime(out.Stacks[0].LastUpdatedTime).UTC(); last.After(update.LastUpdated) {
		update.LastUpdated = last
	}
	done, err := sh.put(ctx, update)
	if err != nil || !done.Changed {
		return contents, done, err
	}
	return nil, done, nil
}
