package model_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// TestAccessKey_NextWithout deletes keys outside CloudFormation, in every arrangement.
func TestAccessKey_NextWithout(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	old, older := model.Key{Created: now.Add(-48 * time.Hour)}, model.Key{Created: now.Add(-72 * time.Hour)}
	since := now.Add(-time.Hour)
	inactive := model.Key{Created: older.Created, Inactive: &since}
	fresh := model.Key{Created: now}
	type keys = map[model.Slot]model.Key
	for name, test := range map[string]struct {
		have    keys
		trigger string
		missing []model.Slot
		want    keys
	}{
		"the only key":                   {keys{"a": old}, "", []model.Slot{"a"}, keys{"b": fresh}},
		"the only key, with a trigger":   {keys{"a": old}, "leaked", []model.Slot{"a"}, keys{"b": fresh}},
		"the current beside an inactive": {keys{"a": old, "b": inactive}, "", []model.Slot{"a"}, keys{"b": fresh}},
		"the current in an overlap":      {keys{"a": old, "b": older}, "", []model.Slot{"a"}, keys{"a": fresh, "b": older}},
		"an inactive key":                {keys{"a": old, "b": inactive}, "", []model.Slot{"b"}, keys{"a": old}},
		"both keys":                      {keys{"a": old, "b": inactive}, "", []model.Slot{"a", "b"}, keys{"b": fresh}},
		"none":                           {keys{"a": old}, "", nil, keys{"a": old}},
	} {
		t.Run(name, func(t *testing.T) {
			rotation := &model.Rotation{EveryDays: 90, OverlapDays: 7}
			have := &model.AccessKey{Rotation: rotation, Keys: test.have}
			want := &model.AccessKey{Rotation: rotation, Trigger: test.trigger}
			if diff := cmp.Diff(test.want, want.NextWithout(have, test.missing, now)); diff != "" {
				t.Error(diff)
			}
			if steps := model.KeySteps(
				model.User{AccessKey: have}, model.User{AccessKey: &model.AccessKey{Keys: want.NextWithout(have, test.missing, now)}},
			); len(steps) > 0 {
				for _, step := range steps {
					if _, ok := step.AccessKey.Current(); !ok {
						t.Error("a step leaves the user without a current key")
					}
				}
			}
		})
	}
}
