package mirror

import (
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
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
// change LastUpdatedTime either and cannot be undone, so its phases follow all others.
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

// PhaseOf returns the rank of a status within an operation: in progress, failed, clean-up, final
// status, deletion.
func PhaseOf(status string) int {
	switch {
	case status == cfn.ReviewInProgress:
		return phaseReview
	case status == cfn.DeleteInProgress:
		return phaseDeleting
	case status == cfn.DeleteFailed:
		return phaseDeleteFailed
	case status == cfn.DeleteComplete:
		return phaseDeleted
	case cfn.CleaningUp(status):
		return phaseCleanup
	case cfn.InProgress(status):
		return phaseInProgress
	case cfn.Failed(status):
		return phaseFailed
	}
	return phaseFinal
}

// Supersedes reports whether v is later than other. Within one stack the time decides, then the
// phase; another stack of the same name must have a later time.
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
