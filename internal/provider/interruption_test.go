package provider_test

import (
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// TestPlan_HalfCreatedProject plans after an interrupted creation, which left a directory
// entry without a stack.
func TestPlan_HalfCreatedProject(t *testing.T) {
	tf, p := start(t, entity.Services{})
	object := tf.Created(typ, config(nil))
	p.Fail = failing(
		"Read",
		&model.NotFoundError{
			Kind: model.NotFoundStack, Project: "acme", Stack: "stowage-acme-0", AccountID: "1", Region: "r",
		},
	)
	plan, diagnostics := tf.Plan(typ, nil, config(values{"name": "another"}))
	if len(diagnostics) > 0 || plan.Action != "create" {
		t.Errorf("a new user can't be planned: %v", diagnostics)
	}
	_, diagnostics = tf.Plan(typ, object, config(values{"source_ips": []any{"203.0.113.0/24"}}))
	wantError(t, diagnostics, "Unable to Plan Project User", "has no stack stowage-acme-0", "")
}
