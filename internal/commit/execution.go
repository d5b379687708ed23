package commit

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

func (e *Engine) execute() {
	var ids []model.ID
	if e.attempt.purpose != healing {
		for _, m := range e.batch {
			ids = append(ids, m.Change.Entity.ID())
		}
	}
	if e.attempt.purpose == creating {
		e.noteStack(stackAsked)
	}
	e.phase = executing
	e.emit(Announce{e.attempt.stackID, e.attempt.token, ids})
	e.emit(Execute{e.attempt.arn, e.attempt.stackID, e.attempt.token})
}

func (e *Engine) executed(now time.Time, o Executed) {
	if o.Err == nil {
		e.follow()
		return
	}
	switch o.Err.Failure {
	case NoReply:
		e.phase, e.resumeAt, e.resolveUntil = resolving, time.Time{}, now.Add(ResolvePatience)
		e.emit(ResolveExecution{e.attempt.arn, e.attempt.stackID, e.attempt.token})
	case Outdated, Gone, NameTaken:
		e.pause(now, BusyPause)
	case Busy:
		e.attempt.pause = BusyPause
		e.discard()
	case Refused, Invalid:
		if e.attempt.purpose == healing {
			e.unhealed(now, []string{o.Err.Error()})
			return
		}
		e.failEverybody(&CommitError{Stack: e.config.Stack, Reasons: []string{o.Err.Error()}, Err: o.Err})
		e.discard()
	}
}

func (e *Engine) resolved(now time.Time, o ExecutionResolved) {
	switch o.Owner {
	case Ours:
		e.follow()
	case NotOurs:
		e.pause(now, 0)
		e.Tick(now)
	case Undecided:
		if !now.Before(e.resolveUntil) {
			e.finished(now, Finished{Err: errors.New("CloudFormation doesn't say whether it runs the change set")})
			return
		}
		e.phase, e.resumeAt = resolving, now.Add(ResolvePause)
	}
}

func (e *Engine) follow() {
	e.phase = following
	follow := Follow{ARN: e.attempt.arn, StackID: e.attempt.stackID, Token: e.attempt.token}
	if e.base != nil {
		follow.Since = e.base.description.LastUpdated
	}
	e.emit(follow)
}

func (e *Engine) finished(now time.Time, o Finished) {
	if o.Err != nil {
		e.base = nil
		e.recovery.reset()
		if e.attempt.purpose != changing {
			e.failAll(now, unreadable(e.config.Stack, o.Err))
			return
		}
		e.failAll(now, &OutcomeUnknownError{Stack: e.config.Stack, Err: o.Err, Last: e.lastAnswer()})
		return
	}
	status := finalStatus(o)
	switch e.attempt.purpose {
	case recovering:
		e.recovered(now, status, o.Events)
	case healing:
		e.healingDone(now, o, status)
	case creating:
		if status == cfn.CreateComplete {
			e.noteStack(stackCreated)
			e.base = nil
			if o.Description.ChangeSetID == e.attempt.arn { // the next commit needs no reading
				e.base = &base{description: o.Description, template: e.attempt.template, revision: e.attempt.revision}
			}
			e.protect(o.Description.StackID)
			return
		}
		e.base = nil
		e.noteStack(stackFailed)
		e.failAll(now, e.failure(o, status))
	case confirming:
		if status == cfn.UpdateComplete {
			e.adopt(o)
			e.round(now)
			return
		}
		e.base = nil
		e.failAll(now, e.failure(o, status))
	case changing:
		if status == cfn.UpdateComplete {
			e.committed(now, o)
			return
		}
		e.rolledBack(now, o, status)
	}
}

// failure is what AWS says of an operation that failed.
func (e *Engine) failure(o Finished, status string) *CommitError {
	failed := &CommitError{Stack: e.config.Stack, Status: status, Reasons: Reasons(o.Events)}
	if len(failed.Reasons) == 0 && o.Description.StatusReason != "" {
		failed.Reasons = []string{o.Description.StatusReason}
	}
	return failed
}

// rolledBack continues after a failed commit, without the culprits. A rollback that failed itself is
// continued first. Their errors are delivered afterwards, as the process may end with them.
func (e *Engine) rolledBack(now time.Time, o Finished, status string) {
	e.base = nil
	e.noteRemains(o.Events)
	if status != cfn.UpdateRollbackComplete {
		e.noteUnrestored()
	}
	if causes := e.causes(o.Events); len(causes) > 0 {
		e.attribute(failure{status: status, causes: causes})
	} else {
		e.failEverybody(e.failure(o, status))
	}
	if status == cfn.UpdateRollbackFailed {
		e.recovery.begin()
	} else {
		e.deliver(now)
	}
	e.round(now)
}

// finalStatus is the final status of the operation, as its own events give it: the description may
// already show another writer's operation.
func finalStatus(o Finished) string {
	for _, event := range slices.Backward(o.Events) {
		if event.Type == cfn.StackType && !cfn.InProgress(event.Status) {
			return event.Status
		}
	}
	return o.Description.Status
}

// adopt makes the result of an operation the base of the next commit, unless the stack has been
// changed since.
func (e *Engine) adopt(o Finished) {
	e.base = nil
	if o.Description.ChangeSetID == e.attempt.arn {
		e.base = &base{description: o.Description, template: e.attempt.template, revision: e.attempt.revision}
		e.emit(Committed{o.Description, e.attempt.template, e.attempt.revision, e.attempt.token})
		return
	}
	e.emit(Superseded{})
}

// committed acknowledges the members. Those whose resources could not be deleted in the clean-up
// have failed, although the update is complete (CloudFormation user guide, troubleshooting,
// "Resource removed from stack but not deleted").
func (e *Engine) committed(now time.Time, o Finished) {
	e.adopt(o)
	undeleted := map[MemberID][]string{}
	for _, event := range o.Events {
		if event.Status == cfn.DeleteFailed {
			owners, _ := e.owners(event.LogicalID)
			for _, id := range owners {
				undeleted[id] = append(undeleted[id], reason(event))
			}
		}
	}
	e.completeBatch(func(m member) error {
		if reasons := undeleted[m.ID]; len(reasons) > 0 {
			return &UndeletedError{Stack: e.config.Stack, Reasons: slices.Compact(reasons)}
		}
		return nil
	})
	next, culprits := e.attribution.succeeded(e.attempt.members)
	e.batch, e.outcomes = next, append(e.outcomes, culprits...)
	e.deliver(now)
	e.round(now)
}

// Reasons returns AWS's reasons for a failed operation, resource by resource, without the resources
// that were only cancelled with it.
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

// cancelled recognises the reason that CloudFormation gives a resource that it stopped because
// another one failed. There is no code for it (recorded from AWS: "Resource creation cancelled",
// "Resource update cancelled").
func cancelled(reason string) bool {
	return reason == "Resource creation cancelled" || reason == "Resource update cancelled"
}
