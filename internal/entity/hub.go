package entity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// The private state of every object records the hub that it was read from. A missing object is gone
// only if it was looked up in that hub. With the credentials or region of another hub every object
// looks deleted, and Terraform would plan to create all of them.

const hubKey = "hub"

func (s *Services) recordHub(ctx context.Context, state private) diag.Diagnostics {
	hub, err := s.Projects.Hub(ctx)
	if err != nil {
		return nil // the object was read, so the hub is known
	}
	value, err := json.Marshal(hub)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to Keep Private State", err.Error())}
	}
	return state.SetKey(ctx, hubKey, value)
}

// otherHub returns the hub that an object was read from, if it differs from the provider's.
func (s *Services) otherHub(ctx context.Context, state private) (recorded, now projects.HubLocation, differs bool) {
	value, diags := state.GetKey(ctx, hubKey)
	if diags.HasError() || len(value) == 0 || json.Unmarshal(value, &recorded) != nil || recorded.AccountID == "" {
		return recorded, now, false // a state of an older version, or of a newer one
	}
	now, err := s.Projects.Hub(ctx)
	return recorded, now, err == nil && recorded != now
}

// checkGone returns nil if err means that an object is gone, and it is. It returns an
// *otherHubError for a look-up in the wrong hub, and all other errors unchanged.
func (s *Services) checkGone(ctx context.Context, state private, err error) error {
	if !model.IsNotFound(err, model.NotFoundEntity, model.NotFoundProject, model.NotFoundDirectory) {
		return err
	}
	if recorded, now, differs := s.otherHub(ctx, state); differs {
		return &otherHubError{recorded, now, err}
	}
	if model.IsNotFound(err, model.NotFoundDirectory) {
		now, _ := s.Projects.Hub(ctx) // known, because the project was read
		return &otherHubError{now: now, err: err}
	}
	return nil
}

// PlansHub records that the apply of this plan creates a hub. Projects that are planned afterwards
// do not need it yet.
func (s *Services) PlansHub(name string) {
	if s.claims == nil {
		return
	}
	s.claims.mu.Lock()
	defer s.claims.mu.Unlock()
	if s.claims.hubs == nil {
		s.claims.hubs = map[string]bool{}
	}
	s.claims.hubs[name] = true
}

// awaitsHub reports whether err means that the hub does not exist yet, and will be created by the
// apply of this plan.
func (s *Services) awaitsHub(err error) bool {
	var missing *projects.HubError
	if s.claims == nil || !errors.As(err, &missing) || !errors.Is(err, projects.ErrNoHub) {
		return false
	}
	s.claims.mu.Lock()
	defer s.claims.mu.Unlock()
	return s.claims.hubs[missing.Hub]
}

// otherHubError is returned when an object is not found in a hub that is not, or may not be, the
// hub of its creation.
type otherHubError struct {
	recorded, now projects.HubLocation // recorded is zero if it is unknown
	err           error
}

// Unwrap is omitted, so that this is never taken for the error of an object that is gone.
func (e *otherHubError) Error() string {
	return fmt.Sprintf("read from the hub in %s, looked for in that in %s: %v", e.recorded, e.now, e.err)
}

// Explain implements model.Explainer.
func (e *otherHubError) Explain() model.Explanation {
	hubs := fmt.Sprintf(
		"It was read from the hub in %s. The provider now uses the hub in %s, which does not have it.", e.recorded,
		e.now,
	)
	if e.recorded == (projects.HubLocation{}) {
		hubs = fmt.Sprintf("It is in the state, but the hub in %s has never held a project.", e.now)
	}
	return model.Explanation{
		Cause:   hubs + " This is not taken for a deletion: Terraform would create everything again.",
		Changed: model.ChangedNothing,
		Remedy: "Check the credentials and the provider arguments profile, assume_role, region and hub. If the hub itself was moved or deleted, " +
			"remove the object from the state (terraform state rm) and, if it still exists, import it.",
	}
}
