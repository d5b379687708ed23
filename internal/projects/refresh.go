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

// rounds are the refreshes of a project's stacks: one at a time of each stack, and of the whole project.
type rounds struct {
	mu sync.Mutex // protects of; never held during a call or a wait
	of map[int]*series[Refreshed]
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
	r.mu.Lock()
	if r.of == nil {
		r.of = map[int]*series[Refreshed]{}
	}
	if r.of[n] == nil {
		r.of[n] = &series[Refreshed]{}
	}
	s := r.of[n]
	r.mu.Unlock()
	return s.do(ctx, func(ctx context.Context) (Refreshed, error) {
		ctx, cancel := context.WithTimeout(ctx, refreshBound)
		defer cancel()
		return round(ctx)
	})
}

// Refresh refreshes all stacks of a project; of the directory if name is mirror.Directory. changed says whether this brought the mirror
// forward. It returns a model.NotFoundProject error when neither mirror nor directory have the project.
func (s *Service) Refresh(ctx context.Context, name string) (changed bool, err error) {
	done, err := s.project(name).refreshing.do(ctx, wholeProject, func(ctx context.Context) (Refreshed, error) { return s.refreshProject(ctx, name) })
	return done.Changed, err
}

func (s *Service) refreshProject(ctx context.Context, name string) (Refreshed, error) {
	h, snapshot, err := s.mirroredNow(ctx, name)
	if err != nil {
		return Refreshed{}, err
	}
	if name == directoryName {
		_, done, err := s.refresh(ctx, h, h.directory, snapshot)
		return done, err
	}
	p := s.relocated(name, snapshot)
	first, err := s.reach(ctx, h, p, snapshot)
	if err != nil {
		return Refreshed{}, err
	}
	contents, done, err := s.refresh(ctx, h, first, snapshot)
	if err != nil || contents == nil {
		return done, err
	}
	others, err := s.refreshOthers(ctx, h, p, first, contents, snapshot, func(int) bool { return true })
	return done.and(others), err
}

