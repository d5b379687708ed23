package provider

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Server is the provider as Terraform calls it. It lets go of the context of a call when the call is over: the framework keeps the
// cancel functions of all calls until the process ends, and with them their contexts and loggers, tens of kilobytes a call. A
// plan of thousands of resources would hold hundreds of megabytes of them.
//
// The optional interfaces of a protocol server (list resources, actions, state stores) are not passed on: the provider has none.
type Server struct {
	tfprotov6.ProviderServer
	configured atomic.Pointer[context.Context] // of the provider's configuration, with loggers for what outlives a call
}

// NewServer returns what serves the provider of that version.
func NewServer(version string) *Server {
	return &Server{ProviderServer: providerserver.NewProtocol6(New(version))()}
}

// ConfigureProvider implements tfprotov6.ProviderServer.
func (s *Server) ConfigureProvider(ctx context.Context, req *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	kept := context.WithoutCancel(ctx)
	s.configured.Store(&kept)
	return s.ProviderServer.ConfigureProvider(ctx, req)
}

// ValidateResourceConfig implements tfprotov6.ProviderServer.
func (s *Server) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return lend(ctx, s, req, s.ProviderServer.ValidateResourceConfig)
}

// UpgradeResourceState implements tfprotov6.ProviderServer.
func (s *Server) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return lend(ctx, s, req, s.ProviderServer.UpgradeResourceState)
}

// UpgradeResourceIdentity implements tfprotov6.ProviderServer.
func (s *Server) UpgradeResourceIdentity(ctx context.Context, req *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return lend(ctx, s, req, s.ProviderServer.UpgradeResourceIdentity)
}

// ReadResource implements tfprotov6.ProviderServer.
func (s *Server) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return lend(ctx, s, req, s.ProviderServer.ReadResource)
}

// PlanResourceChange implements tfprotov6.ProviderServer.
func (s *Server) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	return lend(ctx, s, req, s.ProviderServer.PlanResourceChange)
}

// ApplyResourceChange implements tfprotov6.ProviderServer.
func (s *Server) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return lend(ctx, s, req, s.ProviderServer.ApplyResourceChange)
}

// ImportResourceState implements tfprotov6.ProviderServer.
func (s *Server) ImportResourceState(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	return lend(ctx, s, req, s.ProviderServer.ImportResourceState)
}

// lend makes a call with a context that lets go of the caller's when the call is over.
func lend[Request, Response any](ctx context.Context, s *Server, req Request, call func(context.Context, Request) (Response, error)) (Response, error) {
	l := &lease{}
	l.lent.Store(&ctx)
	defer func() { l.lent.Store(s.configured.Load()) }()
	return call(l, req)
}

// lease is a context that is the caller's during a call. What goes on after it, for other callers, finds the values of the
// provider's configuration in it.
type lease struct {
	lent atomic.Pointer[context.Context]
}

func (l *lease) now() context.Context {
	if ctx := l.lent.Load(); ctx != nil {
		return *ctx
	}
	return context.Background()
}

// Deadline implements context.Context.
func (l *lease) Deadline() (time.Time, bool) { return l.now().Deadline() }

// Done implements context.Context.
func (l *lease) Done() <-chan struct{} { return l.now().Done() }

// Err implements context.Context.
func (l *lease) Err() error { return l.now().Err() }

// Value implements context.Context.
func (l *lease) Value(key any) any { return l.now().Value(key) }
