package provider

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/stowage/terraform-provider-stowage/internal/unchanged"
)

// Server is the provider as Terraform calls it: the framework's server behind package unchanged.
//
// It omits an optional interface of a protocol server (state stores), because the provider has none.
type Server struct {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer // the framework
	tfprotov6.ActionServer       // the framework

	provider *Stowage
	answers  *unchanged.Answers
	logging  bool                            // calls keep the loggers of their own contexts
	first    atomic.Pointer[context.Context] // the context of the first call, without its end

	mu      sync.Mutex // protects the fields below
	calls   int        // number of calls so far
	running map[int]context.CancelFunc
}

// ServerOptions configures a server.
type ServerOptions struct {
	// Version is the provider's version.
	Version string
	// Logging is set for a process that writes a log.
	Logging bool
	// InFrontOf puts package unchanged in front of the framework. Nil means Answers.InFrontOf.
	// Tests compare both answers.
	InFrontOf func(*unchanged.Answers, tfprotov6.ProviderServer) tfprotov6.ProviderServer
}

// NewServer returns a server of the provider.
func NewServer(options ServerOptions) *Server {
	return newServer(newStowage(options.Version), options)
}

func newServer(p *Stowage, options ServerOptions) *Server {
	ctx := context.Background()
	answers := unchanged.New(ctx, typeName, p.Resources(ctx))
	framework := providerserver.NewProtocol6(p)()
	inFrontOf := options.InFrontOf
	if inFrontOf == nil {
		inFrontOf = (*unchanged.Answers).InFrontOf
	}
	s := &Server{ProviderServer: inFrontOf(answers, framework), provider: p, answers: answers, logging: options.Logging}
	s.ListResourceServer, _ = framework.(tfprotov6.ListResourceServer)
	s.ActionServer, _ = framework.(tfprotov6.ActionServer)
	return s
}

// during makes a call with a context that ends with the caller's, when the provider is stopped, and
// when the call returns.
//
// The framework keeps the contexts of all calls until the process ends, to cancel them when the
// provider is stopped. Each keeps its loggers: tens of kilobytes per call, and hundreds of
// megabytes after a plan of thousands of resources. So, unless logging is on, the context has the
// values of the first call.
func during[Request, Response any](
	ctx context.Context, s *Server, req Request, do func(context.Context, Request) (Response, error),
) (Response, error) {
	if err := ctx.Err(); err != nil {
		var none Response
		return none, err
	}
	parent := ctx
	if !s.logging {
		first := context.WithoutCancel(ctx)
		s.first.CompareAndSwap(nil, &first)
		parent = *s.first.Load()
	}
	call, cancel := context.WithCancel(parent)
	defer context.AfterFunc(ctx, cancel)()
	defer s.begin(cancel)()
	return do(call, req)
}

// begin registers a call that is canceled when the provider is stopped, until end.
func (s *Server) begin(cancel context.CancelFunc) (end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		s.running = map[int]context.CancelFunc{}
	}
	s.calls++
	n := s.calls
	s.running[n] = cancel
	return func() {
		cancel()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.running, n)
	}
}

// StopProvider implements tfprotov6.ProviderServer.
func (s *Server) StopProvider(
	ctx context.Context, req *tfprotov6.StopProviderRequest,
) (*tfprotov6.StopProviderResponse, error) {
	s.mu.Lock()
	for _, cancel := range s.running {
		cancel()
	}
	s.mu.Unlock()
	return s.ProviderServer.StopProvider(ctx, req)
}

// ConfigureProvider implements tfprotov6.ProviderServer.
func (s *Server) ConfigureProvider(
	ctx context.Context, req *tfprotov6.ConfigureProviderRequest,
) (*tfprotov6.ConfigureProviderResponse, error) {
	resp, err := s.ProviderServer.ConfigureProvider(ctx, req)
	if services := s.provider.Shared(); services != nil {
		s.answers.Configure(ctx, typeName, services)
	}
	return resp, err
}

// UpgradeResourceState implements tfprotov6.ProviderServer.
func (s *Server) UpgradeResourceState(
	ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest,
) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return during(ctx, s, req, s.ProviderServer.UpgradeResourceState)
}

// UpgradeResourceIdentity implements tfprotov6.ProviderServer.
func (s *Server) UpgradeResourceIdentity(
	ctx context.Context, req *tfprotov6.UpgradeResourceIdentityRequest,
) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return during(ctx, s, req, s.ProviderServer.UpgradeResourceIdentity)
}

// ReadResource implements tfprotov6.ProviderServer.
func (s *Server) ReadResource(
	ctx context.Context, req *tfprotov6.ReadResourceRequest,
) (*tfprotov6.ReadResourceResponse, error) {
	return during(ctx, s, req, s.ProviderServer.ReadResource)
}

// PlanResourceChange implements tfprotov6.ProviderServer.
func (s *Server) PlanResourceChange(
	ctx context.Context, req *tfprotov6.PlanResourceChangeRequest,
) (*tfprotov6.PlanResourceChangeResponse, error) {
	return during(ctx, s, req, s.ProviderServer.PlanResourceChange)
}

// ApplyResourceChange implements tfprotov6.ProviderServer.
func (s *Server) ApplyResourceChange(
	ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest,
) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return during(ctx, s, req, s.ProviderServer.ApplyResourceChange)
}

// ImportResourceState implements tfprotov6.ProviderServer.
func (s *Server) ImportResourceState(
	ctx context.Context, req *tfprotov6.ImportResourceStateRequest,
) (*tfprotov6.ImportResourceStateResponse, error) {
	return during(ctx, s, req, s.ProviderServer.ImportResourceState)
}
