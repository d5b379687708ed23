package commit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Timing of the engine.
const (
	// Quiet is the gap without arrivals after which a batch is closed: far above the spread of Terraform's parallel
	// calls, far below what a commit takes.
	Quiet = 150 * time.Millisecond
	// Linger is the most that a batch waits after its first arrival.
	Linger = time.Second
	// BusyPause is the time between two looks at a stack that is busy with somebody else's operation, or after a lost
	// race. CloudFormation throttles impatient readers; operations take seconds to minutes.
	BusyPause = 3 * time.Second
	// CollisionPatience is how long a writer waits for another one on the same base to execute before it takes it for
	// dead: a live one takes a few seconds from its change set to the execution.
	CollisionPatience = 20 * time.Second
	// StalePatience is how long a base is read again that is behind the stack: descriptions are stale for seconds after an
	// operation, not for minutes.
	StalePatience = 30 * time.Second
	// saturatedSize and saturatedTimes: that many batches in a row of at least that size, each as large as what the one before
	// released, show that the submitter makes no more changes at once.
	saturatedSize  = 5
	saturatedTimes = 3
	// SettlePause is the time between two questions about an execution whose reply was lost.
	SettlePause = 2 * time.Second
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
	Env   template.Env // KeyARN is taken from the stack's outputs
	// Create lets the engine make the stack when there is none: with CarrierName's parameter alone.
	Create      bool
	CarrierName string
	Description string
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
	settling         // Settle is outstanding, or asked again at resumeAt
	following        // Follow is outstanding
	protecting       // Protect is outstanding
	continuing       // ContinueRollback is outstanding
	clearing         // Clear is outstanding
)

// purpose is what an attempt is for.
type purpose int

const (
	changing   purpose = iota // the members' changes
	creating                  // the stack, with the carrier alone
	healing                   // resources whose rollback was skipped
	recovering                // continuing a failed rollback: there is no change set
)

// member is a Member with what the engine knows of it.
type member struct {
	Member
	arrived  time.Time
	deferred bool // it has waited for one more batch already
	// remains are what a rollback could not delete again of what the member had made: it is in the way of the next attempt.
	remains []string
}

// base is what a commit builds upon.
type base struct {
	description Description
	template    *template.Template
	revision    int64
	remembered  bool // from our own last commit, not read
}

