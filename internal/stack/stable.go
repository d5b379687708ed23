package stack

import (
	"context"
	"fmt"
	"time"

	smithytime "github.com/aws/smithy-go/time"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
)

// ReadStable reads the stack until it is at rest and its reading is consistent. It returns nil
// without an error for a missing stack. The context limits the wait.
func (s *Stack) ReadStable(ctx context.Context) (*commit.BaseRead, error) {
	return s.settled(ctx, func(string) bool { return false })
}

// ReadStableOrBusy is ReadStable without waiting for operations: it returns the first reading of a
// stack that is not stable (cfn.Stable).
func (s *Stack) ReadStableOrBusy(ctx context.Context) (*commit.BaseRead, error) {
	return s.settled(ctx, func(status string) bool { return !cfn.Stable(status) })
}

// settled reads until the stack is settled, or its status is enough.
func (s *Stack) settled(ctx context.Context, enough func(status string) bool) (*commit.BaseRead, error) {
	var staleness cfn.Staleness
	for {
		read := s.Read(ctx)
		switch {
		case read.Err != nil:
			return nil, read.Err
		case read.Absent || read.Template == nil:
			return nil, nil //nolint:nilnil // no stack and no error: it isn't there
		case enough(read.After.Status):
			return &read, nil
		case read.Consistent() && !staleness.Wait(time.Now(), read.Stale()):
			if !read.Stale() {
				s.keepEarlier(earlier{description: &read.After, template: read.Template})
			}
			return &read, nil
		}
		s.config.Log(
			ctx, "The stack is being updated; waiting",
			map[string]any{"stack": s.config.Stack, "status": read.After.Status},
		)
		if err := smithytime.SleepWithContext(ctx, commit.BusyPause); err != nil {
			return nil, fmt.Errorf(
				"waiting for the stack %s, which is in the status %s: %w", s.config.Stack, read.After.Status, err,
			)
		}
	}
}
