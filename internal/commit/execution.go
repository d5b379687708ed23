package commit

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
)

// execution follows the operation of a change set to its end.
type execution struct {
	stack   string
	members *members
	round   *round
	repair  *repair
	calls   *availability
}

func (x *execution) executed(now time.Time, o Executed) next {
	if o.Err == nil {
		x.round.follow()
		return waits
	}
	switch o.Err.Failure {
	case NoReply:
		x.round.resolve(now)
	case Outdated, Gone, NameTaken:
		x.round.pause(now, BusyPause)
	case Busy:
		x.round.attempt.pause = BusyPause
		x.round.discard()
	case Refused, Invalid:
		if x.round.attempt.purpose == healing {
			return x.repair.unhealed(now, []string{o.Err.Error()})
		}
		x.members.failAll(&CommitError{Stack: x.stack, Reasons: []string{o.Err.Error()}, Err: o.Err})
		x.round.discard()
	}
	return waits
}

func (x *execution) resolved(now time.Time, o ExecutionResolved) next {
	switch o.Owner {
	case Ours:
		x.round.follow()
	case NotOurs:
		x.round.pause(now, 0)
	case Undecided:
		if !now.Before(x.round.resolveUntil) {
			return x.finished(now, Finished{Err: errors.New("CloudFormation doesn't say whether it runs the change set")})
		}
		x.round.resumeAt = now.Add(ResolvePause)
	}
	return waits
}

func (x *execution) finished(now time.Time, o Finished) next {
	purpose := x.round.attempt.purpose
	if o.Err != nil {
		x.round.base = nil
		x.repair.reset()
		if purpose != changing {
			x.round.failAll(now, unreadable(x.stack, o.Err))
			return waits
		}
		x.round.failAll(now, &OutcomeUnknownError{Stack: x.stack, Err: o.Err, Last: x.calls.answer()})
		return waits
	}
	status := finalStatus(o)
	complete := status == cfn.UpdateComplete
	switch {
	case purpose == recovering:
		x.repair.recovered(now, status, o.Events)
		return waits
	case purpose == healing:
		return x.repair.healingDone(now, o, status)
	case purpose == creating && status == cfn.CreateComplete:
		x.members.noteStack(stackCreated)
		x.round.base = x.round.baseFrom(o) // the next commit needs no reading
		x.round.protect(o.Description.StackID)
		return waits
	case purpose == creating:
		x.members.noteStack(stackFailed)
	case purpose == confirming && complete:
		x.round.adopt(o)
		return goesOn
	case purpose == changing && complete:
		return x.committed(now, o)
	case purpose == changing:
		return x.rolledBack(now, o, status)
	}
	x.round.base = nil
	x.round.failAll(now, failureOf(x.stack, o, status))
	return waits
}

func failureOf(stack string, o Finished, status string) *CommitError {
	failed := &CommitError{Stack: stack, Status: status, Reasons: Reasons(o.Events)}
	if len(failed.Reasons) == 0 && o.Description.StatusReason != "" {
		failed.Reasons = []string{o.Description.StatusReason}
	}
	return failed
}

// rolledBack continues after a failed commit, without the culprits. A rollback that itself failed
// is continued first; the errors are delivered afterwards, as the process may end with them.
func (x *execution) rolledBack(now time.Time, o Finished, status string) next {
	x.round.base = nil
	x.members.noteRemains(&x.round.attempt, o.Events)
	if status != cfn.UpdateRollbackComplete {
		x.members.noteUnrestored()
	}
	if causes := x.round.attempt.causes(x.members.batch, o.Events); len(causes) > 0 {
		x.members.attribute(failure{status: status, causes: causes})
	} else {
		x.members.failAll(failureOf(x.stack, o, status))
	}
	if status == cfn.UpdateRollbackFailed {
		x.repair.begin()
	} else {
		x.members.deliver(now)
	}
	return goesOn
}

// committed acknowledges the members. Those whose resources could not be deleted in the clean-up
// have failed, although the update is complete (CloudFormation user guide, troubleshooting,
// "Resource removed from stack but not deleted").
func (x *execution) committed(now time.Time, o Finished) next {
	x.round.adopt(o)
	undeleted := map[MemberID][]string{}
	for _, event := range o.Events {
		if event.Status == cfn.DeleteFailed {
			owners, _ := x.round.attempt.owners(x.members.batch, event.LogicalID)
			for _, id := range owners {
				undeleted[id] = append(undeleted[id], reason(event))
			}
		}
	}
	x.members.completeBatch(func(m member) error {
		if reasons := undeleted[m.ID]; len(reasons) > 0 {
			return &UndeletedError{Stack: x.stack, Reasons: slices.Compact(reasons)}
		}
		return nil
	})
	x.members.committed(x.round.attempt.members)
	x.members.deliver(now)
	return goesOn
}

// finalStatus is the operation's final status by its own events: the description may already show
// another writer's operation.
func finalStatus(o Finished) string {
	for _, event := range slices.Backward(o.Events) {
		if event.Type == cfn.StackType && !cfn.InProgress(event.Status) {
			return event.Status
		}
	}
	return o.Description.Status
}

// Reasons returns AWS's reasons for a failed operation by resource, without resources that were
// only cancelled.
func Reasons(events []Event) []string {
	var reasons []string
	for _, event := range events {
		if !cfn.Failed(event.Status) || event.Type == cfn.StackType || cancelled(event.Reason) {
			continue
		}
		reasons = append(reasons, reason(event))
	}
	return slices.Compact(reasons)
}

func reason(event Event) string {
	return fmt.Sprintf("%s (%s) %s: %s", event.LogicalID, event.Type, event.Status, event.Reason)
}

// cancelled recognises the reason of a resource that CloudFormation stopped because another one
// failed. There is no code for it (recorded from AWS: "Resource creation cancelled", "Resource
// update cancelled").
func cancelled(reason string) bool {
	return reason == "Resource creation cancelled" || reason == "Resource update cancelled"
}
