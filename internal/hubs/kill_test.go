package hubs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/hubs"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

// killer carries the calls of a process that is killed at one of its writes.
type killer struct {
	inner  http.RoundTripper
	kill   context.CancelFunc
	at     int  // the number of the write, from 1
	before bool // before the write has an effect, else after it

	mu     sync.Mutex
	writes int
	dead   bool
}

var errKilled = errors.New("killed")

func (k *killer) RoundTrip(r *http.Request) (*http.Response, error) {
	write := isWrite(r)
	k.mu.Lock()
	if write && !k.dead {
		k.writes++
		k.dead = k.writes == k.at
	}
	dead, last := k.dead, write && k.writes == k.at
	if last {
		k.at = -1
	}
	k.mu.Unlock()
	if !dead {
		return k.inner.RoundTrip(r)
	}
	if last && !k.before {
		if response, err := k.inner.RoundTrip(r); err == nil {
			_ = response.Body.Close()
		}
	}
	k.kill()
	return nil, errKilled
}

// isWrite reports whether a call changes something.
func isWrite(r *http.Request) bool {
	if r.Method == http.MethodPut || r.Method == http.MethodDelete {
		return true
	}
	if r.Body == nil {
		return false
	}
	body, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	r.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		return false
	}
	for _, action := range []string{
		"CreateChangeSet", "ExecuteChangeSet", "DeleteChangeSet", "SetStackPolicy", "UpdateTerminationProtection",
		"DeleteStack",
	} {
		if strings.HasPrefix(string(body), "Action="+action+"&") {
			return true
		}
	}
	return false
}

// killed runs an action of a process that is killed at its n-th write, and reports whether it had
// so many. A killed process leaves nothing but what it has sent: its goroutines end with their
// context.
func (w *world) killed(n int, before bool, action func(context.Context, *hubs.Service) error) bool {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	k := &killer{inner: simulate.NewTransport(w.box), kill: cancel, at: n, before: before}
	w.transport = k
	s := w.process()
	w.transport = k.inner
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = action(ctx, s)
	}()
	<-done
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.dead
}

// eachKill runs a test for each write of an action, with a process that is killed before and after
// it.
func eachKill(
	t *testing.T, prepare func(*world), action func(context.Context, *hubs.Service) error, check func(*world),
) {
	t.Helper()
	for _, before := range []bool{true, false} {
		for n, more := 1, true; more; n++ {
			t.Run(fmt.Sprintf("write %d, before %v", n, before), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					prepare(w)
					if more = w.killed(n, before, action); more {
						time.Sleep(10 * time.Minute) // operations end, and the names of deleted queues are free again
						check(w)
						time.Sleep(8 * time.Hour) // the killed process gives up
					}
				})
			})
		}
	}
}

func TestService_Create_Killed(t *testing.T) {
	eachKill(t, func(*world) {}, func(ctx context.Context, s *hubs.Service) error {
		_, err := s.Create(ctx, minimal(), pack("0.2.0"))
		return err
	}, func(w *world) {
		got, err := w.process().Create(w.t.Context(), minimal(), pack("0.2.0"))
		must(w.t, err)
		if len(got.Drift) > 0 || got.Relay != pack("0.2.0").Relay {
			w.t.Errorf("got %+v", got)
		}
	})
}

func TestService_Update_Killed(t *testing.T) {
	changed := minimal()
	changed.Tags = map[string]string{"owner": "storage"}
	update := func(ctx context.Context, s *hubs.Service) (*hubs.Hub, error) {
		return s.Update(ctx, changed, pack("0.3.0"), false)
	}
	eachKill(t, func(w *world) {
		_, err := w.process().Create(w.t.Context(), minimal(), pack("0.2.0"))
		must(w.t, err)
	}, func(ctx context.Context, s *hubs.Service) error {
		_, err := update(ctx, s)
		return err
	}, func(w *world) {
		got, err := update(w.t.Context(), w.process())
		must(w.t, err)
		if len(got.Drift) > 0 || got.Relay != pack("0.3.0").Relay || got.Settings.Tags["owner"] != "storage" {
			w.t.Errorf("got %+v", got)
		}
	})
}

func TestService_Delete_Killed(t *testing.T) {
	eachKill(t, func(w *world) {
		_, err := w.process().Create(w.t.Context(), minimal(), pack("0.2.0"))
		must(w.t, err)
	}, func(ctx context.Context, s *hubs.Service) error {
		return s.Delete(ctx, "main")
	}, func(w *world) {
		must(w.t, w.process().Delete(w.t.Context(), "main"))
		_, err := w.process().Read(w.t.Context(), "main")
		var missing *hubs.NotFoundError
		if !errors.As(err, &missing) {
			w.t.Errorf("read: %v", err)
		}
	})
}
