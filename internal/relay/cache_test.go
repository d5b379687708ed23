package relay

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
)

// TestCache_FailedReading checks that a failed read is repeated for concurrent and for later
// callers.
func TestCache_FailedReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c cache[string, int]
		broken, goOn := errors.New("broken"), make(chan struct{})
		first := make(chan error, 1)
		go func() {
			_, err := c.get(t.Context(), "acme", func(context.Context) (int, error) { <-goOn; return 0, broken })
			first <- err
		}()
		synctest.Wait()
		second := make(chan int, 1)
		go func() {
			value, err := c.get(t.Context(), "acme", func(context.Context) (int, error) { return 2, nil })
			if err != nil {
				t.Errorf("who waited for it: %v", err)
			}
			second <- value
		}()
		synctest.Wait()
		close(goOn)
		if err := <-first; !errors.Is(err, broken) {
			t.Errorf("the first: %v", err)
		}
		if value := <-second; value != 2 {
			t.Errorf("who waited for it read %d", value)
		}
		if value, err := c.get(t.Context(), "acme", func(context.Context) (int, error) { return 3, nil }); err != nil ||
			value != 3 {
			t.Errorf("who came later: %d, %v", value, err)
		}
		if value, err := c.get(t.Context(), "acme", func(context.Context) (int, error) { return 4, nil }); err != nil ||
			value != 3 {
			t.Errorf("a reading that succeeded after one that failed is not kept: %d, %v", value, err)
		}
	})
}

// TestCache_KeptReading checks that a successful read is not repeated, and that the number of kept
// values is bounded.
func TestCache_KeptReading(t *testing.T) {
	var c cache[string, int]
	read := 0
	get := func(key string) {
		t.Helper()
		if _, err := c.get(t.Context(), key, func(context.Context) (int, error) { read++; return read, nil }); err != nil {
			t.Fatal(err)
		}
	}
	get("acme")
	get("acme")
	if read != 1 {
		t.Errorf("read %d times", read)
	}
	for i := range 3 * mostKept {
		get(fmt.Sprint(i))
	}
	if len(c.kept) > mostKept {
		t.Errorf("%d values are kept", len(c.kept))
	}
}

// TestCache_CancelledReader reads a value for two callers. The one that started the read is
// cancelled.
func TestCache_CancelledReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c cache[string, int]
		read, goOn := 0, make(chan struct{})
		get := func(ctx context.Context) <-chan error {
			done := make(chan error, 1)
			go func() {
				_, err := c.get(ctx, "acme", func(ctx context.Context) (int, error) {
					read++
					select {
					case <-goOn:
						return 1, nil
					case <-ctx.Done():
						return 0, ctx.Err()
					}
				})
				done <- err
			}()
			synctest.Wait()
			return done
		}
		ctx, cancel := context.WithCancel(t.Context())
		first, second := get(ctx), get(t.Context())
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("the cancelled caller: %v", err)
		}
		close(goOn)
		if err := <-second; err != nil {
			t.Errorf("the other caller: %v", err)
		}
		if read != 1 {
			t.Errorf("read %d times, want once", read)
		}
	})
}
