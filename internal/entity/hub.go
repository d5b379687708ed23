package entity

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// The private state of every object records the hub that it was read from. An object that is not found is gone only if it was looked for in
// that hub: with the credentials or the region of another hub every object looks deleted, and Terraform would plan to create all of them.

// hubKey is the key of the private state that records the hub.
const hubKey = "hub"

// recordHub records the hub that an object was read from.
func (s *Services) recordHub(ctx context.Context, state private) diag.Diagnostics {
	hub, err := s.Projects.Hub(ctx)
	if err != nil {
		return nil // the object was read, so that the hub is known
	}
	value, err := json.Marshal(hub)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to Keep Private State", err.Error())}
	}
	return state.SetKey(ctx, hubKey, value)
}

// otherHub is the hub that an object was read from, if it is another one than the provider's.
func (s *Services) otherHub(ctx context.Context, state private) (recorded, now projects.HubLocation, differs bool) {
	value, diags := state.GetKey(ctx, hubKey)
	if diags.HasError() || len(value) == 0 || json.Unmarshal(value, &recorded) != nil || recorded.AccountID == "" {
		return recorded, now, false // a state of an older version, or of a newer one
	}
	now, err := s.Projects.Hub(ctx)
	return recorded, now, err == nil && recorded != now
}

// checkGone returns nil when an error says that an object is gone, and it is. The error of a look-up in the wrong hub is an *otherHubError.
// All other errors are returned as they are.
func (s *Services) checkGone(ctx context.Context, state private, err error) error {
	if !model.IsNotFound(err, model.NotFoundEntity, model.NotFoundProject, model.NotFoundDirectory) {
		return err
	}
	if recorded, now, differs := s.otherHub(ctx, state); differs {
		return &otherHubError{recorded, now, err}
	}
	if model.IsNotFound(err, model.NotFoundDirectory) {
		now, _ := s.Projects.Hub(ctx) // known, since it was read
		return &otherHubError{now: now, err: err}
	}
	return nil
}

// otherHubError is returned when an object is not found in a hub that is not, or cannot be, the one that it was created in.
type otherHubError struct {
	recorded, now projects.HubLocation // recorded is zero if it is unknown
	err           error
}

// Unwrap is left out: nothing may take the error for that of an object which is gone.
func (e *otherHubError) Error() string {
	return fmt.Sprintf("read from the hub in %s, looked for in that in %s: %v", e.recorded, e.now, e.err)
}

// Explain implements model.Explainer.
func (e *otherHubError) Explain() model.Explanation {
	hubs := fmt.Sprintf("It was read from the hub in %s. The provider now uses the hub in %s, which does not have it.", e.recorded, e.now)
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
