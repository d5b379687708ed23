package commit

import (
	"strconv"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Description is what DescribeStacks says of a stack.
type Description struct {
	StackID      string
	Status       string
	StatusReason string
	ChangeSetID  string    // of the last executed change set; "" when there was none
	LastUpdated  time.Time // LastUpdatedTime, or CreationTime before the first update
	Parameters   map[string]string
	Outputs      map[string]string
	Protected    bool // termination protection is on
}

// same reports whether two descriptions show the same state of the stack.
func (d Description) same(other Description) bool {
	return d.StackID == other.StackID && d.Status == other.Status && d.ChangeSetID == other.ChangeSetID &&
		d.LastUpdated.Equal(other.LastUpdated) &&
		d.Parameters[template.RevisionParameter] == other.Parameters[template.RevisionParameter]
}

// Effect is something that the driver does for the engine.
type Effect interface{ effect() }

type (
	// Read asks for the stack: DescribeStacks, GetTemplate, DescribeStacks. Answered by BaseRead.
	Read struct{}

	// CreateChangeSet asks for a change set and what the service computed: create it, describe the
	// stack once, wait for the set, describe all its pages with property values. Answered by
	// ChangeSetMade.
	CreateChangeSet struct {
		First    bool   // the stack is to be created by it (ChangeSetType CREATE)
		StackID  string // "" with First when there is no stack at all
		Name     string
		Token    string // the ClientToken: unique for the attempt
		Template *template.Template
		Revision int64    // the value of the stack parameter Revision
		Keep     []string // the names of the other parameters: their previous values stay
		Import   bool     // resources that exist are imported (ImportExistingResources)
	}

	// DeleteChangeSet asks to delete a change set; a missing one counts as deleted. Answered by
	// ChangeSetDeleted.
	DeleteChangeSet struct{ ARN string }

	// Announce tells what is about to run, before Execute. It needs no answer and must not delay
	// Execute much.
	Announce struct {
		StackID string
		Token   string
		Members []model.ID
	}

	// Execute asks to execute a change set, with rollback on. Answered by Executed.
	Execute struct {
		ARN, StackID string
		Token        string // the ClientRequestToken, which every event of the operation carries
	}

	// ResolveExecution asks whose operation it was when Execute's reply was lost. Answered by
	// ExecutionResolved.
	ResolveExecution struct{ ARN, StackID, Token string }

	// Follow asks to wait for the end of an operation. Answered by Finished.
	Follow struct {
		ARN, StackID, Token string
		Since               time.Time // the stack's LastUpdated before the operation; zero when it isn't known
	}

	// Protect asks to switch on termination protection and the stack policy of a new stack.
	// Answered by Protected.
	Protect struct{ StackID string }

	// ContinueRollback asks to continue a failed rollback. CloudFormation treats the resources to
	// skip as rolled back, whatever their actual state. Answered by Continued; the operation is
	// then followed by its token alone.
	ContinueRollback struct {
		StackID, Token string
		Skip           []string // logical ids
	}

	// Clear asks to delete a stack whose first creation was rolled back, by its ID, once it holds
	// no resource. Answered by Cleared.
	Clear struct{ StackID, Token string }

	// Unhealed reports resources whose rollback was skipped and that may differ from the template
	// for good, since healing failed or is impossible. It needs no answer.
	Unhealed struct {
		LogicalIDs []string
		Reasons    []string
	}

	// Committed is the content of the stack after a commit. It precedes the outcome of the members
	// and needs no answer.
	Committed struct {
		Description Description
		Template    *template.Template
		Revision    int64
		Token       string
	}

	// Superseded reports that a commit succeeded and that the stack has changed since: what is
	// known of it is old. It precedes the outcome of the members and needs no answer.
	Superseded struct{}

	// Unchanged is the content of a stack that holds the members' changes already. It precedes
	// their outcome and needs no answer.
	Unchanged struct {
		Description Description
		Template    *template.Template
		Revision    int64
	}

	// Done is the outcome of one member.
	Done struct {
		Member MemberID
		Err    error
	}
)

func (Read) effect()             {}
func (CreateChangeSet) effect()  {}
func (DeleteChangeSet) effect()  {}
func (Announce) effect()         {}
func (Execute) effect()          {}
func (ResolveExecution) effect() {}
func (Follow) effect()           {}
func (Protect) effect()          {}
func (ContinueRollback) effect() {}
func (Clear) effect()            {}
func (Unhealed) effect()         {}
func (Committed) effect()        {}
func (Superseded) effect()       {}
func (Unchanged) effect()        {}
func (Done) effect()             {}

type effects struct{ pending []Effect }

func (e *effects) emit(effect Effect) { e.pending = append(e.pending, effect) }

// take removes and returns the effects.
func (e *effects) take() []Effect {
	taken := e.pending
	e.pending = nil
	return taken
}

// Observation is the driver's answer to an effect.
type Observation interface{ observation() }

type (
	// BaseRead answers Read. With Absent there is no stack.
	BaseRead struct {
		Absent        bool
		Before, After Description
		Template      *template.Template
		Behind        bool  // the stack has been seen at a later moment before
		Earlier       bool  // it was read before the engine asked
		Err           error // why it can't be read: template.ErrNotJSON, an AWS error ...
	}

	// ChangeSetMade answers CreateChangeSet.
	ChangeSetMade struct {
		ARN, StackID string
		// StackUpdated is the stack's LastUpdated after the set was created; zero for a set that
		// makes the stack.
		StackUpdated time.Time
		// Failed is the StatusReason of a change set that the service could not make.
		Failed string
		// Findings are the resources that made it fail, if the service names them, without time and
		// status.
		Findings []Event
		Changes  []ResourceChange
		Err      *CallError // NameTaken holds the other set's ARN
	}

	// ChangeSetDeleted answers DeleteChangeSet.
	ChangeSetDeleted struct{ Err *CallError }

	// Executed answers Execute.
	Executed struct{ Err *CallError }

	// ExecutionResolved answers ResolveExecution.
	ExecutionResolved struct{ Owner ExecutionOwner }

	// Finished answers Follow.
	Finished struct {
		Description Description // the final one
		Events      []Event     // of the operation's token, oldest first
		Err         error       // why it can't be followed any longer
	}

	// Protected answers Protect.
	Protected struct{ Err error }

	// Continued answers ContinueRollback.
	Continued struct{ Err *CallError }

	// Cleared answers Clear: the stack is gone, or why it is not.
	Cleared struct{ Err error }

	// Attempt reports an attempt of the outstanding effect's call that AWS did not serve and that
	// is repeated; with Err nil, that the repeated call was served.
	Attempt struct {
		Operation string // such as CreateChangeSet
		Err       error
	}
)

// Consistent reports whether the stack was at rest and did not change while it was read.
func (r BaseRead) Consistent() bool { return !cfn.InProgress(r.After.Status) && r.Before.same(r.After) }

// Stale reports whether the reading is older than one observed before, or the template has another
// revision than the descriptions. Each of the three answers can be stale for seconds. A revision
// that was set by hand stays different, so the wait ends after cfn.StalePatience.
func (r BaseRead) Stale() bool {
	if r.Template == nil {
		return false
	}
	if r.Behind {
		return true
	}
	revision, says := r.Template.Revision()
	described, there := r.After.Parameters[template.RevisionParameter]
	return says && there && strconv.FormatInt(revision, 10) != described
}

func (BaseRead) observation()          {}
func (ChangeSetMade) observation()     {}
func (ChangeSetDeleted) observation()  {}
func (Executed) observation()          {}
func (ExecutionResolved) observation() {}
func (Finished) observation()          {}
func (Protected) observation()         {}
func (Continued) observation()         {}
func (Cleared) observation()           {}
func (Attempt) observation()           {}

// ResourceChange is one change of a change set, as the service computed it.
type ResourceChange struct {
	LogicalID   string
	Action      string // Add, Modify, Remove, Import, Dynamic
	Replacement string // True, False, Conditional; "" but for Modify
	PhysicalID  string // "" for Add
	// Before are the properties before the change, from BeforeContext; nil when the service gave
	// none.
	Before map[string]any
	// Policies are the DeletionPolicy and UpdateReplacePolicy before the change, if shown.
	Policies map[string]string
	// Scope are the attributes of the resource that change: Properties, Metadata, DeletionPolicy
	// ... Only Modify has it.
	Scope []string
	// Unvalued is set when only the answer without property values listed the change.
	Unvalued bool
	// Dependent is set when only values of other resources might change the resource.
	Dependent bool
}

// Unvalued returns the logical IDs of changes without values, and whether the revision marker's is
// one of them.
func Unvalued(changes []ResourceChange) (ids []string, marker bool) {
	for _, change := range changes {
		if change.Unvalued {
			ids = append(ids, change.LogicalID)
			marker = marker || change.LogicalID == template.RevisionMarkerID
		}
	}
	return ids, marker
}

// Event is a stack event of a resource or of the stack itself.
type Event struct {
	Time      time.Time
	LogicalID string
	Type      string
	Status    string
	Reason    string
}

// ExecutionOwner says whose operation it was.
type ExecutionOwner int

// The answers to ResolveExecution.
const (
	Undecided ExecutionOwner = iota // ask again
	Ours
	NotOurs
)

// Failure is a class of AWS's refusals that the engine distinguishes.
type Failure int

const (
	// Refused is any refusal that a repetition does not change and that is not about what is asked
	// for, such as a missing permission.
	Refused Failure = iota
	// Invalid means that the service rejects what is asked for.
	Invalid
	// Busy means that another operation is running on the stack.
	Busy
	// Outdated means that the change set is obsolete or gone: the race is lost.
	Outdated
	// NameTaken means that another change set has the name: a writer on the same base.
	NameTaken
	// Gone means that the stack does not exist.
	Gone
	// NoReply means that the effect of the call is unknown.
	NoReply
)

// Final reports whether repeating the call can't help.
func (f Failure) Final() bool { return f == Refused || f == Invalid }
