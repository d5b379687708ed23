package projectuser

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// TestMissingKeys_Replaced deletes a user's key outside Terraform. A replacement gives the user a
// key in the other slot, in a plan that leaves the missing one out.
func TestMissingKeys_Replaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPartner(t, rotating(nil))
		p.projects.Missing = map[string][]model.Slot{"partner": {model.SlotA}}
		p.step(rotating(values{"replacement_trigger": "leaked"}), "update", "b active *")
	})
}

// TestMissingKeys_OnlyAskedForChanges expects that the keys of an unchanged user are not listed.
func TestMissingKeys_OnlyAskedForChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPartner(t, rotating(nil))
		listed := 0
		p.projects.Fail = func(_ context.Context, method string) error {
			if method == "MissingKeys" {
				listed++
			}
			return nil
		}
		p.plan(rotating(nil))
		if listed != 0 {
			t.Errorf("the keys of an unchanged user were listed %d times", listed)
		}
		p.plan(rotating(values{"replacement_trigger": "leaked"}))
		if listed != 1 {
			t.Errorf("the keys of a changed user were listed %d times", listed)
		}
	})
}
