package entity

import (
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// driftedKey is the key of the private state that records that the object has drifted in AWS. The
// plan contains the private state, so an apply repairs in AWS what its plan showed, and nothing
// that was found since.
const driftedKey = "drifted"

// setDrifted records in the private state whether the object has drifted in AWS.
func setDrifted(ctx context.Context, state private, drifted bool) diag.Diagnostics {
	if !drifted {
		return state.SetKey(ctx, driftedKey, nil)
	}
	return state.SetKey(ctx, driftedKey, []byte("true"))
}

// isDrifted reports whether the last read found that the object has drifted in AWS.
func isDrifted(ctx context.Context, state private) (bool, diag.Diagnostics) {
	value, diags := state.GetKey(ctx, driftedKey)
	return len(value) > 0, diags
}

// drift lists the differences between an entity and what the provider created, one per line.
func drift(view *projects.View, id model.ID) types.String {
	var result []string
	for _, d := range view.Contents.DriftOf(id) {
		result = append(result, d.String())
	}
	for _, d := range view.LiveDriftOf(id) {
		result = append(result, d.String())
	}
	if slices.Contains(view.Contents.Dangling, id) {
		result = append(result, "the bucket of the "+id.String()+" does not exist, so that it allows nothing")
	}
	if p := view.Contents.Project; p != nil && p.Closing && p.ID() == id {
		result = append(result, "the deletion of the "+id.String()+" has begun and was not finished")
	}
	slices.Sort(result)
	return Optional(strings.Join(slices.Compact(result), "\n"))
}
