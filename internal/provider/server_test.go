package provider

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"weak"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// keeper is a server that keeps the contexts of all calls, like the framework's.
type keeper struct {
	tfprotov6.ProviderServer
	kept []context.Context
}

func (k *keeper) ReadResource(
	ctx context.Context, _ *tfprotov6.ReadResourceRequest,
) (*tfprotov6.ReadResourceResponse, error) {
	k.kept = append(k.kept, ctx)
	return nil, ctx.Err()
}

type keyed struct{}

// call makes a call with a large value in its context and returns a weak pointer to the value.
func call(t *testing.T, s *Server) weak.Pointer[[1 << 20]byte] {
	t.Helper()
	value := new([1 << 20]byte)
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), keyed{}, value))
	if _, err := s.ReadResource(ctx, nil); err != nil {
		t.Error(err)
	}
	cancel()
	return weak.Make(value)
}

// Memory does not grow with the number of calls.
func TestServer_Memory(t *testing.T) {
	inner := &keeper{}
	s := &Server{ProviderServer: inner}
	if _, err := s.ReadResource(context.WithValue(t.Context(), keyed{}, "first"), nil); err != nil {
		t.Fatal(err)
	}
	values := call(t, s)
	runtime.GC()
	if values.Value() != nil {
		t.Error("the value of a context whose call is over is still held")
	}
	kept := inner.kept[1]
	if got := kept.Value(keyed{}); got != "first" || kept.Err() == nil {
		t.Errorf("what was kept of a call has the values of %v, and ended with %v", got, kept.Err())
	}
	if len(s.running) > 0 {
		t.Errorf("%d calls are said to be running", len(s.running))
	}
}

// A call has the loggers of its own context when logging is on.
func TestServer_Logging(t *testing.T) {
	inner := &keeper{}
	s := &Server{ProviderServer: inner, logging: true}
	for _, value := range []string{"first", "second"} {
		if _, err := s.ReadResource(context.WithValue(t.Context(), keyed{}, value), nil); err != nil {
			t.Fatal(err)
		}
		if got := inner.kept[len(inner.kept)-1].Value(keyed{}); got != value {
			t.Errorf("the %s call has the values of the %v", value, got)
		}
	}
}

// waiter is a server whose calls wait until they are canceled.
type waiter struct {
	tfprotov6.ProviderServer
	stopped int
}

func (w *waiter) ReadResource(
	ctx context.Context, _ *tfprotov6.ReadResourceRequest,
) (*tfprotov6.ReadResourceResponse, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (w *waiter) StopProvider(
	context.Context, *tfprotov6.StopProviderRequest,
) (*tfprotov6.StopProviderResponse, error) {
	w.stopped++
	return nil, nil //nolint:nilnil // as the test needs no response
}

func TestServer_Cancellation(t *testing.T) {
	for _, logging := range []bool{false, true} {
		for name, end := range map[string]func(s *Server, cancel func()) error{
			"by the caller": func(_ *Server, cancel func()) error {
				cancel()
				return nil
			},
			"of the provider": func(s *Server, _ func()) error {
				_, err := s.StopProvider(t.Context(), nil)
				return err
			},
		} {
			synctest.Test(t, func(t *testing.T) {
				inner := &waiter{}
				s := &Server{ProviderServer: inner, logging: logging}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				done := make(chan error)
				go func() {
					_, err := s.ReadResource(ctx, nil)
					done <- err
				}()
				synctest.Wait()
				if err := end(s, cancel); err != nil {
					t.Fatal(err)
				}
				if err := <-done; !errors.Is(err, context.Canceled) {
					t.Errorf("%s: the call ended with %v", name, err)
				}
				if name == "of the provider" && inner.stopped != 1 {
					t.Errorf("the framework was stopped %d times", inner.stopped)
				}
			})
		}
		s := &Server{ProviderServer: &keeper{}, logging: logging}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.ReadResource(ctx, nil); err == nil {
			t.Error("a call does not see that it was canceled before it began")
		}
	}
}
