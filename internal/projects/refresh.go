package projects

import (
	"context"
	"fmt"

	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Refresh compares the mirror with a project's stack by one description, and reads the stack where the mirror is behind. It is
// what a notification of a stack leads to, whoever changed the stack: the notification is a reason to look and tells nothing.
//
// It may be called at any time, by anybody, repeatedly: the mirror never goes back. changed says whether this call brought the
// mirror forward.
func (s *Service) Refresh(ctx context.Context, name string) (changed bool, err error) {
	h, err := s.open(ctx)
	if err != nil {
		return false, err
	}
	snapshot, err := h.table.Read(ctx, name)
	if err != nil {
		return false, fmt.Errorf("reading the mirror: %w", err)
	}
	d, err := s.reach(ctx, h, s.project(name), snapshot)
	if err != nil {
		return false, err
	}
	described, err := d.stack.Describe(ctx)
	if err != nil || described == nil {
		return false, err
	}
	if head := snapshot.Heads[d.n]; head != nil && current(head.Version, *described) {
		return false, nil
	}
	update := mirror.Update{StackName: d.stack.Name(), Version: version(*described, revisionOf(*described))}
	if mirror.Stable(described.Status) {
		read, err := d.stack.Settled(ctx)
		if err != nil || read == nil {
			return false, err
		}
		if update.Contents, err = template.Parse(read.Template, d.withOutputs(read.After.Outputs)); err != nil {
			return false, fmt.Errorf("the template of the stack %s: %w", d.stack.Name(), err)
		}
		update.Version = version(read.After, revisionOf(read.After))
	}
	changed, _, err = h.table.Write(ctx, d.partition, d.n, update)
	return changed, err
}
