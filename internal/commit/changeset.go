package commit

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// attempt is one change set on its way.
type attempt struct {
	purpose  purpose
	restores bool // a healing that takes back what the one before has changed
	token    string
	template *template.Template
	revision int64
	intents  []template.Intent
	members  []MemberID // whom the indexes in intents mean
	arn      string
	stackID  string
	stale    bool          // a member left: the set may not be executed
	pause    time.Duration // before the stack is read again, once the set is deleted
}

// token makes a token that is unique for the attempt: letters, digits and hyphens, under 128
// characters.
func (e *Engine) token() string {
	e.attempts++
	return e.config.Writer + "-" + strconv.Itoa(e.attempts)
}

// env is the environment with what the stack's outputs tell.
func (e *Engine) env() template.Env {
	return e.config.Env.With(e.base.description.Outputs)
}

// compose puts the batch's changes into the base and asks for a change set.
func (e *Engine) compose(now time.Time) {
	e.separateAdoptions()
	changes := make([]template.Change, len(e.batch))
	for i, m := range e.batch {
		changes[i] = m.Change
	}
	edited, err := template.Edit(e.base.template, e.env(), changes)
	if err != nil {
		e.unusable(now, err)
		return
	}
	if e.awaitDeletions(now, edited.Errors) {
		e.compose(now)
		return
	}
	if refused := slices.ContainsFunc(edited.Errors, func(err error) bool { return err != nil }); refused {
		if e.base.remembered {
			e.read() // another writer may have removed the reason
			return
		}
		e.refuse(now, edited.Errors)
		e.deliver(now)
		if len(e.batch) == 0 {
			e.phase = idle
			return
		}
		e.compose(now)
		return
	}
	// A base that may be stale is not trusted when it appears to hold the changes. A commit decides.
	if len(edited.Intents) == 0 && edited.Template.Equal(e.base.template) && !e.base.maybeStale {
		if e.base.remembered {
			e.read()
			return
		}
		e.emit(Unchanged{e.base.description, e.base.template, e.base.revision})
		e.failAll(now, nil)
		return
	}
	if e.base.maybeStale {
		e.confirm(now)
		return
	}
	token := e.token()
	stamped, err := template.Stamp(edited.Template, token, e.base.revision+1)
	if err != nil {
		e.unusable(now, err)
		return
	}
	e.attempt = attempt{
		token: token, template: stamped, revision: e.base.revision + 1,
		intents: slices.DeleteFunc(edited.Intents, func(i template.Intent) bool { return i.LogicalID == template.RevisionMarkerID }),
		stackID: e.base.description.StackID,
	}
	for _, m := range e.batch {
		e.attempt.members = append(e.attempt.members, m.ID)
	}
	e.make()
}

// confirm asks for a commit of the revision marker alone, on a base that may be stale. The batch
// follows on the result. A change set does not show which metadata a modification replaces, so a
// batch on a stale template could restore old metadata. In a set of the revision marker alone,
// every difference between base and stack is an unexpected change.
func (e *Engine) confirm(now time.Time) {
	token := e.token()
	stamped, err := template.Stamp(e.base.template, token, e.base.revision+1)
	if err != nil {
		e.unusable(now, err)
		return
	}
	e.attempt = attempt{
		purpose:  confirming,
		token:    token,
		template: stamped,
		revision: e.base.revision + 1,
		stackID:  e.base.description.StackID,
	}
	e.make()
}

// awaitDeletions leaves the creations whose entities the batch deletes to the next batch, and
// reports whether there were any.
func (e *Engine) awaitDeletions(now time.Time, errs []error) bool {
	var stay []member
	for i, m := range e.batch {
		if !model.IsConflict(errs[i], model.ConflictAwaitsDeletion) {
			stay = append(stay, m)
			continue
		}
		m.arrived = now
		e.queue = append(e.queue, m)
	}
	waits := len(stay) < len(e.batch)
	e.batch = stay
	return waits
}