func (b *base) hash() string {
	text := b.description.StackID + "\n" + b.description.ChangeSetID + "\n" + b.description.LastUpdated.UTC().Format(time.RFC3339Nano)
	if b.template != nil {
		text += "\n" + b.template.Hash()
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

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

// Engine drives the commits of one stack. It is not safe for concurrent use.
type Engine struct {
	config Config
	phase  phase

	queue []member // for the next batch
	batch []member // being committed
	base  *base    // nil: to be read

	attempt  attempt
	attempts int

	closeAt  time.Time
	resumeAt time.Time

	released   int // members that have got their outcome since the last batch was closed
	releasedAt time.Time
	repeated   int // batches in a row that were as large as what the one before released
	saturated  bool

	// Looking for culprits: see blame.go.
	suspicion     *suspicion
	innocent      []member // held back while it lasts, and most likely good
	blamedUnnamed int
	verdicts      []verdict

	// Healing the stack: see recovery.go.
	recovery *recovery
	heal     []string
	healed   map[string]json.RawMessage // the resources as they were before the healing commit

	surprised   string // hash of the base that gave a surprise
	surprisedAt time.Time
	collided    string // hash of the base on which another writer's set was found
	collidedAt  time.Time

	effects []Effect
}

// New makes an engine.
func New(config Config) *Engine { return &Engine{config: config} }

// Effects returns what the driver has to do, in order, and forgets it.
func (e *Engine) Effects() []Effect {
	effects := e.effects
	e.effects = nil
	return effects
}

// Idle says that nothing is queued and nothing under way.
func (e *Engine) Idle() bool { return e.phase == idle && len(e.queue) == 0 }

// Waiting is how many members are queued for the next batch, and InFlight how many are in the current one.
func (e *Engine) Waiting() int { return len(e.queue) }

// InFlight is how many members are in the current batch, those held back from it included.
func (e *Engine) InFlight() int {
	n := len(e.batch) + len(e.innocent)
	if e.suspicion != nil {
		n += len(e.suspicion.other)
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

// Cancel takes a member out unless it is being executed; it gets a *CancelledError.
func (e *Engine) Cancel(now time.Time, id MemberID) {
	e.leave(func(m member) bool { return m.ID == id }, func(member) error { return &CancelledError{e.config.Stack} })
	e.settleIdle(now)
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
	case e.phase == settling && !e.resumeAt.IsZero() && !now.Before(e.resumeAt):
		e.resumeAt = time.Time{}
		e.emit(Settle{e.attempt.arn, e.attempt.stackID, e.attempt.token})
	}
	e.settleIdle(now)
}

// NextTick is the next time at which the engine wants a Tick; ok is false when it waits for something else.
func (e *Engine) NextTick() (at time.Time, ok bool) {
	consider := func(t time.Time) {
		if !t.IsZero() && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	switch e.phase {
	case gathering:
		consider(e.closeAt)
	case pausing, settling:
		consider(e.resumeAt)
	case idle, reading, making, discarding, executing, following, protecting, continuing, clearing:
	}
	for _, members := range [][]member{e.queue, e.batch, e.innocent} {
		for _, m := range members {
			consider(m.Deadline)
		}
	}
	if e.suspicion != nil {
		for _, m := range e.suspicion.other {
			consider(m.Deadline)
		}
	}
	for _, v := range e.verdicts {
		consider(v.Deadline)
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
	case Settled:
		e.settled(now, o)
	case Finished:
		e.finished(now, o)
	case Protected:
		e.protected(now, o)
	case Continued:
		e.continued(now, o)
	case Cleared:
		e.cleared(now, o)
	}
	e.settleIdle(now)
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

// closeBatch makes the queue the batch, and notices when batches are as large as what the submitter makes at once.
func (e *Engine) closeBatch() {
	e.batch, e.queue = e.queue, nil
	if n := len(e.batch); n >= saturatedSize && n == e.released {
		e.repeated++
	} else {
		e.repeated = 0
	}
	if e.repeated == saturatedTimes && !e.saturated {
		e.saturated = true
		e.emit(Saturated{len(e.batch)})
	}
	e.released = 0
}

// owes says that the engine has to tidy up, whether or not there are members.
func (e *Engine) owes() bool { return e.recovery != nil || len(e.heal) > 0 }

// settleIdle ends a round: when the batch is empty and nothing is outstanding, those held back from it are the next batch,
// and then the queue.
func (e *Engine) settleIdle(now time.Time) {
	for {
		switch e.phase {
		case reading, making, discarding, executing, settling, following, protecting, continuing, clearing:
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
		if e.batch = append(e.batch, e.held()...); len(e.batch) > 0 {
			e.begin(now)
			continue
		}
		e.pronounce(now)
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
			e.emit(Done{m.ID, why(m)})
			return true
		})
	}
	e.queue = out(e.queue)
	e.innocent = out(e.innocent)
	if e.suspicion != nil {
		e.suspicion.other = out(e.suspicion.other)
	}
	if e.underExecution() {
		return
	}
	before := len(e.batch)
	e.batch = out(e.batch)
	if len(e.batch) != before {
		e.attempt.stale = true
	}
}

// underExecution says that the batch's changes may be in the stack already.
func (e *Engine) underExecution() bool {
	if e.attempt.purpose != changing {
		return false // the members' changes are not in it
	}
	return e.phase == executing || e.phase == settling || e.phase == following
}

// expire settles the members whose time has run out.
func (e *Engine) expire(now time.Time) {
	late := func(m member) bool { return !m.Deadline.IsZero() && !now.Before(m.Deadline) }
	e.verdicts = slices.DeleteFunc(e.verdicts, func(v verdict) bool {
		if late(v.member) {
			e.emit(Done{v.ID, v.err})
		}
		return late(v.member)
	})
	e.leave(late, func(m member) error {
		doing := "waiting for its commit to begin"
		if slices.ContainsFunc(e.batch, func(b member) bool { return b.ID == m.ID }) {
			doing = e.doing()
		}
		return &TimeoutError{e.config.Stack, doing}
	})
	if e.underExecution() {
		e.batch = slices.DeleteFunc(e.batch, func(m member) bool {
			if late(m) {
				e.emit(Done{m.ID, &UnknownError{Stack: e.config.Stack}})
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
	case idle, gathering, executing, settling, following: // a member in these waits for something else than its own commit
	}
	switch e.attempt.purpose {
	case recovering:
		return "continuing a failed rollback"
	case healing:
		return "healing resources after a failed rollback"
	case changing, creating:
	}
	return "creating the stack"
}

func (e *Engine) read() {
	e.base = nil
	e.phase = reading
	e.emit(Read{})
}

func (e *Engine) pause(now time.Time, d time.Duration) {
	e.base = nil
	e.phase, e.resumeAt = pausing, now.Add(d)
}

// failAll gives every member of the batch one error and ends the round.
func (e *Engine) failAll(now time.Time, err error) {
	e.sentenceAll(func(member) error { return err })
	e.pronounce(now)
	e.phase = idle
}

// round goes on with whoever is in the batch, on the base that is known or else on a new one.
func (e *Engine) round(now time.Time) {
	if len(e.batch) == 0 {
		e.batch = e.held()
	}
	if e.base != nil && len(e.heal) > 0 {
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

func (e *Engine) baseRead(now time.Time, o BaseRead) {
	switch {
	case len(e.batch) == 0 && !e.owes():
		e.phase = idle
	case o.Err != nil:
		e.recovery, e.heal, e.healed = nil, nil, nil
		e.failAll(now, &ReadError{e.config.Stack, o.Err})
	case o.Absent, o.After.Status == "REVIEW_IN_PROGRESS", o.After.Status == "DELETE_COMPLETE":
		e.create(now, o)
	case !o.Consistent():
		e.pause(now, BusyPause)
	case o.After.Status == "UPDATE_ROLLBACK_FAILED":
		e.recover(now, o)
	case o.After.Status == "ROLLBACK_COMPLETE" && e.config.Create && len(e.batch) > 0:
		e.clear(o)
	case !updatable(o.After.Status):
		e.stuck(now, o.After.Status, o.After.StatusReason)
	default:
		revision, err := strconv.ParseInt(o.After.Parameters[template.RevisionParameter], 10, 64)
		if err != nil {
			e.failAll(now, &ReadError{e.config.Stack, fmt.Errorf("its parameter %s, which counts its commits, holds no number; set it back by hand: %w", template.RevisionParameter, err)})
			return
		}
		e.base = &base{description: o.After, template: o.Template, revision: revision}
		e.recovery = nil // somebody else has continued the rollback
		switch {
		case len(e.heal) > 0:
			e.composeHealing(now)
		case len(e.batch) == 0:
			e.phase = idle
		case !o.After.Protected:
			e.protect(o.After.StackID)
		default:
			e.compose(now)
		}
	}
}

// inProgress says that an operation is running and will end by itself.
func inProgress(status string) bool { return strings.HasSuffix(status, "_IN_PROGRESS") }

// updatable are the statuses from which CloudFormation takes a change set and in which the template is the stack's
// (CloudFormation user guide, view-stack-events, status codes).
func updatable(status string) bool {
	switch status {
	case "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE":
		return true
	}
	return false
}

// create makes the stack with the carrier alone; the members' changes follow as an update.
func (e *Engine) create(now time.Time, o BaseRead) {
	e.recovery, e.heal, e.healed = nil, nil, nil
	if !e.config.Create {
		e.failAll(now, &AbsentError{e.config.Stack})
		return
	}
	if len(e.batch) == 0 {
		e.phase = idle
		return
	}
	stackID := ""
	if !o.Absent && o.After.Status == "REVIEW_IN_PROGRESS" {
		stackID = o.After.StackID
	}
	token := e.token()
	seed, err := template.Stamp(template.Seed(e.config.CarrierName, e.config.Description), token)
	if err != nil {
		e.failAll(now, err)
		return
	}
	e.base = &base{description: Description{StackID: stackID}}
	e.attempt = attempt{purpose: creating, token: token, template: seed, stackID: stackID}
	e.make()
}

// token makes a token that is unique for the attempt: letters, digits and hyphens, under 128 characters.
func (e *Engine) token() string {
	e.attempts++
	return e.config.Writer + "-" + strconv.Itoa(e.attempts)
}

// env is the environment with the key that the stack's outputs name.
func (e *Engine) env() template.Env {
	env := e.config.Env
	if arn := e.base.description.Outputs[template.KeyOutput]; arn != "" {
		env.KeyARN = arn
	}
	return env
}

// compose puts the batch's changes into the base and asks for a change set.
func (e *Engine) compose(now time.Time) {
	changes := make([]template.Change, len(e.batch))
	for i, m := range e.batch {
		changes[i] = m.Change
	}
	edited, err := template.Edit(e.base.template, e.env(), changes)
	if err != nil {
		e.unusable(now, err)
		return
	}
	if refused := slices.ContainsFunc(edited.Errors, func(err error) bool { return err != nil }); refused {
		if e.base.remembered {
			e.read() // somebody may have made what was missing, or taken away what was in the way
			return
		}
		e.refuse(now, edited.Errors)
		e.pronounce(now)
		if len(e.batch) == 0 {
			e.phase = idle
			return
		}
		e.compose(now)
		return
	}
	if len(edited.Intents) == 0 && edited.Template.Equal(e.base.template) {
		if e.base.remembered {
			e.read()
			return
		}
		e.failAll(now, nil)
		return
	}
	token := e.token()
	stamped, err := template.Stamp(edited.Template, token)
	if err != nil {
		e.unusable(now, err)
		return
	}
	e.attempt = attempt{
		token: token, template: stamped, revision: e.base.revision + 1,
		intents: slices.DeleteFunc(edited.Intents, func(i template.Intent) bool { return i.LogicalID == template.CarrierID }),
		stackID: e.base.description.StackID,
	}
	for _, m := range e.batch {
		e.attempt.members = append(e.attempt.members, m.ID)
	}
	e.make()
}

// unusable gives the members an error of the base. It is not remembered: somebody may repair it.
func (e *Engine) unusable(now time.Time, err error) {
	if e.base.remembered {
		e.read()
		return
	}
	e.base = nil
	e.failAll(now, &ReadError{e.config.Stack, err})
}

// refuse gives the members that can't be committed their errors. A permission without its user or bucket waits for one
// more batch.
func (e *Engine) refuse(now time.Time, errs []error) {
	var stay []member
	for i, m := range e.batch {
		var missing *template.MissingError
		switch {
		case errs[i] == nil:
			stay = append(stay, m)
		case !m.deferred && errors.As(errs[i], &missing):
			m.deferred, m.arrived = true, now
			e.queue = append(e.queue, m)
		default:
			e.sentence(m, errs[i])
		}
	}
	e.batch = stay
}

// make asks for the attempt's change set.
func (e *Engine) make() {
	e.phase = making
	effect := CreateChangeSet{
		First: e.attempt.purpose == creating, StackID: e.attempt.stackID, Name: changeSetName(e.base),
		Token: e.attempt.token, Template: e.attempt.template, Revision: e.attempt.revision,
	}
	if e.attempt.purpose != creating {
		effect.Keep = slices.DeleteFunc(e.attempt.template.Parameters(), func(name string) bool { return name == template.RevisionParameter })
	}
	e.emit(effect)
}

// changeSetName derives a name from the base, so that two writers on one base collide when they create their sets:
// CloudFormation refuses a second set of one name with other content.
func changeSetName(b *base) string { return ChangeSetPrefix + b.hash()[:40] }

// ChangeSetPrefix begins the names of all change sets of ours.
const ChangeSetPrefix = "stowage-"

func (e *Engine) changeSetMade(now time.Time, o ChangeSetMade) {
	if o.Err != nil {
		e.notMade(now, o.Err)
		if o.ARN != "" { // it was made, but could not be described: it would block its name
			e.attempt.arn, e.attempt.pause = o.ARN, BusyPause
			e.discard()
		}
		return
	}
	e.attempt.arn = o.ARN
	if o.StackID != "" {
		e.attempt.stackID = o.StackID
	}
	switch {
	case o.Failed != "" && e.attempt.purpose == healing:
		e.unhealed(now, []string{o.Failed})
		return
	case o.Failed != "":
		e.refused(o)
		return
	case e.attempt.purpose != healing && (e.attempt.stale || len(e.batch) == 0):
		e.discard()
		return
	}
	if e.attempt.purpose != creating {
		if surprises := Verify(e.base.template, e.base.revision, e.attempt.intents, o.Changes); len(surprises) > 0 {
			e.surprise(now, surprises, Behind(e.base.revision, o.Changes))
			return
		}
	}
	e.execute()
}

// notMade handles a refusal of CreateChangeSet.
func (e *Engine) notMade(now time.Time, err *CallError) {
	switch err.Failure {
	case NameTaken:
		e.collide(now, err.ARN)
	case Busy, Gone, Outdated, NoReply:
		e.pause(now, BusyPause)
	case Refused, Invalid:
		e.base = nil
		switch {
		case e.attempt.purpose == healing:
			e.unhealed(now, []string{err.Error()})
			return
		case err.Failure == Invalid && e.attempt.purpose == changing:
			e.blame("", e.unnamed(err.Error()), err)
		default:
			e.sentenceEverybody(&FailedError{Stack: e.config.Stack, Reasons: []string{err.Error()}, Err: err})
		}
		e.pronounce(now)
		e.round(now)
	}
}

// refused finds out whose change the service could not make a change set of, and deletes the set.
func (e *Engine) refused(o ChangeSetMade) {
	causes := e.findings(o)
	if len(causes) == 0 {
		causes = e.unnamed(o.Failed)
	}
	if e.attempt.purpose == changing {
		e.blame("", causes, nil)
	} else {
		e.sentenceEverybody(&FailedError{Stack: e.config.Stack, Reasons: reasons(causes)})
	}
	e.discard()
}

// collide waits for another writer on the same base, and deletes its set when it has had its time.
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

// surprise starts again after a set that would do something else than intended. The second time on one base that was
// really read, the members hear of it: it would go on for ever. A base that the carrier shows to be behind the stack is
// only old, and is read again for StalePatience.
func (e *Engine) surprise(now time.Time, details []string, behind bool) {
	hash := e.base.hash()
	switch again := e.surprised == hash; {
	case e.base.remembered:
	case again && (!behind || now.Sub(e.surprisedAt) >= StalePatience):
		e.surprised = ""
		if e.attempt.purpose == healing {
			e.unhealed(now, details)
			return
		}
		e.sentenceEverybody(&SurpriseError{e.config.Stack, details})
	default:
		if !again {
			e.surprised, e.surprisedAt = hash, now
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
	// A set that can't be deleted blocks its name only: the next attempt on this base collides with it and comes here again.
	e.base = nil
	e.pronounce(now)
	if len(e.batch) == 0 && !e.owes() {
		e.phase = idle
		return
	}
	e.pause(now, e.attempt.pause)
	e.Tick(now)
}

func (e *Engine) execute() {
	var ids []model.ID
	if e.attempt.purpose != healing {
		for _, m := range e.batch {
			ids = append(ids, m.Change.Entity.ID())
		}
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
		e.phase, e.resumeAt = settling, time.Time{}
		e.emit(Settle{e.attempt.arn, e.attempt.stackID, e.attempt.token})
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
		e.sentenceEverybody(&FailedError{Stack: e.config.Stack, Reasons: []string{o.Err.Error()}, Err: o.Err})
		e.discard()
	}
}

func (e *Engine) settled(now time.Time, o Settled) {
	switch o.Verdict {
	case Ours:
		e.follow()
	case NotOurs:
		e.pause(now, 0)
		e.Tick(now)
	case Undecided:
		e.phase, e.resumeAt = settling, now.Add(SettlePause)
	}
}

func (e *Engine) follow() {
	e.phase = following
	e.emit(Follow{e.attempt.arn, e.attempt.stackID, e.attempt.token})
}

func (e *Engine) finished(now time.Time, o Finished) {
	if o.Err != nil {
		e.base, e.recovery, e.heal, e.healed = nil, nil, nil, nil
		if e.attempt.purpose != changing {
			e.failAll(now, &ReadError{e.config.Stack, o.Err})
			return
		}
		e.failAll(now, &UnknownError{e.config.Stack, o.Err})
		return
	}
	status := outcome(o)
	switch e.attempt.purpose {
	case recovering:
		e.recovered(now, status, o.Events)
	case healing:
		e.healingDone(now, o, status)
	case creating:
		if status == "CREATE_COMPLETE" {
			e.protect(o.Description.StackID)
			return
		}
		e.base = nil
		e.failAll(now, e.failure(o, status))
	case changing:
		if status == "UPDATE_COMPLETE" {
			e.committed(now, o)
			return
		}
		e.rolledBack(now, o, status)
	}
}

// failure is what AWS says of an operation that failed.
func (e *Engine) failure(o Finished, status string) *FailedError {
	failed := &FailedError{Stack: e.config.Stack, Status: status, Reasons: Reasons(o.Events)}
	if len(failed.Reasons) == 0 && o.Description.StatusReason != "" {
		failed.Reasons = []string{o.Description.StatusReason}
	}
	return failed
}

// rolledBack goes on after a commit that failed: without those who are to blame. A rollback that failed itself is continued
// first; they hear of it afterwards, as the process may end with them.
func (e *Engine) rolledBack(now time.Time, o Finished, status string) {
	e.base = nil
	e.noteRemains(o.Events)
	if causes := e.causes(o.Events); len(causes) > 0 {
		e.blame(status, causes, nil)
	} else {
		e.sentenceEverybody(e.failure(o, status))
	}
	if status == "UPDATE_ROLLBACK_FAILED" {
		e.recovery = &recovery{}
	} else {
		e.pronounce(now)
	}
	e.round(now)
}

// outcome is the final status of the operation itself, as its own events say: the description may show a later
// operation of somebody else already.
func outcome(o Finished) string {
	for _, event := range slices.Backward(o.Events) {
		if event.Type == stackType && !inProgress(event.Status) {
			return event.Status
		}
	}
	return o.Description.Status
}

// stackType is the resource type of a stack's own events.
const stackType = "AWS::CloudFormation::Stack"

// adopt makes what an operation of ours has left the base of the next commit, unless somebody has committed since.
func (e *Engine) adopt(o Finished) {
	e.base = nil
	if o.Description.ChangeSetID == e.attempt.arn {
		e.base = &base{description: o.Description, template: e.attempt.template, revision: e.attempt.revision}
		e.emit(Committed{o.Description, e.attempt.template, e.attempt.revision, e.attempt.token})
	}
}

// committed acknowledges the members: those whose resources could not be deleted in the clean-up have failed, although
// the update is complete (CloudFormation user guide, troubleshooting, "Resource removed from stack but not deleted").
func (e *Engine) committed(now time.Time, o Finished) {
	e.adopt(o)
	undeleted := map[MemberID][]string{}
	for _, event := range o.Events {
		if event.Status == "DELETE_FAILED" {
			owners, _ := e.owners(event.LogicalID)
			for _, id := range owners {
				undeleted[id] = append(undeleted[id], reason(event))
			}
		}
	}
	e.sentenceAll(func(m member) error {
		if reasons := undeleted[m.ID]; len(reasons) > 0 {
			return &UndeletedError{Stack: e.config.Stack, Reasons: slices.Compact(reasons)}
		}
		return nil
	})
	e.acquit(e.attempt.members)
	e.pronounce(now)
	e.round(now)
}

// protect sets what guards a stack from mistakes; the round goes on when it is set.
func (e *Engine) protect(stackID string) {
	e.phase = protecting
	e.emit(Protect{stackID})
}

func (e *Engine) protected(now time.Time, o Protected) {
	if o.Err != nil {
		e.base = nil
		e.failAll(now, &FailedError{
			Stack: e.config.Stack, Reasons: []string{"it can't be protected from deletion: " + o.Err.Error()}, Err: o.Err,
		})
		return
	}
	e.read()
}

// Reasons are AWS's reasons for a failed operation, resource by resource: what failed by itself, without the resources
// that were only cancelled with it.
func Reasons(events []Event) []string {
	var reasons []string
	for _, event := range events {
		if !strings.HasSuffix(event.Status, "_FAILED") || event.Type == stackType || cancelled(event.Reason) {
			continue
		}
		reasons = append(reasons, reason(event))
	}
	return slices.Compact(reasons)
}

func reason(event Event) string {
	return fmt.Sprintf("%s (%s) %s: %s", event.LogicalID, event.Type, event.Status, event.Reason)
}

// cancelled recognises the reason that CloudFormation gives a resource that was stopped because another one failed. There
// is no code for it (recorded from AWS: "Resource creation cancelled", "Resource update cancelled").
func cancelled(reason string) bool {
	return reason == "Resource creation cancelled" || reason == "Resource update cancelled"
}
