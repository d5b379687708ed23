package commit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// preparation turns a batch into a verified change set.
type preparation struct {
	config  Config
	effects *effects
	members *members
	round   *round
	repair  *repair
	calls   *availability

	unexpectedOn string // hash of the base that gave unexpected changes
	unexpectedAt time.Time
	// internalFailures counts consecutive change sets that failed through no fault of their own.
	internalFailures int
	collided         string // hash of the base on which another writer's set was found
	collidedAt       time.Time
}

// env is the environment with the stack's outputs.
func (p *preparation) env() template.Env {
	return p.config.Env.With(p.round.base.description.Outputs)
}

// compose puts the batch's changes into the base and asks for a change set.
func (p *preparation) compose(now time.Time) {
	p.members.separateAdoptions()
	edited, err := template.Edit(p.round.base.template, p.env(), p.members.changes())
	if err != nil {
		p.unusable(now, err)
		return
	}
	if p.members.awaitDeletions(now, edited.Errors) {
		p.compose(now)
		return
	}
	if refused := slices.ContainsFunc(edited.Errors, func(err error) bool { return err != nil }); refused {
		if p.round.base.remembered {
			p.round.read() // another writer may have removed the reason
			return
		}
		p.members.refuse(now, edited.Errors, p.round.base.maybeStale)
		p.members.deliver(now)
		if len(p.members.batch) == 0 {
			p.round.end()
			return
		}
		p.compose(now)
		return
	}
	// A base that may be stale is not trusted when it appears to hold the changes.
	if len(edited.Intents) == 0 && edited.Template.Equal(p.round.base.template) && !p.round.base.maybeStale {
		if p.round.base.remembered {
			p.round.read()
			return
		}
		p.effects.emit(Unchanged{p.round.base.description, p.round.base.template, p.round.base.revision})
		p.round.failAll(now, nil)
		return
	}
	if p.round.base.maybeStale {
		p.confirm(now)
		return
	}
	token := p.round.token()
	stamped, err := template.Stamp(edited.Template, token, p.round.base.revision+1)
	if err != nil {
		p.unusable(now, err)
		return
	}
	p.round.attempt = attempt{
		token: token, template: stamped, revision: p.round.base.revision + 1,
		intents: slices.DeleteFunc(
			edited.Intents, func(i template.Intent) bool { return i.LogicalID == template.RevisionMarkerID },
		),
		members: p.members.ids(), stackID: p.round.base.description.StackID,
	}
	p.round.make()
}

// confirm asks for a commit of the revision marker alone on a base that may be stale. The batch
// follows. A change set does not show which metadata a modification replaces, so a batch on a stale
// template could restore old metadata. In a set of the revision marker alone, every difference
// between base and stack is an unexpected change.
func (p *preparation) confirm(now time.Time) {
	token := p.round.token()
	stamped, err := template.Stamp(p.round.base.template, token, p.round.base.revision+1)
	if err != nil {
		p.unusable(now, err)
		return
	}
	p.round.attempt = attempt{
		purpose:  confirming,
		token:    token,
		template: stamped,
		revision: p.round.base.revision + 1,
		stackID:  p.round.base.description.StackID,
	}
	p.round.make()
}

// unusable fails the members with an error of the base, which is not remembered: another writer may
// repair it.
func (p *preparation) unusable(now time.Time, err error) {
	if p.round.base.remembered {
		p.round.read()
		return
	}
	p.round.base = nil
	p.round.failAll(now, unreadable(p.config.Stack, err))
}

// ChangeSetPrefix begins the names of all Stowage's change sets.
const ChangeSetPrefix = "stowage-"

// changeSetName derives a name from the base, so that two writers on one base collide:
// CloudFormation refuses a second set of one name with other content.
func changeSetName(b *base) string { return ChangeSetPrefix + b.hash()[:40] }

func (p *preparation) made(now time.Time, o ChangeSetMade) next {
	a := &p.round.attempt
	a.arn = o.ARN
	if a.purpose == creating && o.ARN != "" {
		p.members.noteStack(stackEmpty)
	}
	if o.Err != nil {
		return p.notMade(now, o.Err)
	}
	p.calls.served()
	if o.StackID != "" {
		a.stackID = o.StackID
	}
	switch {
	case o.Failed != "" && a.purpose == healing:
		return p.repair.unhealed(now, []string{o.Failed})
	case strings.Contains(o.Failed, internalFailure) && a.imports() && p.internalFailures < maxInternalFailures:
		p.internalFailures++
		a.pause = BusyPause
		p.round.discard()
		return waits
	case o.Failed != "":
		p.refused(o)
		return waits
	case a.purpose != healing && (a.stale || len(p.members.batch) == 0):
		p.round.discard()
		return waits
	case a.purpose == creating:
		p.execute()
		return waits
	}
	return p.verify(now, o)
}

func (p *preparation) verify(now time.Time, o ChangeSetMade) next {
	a, on := &p.round.attempt, p.round.base
	if o.StackUpdated.After(on.description.LastUpdated) {
		p.overtaken()
		return waits
	}
	if causes := a.notImported(p.members.batch, o.Changes); len(causes) > 0 {
		p.members.attribute(failure{causes: causes})
		p.round.discard()
		return waits
	}
	if _, marker := Unvalued(o.Changes); marker && (on.remembered || on.maybeStale) {
		p.overtaken() // nothing but the marker's value would show that this base is old
		return waits
	}
	if unexpected := Verify(on.template, on.revision, a.intents, o.Changes); len(unexpected) > 0 {
		return p.unexpectedChanges(now, unexpected, Behind(on.revision, o.Changes))
	}
	p.execute()
	return waits
}