// unusable gives the members an error of the base. It is not remembered: another writer may repair
// it.
func (e *Engine) unusable(now time.Time, err error) {
	if e.base.remembered {
		e.read()
		return
	}
	e.base = nil
	e.failAll(now, unreadable(e.config.Stack, err))
}

// refuse gives the members that can't be committed their errors. A permission without its user or
// bucket waits for one more batch.
func (e *Engine) refuse(now time.Time, errs []error) {
	var stay []member
	for i, m := range e.batch {
		switch {
		case errs[i] == nil:
			stay = append(stay, m)
		case !m.deferred && model.IsNotFound(errs[i], model.NotFoundParent, model.NotFoundServer):
			m.deferred, m.arrived = true, now
			e.queue = append(e.queue, m)
		case e.base.maybeStale:
			e.complete(m, &StaleTemplateError{e.config.Stack, errs[i]})
		default:
			e.complete(m, errs[i])
		}
	}
	e.batch = stay
}

// make asks for the attempt's change set.
func (e *Engine) make() {
	e.phase = making
	effect := CreateChangeSet{
		First: e.attempt.purpose == creating, StackID: e.attempt.stackID, Name: changeSetName(e.base),
		Token: e.attempt.token, Template: e.attempt.template, Revision: e.attempt.revision, Import: e.attempt.imports(),
	}
	if e.attempt.purpose != creating {
		effect.Keep = slices.DeleteFunc(
			e.attempt.template.Parameters(), func(name string) bool { return name == template.RevisionParameter },
		)
	}
	e.emit(effect)
}

// ChangeSetPrefix begins the names of all change sets of ours.
const ChangeSetPrefix = "stowage-"

// changeSetName derives a name from the base, so that two writers on one base collide when they
// create their sets: CloudFormation refuses a second set of one name with other content.
func changeSetName(b *base) string { return ChangeSetPrefix + b.hash()[:40] }

func (e *Engine) changeSetMade(now time.Time, o ChangeSetMade) {
	e.attempt.arn = o.ARN
	if e.attempt.purpose == creating && o.ARN != "" {
		e.noteStack(stackEmpty)
	}
	if o.Err != nil {
		e.notMade(now, o.Err)
		return
	}
	e.unserved = nil
	if o.StackID != "" {
		e.attempt.stackID = o.StackID
	}
	switch {
	case o.Failed != "" && e.attempt.purpose == healing:
		e.unhealed(now, []string{o.Failed})
		return
	case strings.Contains(o.Failed, internalFailure) && e.attempt.imports() && e.internalFailures < maxInternalFailures:
		e.internalFailures++
		e.attempt.pause = BusyPause
		e.discard()
		return
	case o.Failed != "":
		e.refused(o)
		return
	case e.attempt.purpose != healing && (e.attempt.stale || len(e.batch) == 0):
		e.discard()
		return
	case o.StackUpdated.After(e.base.description.LastUpdated) && e.attempt.purpose != creating:
		e.overtaken()
		return
	}
	if causes := e.notImported(o.Changes); len(causes) > 0 {
		e.attribute(failure{causes: causes})
		e.discard()
		return
	}
	if e.attempt.purpose != creating {
		if _, marker := Unvalued(o.Changes); marker && (e.base.remembered || e.base.maybeStale) {
			e.overtaken() // nothing but the marker's value would show that this base is old
			return
		}
		if unexpected := Verify(e.base.template, e.base.revision, e.attempt.intents, o.Changes); len(unexpected) > 0 {
			e.unexpectedChanges(now, unexpected, Behind(e.base.revision, o.Changes))
			return
		}
	}
	e.internalFailures = 0
	e.execute()
}

// overtaken starts again when the stack was updated after the base was read. Changes outside of
// resources (outputs, conditions, policies, stack tags) appear in no change set and would be
// reverted. An update after the set was created makes the set obsolete (CloudFormation user guide,
// ExecuteChangeSet).
func (e *Engine) overtaken() {
	if !e.base.remembered {
		e.attempt.pause = BusyPause // a stale description becomes current
	}
	e.discard()
}

