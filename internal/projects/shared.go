package projects

import (
	"context"
	"strconv"
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

	mu      sync.Mutex // guards the fields below; never held during a call or a wait
	started int
	current map[string]*flight
}

// flight is one call of a group, under a key of its own.
type flight struct {
	key      string
	attempts *awsclient.Attempts // of its calls to AWS
}

// do calls fn, or joins the call with the same key that is in progress. The wait ends with ctx.
func (f *flights[T]) do(ctx context.Context, key string, fn func(context.Context) (T, error)) (T, error) {
	joined, done := f.join(ctx, key, fn)
	select {
	case result := <-done:
		value, _ := result.Val.(T)
		return value, result.Err
	case <-ctx.Done():
		var zero T
		return zero, joined.attempts.Ended(ctx.Err())
	}
}

// join starts a call or joins one. A flight ends under the lock, so that the group still knows the
// key of every current flight.
func (f *flights[T]) join(
	ctx context.Context, key string, fn func(context.Context) (T, error),
) (*flight, <-chan singleflight.Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	joined := f.current[key]
	shared := ctx
	if joined == nil {
		f.started++
		joined = &flight{key: strconv.Itoa(f.started)}
		shared, joined.attempts = awsclient.WithAttempts(context.WithoutCancel(ctx))
		if f.current == nil {
			f.current = map[string]*flight{}
		}
		f.current[key] = joined
	}
	return joined, f.group.DoChan(joined.key, func() (any, error) {
		defer f.end(key, joined)
		bounded, cancel := context.WithTimeout(shared, callBound)
		defer cancel()
		return fn(bounded)
	})
}

func (f *flights[T]) end(key string, ended *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current[key] == ended {
		delete(f.current, key)
	}
}

// detach makes the next caller with the key start a call, although one is in progress.
func (f *flights[T]) detach(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.current, key)
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
