package mirror

import (
	"slices"
	"strings"
	"time"
)

// Version says which moment of a stack's life something is about.
type Version struct {
	StackID     string `json:"stack_id"`
	ChangeSetID string `json:"change_set_id"` // of the last executed change set; "" when there was none
	// LastUpdated is CloudFormation's LastUpdatedTime, or CreationTime before the first update, in milliseconds.
	LastUpdated time.Time `json:"last_updated"`
	Revision    int64     `json:"revision"`
	Status      string    `json:"status"` // as CloudFormation spells it
	// Phase is PhaseOf(Status). Write sets it, whatever the caller says.
	Phase int `json:"phase"`
}

// The phases of one operation on a stack, in the order in which it goes through them. LastUpdatedTime tells operations
// apart and stands still during one, so the phase orders what happens in between. A deletion leaves LastUpdatedTime alone
// as well and can't be taken back, so that its phases come after those of every other operation.
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

// deleteComplete is the status of a stack that is gone. Its StackId never comes back to life.
const deleteComplete = "DELETE_COMPLETE"

// PhaseOf is the rank of a stack's status within an operation: in progress, then failed, then the clean-up, then the
// final status, then deletion.
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

// stable are the statuses in which no operation is running and the template that AWS gives is what stands in the stack.
// ROLLBACK_COMPLETE is none of them: that is a failed first creation, of which nothing is left but the stack itself.
var stable = []string{
	"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE",
}

// Stable says whether a stack's template can be taken for its contents in this status.
func Stable(status string) bool { return slices.Contains(stable, status) }

// Supersedes says whether v is of a later moment than other. Within one stack the time decides, then the phase. Another
// stack of the same name is later only if its time is.
func (v Version) Supersedes(other Version) bool {
	v, other = v.normal(), other.normal()
	if v.StackID == other.StackID && v.LastUpdated.Equal(other.LastUpdated) {
		return v.Phase > other.Phase
	}
	return v.LastUpdated.After(other.LastUpdated)
}

// normal is the version as it is stored: UTC, milliseconds, with the phase of its status.
func (v Version) normal() Version {
	v.LastUpdated = v.LastUpdated.UTC().Truncate(time.Millisecond)
	v.Phase = PhaseOf(v.Status)
	return v
}
