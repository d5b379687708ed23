package cfn

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// TestStatuses classifies every status of a stack. The constants are those of the SDK.
func TestStatuses(t *testing.T) {
	want := map[types.StackStatus]string{
		"CREATE_COMPLETE":          "stable",
		"UPDATE_COMPLETE":          "stable",
		"UPDATE_ROLLBACK_COMPLETE": "stable",
		"IMPORT_COMPLETE":          "stable",
		"IMPORT_ROLLBACK_COMPLETE": "stable",
		"ROLLBACK_COMPLETE":        "ended",
		"DELETE_COMPLETE":          "ended",
		"CREATE_FAILED":            "failed",
		"ROLLBACK_FAILED":          "failed",
		"UPDATE_FAILED":            "failed",
		"UPDATE_ROLLBACK_FAILED":   "failed",
		"DELETE_FAILED":            "failed",
		"IMPORT_ROLLBACK_FAILED":   "failed",
	}
	for _, status := range types.StackStatus("").Values() {
		class := "in progress"
		switch s := string(status); {
		case Stable(s):
			class = "stable"
		case Failed(s):
			class = "failed"
		case Complete(s):
			class = "ended"
		case !InProgress(s):
			class = "none"
		}
		if expected, known := want[status]; class != expected && (known || class != "in progress") {
			t.Errorf("%s is %s, want %s", status, class, expected)
		}
	}
	for _, name := range []types.StackStatus{
		ReviewInProgress, CreateComplete, CreateFailed, RollbackComplete, RollbackFailed, UpdateComplete, UpdateFailed, UpdateRollbackComplete,
		UpdateRollbackFailed, DeleteInProgress, DeleteFailed, DeleteComplete, ImportComplete, ImportRollbackComplete,
	} {
		if !slices.Contains(name.Values(), name) {
			t.Errorf("%s is no status", name)
		}
	}
	if Succeeded(UpdateRollbackComplete) || !Succeeded(UpdateComplete) ||
		Succeeded("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS") {
		t.Error("only an operation that has ended, and was not rolled back, has succeeded")
	}
}

// TestStaleness accepts a stale reading after a time and several readings, and not before.
func TestStaleness(t *testing.T) {
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var s Staleness
	for n, c := range []struct {
		after time.Duration
		stale bool
		wait  bool
	}{
		{0, true, true}, {time.Second, false, false}, // a current one restarts
		{2 * time.Second, true, true}, {40 * time.Second, true, true}, {41 * time.Second, true, true}, {42 * time.Second, true, true},
		{43 * time.Second, true, false}, {43 * time.Second, true, true}, // accepted once: the next series starts
		{44 * time.Second, false, false},
		{45 * time.Second, true, true}, {46 * time.Second, true, true}, {47 * time.Second, true, true}, {48 * time.Second, true, true},
		{49 * time.Second, true, true}, {75 * time.Second, true, false},
	} {
		if wait := s.Wait(began.Add(c.after), c.stale); wait != c.wait {
			t.Errorf("reading %d after %s: wait is %v", n, c.after, wait)
		}
	}
}
