package commit

import (
	"slices"
	"strconv"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

type phase int

const (
	idle       phase = iota
	gathering        // members are queued, the batch closes at closeAt
	reading          // Read is outstanding
	pausing          // the stack is read again at resumeAt
	making           // CreateChangeSet is outstanding
	discarding       // DeleteChangeSet is outstanding
	executing        // Execute is outstanding
	resolving        // ResolveExecution is outstanding, or asked again at resumeAt
	following        // Follow is outstanding
	protecting       // Protect is outstanding
	continuing       // ContinueRollback is outstanding
	clearing         // Clear is outstanding
)

// round is the engine's state with a batch: its phase, and the phase's base and attempt. Its
// methods enter a phase and ask for its effect.
type round struct {
	config       Config
	effects      *effects
	members      *members
	phase        phase
	base         *base // nil: to be read
	attempt      attempt
	attempts     int
	closeAt      time.Time
	resumeAt     time.Time
	resolveUntil time.Time
	// protectedID is the stack that was protected for this batch, which a description may not show
	// yet.
	protectedID string
}

type next bool

const (
	waits  next = false // for an answer, for the end of a pause, or for new members
	goesOn next = true  // with the rest of the batch, on the known base or else on a new one
)

func (r *round) end() { r.phase = idle }

func (r *round) failAll(now time.Time, err error) {
	r.members.completeBatch(func(member) error { return err })
	r.members.deliver(now)
	r.end()
}

func (r *round) gather(closeAt time.Time) { r.phase, r.closeAt = gathering, closeAt }

func (r *round) gathered(now time.Time) bool { return r.phase == gathering && !now.Before(r.closeAt) }

func (r *round) read() {
	r.base = nil
	r.phase = reading
	r.effects.emit(Read{})
}

func (r *round) pause(now time.Time, d time.Duration) {
	r.base = nil
	r.phase, r.resumeAt = pausing, now.Add(d)
}

func (r *round) paused(now time.Time) bool { return r.phase == pausing && !now.Before(r.resumeAt) }

func (r *round) resume(now time.Time) {
	switch {
	case r.paused(now):
		r.read()
	case r.phase == resolving && !r.resumeAt.IsZero() && !now.Before(r.resumeAt):
		r.ask()
	}
}

// protect asks for termination protection and the stack policy.
func (r *round) protect(stackID string) {
	r.phase, r.protectedID = protecting, stackID
	r.effects.emit(Protect{stackID})
}

func (r *round) make() {
	r.phase = making
	effect := CreateChangeSet{
		First: r.attempt.purpose == creating, StackID: r.attempt.stackID, Name: changeSetName(r.base),
		Token: r.attempt.token, Template: r.attempt.template, Revision: r.attempt.revision, Import: r.attempt.imports(),
	}
	if r.attempt.purpose != creating {
		effect.Keep = slices.DeleteFunc(
			r.attempt.template.Parameters(), func(name string) bool { return name == template.RevisionParameter },
		)
	}
	r.effects.emit(effect)
}

// discard deletes the attempt's change set; the round then goes on with a new base.
func (r *round) discard() {
	r.phase = discarding
	r.effects.emit(DeleteChangeSet{r.attempt.arn})
}

// execute asks for the execution of the attempt's change set, which changes the given entities.
func (r *round) execute(entities []model.ID) {
	r.phase = executing
	r.effects.emit(Announce{r.attempt.stackID, r.attempt.token, entities})
	r.effects.emit(Execute{r.attempt.arn, r.attempt.stackID, r.attempt.token})
}

// resolve asks whose operation runs, for up to ResolvePatience.
func (r *round) resolve(now time.Time) {
	r.phase, r.resolveUntil = resolving, now.Add(ResolvePatience)
	r.ask()
}

func (r *round) ask() {
	r.resumeAt = time.Time{}
	r.effects.emit(ResolveExecution{r.attempt.arn, r.attempt.stackID, r.attempt.token})
}

func (r *round) follow() {
	r.phase = following
	follow := Follow{ARN: r.attempt.arn, StackID: r.attempt.stackID, Token: r.attempt.token}
	if r.base != nil {
		follow.Since = r.base.description.LastUpdated
	}
	r.effects.emit(follow)
}

func (r *round) continueRollback(stackID string, skip []string) {
	r.attempt = attempt{purpose: recovering, token: r.token(), stackID: stackID}
	r.phase = continuing
	r.effects.emit(ContinueRollback{stackID, r.attempt.token, skip})
}

func (r *round) clear(stackID string) {
	r.phase = clearing
	r.effects.emit(Clear{stackID, r.token()})
}

// adopt makes an operation's result the next base, unless the stack has changed since.
func (r *round) adopt(o Finished) {
	r.base = r.baseFrom(o)
	if r.base == nil {
		r.effects.emit(Superseded{})
		return
	}
	r.effects.emit(Committed{o.Description, r.attempt.template, r.attempt.revision, r.attempt.token})
}

// baseFrom is the base that the attempt's operation has made; nil when the stack has changed since.
func (r *round) baseFrom(o Finished) *base {
	if o.Description.ChangeSetID != r.attempt.arn {
		return nil
	}
	return &base{description: o.Description, template: r.attempt.template, revision: r.attempt.revision}
}

// token returns a token that is unique for the attempt: letters, digits and hyphens, under 128
// characters.
func (r *round) token() string {
	r.attempts++
	return r.config.Writer + "-" + strconv.Itoa(r.attempts)
}

// underExecution reports whether the stack may hold the batch's changes already.
func (r *round) underExecution() bool {
	if r.attempt.purpose != changing {
		return false // the members' changes are not in it
	}
	return r.phase == executing || r.phase == resolving || r.phase == following
}

// doing describes what the engine does for a batch that is not under execution.
func (r *round) doing() string {
	switch r.phase {
	case pausing:
		return "waiting for another operation on the stack to end"
	case reading:
		return "reading the stack"
	case making, discarding:
		return "preparing the change set"
	case protecting:
		return "protecting the new stack"
	case continuing:
		return "continuing a failed rollback"
	case clearing:
		return "deleting what a failed first creation has left"
	case idle, gathering, executing, resolving, following:
		// A member waits for something else than its own commit.
	}
	switch r.attempt.purpose {
	case recovering:
		return "continuing a failed rollback"
	case healing:
		return "healing resources after a failed rollback"
	case confirming:
		return "finding out whether a template that AWS gives is the stack's"
	case changing, creating:
	}
	return "creating the stack"
}
