// Package comparison compares the answers of package unchanged with the framework's. It runs in the
// tests of all resources, and in the provider built for the acceptance tests.
package comparison

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/stowage/terraform-provider-stowage/internal/unchanged"
)

// Outcome is the result of comparing the answers to one call.
type Outcome struct {
	RPC  string // ReadResource
	Type string // of the resource
	// Answered reports whether package unchanged answered.
	Answered bool
	// Difference describes how its answer differs from the framework's; "" if it does not.
	Difference string
}

// String returns one line, or more for a difference.
func (o Outcome) String() string {
	switch {
	case !o.Answered:
		return o.RPC + " " + o.Type + " declined"
	case o.Difference == "":
		return o.RPC + " " + o.Type + " same"
	}
	return fmt.Sprintf("%s %s DIFFERENT: %s", o.RPC, o.Type, o.Difference)
}

// Comparing returns a replacement for Answers.InFrontOf. Its servers call both, report the
// comparison, and return what a server of Answers.InFrontOf would.
func Comparing(report func(Outcome)) func(*unchanged.Answers, tfprotov6.ProviderServer) tfprotov6.ProviderServer {
	return func(answers *unchanged.Answers, framework tfprotov6.ProviderServer) tfprotov6.ProviderServer {
		return &server{ProviderServer: framework, answers: answers, report: report}
	}
}

// OutcomesVariable is the environment variable with the path for AppendTo in a provider of the
// acceptance tests.
const OutcomesVariable = "STOWAGE_COMPARISON"

// AppendTo returns a function that appends outcomes to a file, which several processes may share.
// It panics if it cannot write: a lost outcome could be a difference.
func AppendTo(path string) func(Outcome) {
	return func(o Outcome) {
		file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			panic(err)
		}
		_, err = fmt.Fprintln(file, o)
		if err := errors.Join(err, file.Close()); err != nil {
			panic(err)
		}
	}
}

type server struct {
	tfprotov6.ProviderServer // the framework

	answers *unchanged.Answers
	report  func(Outcome)

	mu    sync.Mutex // protects types
	types map[string]types
}

func (s *server) typesOf(ctx context.Context, typeName string) types {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.types == nil {
		s.types = typesFrom(ctx, s.ProviderServer)
	}
	return s.types[typeName]
}

func compare[Request, Response any](
	ctx context.Context, s *server, rpc, typeName string, req *Request,
	answer func(context.Context, *Request) *Response, framework func(context.Context, *Request) (*Response, error),
) (*Response, error) {
	ctx = unchanged.WithCall(ctx)
	have := answer(ctx, req)
	want, err := framework(ctx, req)
	o := Outcome{RPC: rpc, Type: typeName, Answered: have != nil}
	switch {
	case have == nil:
	case err != nil:
		o.Difference = "the framework fails: " + err.Error()
	default:
		o.Difference = s.typesOf(ctx, typeName).difference(have, want)
	}
	s.report(o)
	if have != nil {
		return have, nil
	}
	return want, err
}

// UpgradeResourceState implements tfprotov6.ProviderServer.
func (s *server) UpgradeResourceState(
	ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest,
) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return compare(
		ctx, s, "UpgradeResourceState", req.TypeName, req, s.answers.UpgradeResourceState,
		s.ProviderServer.UpgradeResourceState,
	)
}

// ValidateResourceConfig implements tfprotov6.ProviderServer.
func (s *server) ValidateResourceConfig(
	ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest,
) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return compare(
		ctx, s, "ValidateResourceConfig", req.TypeName, req, s.answers.ValidateResourceConfig,
		s.ProviderServer.ValidateResourceConfig,
	)
}

// ReadResource implements tfprotov6.ProviderServer.
func (s *server) ReadResource(
	ctx context.Context, req *tfprotov6.ReadResourceRequest,
) (*tfprotov6.ReadResourceResponse, error) {
	return compare(ctx, s, "ReadResource", req.TypeName, req, s.answers.ReadResource, s.ProviderServer.ReadResource)
}

// PlanResourceChange implements tfprotov6.ProviderServer.
func (s *server) PlanResourceChange(
	ctx context.Context, req *tfprotov6.PlanResourceChangeRequest,
) (*tfprotov6.PlanResourceChangeResponse, error) {
	return compare(
		ctx, s, "PlanResourceChange", req.TypeName, req, s.answers.PlanResourceChange,
		s.ProviderServer.PlanResourceChange,
	)
}
