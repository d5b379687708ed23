package relay

import (
	"context"
	"errors"
	"sync"
)

// each does something with every item, so many at once, and goes on when one fails. It returns all errors together, in the order of
// the items.
func each[T any](ctx context.Context, atOnce int, items []T, do func(context.Context, T) error) error {
	errs := make([]error, len(items))
	places := make(chan struct{}, atOnce)
	var group sync.WaitGroup
	for i, item := range items {
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			errs[i] = ctx.Err()
			continue
		}
		group.Go(func() {
			defer func() { <-places }()
			errs[i] = do(ctx, item)
		})
	}
	group.Wait()
	return errors.Join(errs...)
}
