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
func (m *members) tell(one member, err error) {
	if done := one.done(m.stack); err != nil && done != "" {
		err = model.AfterChange(err, done)
	}
	m.effects.emit(Done{one.ID, err})
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
func (m *members) noteStack(l stackLeft) {
	for i := range m.batch {
		m.batch[i].left.stack = l
	}
}

// noteRemains notes what the rollback of a commit could not delete again. It is no reason for the
// failure. If the member fails later because of it, its error names it.
func (m *members) noteRemains(of *attempt, events []Event) {
	for _, event := range events {
		if event.Status != cfn.DeleteFailed {
			continue
		}
		owners, _ := of.owners(m.batch, event.LogicalID)
		for i := range m.batch {
			if slices.Contains(owners, m.batch[i].ID) {
				m.batch[i].remains = append(m.batch[i].remains, "an attempt before has left it behind: "+reason(event))
			}
		}
	}
}

// noteUnrestored notes that the commit of the batch was not rolled back.
func (m *members) noteUnrestored() {
	for i := range m.batch {
		m.batch[i].left.unrestored = true
	}
}

// noteRestored notes that it was rolled back in the end.
func (m *members) noteRestored() {
	for _, some := range append(m.attribution.held(), m.batch) {
		for i := range some {
			some[i].left.unrestored = false
		}
	}
	for i := range m.outcomes {
		m.outcomes[i].left.unrestored = false
	}
}
