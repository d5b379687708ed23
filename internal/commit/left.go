package commit

import (
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// left is what the attempts so far have changed for a member that may fail now: its error tells.
type left struct {
	stack      stackLeft
	unrestored bool // a commit with the member's change was not rolled back
}

// stackLeft is what has become of a stack that was to be created for a member.
type stackLeft int

const (
	stackEmpty   stackLeft = iota + 1 // its change set exists, and so does the stack, in REVIEW_IN_PROGRESS
	stackAsked                        // CloudFormation was asked to create what is in it
	stackCreated                      // it exists
	stackFailed                       // its creation failed
)

// tell delivers a member's outcome, with what was changed before it failed.
func (e *Engine) tell(m member, err error) {
	if done := m.done(e.config.Stack); err != nil && done != "" {
		err = model.AfterChange(err, done)
	}
	e.emit(Done{m.ID, err})
}

// done are sentences about what the attempts so far have changed; "" for nothing.
func (m member) done(stack string) string {
	var sentences []string
	switch m.left.stack {
	case stackEmpty:
		sentences = append(sentences, "The stack "+stack+" was left behind empty: the next apply goes on with it.")
	case stackAsked:
		sentences = append(sentences, "The stack "+stack+" may have been created, without the object.")
	case stackCreated:
		sentences = append(sentences, "The stack "+stack+" was created, without the object.")
	case stackFailed:
		sentences = append(
			sentences, "The stack "+stack+" was left behind by its failed creation: the next apply deletes it.",
		)
	}
	if m.left.unrestored {
		sentences = append(sentences, "CloudFormation did not roll back all that a commit with this change had changed.")
	}
	if len(m.remains) > 0 {
		sentences = append(sentences, "An attempt left resources behind that CloudFormation could not delete again.")
	}
	return strings.Join(sentences, " ")
}

// noteStack notes what has become of the stack that is created for the batch.
func (e *Engine) noteStack(l stackLeft) {
	for i := range e.batch {
		e.batch[i].left.stack = l
	}
}

// noteRemains notes what the rollback of a commit could not delete again. It is no reason for the
// failure. If the member fails later because of it, its error names it.
func (e *Engine) noteRemains(events []Event) {
	for _, event := range events {
		if event.Status != cfn.DeleteFailed {
			continue
		}
		owners, _ := e.owners(event.LogicalID)
		for i := range e.batch {
			if slices.Contains(owners, e.batch[i].ID) {
				e.batch[i].remains = append(e.batch[i].remains, "an attempt before has left it behind: "+reason(event))
			}
		}
	}
}

// noteUnrestored notes that the commit of the batch was not rolled back.
func (e *Engine) noteUnrestored() {
	for i := range e.batch {
		e.batch[i].left.unrestored = true
	}
}

// noteRestored notes that it was rolled back in the end.
func (e *Engine) noteRestored() {
	for _, members := range append(e.attribution.held(), e.batch) {
		for i := range members {
			members[i].left.unrestored = false
		}
	}
	for i := range e.outcomes {
		e.outcomes[i].left.unrestored = false
	}
}
