package unchanged

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// InFrontOf returns a server that answers what it can, and leaves the rest to the framework.
func (a *Answers) InFrontOf(framework tfprotov6.ProviderServer) tfprotov6.ProviderServer {
	return &server{framework, a}
}

type server struct {
	tfprotov6.ProviderServer // the framework

	answers *Answers
}

// UpgradeResourceState implements tfprotov6.ProviderServer.
func (s *server) UpgradeResourceState(
	ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest,
) (*tfprotov6.UpgradeResourceStateResponse, error) {
	ctx = WithCall(ctx)
	if resp := s.answers.UpgradeResourceState(ctx, req); resp != nil {
		return resp, nil
	}
	return s.ProviderServer.UpgradeResourceState(ctx, req)
}

// ValidateResourceConfig implements tfprotov6.ProviderServer.
func (s *server) ValidateResourceConfig(
	ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest,
) (*tfprotov6.ValidateResourceConfigResponse, error) {
	ctx = WithCall(ctx)
	if resp := s.answers.ValidateResourceConfig(ctx, req); resp != nil {
		return resp, nil
	}
	return s.ProviderServer.ValidateResourceConfig(ctx, req)
}

// ReadResource implements tfprotov6.ProviderServer.
func (s *server) ReadResource(
	ctx context.Context, req *tfprotov6.ReadResourceRequest,
) (*tfprotov6.ReadResourceResponse, error) {
	ctx = WithCall(ctx)
	if resp := s.answers.ReadResource(ctx, req); resp != nil {
		return resp, nil
	}
	return s.ProviderServer.ReadResource(ctx, req)
}

// PlanResourceChange implements tfprotov6.ProviderServer.
func (s *server) PlanResourceChange(
	ctx context.Context, req *tfprotov6.PlanResourceChangeRequest,
) (*tfprotov6.PlanResourceChangeResponse, error) {
	ctx = WithCall(ctx)
	if resp := s.answers.PlanResourceChange(ctx, req); resp != nil {
		return resp, nil
	}
	return s.ProviderServer.PlanResourceChange(ctx, req)
}