// refreshOthers refreshes those of a project's other stacks that are chosen. The status is that of the last of them.
func (s *Service) refreshOthers(ctx context.Context, h *hub, p *project, first *shard, contents *template.Contents, snapshot *mirror.Snapshot, chosen func(n int) bool) (all Refreshed, err error) {
	for n := 1; n < contents.Shards; n++ {
		if !chosen(n) {
			continue
		}
		_, done, err := s.refresh(ctx, h, s.sibling(h, p, first, &shardRead{contents: contents}, n), snapshot)
		all = done.and(all)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// foreign is the error for a stack that has the name of a project's stack and is none: the project is in another account or region,
// has fewer stacks, or there is no such project.
func (a StackAddress) foreign() error {
	return &model.NotFoundError{Kind: model.NotFoundOwner, Stack: a.Name(), AccountID: a.AccountID, Region: a.Region}
}

// RefreshStack refreshes one stack. It is what a notification of the stack leads to: the notification is a reason to look and tells
// nothing. Where the first stack shows that the project has grown, the new stacks are refreshed, too.
//
// It returns a model.NotFoundOwner error for a stack that belongs to no project, and a model.NotFoundProject error when there is no project of that name.
func (s *Service) RefreshStack(ctx context.Context, at StackAddress) (Refreshed, error) {
	done, err := s.project(at.Project).refreshing.do(ctx, at.Shard, func(ctx context.Context) (Refreshed, error) {
		return s.refreshStack(ctx, at)
	})
	if model.IsNotFound(err, model.NotFoundProject, model.NotFoundDirectory) {
		s.forget(at.Project) // names of projects that do not exist must not pile up
	}
	return done, err
}

func (s *Service) refreshStack(ctx context.Context, at StackAddress) (Refreshed, error) {
	h, snapshot, err := s.mirroredNow(ctx, at.Project)
	if err != nil {
		return Refreshed{}, err
	}
	if at.Project == directoryName {
		if !at.isOf(h.directory) {
			return Refreshed{}, at.foreign()
		}
		_, done, err := s.refresh(ctx, h, h.directory, snapshot)
		return done, err
	}
	if len(snapshot.Heads) == 0 && s.project(at.Project).reached(0) == nil && s.unlisted(at.Project) {
		return Refreshed{}, &model.NotFoundError{Kind: model.NotFoundProject, Project: at.Project}
	}
	p, first, err := s.reachAt(ctx, h, at, snapshot)
	if err != nil {
		return Refreshed{}, err
	}
	unmirrored := func(n int) bool { return snapshot.Heads[n] == nil }
	if at.Shard == 0 {
		contents, done, err := s.refresh(ctx, h, first, snapshot)
		if err != nil || contents == nil {
			return done, err
		}
		grown, err := s.refreshOthers(ctx, h, p, first, contents, snapshot, unmirrored)
		return done.and(grown), err
	}
	if body := snapshot.Bodies[0]; body != nil && body.Contents.Project != nil && at.Shard < body.Contents.Shards {
		return s.refreshOthers(ctx, h, p, first, &body.Contents, snapshot, func(n int) bool { return n == at.Shard })
	}
	// It isn't counted, as far as the mirror goes: the first stack tells.
	contents, done, err := s.refresh(ctx, h, first, snapshot)
	if err != nil {
		return done, err
	}
	if contents == nil || at.Shard >= contents.Shards {
		return done, at.foreign()
	}
	others, err := s.refreshOthers(ctx, h, p, first, contents, snapshot, func(n int) bool { return n == at.Shard || unmirrored(n) })
	return others.and(done), err
}

// reachAt finds the first stack of the project to which a stack at that place belongs.
func (s *Service) reachAt(ctx context.Context, h *hub, at StackAddress, snapshot *mirror.Snapshot) (*project, *shard, error) {
	p := s.relocated(at.Project, snapshot)
	known := p.reached(0) != nil
	first, err := s.reach(ctx, h, p, snapshot)
	if err == nil && !at.isOf(first) && known && snapshot.Bodies[0] == nil {
		// The project may have been deleted and made again elsewhere since this process found it.
		s.forget(at.Project)
		p = s.project(at.Project)
		first, err = s.reach(ctx, h, p, snapshot)
	}
	if err != nil {
		return nil, nil, err
	}
	if !at.isOf(first) {
		return nil, nil, at.foreign()
	}
	return p, first, nil
}

func (s *Service) mirroredNow(ctx context.Context, name string) (*hub, *mirror.Snapshot, error) {
	h, err := s.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	snapshot, err := h.table.Read(ctx, name)
	if missing := h.missingTable(err); missing != nil {
		return nil, nil, missing
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading the mirror: %w", err)
	}
	return h, snapshot, nil
}

// relocated is the project; what this process knows of it is forgotten when the mirror shows that it is elsewhere by now.
func (s *Service) relocated(name string, snapshot *mirror.Snapshot) *project {
	p := s.project(name)
	first, body := p.reached(0), snapshot.Bodies[0]
	if first == nil || body == nil || body.Contents.Project == nil {
		return p
	}
	if now := body.Contents.Project.Listing(); now.AccountID == first.env.AccountID && now.Region == first.env.Region {
		return p
	}
	s.forget(name)
	return s.project(name)
}

// refresh brings the mirror of one stack up to date. contents is what it shows then; nil when it shows nothing.
func (s *Service) refresh(ctx context.Context, h *hub, d *shard, snapshot *mirror.Snapshot) (contents *template.Contents, done Refreshed, err error) {
	head, body := snapshot.Heads[d.n], snapshot.Bodies[d.n]
	if body != nil {
		contents = &body.Contents
	}
	if head != nil {
		d.stack.Know(head.StackID, head.LastUpdated)
		done.Status = head.Status
	}
	described, err := d.stack.Describe(ctx)
	if err != nil {
		return contents, done, err
	}
	if described == nil {
		return s.gone(ctx, h, d, head, contents)
	}
	update := mirror.Update{StackName: d.stack.Name(), Reason: described.StatusReason, Version: version(*described, revisionOf(*described))}
	whole := body != nil && !body.Doubtful || !cfn.Stable(described.Status) // the body is there, as far as there is one
	if head != nil && whole && !update.Supersedes(head.Version) {
		return contents, done, nil
	}
	if cfn.Stable(described.Status) {
		read, err := d.stack.SettledOrBusy(ctx)
		if err != nil || read == nil {
			return contents, done, err
		}
		if cfn.Stable(read.After.Status) {
			if update.Contents, err = template.Parse(read.Template, d.withOutputs(read.After.Outputs)); err != nil {
				return contents, done, fmt.Errorf("the template of the stack %s: %w", d.stack.Name(), err)
			}
			contents, update.Doubtful = update.Contents, doubtful(read.After, read.Template)
		}
		update.Version, update.Reason = version(read.After, revisionOf(read.After)), read.After.StatusReason
	}
	done, err = s.put(ctx, h, d, update)
	return contents, done, err
}

// put writes what was found of a stack.
func (s *Service) put(ctx context.Context, h *hub, d *shard, update mirror.Update) (done Refreshed, err error) {
	won, head, err := h.table.Write(ctx, d.partition, d.n, update)
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
func (s *Service) gone(ctx context.Context, h *hub, d *shard, head *mirror.Head, contents *template.Contents) (*template.Contents, Refreshed, error) {
	closing := contents != nil && contents.Project != nil && contents.Project.Closing
	switch {
	case head == nil:
		return contents, Refreshed{}, nil
	case d.partition == directoryName && contents != nil && len(contents.Listings) > 0:
		// The mirror is the last record of the projects: readDirectory needs it.
		return contents, Refreshed{Status: head.Status}, h.error(directoryLost(len(contents.Listings)))
	case head.Status == cfn.DeleteComplete || closing && d.n == 0:
		return contents, Refreshed{Status: head.Status}, nil
	}
	out, err := d.account.CloudFormation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(head.StackID)})
	if err != nil || len(out.Stacks) != 1 || out.Stacks[0].StackStatus != cfn.DeleteComplete {
		return contents, Refreshed{Status: head.Status}, nil //nolint:nilerr // that it isn't there is known; a failure to hear more leaves the mirror as it was
	}
	update := mirror.Update{StackName: d.stack.Name(), Version: head.Version}
	update.Status = cfn.DeleteComplete
	if last := aws.ToTime(out.Stacks[0].LastUpdatedTime).UTC(); last.After(update.LastUpdated) {
		update.LastUpdated = last
	}
	done, err := s.put(ctx, h, d, update)
	if err != nil || !done.Changed {
		return contents, done, err
	}
	return nil, done, nil
}
