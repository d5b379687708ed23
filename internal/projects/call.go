package projects

import (
	"context"
	"sync"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
)

// call is one call that several callers wait for. It goes on when the caller that began it gives up, as others may wait.
type call[T any] struct {
	done     chan struct{}
	attempts *awsclient.Attempts // of its calls to AWS
	value    T
	err      error
}

// callBound is the most that a shared call takes, a wait for a busy stack included.
const callBound = 30 * time.Minute

func begin[T any](ctx context.Context, do func(context.Context) (T, error), settle func(*call[T], T, error)) *call[T] {
	shared, attempts := awsclient.WithAttempts(context.WithoutCancel(ctx))
	c := &call[T]{done: make(chan struct{}), attempts: attempts}
	go func() {
		ctx, cancel := context.WithTimeout(shared, callBound)
		defer cancel()
		c.value, c.err = do(ctx)
		settle(c, c.value, c.err)
		close(c.done)
	}()
	return c
}

func (c *call[T]) wait(ctx context.Context) (T, error) {
	select {
	case <-c.done:
		return c.value, c.err
	case <-ctx.Done():
		var zero T
		return zero, c.attempts.Ended(ctx.Err())
	}
}

// series makes one call at a time. Those who ask for one while it is being made share the next: it begins after they asked, so that
// it sees all that had happened by then.
type series[T any] struct {
	mu      sync.Mutex // protects what follows; never held during a call or a wait
	running *call[T]
	next    *call[T]
}

// gathering is how long a call of a series waits for others: when a batch fails, all of its members ask at once.
const gathering = 20 * time.Millisecond

func (s *series[T]) do(ctx context.Context, do func(context.Context) (T, error)) (T, error) {
	s.mu.Lock()
	c := s.next
	if c == nil {
		before := s.running
		c = begin(ctx, func(ctx context.Context) (T, error) {
			time.Sleep(gathering)
			if before != nil {
				_, _ = before.wait(ctx) // its own callers hear of its error
			}
			s.mu.Lock()
			s.running, s.next = s.next, nil
			s.mu.Unlock()
			return do(ctx)
		}, func(c *call[T], _ T, _ error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.running == c {
				s.running = nil
			}
		})
		s.next = c
	}
	s.mu.Unlock()
	return c.wait(ctx)
}
