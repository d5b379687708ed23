package commit

import (
	"errors"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

type repair struct {
	recovery
	stack   string
	effects *effects
	members *members
	round   *round
}

func (r *repair) recover(now time.Time, o BaseRead) {
	skip, ok := r.found(o.Template)
	if !ok {
		r.stuck(now, o.After.Status, o.After.StatusReason)
		return
	}
	r.round.continueRollback(o.After.StackID, skip)
}

func (r *repair) continued(now time.Time, o Continued) {
	switch {
	case o.Err == nil:
		r.accepted()
		r.round.follow()
	case o.Err.Failure.Final():
		r.stuck(now, cfn.UpdateRollbackFailed, o.Err.Error())
	default: // another writer may continue it; the next reading decides
		r.round.pause(now, BusyPause)
	}
}

func (r *repair) recovered(now time.Time, status string, events []Event) {
	next, skipped := r.ended(status, failedResources(events))
	switch next {
	case givenUp:
		r.stuck(now, status, strings.Join(Reasons(events), "; "))
		return
	case restored:
		r.members.noteRestored()
	case leftUnhealed:
		r.effects.emit(Unhealed{skipped, nil})
	case readAgain, toHeal:
	}
	if !r.pending() {
		r.members.deliver(now)
	}
	r.round.read()
}

func (r *repair) stuck(now time.Time, status, why string) {
	r.reset()
	r.members.takeHeld()
	r.round.failAll(now, &StuckError{r.stack, status, why})
}

// heal asks for a healing commit: the change of the resources, then its reversal.
func (r *repair) heal(now time.Time) next {
	on := r.round.base
	token := r.round.token()
	healed, restores := r.next(on.template)
	r.round.attempt = attempt{
		purpose: healing, token: token, restores: restores, stackID: on.description.StackID,
		revision: on.revision + 1, intents: template.Intents(on.template, healed),
	}
	stamped, err := template.Stamp(healed, token, on.revision+1)
	switch {
	case err != nil:
		r.giveUp(now, []string{err.Error()})
		return goesOn
	case len(r.round.attempt.intents) == 0: // what was skipped has left the template, or is the revision marker
		r.healingOver(now)
		return goesOn
	}
	r.round.attempt.template = stamped
	r.round.make()
	return waits
}

// healingDone proceeds after a healing commit: with the reversal, or with the batch.
func (r *repair) healingDone(now time.Time, o Finished, status string) next {
	switch status {
	case cfn.UpdateComplete:
		r.round.adopt(o)
		if r.round.attempt.restores {
			r.members.noteRestored()
			r.healingOver(now)
		}
	case cfn.UpdateRollbackFailed:
		r.healingRollbackFailed()
		r.round.base = nil
	default:
		r.round.base = nil
		r.giveUp(now, Reasons(o.Events))
	}
	return goesOn
}

func (r *repair) healingOver(now time.Time) {
	r.healed()
	r.members.deliver(now)
}

func (r *repair) giveUp(now time.Time, why []string) {
	r.effects.emit(Unhealed{r.recovery.heal, why})
	r.healingOver(now)
}

// unhealed gives up healing when its change set can't be made or executed, and deletes the set.
func (r *repair) unhealed(now time.Time, why []string) next {
	r.giveUp(now, why)
	if r.round.attempt.arn == "" {
		r.round.base = nil
		return goesOn
	}
	r.round.discard()
	return waits
}

func (r *repair) cleared(now time.Time, o Cleared) {
	var refused *CallError
	switch {
	case o.Err == nil:
		r.round.read()
	case errors.As(o.Err, &refused) && !refused.Failure.Final():
		r.round.pause(now, BusyPause)
	default:
		r.round.failAll(now, &StuckError{r.stack, cfn.RollbackComplete, o.Err.Error()})
	}
}
