package projects

import (
	"context"
	"fmt"

	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Refresh compares the mirror with a project's stacks by one description each, and reads those stacks where the mirror is behind. It
// is what a notification of a stack leads to, whoever changed the stack: the notification is a reason to look and tells nothing.
//
// It may be called at any time, by anybody, repeatedly: the mirror never goes back. Those who call it while it is at work share
// the next round. changed says whether this brought the mirror forward.
func (s *Service) Refresh(ctx context.Context, name string) (changed bool, err error) {
	p := s.project(name)
	return p.refreshing.do(ctx, func(ctx context.Context) (bool, error) { return s.refreshProject(ctx, p) })
}

func (s *Service) refreshProject(ctx context.Context, p *project) (changed bool, err error) {
	h, err := s.open(ctx)
	if err != nil {
		return false, err
	}
	snapshot, err := h.table.Read(ctx, p.name)
	if err != nil {
		return false, fmt.Errorf("reading the mirror: %w", err)
	}
	first, err := s.reach(ctx, h, p, snapshot)
	if err != nil {
		return false, err
	}
	contents, changed, err := s.refresh(ctx, h, first, snapshot)
	if err != nil || contents == nil {
		return changed, err
	}
	for n := 1; n < contents.Shards; n++ {
		_, moved, err := s.refresh(ctx, h, s.sibling(h, p, first, &shardRead{contents: contents}, n), snapshot)
		if err != nil {
			return changed, err
		}
		changed = changed || moved
	}
	return changed, nil
}

// refresh brings the mirror of one stack up to date. contents is what it shows then; nil when it shows nothing.
func (s *Service) refresh(ctx context.Context, h *hub, d *shard, snapshot *mirror.Snapshot) (contents *template.Contents, changed bool, err error) {
	if body := snapshot.Bodies[d.n]; body != nil {
		contents = &body.Contents
	}
	described, err := d.stack.Describe(ctx)
	if err != nil || described == nil {
		return contents, false, err
	}
	if head := snapshot.Heads[d.n]; head != nil && current(head.Version, *described) {
		return contents, false, nil
	}
	update := mirror.Update{StackName: d.stack.Name(), Version: version(*described, revisionOf(*described))}
	if mirror.Stable(described.Status) {
		read, err := d.stack.Settled(ctx)
		if err != nil || read == nil {
			return contents, false, err
		}
		if update.Contents, err = template.Parse(read.Template, d.withOutputs(read.After.Outputs)); err != nil {
			return contents, false, fmt.Errorf("the template of the stack %s: %w", d.stack.Name(), err)
		}
		update.Version = version(read.After, revisionOf(read.After))
		contents = update.Contents
	}
	changed, _, err = h.table.Write(ctx, d.partition, d.n, update)
	return contents, changed, err
}