func (p *preparation) execute() {
	p.internalFailures = 0
	var changed []model.ID
	if p.round.attempt.purpose != healing {
		changed = p.members.entities()
	}
	if p.round.attempt.purpose == creating {
		p.members.noteStack(stackAsked)
	}
	p.round.execute(changed)
}

// overtaken starts again when the stack was updated after the base was read. Changes outside of
// resources (outputs, conditions, policies, stack tags) appear in no change set and would be
// reverted. An update after the set was created makes the set obsolete (CloudFormation user guide,
// ExecuteChangeSet).
func (p *preparation) overtaken() {
	if !p.round.base.remembered {
		p.round.attempt.pause = BusyPause // a stale description becomes current
	}
	p.round.discard()
}

// notMade handles a refusal of CreateChangeSet.
func (p *preparation) notMade(now time.Time, err *CallError) next {
	switch err.Failure {
	case NameTaken:
		p.collide(now, err.ARN)
	case Busy, Gone, Outdated:
		p.repeat(now)
	case NoReply:
		return p.notServed(now, err)
	case Refused, Invalid:
		p.round.base = nil
		switch {
		case p.round.attempt.purpose == healing:
			return p.repair.unhealed(now, []string{err.Error()})
		case err.Failure == Invalid && p.round.attempt.purpose == changing:
			p.members.attribute(failure{causes: p.members.unnamed(err.Error()), err: err})
		default:
			p.members.failAll(&CommitError{Stack: p.config.Stack, Reasons: []string{err.Error()}, Err: err})
		}
		return p.abandon(now)
	}
	return waits
}

// notServed repeats a call that AWS did not serve, until UnservedPatience.
func (p *preparation) notServed(now time.Time, err *CallError) next {
	outage := p.calls.outage(now, err)
	if outage < UnservedPatience {
		p.repeat(now)
		return waits
	}
	last := p.calls.answer()
	p.calls.served()
	p.round.base = nil
	if p.round.attempt.purpose == healing {
		return p.repair.unhealed(now, []string{last.Error()})
	}
	p.members.failAll(&CommitError{
		Stack: p.config.Stack, Err: err, Unserved: true,
		Reasons: []string{fmt.Sprintf("AWS did not serve the calls for %s: %s", minutes(outage.Round(time.Minute)), last)},
	})
	return p.abandon(now)
}

// repeat reads the stack again after BusyPause. A change set that was created but could not be
// described would block its name.
func (p *preparation) repeat(now time.Time) {
	if p.round.attempt.arn != "" {
		p.round.attempt.pause = BusyPause
		p.round.discard()
		return
	}
	p.round.pause(now, BusyPause)
}

// abandon ends an attempt whose members have their outcome: as repeat, without a pause if there is
// no change set.
func (p *preparation) abandon(now time.Time) next {
	if p.round.attempt.arn != "" {
		p.repeat(now)
		return waits
	}
	p.members.deliver(now)
	return goesOn
}

// refused attributes the failure of a change set, and deletes the set.
func (p *preparation) refused(o ChangeSetMade) {
	causes := p.round.attempt.findings(p.members.batch, o)
	if len(causes) == 0 {
		causes = p.members.unnamed(o.Failed)
	}
	if p.round.attempt.purpose == changing {
		p.members.attribute(failure{causes: causes})
	} else {
		p.members.failAll(&CommitError{Stack: p.config.Stack, Reasons: reasons(causes)})
	}
	p.round.discard()
}

// collide waits for another writer on the same base, and deletes its set after CollisionPatience.
func (p *preparation) collide(now time.Time, arn string) {
	hash := p.round.base.hash()
	if p.collided != hash {
		p.collided, p.collidedAt = hash, now
	}
	if now.Sub(p.collidedAt) < CollisionPatience || arn == "" {
		p.round.pause(now, BusyPause)
		return
	}
	p.collided = ""
	p.round.attempt.arn = arn
	p.round.discard()
}

// unexpectedChanges starts again after a change set with unexpected changes. The second time on a
// base that was really read, the members get them as their error, since it would repeat forever. A
// base that is behind the stack by its revision marker, or may be stale, is read again for
// cfn.StalePatience.
func (p *preparation) unexpectedChanges(now time.Time, details []string, behind bool) next {
	hash := p.round.base.hash()
	switch again := p.unexpectedOn == hash; {
	case p.round.base.remembered:
	case again && (!behind && !p.round.base.maybeStale || now.Sub(p.unexpectedAt) >= cfn.StalePatience):
		p.unexpectedOn = ""
		if p.round.attempt.purpose == healing {
			return p.repair.unhealed(now, details)
		}
		p.members.failAll(&UnexpectedChangesError{p.config.Stack, details})
	default:
		if !again {
			p.unexpectedOn, p.unexpectedAt = hash, now
		}
		p.round.attempt.pause = BusyPause // a stale description becomes true in time
	}
	p.round.discard()
	return waits
}

func (p *preparation) deleted(now time.Time) {
	// A set that can't be deleted only blocks its name: the next attempt on this base collides with
	// it.
	p.round.base = nil
	p.members.deliver(now)
	if len(p.members.batch) == 0 && !p.repair.pending() {
		p.round.end()
		return
	}
	p.round.pause(now, p.round.attempt.pause)
}
