package commit

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// # Recovery
//
// A stack whose rollback has failed (UPDATE_ROLLBACK_FAILED) takes no change set, so one stuck resource would stop everybody.
// The engine that finds it so, whoever left it, continues the rollback: first as it is, since most causes pass; then, when it
// fails again, skipping the resources that its events name, provided that all of them are of a kind that can be healed
// (template.Heal). CloudFormation takes skipped resources for rolled back, whatever they really are. So a healing commit
// changes each of them a little, which writes its whole content, and a second one takes that back. A resource that can't be
// healed is a person's business (*StuckError).
//
// A stack whose first creation was rolled back (ROLLBACK_COMPLETE) can only be deleted. As first creations hold the carrier
// alone, there is nothing to lose; it is deleted by its id, once it is certain that no resource is left in it.

// maxContinued is how often a rollback is continued before the stack is a person's business: as it is, with what that
// attempt names skipped, and once more for what is named only then. maxContinuing is how often that is tried, BusyPause apart.
const (
	maxContinued  = 3
	maxContinuing = 20
)

// recovery is a failed rollback being continued.
type recovery struct {
	template  *template.Template
	skip      []string
	continued int // rollbacks that were really continued
	tries     int
	unhealed  bool // healing has failed already: it isn't tried again
}

// recover continues the rollback of the stack that was read.
func (e *Engine) recover(now time.Time, o BaseRead) {
	if e.recovery == nil {
		e.recovery = &recovery{}
	}
	r := e.recovery
	if r.continued == maxContinued || r.tries == maxContinuing {
		e.stuck(now, o.After.Status, o.After.StatusReason)
		return
	}
	r.tries++
	r.template = o.Template
	e.attempt = attempt{purpose: recovering, token: e.token(), stackID: o.After.StackID}
	e.phase = continuing
	e.emit(ContinueRollback{o.After.StackID, e.attempt.token, r.skip})
}

func (e *Engine) continued(now time.Time, o Continued) {
	switch {
	case o.Err == nil:
		e.recovery.continued++
		e.follow()
	case o.Err.Failure.Final():
		e.stuck(now, cfn.UpdateRollbackFailed, o.Err.Error())
	default: // somebody else is at it, or nobody knows: the stack will tell
		e.pause(now, BusyPause)
	}
}

// recovered goes on after a continued rollback has ended.
func (e *Engine) recovered(now time.Time, status string, events []Event) {
	r := e.recovery
	switch status {
	case cfn.UpdateRollbackComplete:
		if len(r.skip) > 0 {
			if r.unhealed {
				e.emit(Unhealed{r.skip, nil})
			} else {
				e.heal = r.skip
			}
		} else {
			e.noteRestored()
		}
		e.recovery = nil
		if len(e.heal) == 0 {
			e.deliver(now)
		}
		e.read()
	case cfn.UpdateRollbackFailed:
		named := failedResources(events)
		if unable := template.Unhealable(r.template, named); len(named) == 0 || len(unable) > 0 {
			e.stuck(now, status, strings.Join(Reasons(events), "; "))
			return
		}
		r.skip = merged(r.skip, named)
		e.read()
	default:
		e.read()
	}
}

// stuck leaves the stack to a person.
func (e *Engine) stuck(now time.Time, status, why string) {
	e.recovery, e.heal = nil, nil
	e.batch = append(e.batch, e.attribution.release()...)
	e.failAll(now, &StuckError{e.config.Stack, status, why})
}

func failedResources(events []Event) []string {
	var ids []string
	for _, event := range events {
		if event.Type != cfn.StackType && event.Status == cfn.UpdateFailed {
			ids = append(ids, event.LogicalID)
		}
	}
	return merged(nil, ids)
}

func merged(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// composeHealing asks for a healing commit: first one that changes the resources, then one that takes it back.
func (e *Engine) composeHealing(now time.Time) {
	token := e.token()
	e.attempt = attempt{purpose: healing, token: token, restores: e.healed != nil, stackID: e.base.description.StackID}
	var next *template.Template
	if e.healed == nil {
		next, e.healed = template.Heal(e.base.template, e.heal)
	} else {
		next = e.base.template.Restore(e.healed)
	}
	e.attempt.revision, e.attempt.intents = e.base.revision+1, template.Intents(e.base.template, next)
	stamped, err := template.Stamp(next, token, e.attempt.revision)
	switch {
	case err != nil:
		e.giveUpHealing(now, []string{err.Error()})
		e.round(now)
	case len(e.attempt.intents) == 0: // what was skipped is gone from the template, or is the carrier
		e.healingOver(now)
		e.round(now)
	default:
		e.attempt.template = stamped
		e.make()
	}
}

// healingDone goes on after a healing commit: with the one that takes its changes back, or with the batch.
func (e *Engine) healingDone(now time.Time, o Finished, status string) {
	switch status {
	case cfn.UpdateComplete:
		e.adopt(o)
		if e.attempt.restores {
			e.noteRestored()
			e.healingOver(now)
		}
	case cfn.UpdateRollbackFailed:
		e.recovery = &recovery{unhealed: true}
		e.base, e.heal, e.healed = nil, nil, nil
	default:
		e.base = nil
		e.giveUpHealing(now, Reasons(o.Events))
	}
	e.round(now)
}

func (e *Engine) healingOver(now time.Time) {
	e.heal, e.healed = nil, nil
	e.deliver(now)
}

// giveUpHealing leaves resources as they may be.
func (e *Engine) giveUpHealing(now time.Time, why []string) {
	e.emit(Unhealed{e.heal, why})
	e.healingOver(now)
}

// unhealed gives the healing up when its change set can't be made or executed, and deletes the set.
func (e *Engine) unhealed(now time.Time, why []string) {
	e.giveUpHealing(now, why)
	if e.attempt.arn == "" {
		e.base = nil
		e.round(now)
		return
	}
	e.discard()
}

// clear deletes a stack whose first creation was rolled back.
func (e *Engine) clear(o BaseRead) {
	e.phase = clearing
	e.emit(Clear{o.After.StackID, e.token()})
}

func (e *Engine) cleared(now time.Time, o Cleared) {
	var refused *CallError
	switch {
	case o.Err == nil:
		e.read()
	case errors.As(o.Err, &refused) && !refused.Failure.Final():
		e.pause(now, BusyPause)
	default:
		e.failAll(now, &StuckError{e.config.Stack, cfn.RollbackComplete, o.Err.Error()})
	}
}
