package mirror

import (
	"slices"
	"strings"
	"time"
)

// Version identifies a moment in a stack's life.
type Version struct {
	StackID     string `json:"stack_id"`
	ChangeSetID string `json:"change_set_id"` // of the last executed change set; "" when there was none
	// LastUpdated is CloudFormation's LastUpdatedTime, or CreationTime before the first update, in
	// milliseconds.
	LastUpdated time.Time `json:"last_updated"`
	Revision    int64     `json:"revision"`
	Status      string    `json:"status"` // as CloudFormation spells it
	// Phase is PhaseOf(Status). Write sets it.
	Phase int `json:"phase"`
}

// The phases of one operation on a stack, in order. LastUpdatedTime distinguishes operations and
// does not change during one, so the phase orders what happens within it. A deletion does not
// change LastUpdatedTime either and cannot be undone, so its phases follow those of every other
// operation.
const (
	phaseReview = iota // a stack that only has change sets yet
	phaseInProgress
	phaseFailed // an operation that got stuck, and may still be brought to an end
	phaseCleanup
	phaseFinal
	phaseDeleting
	phaseDeleteFailed
	phaseDeleted
)

// deleteComplete is the status of a deleted stack. Its StackId is never used again.
const deleteComplete = "DELETE_COMPLETE"

// PhaseOf returns the rank of a status within an operation: in progress, failed, clean-up, final
// status, deletion.
func PhaseOf(status string) int {
	switch {
	case status == "REVIEW_IN_PROGRESS":
		return phaseReview
	case status == "DELETE_IN_PROGRESS":
		return phaseDeleting
	case status == "DELETE_FAILED":
		return phaseDeleteFailed
	case status == deleteComplete:
		return phaseDeleted
	case strings.HasSuffix(status, "_CLEANUP_IN_PROGRESS"):
		return phaseCleanup
	case strings.HasSuffix(status, "_IN_PROGRESS"):
		return phaseInProgress
	case strings.HasSuffix(status, "_FAILED"):
		return phaseFailed
	}
	return phaseFinal
}

// stable are the statuses in which no operation is running and GetTemplate returns the contents of
// the stack. ROLLBACK_COMPLETE is not stable: it is a failed first creation that left nothing but
// the stack.
var stable = []string{
	"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE",
}

// Stable reports whether a stack's template describes its contents in this status.
func Stable(status string) bool { return slices.Contains(stable, status) }

// Supersedes reports whether v is later than other. Within one stack the time decides, then the
// phase. Another stack of the same name is later only if its time is.
func (v Version) Supersedes(other Version) bool {
	v, other = v.normal(), other.normal()
	if v.StackID == other.StackID && v.LastUpdated.Equal(other.LastUpdated) {
		return v.Phase > other.Phase
	}
	return v.LastUpdated.After(other.LastUpdated)
}

// normal returns the version in its stored form: UTC, milliseconds, with the phase of its status.
func (v Version) normal() Version {
	v.LastUpdated = v.LastUpdated.UTC().Truncate(time.Millisecond)
	v.Phase = PhaseOf(v.Status)
	return v
}
