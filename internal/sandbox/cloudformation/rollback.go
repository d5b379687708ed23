package cloudformation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// rollback reverts a deployment: it deletes created resources, restores updated ones, and releases
// imported ones.
func (op *operation) rollback(reason string) {
	switch op.verb {
	case "CREATE":
		op.rollbackCreation(reason)
	case "IMPORT":
		op.become("IMPORT_ROLLBACK_IN_PROGRESS", reason)
		op.st.config = op.previous
		op.st.resources = op.resources
		if op.previous == nil {
			op.st.config = op.next
		}
		op.after(0, func() { op.end("IMPORT_ROLLBACK_COMPLETE", "", false) })
	default:
		op.rollbackUpdate(reason)
	}
}

func (op *operation) rollbackCreation(reason string) {
	if op.deleteOnFailure {
		op.become("DELETE_IN_PROGRESS", reason)
	} else {
		// AWS's users report the second sentence; DeletionTime of a rolled back stack is recorded
		// from AWS.
		op.become("ROLLBACK_IN_PROGRESS", reason+"Rollback requested by user.")
	}
	op.st.deleted = op.s.w.Now()
	for _, name := range sortedKeys(op.st.resources) {
		r := op.st.resources[name]
		if r.physicalID == "" {
			r.gone = true
			r.status, r.reason, r.changed = "DELETE_COMPLETE", "", op.s.w.Now()
			continue
		}
		t := op.tasks[name]
		keep := r.declared.deletion == policyRetain && !op.retainExceptOnCreate || t != nil && t.imported
		op.removals = append(op.removals, &removal{resource: r, keep: keep, rollback: true})
	}
	op.remove(false, func(failed []string) {
		switch {
		case len(failed) > 0 && op.deleteOnFailure:
			op.end("DELETE_FAILED", undeletable(failed), false)
		case len(failed) > 0:
			op.end("ROLLBACK_FAILED", undeletable(failed), false)
		case op.deleteOnFailure:
			op.s.bury(op.st)
			op.end("DELETE_COMPLETE", "", false)
		default:
			op.end("ROLLBACK_COMPLETE", "", false)
		}
	})
}

// undeletable returns a text recorded from AWS, trailing space included.
func undeletable(failed []string) string {
	return fmt.Sprintf("The following resource(s) failed to delete: [%s]. ", strings.Join(failed, ", "))
}

// rollbackUpdate restores the template, parameters and all other settings immediately, then the
// resources. That these have their old values after the rollback is measured on AWS.
func (op *operation) rollbackUpdate(reason string) {
	op.become("UPDATE_ROLLBACK_IN_PROGRESS", reason)
	changeSet := op.st.config.changeSet
	restored := *op.previous
	if op.s.w.AnswersWith(unproven.RollbackChangeSetID, unproven.LastExecuted) { // unproven: rollback-change-set-id
		restored.changeSet = changeSet
	}
	op.st.config = &restored
	op.st.touch(op.s.w.Now())
	for _, t := range op.tasks {
		if t.state != failed && t.state != done {
			t.state = waiting // never started: nothing to restore
		}
	}
	op.restore()
}

