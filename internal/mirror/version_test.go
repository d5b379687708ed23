package mirror_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/stowage/terraform-provider-stowage/internal/mirror"
)

// statuses lists all statuses of stacks (CloudFormation API reference, Stack).
var statuses = []string{
	"CREATE_IN_PROGRESS",
	"CREATE_FAILED",
	"CREATE_COMPLETE",
	"ROLLBACK_IN_PROGRESS",
	"ROLLBACK_FAILED",
	"ROLLBACK_COMPLETE",
	"DELETE_IN_PROGRESS",
	"DELETE_FAILED",
	"DELETE_COMPLETE",
	"UPDATE_IN_PROGRESS",
	"UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
	"UPDATE_COMPLETE",
	"UPDATE_FAILED",
	"UPDATE_ROLLBACK_IN_PROGRESS",
	"UPDATE_ROLLBACK_FAILED",
	"UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
	"UPDATE_ROLLBACK_COMPLETE",
	"REVIEW_IN_PROGRESS",
	"IMPORT_IN_PROGRESS",
	"IMPORT_COMPLETE",
	"IMPORT_ROLLBACK_IN_PROGRESS",
	"IMPORT_ROLLBACK_FAILED",
	"IMPORT_ROLLBACK_COMPLETE",
}

// The end of an operation has the highest phase of all its statuses with one LastUpdatedTime.
func TestPhases_Order(t *testing.T) {
	for _, path := range [][]string{
		{"REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"},
		{"ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"},
		{"CREATE_IN_PROGRESS", "ROLLBACK_FAILED", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"},
		{"UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"},
		{"UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"},
		{"UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"},
		{"IMPORT_IN_PROGRESS", "IMPORT_ROLLBACK_FAILED", "IMPORT_ROLLBACK_COMPLETE"},
		{"UPDATE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_FAILED", "DELETE_COMPLETE"},
	} {
		for i := 1; i < len(path); i++ {
			before, after := at("a", path[i-1], 1), at("a", path[i], 1)
			if !after.Supersedes(before) || before.Supersedes(after) {
				t.Errorf("%s does not come after %s", path[i], path[i-1])
			}
		}
	}
}

func versions() *rapid.Generator[mirror.Version] {
	return rapid.Custom(func(t *rapid.T) mirror.Version {
		stack := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "stack")
		return at(stack, rapid.SampledFrom(statuses).Draw(t, "status"), rapid.IntRange(1, 4).Draw(t, "time"))
	})
}

// Supersedes is a strict order, so that "the greatest version" is defined.
func TestSupersedes_StrictOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := versions().Draw(t, "a"), versions().Draw(t, "b"), versions().Draw(t, "c")
		if a.Supersedes(a) || a.Supersedes(b) && b.Supersedes(a) {
			t.Fatal("a version supersedes itself, or two each other")
		}
		if a.Supersedes(b) && b.Supersedes(c) && !a.Supersedes(c) {
			t.Fatal("not transitive")
		}
	})
}

func TestSupersedes(t *testing.T) {
	for _, test := range []struct {
		name          string
		before, after mirror.Version
		want          bool
	}{
		{"later", at("a", "UPDATE_COMPLETE", 1), at("a", "UPDATE_IN_PROGRESS", 2), true},
		{"earlier", at("a", "UPDATE_IN_PROGRESS", 2), at("a", "UPDATE_COMPLETE", 1), false},
		{"the same moment", at("a", "UPDATE_COMPLETE", 1), at("a", "UPDATE_COMPLETE", 1), false},
		{"another stack, later", at("a", "DELETE_COMPLETE", 1), at("b", "CREATE_IN_PROGRESS", 2), true},
		{"another stack at the same time", at("a", "CREATE_IN_PROGRESS", 1), at("b", "CREATE_COMPLETE", 1), false},
		{"another stack, earlier", at("b", "CREATE_IN_PROGRESS", 2), at("a", "DELETE_COMPLETE", 1), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.after.Supersedes(test.before); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// Fractions of a millisecond are not stored, so they must not count in comparisons.
func TestSupersedesCountsMilliseconds(t *testing.T) {
	whole := at("a", "UPDATE_COMPLETE", 1)
	parts := whole
	parts.LastUpdated = parts.LastUpdated.Add(999 * time.Microsecond)
	if parts.Supersedes(whole) {
		t.Error("microseconds made a version newer")
	}
	parts.LastUpdated = parts.LastUpdated.Add(time.Microsecond)
	if !parts.Supersedes(whole) {
		t.Error("a millisecond didn't make a version newer")
	}
}
