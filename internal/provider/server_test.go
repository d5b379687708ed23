package provider

import (
	"context"
	"runtime"
	"testing"
	"weak"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// keeper is a server that keeps the contexts of all calls, as the framework's does.
type keeper struct {
	tfprotov6.ProviderServer
	kept []context.Context
}

func (k *keeper) ConfigureProvider(ctx context.Context, _ *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	return nil, ctx.Err()
}

func (k *keeper) ReadResource(ctx context.Context, _ *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	k.kept = append(k.kept, ctx)
	return nil, ctx.Err()
}

type keyed struct{}

// call makes a call with a large value in its context and returns a weak pointer to that.
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

// TestServerLetsGoOfTheContextsOfCalls: the memory of a provider doesn't grow with the calls that it has had.
func TestServerLetsGoOfTheContextsOfCalls(t *testing.T) {
	inner := &keeper{}
	s := &Server{ProviderServer: inner}
	if _, err := s.ConfigureProvider(context.WithValue(t.Context(), keyed{}, "configured"), nil); err != nil {
		t.Fatal(err)
	}
	values := call(t, s)
	runtime.GC()
	if values.Value() != nil {
		t.Error("the value of a context whose call is over is still held")
	}
	kept := inner.kept[0]
	if got := kept.Value(keyed{}); got != "configured" || kept.Err() != nil {
		t.Errorf("what goes on after a call finds a %T, %v, and not the values of the configuration", got, kept.Err())
	}
}

// TestCallsAreCancelledAsBefore: during a call its context is the caller's.
func TestCallsAreCancelledAsBefore(t *testing.T) {
	s := &Server{ProviderServer: &keeper{}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.ReadResource(ctx, nil); err == nil {
		t.Error("the call does not see that it is cancelled")
	}
}