func (op *operation) restore() {
	var pending int
	var broken []string
	finished := func() {
		pending--
		if pending > 0 {
			return
		}
		if len(broken) > 0 {
			slices.Sort(broken)
			op.st.stuck = op
			op.end(
				"UPDATE_ROLLBACK_FAILED",
				fmt.Sprintf("The following resource(s) failed to update: [%s]. ", strings.Join(broken, ", ")), false,
			)
			return
		}
		op.cleanUpRollback()
	}
	var steps []func()
	for _, name := range sortedKeys(op.tasks) {
		t := op.tasks[name]
		if t.old == nil || t.current == nil || t.current == t.old || op.st.resources[name] == t.old {
			continue
		}
		back := copyOf(t.old)
		if slices.Contains(op.skip, name) {
			// Skipped resources are marked UPDATE_COMPLETE (AWS API reference,
			// ContinueUpdateRollback).
			op.st.resources[name] = back
			t.current = t.old
			steps = append(steps, func() { op.report(back, "UPDATE_COMPLETE", ""); finished() })
			continue
		}
		steps = append(steps, func() {
			op.report(back, "UPDATE_IN_PROGRESS", "")
			op.after(op.s.w.ResourceTime(), func() {
				if err := op.restoreOne(t, back); err != nil {
					broken = append(broken, name)
					failure := copyOf(t.current)
					op.st.resources[name] = failure
					op.report(failure, "UPDATE_FAILED", err.Error())
				} else {
					op.st.resources[name] = back
					if t.replaces && t.applied {
						op.removals = append(op.removals, &removal{resource: copyOf(t.current), rollback: true})
					}
					t.current = t.old
					op.report(back, "UPDATE_COMPLETE", "")
				}
				finished()
			})
		})
	}
	pending = len(steps) + 1
	for _, step := range steps {
		step()
	}
	op.after(0, finished)
}

func (op *operation) restoreOne(t *task, back *resource) error {
	if t.state == failed && !t.applied && t.declared != nil && t.verb == "" {
		return nil // refused before any change
	}
	if reason := op.s.fault(back.kind, back.physicalID, cloud.PhaseRollback); reason != "" {
		return fmt.Errorf("%s", reason)
	}
	restored := t.restored()
	if t.replaces || !t.applied || len(changedProperties(t.current.properties, restored)) == 0 {
		return nil // the old resource is unchanged
	}
	if err := op.permit(
		cloud.Step{Type: back.kind, PhysicalID: back.physicalID, Before: t.current.properties, After: restored},
	); err != nil {
		return err
	}
	properties, err := op.dynamic(t.current.properties, restored)
	if err != nil {
		return err
	}
	made, err := op.s.w.Type(back.kind).Update(op.caller, back.physicalID, t.current.properties, properties)
	if err != nil {
		return err //nolint:wrapcheck // the text is AWS's
	}
	if made.Attributes != nil {
		back.attributes = made.Attributes
	}
	return nil
}

