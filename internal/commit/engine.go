package commit

import (
	"slices"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Timing of the engine.
const (
	// Quiet is the gap without arrivals after which a batch is closed: far above the spread of
	// Terraform's parallel calls, far below what a commit takes.
	Quiet = 150 * time.Millisecond
	// Linger is the most that a batch waits after its first arrival.
	Linger = time.Second
	// BusyPause is the time between two readings of a stack that is busy with another writer's
	// operation, or after a lost race. CloudFormation throttles impatient readers; operations take
	// seconds to minutes.
	BusyPause = 3 * time.Second
	// CollisionPatience is how long a writer waits for another one on the same base to execute
	// before it considers it dead: a live one takes a few seconds from its change set to the
	// execution.
	CollisionPatience = 20 * time.Second
	// ResolvePause is the time between two questions about an execution whose reply was lost.
	ResolvePause = 2 * time.Second
	// ResolvePatience is how long the owner of an execution is asked for before the outcome is given
	// up as unknown. CloudFormation then has not answered for far longer than an operation takes.
	ResolvePatience = 30 * time.Minute
)

// MemberID names a member for its submitter.
type MemberID uint64

// Member is one change waiting to be committed.
type Member struct {
	ID       MemberID
	Change   template.Change
	Deadline time.Time
}

// Config says which stack an engine commits to.
type Config struct {
	Stack string       // the stack's name
	Env   template.Env // what the project shares is taken from the stack's outputs, if it has them
	// Create lets the engine make the stack when there is none: with RevisionMarkerName's parameter
	// alone.
	Create             bool
	RevisionMarkerName string
	Description        string
	// Writer is unique for the process (letters, digits, hyphens); tokens begin with it.
	Writer string
}

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

// purpose is what an attempt is for.
type purpose int

const (
	changing   purpose = iota // the members' changes
	creating                  // the stack, with the revision marker alone
	confirming                // that a base that may be stale is the stack's: the revision marker alone
	healing                   // resources whose rollback was skipped
	recovering                // continuing a failed rollback: there is no change set
)

// member is a Member with what the engine knows of it.
type member struct {
	Member
	arrived  time.Time
	deferred bool // it has waited for one more batch already
	// remains are what a rollback could not delete again of what the member had made: it is in the
	// way of the next attempt.
	remains []string
	left    left
}

// Engine drives the commits of one stack. It is not safe for concurrent use.
type Engine struct {
	config Config
	phase  phase

	queue []member // for the next batch
	batch []member // being committed
	base  *base    // nil: to be read

	attempt  attempt
	attempts int

	closeAt      time.Time
	resumeAt     time.Time
	resolveUntil time.Time // until when it is asked whose operation it was

	released   int // members that have got their outcome since the last batch was closed
	releasedAt time.Time

	attribution attribution
	outcomes    []outcome // decided, to be delivered

	recovery recovery

	protectedID  string        // the stack that has been protected for this batch: a description may not show it yet
	staleness    cfn.Staleness // of the last readings
	unserved     *unserved     // the last call that AWS did not serve; nil: it serves all
	unexpectedOn string        // hash of the base that gave unexpected changes
	unexpectedAt time.Time
	// internalFailures counts the change sets in a row that failed for no fault of theirs.
	internalFailures int
	collided         string // hash of the base on which another writer's set was found
	collidedAt       time.Time

	effects []Effect
}

// New makes an engine.
func New(config Config) *Engine {
	return &Engine{config: config, attribution: attribution{stack: config.Stack}}
}

// Effects returns what the driver has to do, in order, and forgets it.
func (e *Engine) Effects() []Effect {
	effects := e.effects
	e.effects = nil
	return effects
}

// Idle reports whether nothing is queued and nothing is under way.
func (e *Engine) Idle() bool { return e.phase == idle && len(e.queue) == 0 }

// Waiting is how many members are queued for the next batch, and InFlight how many are in the
// current one.
func (e *Engine) Waiting() int { return len(e.queue) }

// InFlight is how many members are in the current batch, those held back from it included.
func (e *Engine) InFlight() int {
	n := len(e.batch)
	for _, held := range e.attribution.held() {
		n += len(held)
	}
	return n
}

// Submit queues a member.
func (e *Engine) Submit(now time.Time, m Member) {
	e.queue = append(e.queue, member{Member: m, arrived: now})
	if e.phase == idle {
		e.phase = gathering
	}
	e.schedule()
}

// Cancel takes a member out unless it is being executed; it gets an *InterruptedError.
func (e *Engine) Cancel(now time.Time, id MemberID) {
	e.leave(
		func(m member) bool { return m.ID == id },
		func(member) error { return &InterruptedError{Stack: e.config.Stack} },
	)
	e.endRound(now)
}

// Tick tells the engine the time. It must be called at NextTick at the latest.
func (e *Engine) Tick(now time.Time) {
	e.expire(now)
	switch {
	case e.phase == gathering && !now.Before(e.closeAt):
		e.closeBatch()
		e.begin(now)
	case e.phase == pausing && !now.Before(e.resumeAt):
		e.read()
	case e.phase == resolving && !e.resumeAt.IsZero() && !now.Before(e.resumeAt):
		e.resumeAt = time.Time{}
		e.emit(ResolveExecution{e.attempt.arn, e.attempt.stackID, e.attempt.token})
	}
	e.endRound(now)
}

// NextTick is the next time at which the engine wants a Tick; ok is false when it waits for
// something else.
func (e *Engine) NextTick() (at time.Time, ok bool) {
	consider := func(t time.Time) {
		if !t.IsZero() && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	switch e.phase {
	case gathering:
		consider(e.closeAt)
	case pausing, resolving:
		consider(e.resumeAt)
	case idle, reading, making, discarding, executing, following, protecting, continuing, clearing:
	}
	for _, members := range append(e.attribution.held(), e.queue, e.batch) {
		for _, m := range members {
			consider(m.Deadline)
		}
	}
	for _, o := range e.outcomes {
		consider(o.Deadline)
	}
	return at, ok
}

// Observe tells the engine the answer to an effect.
func (e *Engine) Observe(now time.Time, observation Observation) {
	switch o := observation.(type) {
	case BaseRead:
		e.baseRead(now, o)
	case ChangeSetMade:
		e.changeSetMade(now, o)
	case ChangeSetDeleted:
		e.changeSetDeleted(now, o)
	case Executed:
		e.executed(now, o)
	case ExecutionResolved:
		e.resolved(now, o)
	case Finished:
		e.finished(now, o)
	case Protected:
		e.protected(now, o)
	case Continued:
		e.continued(now, o)
	case Cleared:
		e.cleared(now, o)
	case Attempt:
		e.attempted(now, o)
	}
	e.endRound(now)
}

func (e *Engine) emit(effect Effect) { e.effects = append(e.effects, effect) }

// schedule sets when the batch being gathered closes.
func (e *Engine) schedule() {
	if e.phase != gathering || len(e.queue) == 0 {
		return
	}
	// Who came while the commit before was in flight waits with those that it released.
	first, last := later(e.queue[0].arrived, e.releasedAt), later(e.queue[len(e.queue)-1].arrived, e.releasedAt)
	latest := first.Add(Linger)
	e.closeAt = last.Add(Quiet)
	if len(e.queue) < e.released && first.Sub(e.releasedAt) < Linger || e.closeAt.After(latest) {
		e.closeAt = latest
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// closeBatch makes the queue the batch.
func (e *Engine) closeBatch() {
	e.batch, e.queue, e.released, e.protectedID = e.queue, nil, 0, ""
}

// owes reports whether the engine has to tidy up, with or without members.
func (e *Engine) owes() bool { return e.recovery.pending() }

// endRound ends a round. When the batch is empty and nothing is outstanding, the members held
// back from it are the next batch, and then the queue.
func (e *Engine) endRound(now time.Time) {
	for {
		switch e.phase {
		case reading, making, discarding, executing, resolving, following, protecting, continuing, clearing:
			return
		case pausing:
			if len(e.batch) > 0 || e.owes() {
				return
			}
		case gathering:
			if len(e.queue) > 0 {
				return
			}
		case idle:
		}
		e.phase = idle
		if e.batch = append(e.batch, e.attribution.release()...); len(e.batch) > 0 {
			e.begin(now)
			continue
		}
		e.deliver(now)
		if len(e.queue) > 0 {
			e.phase = gathering
			e.schedule()
		}
		return
	}
}

// leave takes members out of the queue and, before the execution, out of the batch.
func (e *Engine) leave(who func(member) bool, why func(member) error) {
	out := func(members []member) []member {
		return slices.DeleteFunc(members, func(m member) bool {
			if !who(m) {
				return false
			}
			e.tell(m, why(m))
			return true
		})
	}
	e.queue = out(e.queue)
	e.attribution.filter(out)
	if e.underExecution() {
		return
	}
	before := len(e.batch)
	e.batch = out(e.batch)
	if len(e.batch) != before {
		e.attempt.stale = true
	}
}

// underExecution reports whether the batch's changes may be in the stack already.
func (e *Engine) underExecution() bool {
	if e.attempt.purpose != changing {
		return false // the members' changes are not in it
	}
	return e.phase == executing || e.phase == resolving || e.phase == following
}

// expire completes the members whose time has run out.
func (e *Engine) expire(now time.Time) {
	late := func(m member) bool { return !m.Deadline.IsZero() && !now.Before(m.Deadline) }
	e.outcomes = slices.DeleteFunc(e.outcomes, func(o outcome) bool {
		if late(o.member) {
			e.tell(o.member, o.err)
		}
		return late(o.member)
	})
	e.leave(late, func(m member) error {
		doing := "waiting for its commit to begin"
		if slices.ContainsFunc(e.batch, func(b member) bool { return b.ID == m.ID }) {
			doing = e.doing()
		}
		return &InterruptedError{Stack: e.config.Stack, Doing: doing, Last: e.lastAnswer()}
	})
	if e.underExecution() {
		e.batch = slices.DeleteFunc(e.batch, func(m member) bool {
			if late(m) {
				e.tell(m, &OutcomeUnknownError{Stack: e.config.Stack, Last: e.lastAnswer()})
				e.attempt.stale = true
			}
			return late(m)
		})
	}
}

func (e *Engine) doing() string {
	switch e.phase {
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
	case idle, gathering, executing, resolving, following: // a member in these waits for something else than its own commit
	}
	switch e.attempt.purpose {
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

// failAll gives every member of the batch one error and ends the round.
func (e *Engine) failAll(now time.Time, err error) {
	e.completeBatch(func(member) error { return err })
	e.deliver(now)
	e.phase = idle
}

// round continues with the members of the batch, on the known base or else on a new one.
func (e *Engine) round(now time.Time) {
	if len(e.batch) == 0 {
		e.batch = e.attribution.release()
	}
	if e.base != nil && e.recovery.healing() {
		e.composeHealing(now)
		return
	}
	e.begin(now)
}

// begin starts a round: on the remembered base when there is one.
func (e *Engine) begin(now time.Time) {
	if len(e.batch) == 0 && !e.owes() {
		e.phase = idle
		return
	}
	if e.base == nil {
		e.read()
		return
	}
	e.base.remembered = true
	e.compose(now)
}
