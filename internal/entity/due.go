package entity

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// dueKey is the key of the private state that records when a change was found to be due.
const dueKey = "due"

// private is the private state of a resource in Terraform's requests and responses.
type private interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// setDue records in the private state that a change is due now, or that none is.
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

// dueAsOf returns when a change was found to be due; the zero time if none is.
func dueAsOf(ctx context.Context, state private) (time.Time, diag.Diagnostics) {
	value, diags := state.GetKey(ctx, dueKey)
	if diags.HasError() || len(value) == 0 {
		return time.Time{}, diags
	}
	var asOf time.Time
	if err := json.Unmarshal(value, &asOf); err != nil {
		return time.Time{}, nil // of a newer version: nothing is due until the next read
	}
	return asOf, diags
}
