package relay

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"
)

// forEach calls do for every item, at most limit at a time, and continues after a failure. It
// returns all errors, in the order of the items. It starts no item after ctx has ended.
func forEach[T any](ctx context.Context, limit int, items []T, do func(context.Context, T) error) error {
	errs := make([]error, len(items))
	var group errgroup.Group
	group.SetLimit(limit)
	for i, item := range items {
		group.Go(func() error {
			if errs[i] = ctx.Err(); errs[i] == nil {
				errs[i] = do(ctx, item)
			}
			return nil
		})
	}
	_ = group.Wait() // all errors are returned
	return errors.Join(errs...)
}
