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

// Refreshing is bringing the mirror up to date with the stacks, whoever changed them. It compares by one description of a stack, and
// reads the stack only where the mirror is behind. It may be done at any time, by anybody, repeatedly: the mirror never goes back. Those
// who ask while it is being done share the next round.
//
// It waits for nobody's operation: of a stack that is busy the mirror gets the status, and whatever tells of the operation's end is the
// reason for the next round.

// refreshBound is the most that one round takes, throttling included.
const refreshBound = 2 * time.Minute

// Synchronizer keeps the mirror up to date with the stacks, and web clients with the mirror. It is safe for concurrent use.
type Synchronizer struct{ registry *registry }

// rounds are the refreshes of a project's stacks: one at a time of each stack, and of the whole project.
type rounds struct {
	mu sync.Mutex // protects of; never held during a call or a wait
	of map[int]*coalescer[Refreshed]
}

// Refreshed is what a refresh has come to.
type Refreshed struct {
	// Changed says whether it has brought the mirror forward.
	Changed bool
	// Status is that of the stack in the mirror now, of a project that of its first; "" when it isn't mirrored.
	Status string
}

// AtRest says whether the mirror shows the stack at rest, or gone: unless something has got lost or is late, that is what it shows once
// CloudFormation has reported the end of an operation.
func (r Refreshed) AtRest() bool { return !cfn.InProgress(r.Status) }

func (r Refreshed) and(others Refreshed) Refreshed {
	r.Changed = r.Changed || others.Changed
	return r
}

// wholeProject is where the rounds of a whole project are among those of its stacks.
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

// foreign is the error for a stack that has the name of a project's stack and is none: the project is in another account or region,
// has fewer stacks, or there is no such project.
func (a StackAddress) foreign() error {
	return &model.NotFoundError{Kind: model.NotFoundOwner, Stack: a.Name(), AccountID: a.AccountID, Region: a.Region}
}

// Refresh refreshes all stacks of a project; of the directory if name is mirror.Directory. changed says whether this brought the mirror
// forward. It returns a model.NotFoundProject error when neither mirror nor directory have the project.
func (s *Synchronizer) Refresh(ctx context.Context, name string) (changed bool, err error) {
	proj, err := s.registry.project(ctx, name)
	if err != nil {
		return false, err
	}
	done, err := proj.refreshing.do(ctx, wholeProject, func(ctx context.Context) (Refreshed, error) {
		r, err := newRefresh(ctx, proj)
		if err != nil {
			return Refreshed{}, err
		}
		return r.all(ctx)
	})
	return done.Changed, err
}

// RefreshStack refreshes one stack. It is what a notification of the stack leads to: the notification is a reason to look and tells
// nothing. Where the first stack shows that the project has grown, the new stacks are refreshed, too.
//
// It returns a model.NotFoundOwner error for a stack that belongs to no project, and a model.NotFoundProject error when there is no
// project of that name.
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
		proj.hub.forget(at.Project) // names of projects that do not exist must not pile up
	}
	return done, err
}

// refresh is one round for a project: its stacks are compared with what the mirror shows.
type refresh struct {
	project  *project
	first    *shard // once it has been reached
	snapshot *mirror.Snapshot
}

// newRefresh reads the mirror. What this process knows of the project is forgotten when the mirror shows that it is elsewhere by now.
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

// relocated reports whether the mirror shows the project in another account or region than this process has found it in.
func (r *refresh) relocated() bool {
	first, body := r.project.first(), r.snapshot.Bodies[0]
	if first == nil || body == nil || body.Contents.Project == nil {
		return false
	}
	now := body.Contents.Project.Listing()
	return now.AccountID != first.env.AccountID || now.Region != first.env.Region
}

// forget forgets where the project is.
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

// others refreshes those of a project's other stacks that are chosen. contents are the first stack's. The status is that of the last of them.
func (r *refresh) others(ctx context.Context, contents *template.Contents, chosen func(n int) bool) (all Refreshed, err error) {
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
	// It isn't counted, as far as the mirror goes: the first stack tells.
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

// reach finds the first stack of the project to which a stack at that address belongs.
func (r *refresh) reach(ctx context.Context, at StackAddress) (err error) {
	known := r.project.first() != nil
	r.first, err = r.project.reach(ctx, r.snapshot)
	if err == nil && !at.isOf(r.first) && known && r.snapshot.Bodies[0] == nil {
		// The project may have been deleted and made again elsewhere since this process found it.
		r.forget()
		r.first, err = r.project.reach(ctx, r.snapshot)
	}
	if err == nil && !at.isOf(r.first) {
		return at.foreign()
	}
	return err
}

// stack brings the mirror of one stack up to date. contents is what it shows then; nil when it shows nothing.
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
	update := mirror.Update{StackName: sh.stack.Name(), Reason: described.StatusReason, Version: version(*described, revisionOf(*described))}
	whole := body != nil && !body.Doubtful || !cfn.Stable(described.Status) // the body is there, as far as there is one
	if head != nil && whole && !update.Supersedes(head.Version) {
		return contents, done, nil
	}
	if cfn.Stable(described.Status) {
		read, err := sh.stack.SettledOrBusy(ctx)
		if err != nil || read == nil {
			return contents, done, err
		}
		if cfn.Stable(read.After.Status) {
			if update.Contents, err = template.Parse(read.Template, sh.withOutputs(read.After.Outputs)); err != nil {
				return contents, done, fmt.Errorf("the template of the stack %s: %w", sh.stack.Name(), err)
			}
			contents, update.Doubtful = update.Contents, doubtful(read.After, read.Template)
		}
		update.Version, update.Reason = version(read.After, revisionOf(read.After)), read.After.StatusReason
	}
	done, err = sh.put(ctx, update)
	return contents, done, err
}

// put writes what was found of a stack.
func (sh *shard) put(ctx context.Context, update mirror.Update) (done Refreshed, err error) {
	won, head, err := sh.project.hub.table.Write(ctx, sh.project.name, sh.n, update)
	done.Changed = won
	if head != nil {
		done.Status = head.Status
	}
	return done, err
}

// gone takes a stack out of the mirror that was there and isn't any more. Only CloudFormation's own word that the very stack was deleted
// counts: whoever looks in the wrong place, or too early, finds nothing, too.
//
// The first stack of a project that is closing stays: once it has gone, the mirror alone shows that the deletion isn't over.
func (sh *shard) gone(
	ctx context.Context, head *mirror.Head, contents *template.Contents,
) (*template.Contents, Refreshed, error) {
	closing := contents != nil && contents.Project != nil && contents.Project.Closing
	switch {
	case head == nil:
		return contents, Refreshed{}, nil
	case contents != nil && len(contents.Listings) > 0:
		// The stack is the directory's, and the mirror the last record of the projects: reading the directory needs it.
		return contents, Refreshed{Status: head.Status}, sh.project.hub.error(directoryLost(len(contents.Listings)))
	case head.Status == cfn.DeleteComplete || closing && sh.n == 0:
		return contents, Refreshed{Status: head.Status}, nil
	}
	out, err := sh.account.CloudFormation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(head.StackID)})
	if err != nil || len(out.Stacks) != 1 || out.Stacks[0].StackStatus != cfn.DeleteComplete {
		return contents, Refreshed{Status: head.Status}, nil //nolint:nilerr // that it isn't there is known; a failure to hear more leaves the mirror as it was
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
