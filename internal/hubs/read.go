package hubs

import (
	"context"
	"errors"
	"fmt"

	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Read returns a hub by its name. It returns a *NotFoundError if the account and region have no
// such hub, and a *model.NewerFormatError for one that a newer version of Stowage deployed.
func (s *Service) Read(ctx context.Context, name string) (*Hub, error) {
	at, err := s.where(ctx)
	if err != nil {
		return nil, err
	}
	read, err := s.read(ctx, name, at)
	if err != nil {
		return nil, err
	}
	if read.newer != nil {
		return nil, read.newer
	}
	if read.deployed == nil {
		return nil, &NotFoundError{Name: name, Place: at}
	}
	return read.hub(at), nil
}

// reading is what is known of a hub's stack.
type reading struct {
	// template is the stack's, or the one that a new stack begins with.
	template *template.Template
	outputs  map[string]string
	deployed *hub.Deployed // nil without a hub, or with a newer one
	newer    error         // a *model.NewerFormatError for a hub of a newer version
}

func (s *Service) read(ctx context.Context, name string, at hub.Place) (*reading, error) {
	stable, err := s.handle(name, at).stack.ReadStable(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the hub %q: %w", name, err)
	}
	return readingOf(stable, name, at)
}

// readingOf interprets what was read of a stack; nil is no stack.
func readingOf(stable *commit.BaseRead, name string, at hub.Place) (*reading, error) {
	seed := hub.Seed(name)
	if stable == nil {
		return &reading{template: seed}, nil
	}
	r := &reading{template: stable.Template, outputs: stable.After.Outputs}
	if template.SameButRevision(stable.Template, seed) {
		return r, nil
	}
	deployed, err := hub.Parse(stable.Template, at)
	var newer *model.NewerFormatError
	if errors.As(err, &newer) {
		r.newer = err
		return r, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the stack %s: %w", hub.StackName(name), err)
	}
	r.deployed = deployed
	return r, nil
}

// hub returns the hub that was read.
func (r *reading) hub(at hub.Place) *Hub {
	found := &Hub{Settings: r.deployed.Settings, Relay: r.deployed.Relay, Place: at, Drift: r.deployed.Drift}
	if r.deployed.Relay == (hub.Relay{}) {
		return found
	}
	name := found.Settings.Name
	found.TableName, found.EventBusARN = hub.TableName(name), hub.BusARN(name, at)
	found.WebSocketURL, found.BoardURL = r.outputs[hub.WebSocketOutput], r.outputs[hub.BoardOutput]
	if found.Settings.Operators.Any() {
		found.OperatorRoleARN, found.PlannerRoleARN = hub.OperatorARN(name, at), hub.PlannerARN(name, at)
	}
	return found
}
