package projectuser

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// nextKeys returns the keys that a user should have. A plan that changes existing keys looks first
// which of them still exist: a key that was deleted outside Terraform, for example because it had
// leaked, cannot be made inactive. missing are those that the last comparison with AWS missed.
func nextKeys(
	ctx context.Context, p *entity.PlanRequest[Model], want, have *model.AccessKey, missing []model.Slot,
) (map[model.Slot]model.Key, diag.Diagnostics) {
	next := want.Next(have, p.AsOf)
	if len(missing) > 0 {
		next = want.NextWithout(have, missing, p.AsOf)
	}
	if have == nil || len(have.Keys) == 0 || len(next) == 0 ||
		model.SameKeys(model.User{AccessKey: have}, model.User{AccessKey: &model.AccessKey{Keys: next}}) {
		return next, nil
	}
	project, name := p.State.Project.ValueString(), p.State.Name.ValueString()
	found, err := p.Services.MissingKeys(ctx, project, name)
	if err != nil {
		return next, diag.Diagnostics{diag.NewErrorDiagnostic(
			"Unable to Plan Access Keys",
			fmt.Sprintf("The access keys of the user %s of the project %s can't be listed: %s.", name, project, err),
		)}
	}
	if missing = append(missing, found...); len(missing) == 0 {
		return next, nil
	}
	return want.NextWithout(have, missing, p.AsOf), nil
}

// deletedKeys returns the slots of the keys that the state shows as deleted in AWS.
func deletedKeys(stood map[string]key) []model.Slot {
	var slots []model.Slot
	for _, slot := range model.Slots() {
		if stood[string(slot)].Status.ValueString() == deleted {
			slots = append(slots, slot)
		}
	}
	return slots
}
