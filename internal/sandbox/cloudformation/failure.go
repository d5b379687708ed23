package cloudformation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

func (op *operation) failures() []string {
	return append(slices.Clone(op.failedCreates), op.failedUpdates...)
}

// fail ends a task. With rollback, tasks in progress are cancelled and the rollback begins;
// without, they continue.
func (op *operation) fail(t *task, reason string) {
	t.state = failed
	op.blame(t, reason)
	if !op.noRollback {
		op.giveUp()
		return
	}
	if t.verb == "UPDATE" && t.old != nil { // the old state remains
		t.current.properties, t.current.metadata = t.old.properties, t.old.metadata
	}
	op.after(0, op.advance)
}

func (op *operation) blame(t *task, reason string) {
	if t.verb == "UPDATE" {
		op.failedUpdates = append(op.failedUpdates, t.declared.name)
	} else {
		op.failedCreates = append(op.failedCreates, t.declared.name)
	}
	op.report(t.current, t.verb+"_FAILED", reason)
}

// giveUp cancels the tasks in progress and schedules the rollback.
func (op *operation) giveUp() {
	op.generation++
	for _, name := range sortedKeys(op.tasks) {
		t := op.tasks[name]
		if t.state != running {
			continue
		}
		t.state = failed
		reason := "Resource creation cancelled" // reported by AWS's users, like the one for updates
		if t.verb == "UPDATE" {
			reason = "Resource update cancelled"
		}
		op.blame(t, reason)
	}
	op.after(0, func() { op.rollback(op.blameText()) })
}

func (op *operation) blameText() string {
	var text string
	if len(op.failures()) == 0 {
		return "User Initiated" // a cancelled update
	}
	if len(op.failedCreates) > 0 {
		verb := "create"
		if op.verb == "IMPORT" {
			verb = "import"
		}
		text += fmt.Sprintf("The following resource(s) failed to %s: [%s]. ", verb, strings.Join(op.failedCreates, ", "))
	}
	if len(op.failedUpdates) > 0 {
		text += fmt.Sprintf("The following resource(s) failed to update: [%s]. ", strings.Join(op.failedUpdates, ", "))
	}
	return text
}

func (op *operation) stopAsFailed() {
	op.end(op.verb+"_FAILED", op.blameText(), false)
}

func (s *Service) fault(kind, id string, phase cloud.Phase) string {
	if s.w.ResourceFault == nil {
		return ""
	}
	return s.w.ResourceFault(kind, id, phase)
}
