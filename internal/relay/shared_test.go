package relay

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
)

// TestShared_FailedReading: a reading that has failed is made again for whoever wants it, at the same time and afterwards.
func TestShared_FailedReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s shared[string, int]
		broken, goOn := errors.New("broken"), make(chan struct{})
		first := make(chan error, 1)
		go func() {
			_, err := s.get(t.Context(), "acme", func(context.Context) (int, error) { <-goOn; return 0, broken })
			first <- err
		}()
		synctest.Wait()
		second := make(chan int, 1)
		go func() {
			value, err := s.get(t.Context(), "acme", func(context.Context) (int, error) { return 2, nil })
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
		if value, err := s.get(t.Context(), "acme", func(context.Context) (int, error) { return 3, nil }); err != nil || value != 3 {
			t.Errorf("who came later: %d, %v", value, err)
		}
		if value, err := s.get(t.Context(), "acme", func(context.Context) (int, error) { return 4, nil }); err != nil || value != 3 {
			t.Errorf("a reading that succeeded after one that failed is not kept: %d, %v", value, err)
		}
	})
}

// TestShared_KeptReading: a reading that has succeeded is made once, whatever others were made meanwhile, and a bounded number is kept.
func TestShared_KeptReading(t *testing.T) {
	var s shared[string, int]
	read := 0
	get := func(key string) {
		t.Helper()
		if _, err := s.get(t.Context(), key, func(context.Context) (int, error) { read++; return read, nil }); err != nil {
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
	if len(s.readings) > mostKept {
		t.Errorf("%d readings are kept", len(s.readings))
	}
}
