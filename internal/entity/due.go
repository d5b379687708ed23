package entity

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// dueKey is where the private state of a resource keeps when it was found that something is due.
const dueKey = "due"

// private is the private state of a resource, as the requests and responses of Terraform have it.
type private interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// setDue keeps, with the state, that something is due now, or that nothing is.
func setDue(ctx context.Context, state private, due bool, now time.Time) diag.Diagnostics {
	if !due {
		return state.SetKey(ctx, dueKey, nil)
	}
	value, err := json.Marshal(now.UTC())
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to Keep Private State", err.Error())}
	}
	return state.SetKey(ctx, dueKey, value)
}

// dueAsOf is when it was found that something is due; the zero time when nothing is.
func dueAsOf(ctx context.Context, state private) (time.Time, diag.Diagnostics) {
	value, diags := state.GetKey(ctx, dueKey)
	if diags.HasError() || len(value) == 0 {
		return time.Time{}, diags
	}
	var asOf time.Time
	if err := json.Unmarshal(value, &asOf); err != nil {
		return time.Time{}, nil // of a newer version: nothing is due until the next reading
	}
	return asOf, diags
}
