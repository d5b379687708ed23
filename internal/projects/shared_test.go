package projects

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	smithytime "github.com/aws/smithy-go/time"
)

// result is what a caller of a shared call got.
type result struct {
	value int
	err   error
}

// TestFlights_CancelledStarter shares a call between two callers. The one that started it gives up.
func TestFlights_CancelledStarter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f flights[int]
		started, finish := 0, make(chan struct{})
		call := func(ctx context.Context) <-chan result {
			done := make(chan result, 1)
			go func() {
				value, err := f.do(ctx, "acme", func(ctx context.Context) (int, error) {
					started++
					select {
					case <-finish:
						return 7, nil
					case <-ctx.Done():
						return 0, ctx.Err()
					}
				})
				done <- result{value, err}
			}()
			synctest.Wait()
			return done
		}
		ctx, cancel := context.WithCancel(t.Context())
		first, second := call(ctx), call(t.Context())
		cancel()
		if got := <-first; !errors.Is(got.err, context.Canceled) {
			t.Errorf("the cancelled caller got %v", got)
		}
		close(finish)
		if got := <-second; got != (result{value: 7}) {
			t.Errorf("the other caller got %v", got)
		}
		if started != 1 {
			t.Errorf("%d calls, want 1", started)
		}
		if got := <-call(t.Context()); got != (result{value: 7}) || started != 2 {
			t.Errorf("a later caller got %v of call %d, want a call of its own", got, started)
		}
		if len(f.current) > 0 {
			t.Errorf("calls that have ended are kept: %v", f.current)
		}
	})
}

// TestCoalescer makes calls while one is in progress: they share the next one, which starts afterwards.
func TestCoalescer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCoalescer[int]()
		calls, atOnce, finish := 0, 0, make(chan struct{})
		call := func(ctx context.Context) <-chan result {
			done := make(chan result, 1)
			go func() {
				value, err := c.do(ctx, func(context.Context) (int, error) {
					calls++
					atOnce++
					defer func() { atOnce-- }()
					if atOnce > 1 {
						t.Error("two calls are in progress")
					}
					call := calls
					<-finish
					return call, nil
				})
				done <- result{value, err}
			}()
			return done
		}
		first, together := call(t.Context()), call(t.Context())
		if err := smithytime.SleepWithContext(t.Context(), 2*gathering); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancelled, next := call(ctx), call(t.Context())
		synctest.Wait()
		cancel()
		if got := <-cancelled; !errors.Is(got.err, context.Canceled) {
			t.Errorf("the cancelled caller got %v", got)
		}
		close(finish)
		if a, b := <-first, <-together; a != (result{value: 1}) || b != a {
			t.Errorf("the first callers got %v and %v, want call 1", a, b)
		}
		if got := <-next; got != (result{value: 2}) {
			t.Errorf("a caller that came during call 1 got %v, want call 2", got)
		}
	})
}