// notMade handles a refusal of CreateChangeSet.
func (e *Engine) notMade(now time.Time, err *CallError) {
	switch err.Failure {
	case NameTaken:
		e.collide(now, err.ARN)
	case Busy, Gone, Outdated:
		e.repeat(now)
	case NoReply:
		e.notServed(now, err)
	case Refused, Invalid:
		e.base = nil
		switch {
		case e.attempt.purpose == healing:
			e.unhealed(now, []string{err.Error()})
			return
		case err.Failure == Invalid && e.attempt.purpose == changing:
			e.attribute(failure{causes: e.unnamed(err.Error()), err: err})
		default:
			e.failEverybody(&CommitError{Stack: e.config.Stack, Reasons: []string{err.Error()}, Err: err})
		}
		e.abandon(now)
	}
}

// repeat reads the stack again after BusyPause. A change set that was created but could not be
// described would block its name.
func (e *Engine) repeat(now time.Time) {
	if e.attempt.arn != "" {
		e.attempt.pause = BusyPause
		e.discard()
		return
	}
	e.pause(now, BusyPause)
}

// abandon ends an attempt whose members have their outcome: as repeat, but without a pause if there
// is no change set.
func (e *Engine) abandon(now time.Time) {
	if e.attempt.arn != "" {
		e.repeat(now)
		return
	}
	e.deliver(now)
	e.round(now)
}

// refused attributes the failure of a change set, and deletes the set.
func (e *Engine) refused(o ChangeSetMade) {
	causes := e.findings(o)
	if len(causes) == 0 {
		causes = e.unnamed(o.Failed)
	}
	if e.attempt.purpose == changing {
		e.attribute(failure{causes: causes})
	} else {
		e.failEverybody(&CommitError{Stack: e.config.Stack, Reasons: reasons(causes)})
	}
	e.discard()
}

// collide waits for another writer on the same base, and deletes its set after CollisionPatience.
func (e *Engine) collide(now time.Time, arn string) {
	hash := e.base.hash()
	if e.collided != hash {
		e.collided, e.collidedAt = hash, now
	}
	if now.Sub(e.collidedAt) < CollisionPatience || arn == "" {
		e.pause(now, BusyPause)
		return
	}
	e.collided = ""
	e.attempt.arn = arn
	e.discard()
}

// unexpectedChanges starts again after a change set with unexpected changes. The second time on one
// base that was really read, the members get them as their error: it would repeat for ever. A base
// that the revision marker shows to be behind the stack, or that may be stale, may only be old. It
// is read again for cfn.StalePatience.
func (e *Engine) unexpectedChanges(now time.Time, details []string, behind bool) {
	hash := e.base.hash()
	switch again := e.unexpectedOn == hash; {
	case e.base.remembered:
	case again && (!behind && !e.base.maybeStale || now.Sub(e.unexpectedAt) >= cfn.StalePatience):
		e.unexpectedOn = ""
		if e.attempt.purpose == healing {
			e.unhealed(now, details)
			return
		}
		e.failEverybody(&UnexpectedChangesError{e.config.Stack, details})
	default:
		if !again {
			e.unexpectedOn, e.unexpectedAt = hash, now
		}
		e.attempt.pause = BusyPause // a stale description becomes true in time
	}
	e.discard()
}

// discard deletes the attempt's change set; the round goes on with a new base when it is gone.
func (e *Engine) discard() {
	e.phase = discarding
	e.emit(DeleteChangeSet{e.attempt.arn})
}

func (e *Engine) changeSetDeleted(now time.Time, _ ChangeSetDeleted) {
	// A set that can't be deleted blocks its name only: the next attempt on this base collides with
	// it and comes here again.
	e.base = nil
	e.deliver(now)
	if len(e.batch) == 0 && !e.owes() {
		e.phase = idle
		return
	}
	e.pause(now, e.attempt.pause)
	e.Tick(now)
}
