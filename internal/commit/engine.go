package commit

import (
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Timing of the engine.
const (
	// Quiet is the gap without arrivals that closes a batch: far above the spread of Terraform's
	// parallel calls, far below the duration of a commit.
	Quiet = 150 * time.Millisecond
	// Linger is the maximum time that a batch waits after its first arrival.
	Linger = time.Second
	// BusyPause is the time between two readings of a stack that is busy with another writer's
	// operation, or after a lost race. CloudFormation throttles faster readers; operations take
	// seconds to minutes.
	BusyPause = 3 * time.Second
	// CollisionPatience is how long a writer waits for another one on the same base to execute
	// before considering it dead. A live one takes a few seconds from its change set to the
	// execution.
	CollisionPatience = 20 * time.Second
	// ResolvePause is the time between two ResolveExecution effects.
	ResolvePause = 2 * time.Second
	// ResolvePatience is how long an execution without a reply is resolved before its outcome is
	// given up as unknown. CloudFormation then has not answered for far longer than an operation
	// takes.
	ResolvePatience = 30 * time.Minute
)

// Config says which stack an engine commits to.
type Config struct {
	Stack string       // the stack's name
	Env   template.Env // what the project shares is taken from the stack's outputs, if it has them
	// Create lets the engine make a missing stack, with RevisionMarkerName's parameter alone.
	Create             bool
	RevisionMarkerName string
	Description        string
	// Writer is unique for the process (letters, digits, hyphens); tokens begin with it.
	Writer string
}

// Engine drives the commits of one stack. It is not safe for concurrent use.
//
// It passes each observation to the part that waits for it, which enters the next phase or lets the
// round go on.
type Engine struct {
	effects effects
	members members
	round   round
	calls   availability

	reader      baseReader
	preparation preparation
	execution   execution
	repair      repair
}

// New makes an engine.
func New(config Config) *Engine {
	e := &Engine{}
	e.members = members{stack: config.Stack, effects: &e.effects, attribution: attribution{stack: config.Stack}}
	e.round = round{config: config, effects: &e.effects, members: &e.members}
	e.repair = repair{stack: config.Stack, effects: &e.effects, members: &e.members, round: &e.round}
	e.preparation = preparation{
		config: config, effects: &e.effects, members: &e.members, round: &e.round, repair: &e.repair, calls: &e.calls,
	}
	e.execution = execution{
		stack: config.Stack, members: &e.members, round: &e.round, repair: &e.repair, calls: &e.calls,
	}
	e.reader = baseReader{
		config: config, members: &e.members, round: &e.round, repair: &e.repair, preparation: &e.preparation, calls: &e.calls,
	}
	return e
}

// Effects removes and returns what the driver has to do, in order.
func (e *Engine) Effects() []Effect { return e.effects.take() }

// Idle reports whether nothing is queued and nothing is under way.
func (e *Engine) Idle() bool { return e.round.phase == idle && len(e.members.queue) == 0 }

// Waiting returns how many members are queued for the next batch.
func (e *Engine) Waiting() int { return len(e.members.queue) }

// InFlight returns how many members are in the current batch, including those held back.
func (e *Engine) InFlight() int { return e.members.inFlight() }

// Submit queues a member.
func (e *Engine) Submit(now time.Time, m Member) {
	e.members.submit(now, m)
	e.gather()
}

func (e *Engine) gather() {
	if e.round.phase == idle || e.round.phase == gathering {
		e.round.gather(e.members.closesAt())
	}
}

// Cancel takes a member out with an *InterruptedError, unless it is being executed.
func (e *Engine) Cancel(now time.Time, id MemberID) {
	e.leave(
		func(m member) bool { return m.ID == id },
		func(member) error { return &InterruptedError{Stack: e.members.stack} },
	)
	e.endRound(now)
}

// Tick tells the engine the time. It must be called no later than NextTick.
func (e *Engine) Tick(now time.Time) {
	e.expire(now)
	if e.round.gathered(now) {
		e.members.closeBatch()
		e.round.protectedID = ""
		e.goOn(now)
	} else {
		e.round.resume(now)
	}
	e.endRound(now)
}

// NextTick returns when the engine needs a Tick; ok is false when it waits for something else.
func (e *Engine) NextTick() (at time.Time, ok bool) {
	consider := func(t time.Time) {
		if !t.IsZero() && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	switch e.round.phase {
	case gathering:
		consider(e.round.closeAt)
	case pausing, resolving:
		consider(e.round.resumeAt)
	case idle, reading, making, discarding, executing, following, protecting, continuing, clearing:
	}
	e.members.deadlines(consider)
	return at, ok
}

// Observe takes the answer to an effect.
func (e *Engine) Observe(now time.Time, observation Observation) {
	if e.observe(now, observation) == goesOn {
		e.goOn(now)
	}
	if e.round.paused(now) { // for no time
		e.Tick(now)
	}
	e.endRound(now)
}

func (e *Engine) observe(now time.Time, observation Observation) next {
	switch o := observation.(type) {
	case BaseRead:
		return e.reader.read(now, o)
	case Protected:
		return e.reader.protected(now, o)
	case ChangeSetMade:
		return e.preparation.made(now, o)
	case ChangeSetDeleted:
		e.preparation.deleted(now)
	case Executed:
		return e.execution.executed(now, o)
	case ExecutionResolved:
		return e.execution.resolved(now, o)
	case Finished:
		return e.execution.finished(now, o)
	case Continued:
		e.repair.continued(now, o)
	case Cleared:
		e.repair.cleared(now, o)
	case Attempt:
		e.calls.attempted(now, o)
	}
	return waits
}

// goOn continues with the batch, on the known base or a new one, until there is something to wait
// for.
func (e *Engine) goOn(now time.Time) {
	for e.step(now) == goesOn {
	}
}

func (e *Engine) step(now time.Time) next {
	if len(e.members.batch) == 0 {
		e.members.takeHeld()
	}
	switch base := e.round.base; {
	case base != nil && e.repair.healing():
		return e.repair.heal(now)
	case len(e.members.batch) == 0 && !e.repair.pending():
		e.round.end()
	case base == nil:
		e.round.read()
	default:
		base.remembered = true
		e.preparation.compose(now)
	}
	return waits
}

// endRound ends a round. When the batch is empty and nothing is outstanding, the members held back
// are the next batch, and then the queue.
func (e *Engine) endRound(now time.Time) {
	for {
		switch e.round.phase {
		case reading, making, discarding, executing, resolving, following, protecting, continuing, clearing:
			return
		case pausing:
			if len(e.members.batch) > 0 || e.repair.pending() {
				return
			}
		case gathering:
			if len(e.members.queue) > 0 {
				return
			}
		case idle:
		}
		e.round.end()
		if e.members.takeHeld(); len(e.members.batch) > 0 {
			e.goOn(now)
			continue
		}
		e.members.deliver(now)
		if len(e.members.queue) > 0 {
			e.gather()
		}
		return
	}
}

// leave takes members out of the queue and, before the execution, out of the batch.
func (e *Engine) leave(who func(member) bool, why func(member) error) {
	e.members.leave(who, why)
	if !e.round.underExecution() && e.members.leaveBatch(who, why) {
		e.round.attempt.stale = true
	}
}

// expire gives members past their deadline their outcome.
func (e *Engine) expire(now time.Time) {
	late := func(m member) bool { return !m.Deadline.IsZero() && !now.Before(m.Deadline) }
	e.members.deliverTo(late)
	e.leave(late, func(m member) error {
		doing := "waiting for its commit to begin"
		if e.members.inBatch(m.ID) {
			doing = e.round.doing()
		}
		return &InterruptedError{Stack: e.members.stack, Doing: doing, Last: e.calls.answer()}
	})
	if e.round.underExecution() && e.members.leaveBatch(late, func(member) error {
		return &OutcomeUnknownError{Stack: e.members.stack, Last: e.calls.answer()}
	}) {
		e.round.attempt.stale = true
	}
}