func (op *operation) cleanUpRollback() {
	op.become("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "")
	for _, name := range sortedKeys(op.tasks) {
		t := op.tasks[name]
		if t.old != nil || t.current == nil {
			continue
		}
		delete(op.st.resources, name)
		if t.lost != nil {
			op.st.resources[name] = copyOf(t.lost)
		}
		if t.current.physicalID == "" {
			continue
		}
		keep := t.declared.deletion == policyRetain && !op.retainExceptOnCreate || t.imported
		op.removals = append(op.removals, &removal{resource: copyOf(t.current), keep: keep, rollback: true})
	}
	op.remove(true, func(failed []string) {
		reason := ""
		if len(failed) > 0 {
			reason = "One or more resources could not be deleted."
		}
		op.end("UPDATE_ROLLBACK_COMPLETE", reason, false)
	})
}

func (s *Service) continueUpdateRollback(r *cloud.Request) (any, error) {
	st, err := s.existing(r, r.Form.Get("StackName"))
	if err != nil {
		return nil, err
	}
	if st.status != "UPDATE_ROLLBACK_FAILED" || st.stuck == nil {
		return nil, invalid("Stack:%s is in %s state and can not be rolled back.", st.id, st.status)
	}
	op := st.stuck
	skip := stringsOf(r.Form, "ResourcesToSkip")
	for _, name := range skip {
		if res := st.resources[name]; res == nil || res.status != "UPDATE_FAILED" {
			return nil, invalid("[%s] is not a valid resource to skip: only resources in UPDATE_FAILED can be skipped", name)
		}
	}
	st.freeze()
	st.stuck, st.running = nil, op
	st.drift = drift{running: st.drift.running}
	op.skip, op.token, op.caller = skip, r.Form.Get("ClientRequestToken"), r.Caller
	op.become("UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated")
	st.touch(s.w.Now())
	op.after(0, op.restore)
	return struct{}{}, nil
}

func (s *Service) cancelUpdateStack(r *cloud.Request) (any, error) {
	st, err := s.existing(r, r.Form.Get("StackName"))
	if err != nil {
		return nil, err
	}
	if st.status != "UPDATE_IN_PROGRESS" {
		return nil, invalid("CancelUpdateStack cannot be called from current stack status")
	}
	st.running.giveUp()
	return nil, nil
}

type removal struct {
	resource *resource
	keep     bool // a deletion policy retains it
	rollback bool // part of a rollback, which has its own faults
	state    taskState
	tries    int
}

// cleanupTries is the number of deletion attempts of a clean-up phase (AWS CloudFormation User
// Guide, "Troubleshooting").
const cleanupTries = 3

// remove deletes the resources of op.removals, dependents first, and then calls finish with the
// logical IDs of those that remain. In a clean-up phase it tries three times and drops the resource
// from the stack in either case.
func (op *operation) remove(cleanup bool, finish func(failed []string)) {
	op.after(0, func() { op.removeNext(cleanup, finish) })
}

func (op *operation) removeNext(cleanup bool, finish func(failed []string)) {
	report := op.report
	if cleanup {
		report = op.reportCleanup
	}
	open := 0
	for _, rm := range op.removals {
		if rm.state == running {
			open++
			continue
		}
		if rm.state != waiting || op.blocked(rm, cleanup) {
			continue
		}
		rm.state = running
		r := rm.resource
		if rm.keep {
			rm.state = done
			r.gone = true
			report(r, "DELETE_SKIPPED", "")
			op.after(0, func() { op.removeNext(cleanup, finish) })
			return
		}
		open++
		report(r, "DELETE_IN_PROGRESS", "")
		op.after(op.s.w.ResourceTime(), func() {
			rm.tries++
			err := op.delete(rm)
			switch {
			case err == nil:
				rm.state = done
				r.gone = true
				report(r, "DELETE_COMPLETE", "")
			case cleanup && rm.tries < cleanupTries:
				rm.state = waiting
				report(r, "DELETE_FAILED", err.Error())
			default:
				rm.state = failed
				report(r, "DELETE_FAILED", err.Error())
			}
			op.removeNext(cleanup, finish)
		})
	}
	if open > 0 {
		return
	}
	var undone []string
	for _, rm := range op.removals {
		if rm.state == failed {
			undone = append(undone, rm.resource.logicalID)
		}
	}
	slices.Sort(undone)
	op.removals = nil
	op.generation++ // entries for further removals are void
	op.after(0, func() { finish(undone) })
}

// blocked reports whether a dependent of rm's resource still exists.
func (op *operation) blocked(rm *removal, cleanup bool) bool {
	for _, other := range op.removals {
		if other == rm || other.state == done || cleanup && other.state == failed {
			continue
		}
		if slices.Contains(other.resource.needs, rm.resource.logicalID) && other.resource.logicalID != rm.resource.logicalID {
			return true
		}
	}
	return false
}

func (op *operation) delete(rm *removal) error {
	phase := cloud.PhaseDelete
	if rm.rollback {
		phase = cloud.PhaseRollback
	}
	if reason := op.s.fault(rm.resource.kind, rm.resource.physicalID, phase); reason != "" {
		return fmt.Errorf("%s", reason)
	}
	if err := op.permit(
		cloud.Step{Type: rm.resource.kind, PhysicalID: rm.resource.physicalID, Before: rm.resource.properties},
	); err != nil {
		return err
	}
	return op.s.w.Type(rm.resource.kind).Delete(
		op.caller, rm.resource.physicalID, rm.resource.properties,
	) //nolint:wrapcheck // the text is AWS's
}
