package template

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// TestRecord_PolicyDeleted records that a policy of a user was deleted. Its permissions move into
// another one.
func TestRecord_PolicyDeleted(t *testing.T) {
	base := edit(t, filled(t), Change{
		Op: Create, Entity: model.Permission{User: "partner", Bucket: "archive", Access: model.Read}, Origin: "ws",
	})
	contents := parse(t, base)
	for name, test := range map[string]struct {
		taken []int // by other stacks
		want  string
	}{
		"into the next number":         {nil, "Remove PolicypartnerN1, Add PolicypartnerN2"},
		"not into that of other stack": {[]int{2, 3}, "Remove PolicypartnerN1, Add PolicypartnerN4"},
	} {
		t.Run(name, func(t *testing.T) {
			var changes []Change
			for _, permission := range contents.Permissions {
				changes = append(changes, Change{
					Op: Record, Entity: permission, AnyIncarnation: true,
					Recorded:       map[string]Recorded{"PolicypartnerN1": {Deleted: true}},
					CrossStackRefs: CrossStackRefs{Policies: map[string][]int{"partner": test.taken}},
				})
			}
			edited, err := Edit(base, testEnv(), changes)
			if err != nil || slices.ContainsFunc(edited.Errors, func(err error) bool { return err != nil }) {
				t.Fatal(err, edited.Errors)
			}
			var got []string
			for _, intent := range edited.Intents {
				got = append(got, fmt.Sprintf("%s %s", intent.Action, intent.LogicalID))
				if !slices.Equal(intent.Members, []int{0, 1}) {
					t.Errorf("%s is caused by %v", intent.LogicalID, intent.Members)
				}
			}
			if strings.Join(got, ", ") != test.want {
				t.Errorf("the changes are %v", got)
			}
			after := parse(t, edited.Template)
			if diff := cmp.Diff(contents.Permissions, after.Permissions); diff != "" {
				t.Error(diff)
			}
			if len(after.Drift) > 0 {
				t.Errorf("the template has the drift %v", after.Drift)
			}
		})
	}
}

// TestRecord_NoNumberFree records that one of as many policies as a user can have was deleted. There
// is no place for its permissions.
func TestRecord_NoNumberFree(t *testing.T) {
	var taken []int
	for n := 2; n <= MaxUserPolicies; n++ {
		taken = append(taken, n)
	}
	base := filled(t)
	edited, err := Edit(base, testEnv(), []Change{{
		Op: Record, Entity: parse(t, base).Permissions[0], AnyIncarnation: true,
		Recorded:       map[string]Recorded{"PolicypartnerN1": {Deleted: true}},
		CrossStackRefs: CrossStackRefs{Policies: map[string][]int{"partner": taken}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if full, ok := edited.Errors[0].(*FullError); !ok || len(edited.Intents) > 0 { //nolint:errorlint // as returned
		t.Errorf("the error is %v, the intents %v", full, edited.Intents)
	}
}
