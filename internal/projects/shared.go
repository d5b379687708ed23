package projects

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	smithytime "github.com/aws/smithy-go/time"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
)

// callBound is the time limit of a shared call, including a wait for a busy stack.
const callBound = 30 * time.Minute

// flights let callers with the same key share one call. The call does not end with the context of
// the caller that started it, because others may wait for it. The zero value is ready for use.
type flights[T any] struct {
	group singleflight.Group

	mu      sync.Mutex                     // guards current; never held during a call or a wait
	current map[string]*awsclient.Attempts // by key, the attempts of the call that is in progress
}

// do calls fn, or joins the call with the same key that is in progress. The wait ends with ctx.
func (f *flights[T]) do(ctx context.Context, key string, fn func(context.Context) (T, error)) (T, error) {
	attempts, done := f.join(ctx, key, fn)
	select {
	case result := <-done:
		value, _ := result.Val.(T)
		return value, result.Err
	case <-ctx.Done():
		var zero T
		return zero, attempts.Ended(ctx.Err())
	}
}

// join starts a call or joins one.
func (f *flights[T]) join(
	ctx context.Context, key string, fn func(context.Context) (T, error),
) (*awsclient.Attempts, <-chan singleflight.Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	attempts := f.current[key]
	shared := ctx
	if attempts == nil {
		shared, attempts = awsclient.WithAttempts(context.WithoutCancel(ctx))
		if f.current == nil {
			f.current = map[string]*awsclient.Attempts{}
		}
		f.current[key] = attempts
	}
	return attempts, f.group.DoChan(key, func() (any, error) {
		defer f.end(key, attempts)
		bounded, cancel := context.WithTimeout(shared, callBound)
		defer cancel()
		return fn(bounded)
	})
}

// end ends a call. A caller that arrives after the end starts another call, so the group forgets
// the key at the same time.
func (f *flights[T]) end(key string, ended *awsclient.Attempts) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current[key] == ended {
		f.forget(key)
	}
}

// detach makes the next caller with the key start a call, although one is in progress.
func (f *flights[T]) detach(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forget(key)
}

func (f *flights[T]) forget(key string) {
	delete(f.current, key)
	f.group.Forget(key)
}

// gathering is how long a coalesced call waits for other callers. When a batch fails, all of its
// members ask at once.
const gathering = 20 * time.Millisecond

// coalescer makes one call at a time. Callers that arrive while one is in progress share the next.
// A call starts after all of its callers asked, so it sees everything that happened before.
type coalescer[T any] struct {
	next    flights[T]
	running *semaphore.Weighted
}

func newCoalescer[T any]() *coalescer[T] {
	return &coalescer[T]{running: semaphore.NewWeighted(1)}
}

// do calls fn, or joins the next call of another caller. The wait ends with ctx.
func (c *coalescer[T]) do(ctx context.Context, fn func(context.Context) (T, error)) (T, error) {
	const next = "next"
	return c.next.do(ctx, next, func(ctx context.Context) (T, error) {
		var zero T
		if err := smithytime.SleepWithContext(ctx, gathering); err != nil {
			return zero, err
		}
		if err := c.running.Acquire(ctx, 1); err != nil {
			return zero, err
		}
		defer c.running.Release(1)
		c.next.detach(next)
		return fn(ctx)
	})
}
