package commit

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// TestAnySchedule lets the engine work against a model of CloudFormation with other writers, people
// who edit by hand, stale and torn reads, lost replies and failures, in any order that rapid draws,
// and checks after each step:
//
//   - What is executed is the members' changes put into the actual stack, at the next revision, and
//     nothing else: no write of anybody is lost.
//   - Every member gets exactly one outcome, and a true one: acknowledged when its commit succeeded
//     or when the stack held the change already; failed when it was in no successful commit, or its
//     own resource could not be deleted; unknown only when it was executed. No member gets the
//     error of a resource that another member alone changes.
//   - Healing commits change nothing but what was skipped, and what they change is taken back.
//   - One call is outstanding at most.
//
// And at the end, when nothing goes wrong any more: the engine comes to rest, and a new change
// succeeds.
func TestAnySchedule(t *testing.T) { rapid.Check(t, anySchedule) }

// FuzzAnySchedule is the same for go test -fuzz.
func FuzzAnySchedule(f *testing.F) { f.Fuzz(rapid.MakeFuzz(anySchedule)) }

func anySchedule(t *rapid.T) {
	w := newWorld(t)
	t.Repeat(map[string]func(*rapid.T){
		"submit":   w.submit,
		"submit 2": w.submit, // more often than the rest
		"cancel":   w.cancel,
		"advance":  w.advance,
		"answer":   w.answer,
		"answer 2": w.answer,
		"answer 3": w.answer,
		"commit":   w.otherCommit,
		"hand":     w.handEdit,
		"begin":    w.otherBegins,
		"end":      w.end,
		"leftover": w.leftover,
		"slow":     w.slowWriter,
	})
	w.t = t
	w.quiesce()
}

// world is the model service, the driver, and what the test knows of the members.
type world struct {
	t       *rapid.T
	now     time.Time
	engine  *Engine
	faults  bool
	history []state // what really stood in the stack at rest, the current state last; empty when there is no stack
	sets    map[string]*modelSet
	running *operation
	results map[string]*operation // by token
	skipped map[string]bool       // logical ids

	outstanding Effect
	batches     map[string][]member // by token: who was in the batch when Execute was asked for
	members     map[MemberID]*record
	staleReads  bool // one has been answered since the engine was at rest
	earlier     bool // the last reading was made earlier
	ids         int
}

type modelSet struct {
	arn, name, token string
	template         *template.Template
	revision         int64
	first            bool
	broken           bool // could not be made; holds its name
	obsolete         bool
}

type operation struct {
	set       *modelSet // nil: another writer's, which ends without a change
	at        time.Time
	status    string // "" while it runs
	undeleted string // a logical id
	failed    string // a logical id: it made the operation fail
	stuck     string // a logical id: it made the rollback fail
}

type record struct {
	change template.Change
	from   int // the history's length when it was submitted
	done   int
	err    error
}

// project is a stack with a project, made once: compiling it takes most of a run's time otherwise.
var project = sync.OnceValue(func() state {
	return newState(
		&testing.T{}, 1, "set of project", began,
		template.Change{Op: template.Create, Entity: bucket("b0", "first")},
	)
})

func newWorld(t *rapid.T) *world {
	c := config()
	c.Create = true
	w := &world{
		t:       t,
		now:     began.Add(time.Hour),
		engine:  New(c),
		faults:  true,
		sets:    map[string]*modelSet{},
		results: map[string]*operation{},
		skipped: map[string]bool{},
		batches: map[string][]member{},
		members: map[MemberID]*record{},
	}
	if rapid.IntRange(0, 9).Draw(t, "absent at first") > 0 {
		w.history = []state{project()}
	}
	return w
}

// one draws true once in n times, and never when the faults have stopped.
func (w *world) one(n int, what string) bool {
	return w.faults && rapid.IntRange(0, n-1).Draw(w.t, what) == n-1
}

func (w *world) id(what string) string {
	w.ids++
	return fmt.Sprintf("%s-%d", what, w.ids)
}

func (w *world) current() state { return w.history[len(w.history)-1] }

func (w *world) change(tag string) template.Change {
	change := template.Change{
		Op: rapid.SampledFrom([]template.Op{template.Create, template.Update, template.Delete}).Draw(w.t, "op"),
	}
	n := rapid.SampledFrom([]string{"0", "1", "2"}).Draw(w.t, "name")
	switch rapid.SampledFrom([]string{"bucket", "bucket", "user", "permission"}).Draw(w.t, "kind") {
	case "bucket":
		b := bucket("b"+n, tag)
		if rapid.Bool().Draw(w.t, "metadata only") {
			b = bucket("b"+n, "fixed")
			b.OnDelete = rapid.SampledFrom([]model.OnDelete{model.Refuse, model.Retain, model.Empty}).Draw(w.t, "on delete")
		}
		change.Entity = b
	case "user":
		change.Entity = user("u"+n, tag)
	default:
		change.Entity = model.Permission{
			User: "u" + n, Bucket: "b" + rapid.SampledFrom([]string{"0", "1"}).Draw(w.t, "on"),
			Access: rapid.SampledFrom([]model.Access{model.Read, model.Write}).Draw(w.t, "access"),
		}
	}
	if rapid.Bool().Draw(w.t, "marked") {
		change.Origin = "here"
	}
	return change
}

func (w *world) submit(t *rapid.T) {
	w.t = t
	w.submitChange(
		w.change(w.id("mine")),
		rapid.SampledFrom([]time.Duration{0, 0, time.Second, 30 * time.Second}).Draw(t, "deadline"),
	)
}

func (w *world) submitChange(change template.Change, within time.Duration) MemberID {
	id := MemberID(len(w.members) + 1)
	w.members[id] = &record{change: change, from: len(w.history)}
	m := Member{ID: id, Change: change}
	if within > 0 {
		m.Deadline = w.now.Add(within)
	}
	w.engine.Submit(w.now, m)
	w.engine.Tick(w.now)
	w.effects()
	return id
}

func (w *world) cancel(t *rapid.T) {
	w.t = t
	if len(w.members) == 0 {
		t.Skip()
	}
	w.engine.Cancel(w.now, MemberID(rapid.IntRange(1, len(w.members)).Draw(t, "member")))
	w.engine.Tick(w.now)
	w.effects()
}

func (w *world) advance(t *rapid.T) {
	w.t = t
	end := w.now.Add(
		rapid.SampledFrom([]time.Duration{time.Millisecond, 100 * time.Millisecond, time.Second, 5 * time.Second}).Draw(
			t, "by",
		),
	)
	for range 100 {
		at, ok := w.engine.NextTick()
		if !ok || at.After(end) {
			w.now = end
			w.engine.Tick(w.now)
			w.effects()
			return
		}
		w.tick(at)
	}
	t.Fatal("the engine wants to be ticked for ever")
}

func (w *world) tick(at time.Time) {
	if at.After(w.now) {
		w.now = at
	}
	w.engine.Tick(w.now)
	w.effects()
}

// push makes a state the current one. All change sets are outdated then: CloudFormation deletes
// them or marks them.
func (w *world) push(s state) {
	w.history = append(w.history, s)
	for arn, set := range w.sets {
		if set.obsolete = true; w.one(2, "deleted") {
			delete(w.sets, arn)
		}
	}
}

func (w *world) restless() bool { return w.running != nil || len(w.history) == 0 || w.stuck() }

// stuck says that a rollback has failed.
func (w *world) stuck() bool {
	return len(w.history) > 0 && w.current().description.Status == "UPDATE_ROLLBACK_FAILED"
}

// otherCommit is a commit of another process.
func (w *world) otherCommit(t *rapid.T) {
	w.t = t
	if w.restless() {
		t.Skip()
	}
	w.push(w.byOther(w.current(), []template.Change{w.change(w.id("theirs"))}))
}

func (w *world) byOther(s state, changes []template.Change) state {
	next := w.edited(s, changes, w.id("token"))
	s.template = next
	s.description.ChangeSetID, s.description.LastUpdated, s.description.Status = w.id("set"), w.now, "UPDATE_COMPLETE"
	return s.withRevision(s.revision() + 1)
}

// edited is what a commit of the changes has to make of a state.
func (w *world) edited(s state, changes []template.Change, token string) *template.Template {
	e := env.With(s.description.Outputs)
	edited, err := template.Edit(s.template, e, changes)
	if err != nil {
		w.t.Fatal(err)
	}
	stamped, err := template.Stamp(edited.Template, token, s.revision()+1)
	if err != nil {
		w.t.Fatal(err)
	}
	return stamped
}

// handEdit changes the template without raising the revision.
func (w *world) handEdit(t *rapid.T) {
	w.t = t
	if w.restless() {
		t.Skip()
	}
	s := w.current()
	var buckets []string
	for _, id := range s.template.LogicalIDs() {
		if strings.HasPrefix(id, "Bucketb") {
			buckets = append(buckets, strings.TrimPrefix(id, "Bucket"))
		}
	}
	tag := w.id("byhand")
	w.push(s.byHand(t, w.id("set"), w.now, func(resources map[string]any) {
		if len(buckets) > 0 && rapid.Bool().Draw(t, "a bucket") {
			handTag(resources, rapid.SampledFrom(buckets).Draw(t, "which"), tag)
			return
		}
		if _, there := resources["Hand"]; there && rapid.Bool().Draw(t, "remove") {
			delete(resources, "Hand")
			return
		}
		resources["Hand"] = map[string]any{"Type": "AWS::SNS::Topic", "Properties": map[string]any{"DisplayName": tag}}
	}))
}

// otherBegins is another writer's operation, which keeps the stack busy and ends in a rollback.
func (w *world) otherBegins(t *rapid.T) {
	w.t = t
	if w.restless() {
		t.Skip()
	}
	w.running = &operation{at: w.now}
}

func (w *world) end(t *rapid.T) {
	w.t = t
	if w.running == nil {
		t.Skip()
	}
	w.finish()
}

// leftover is a change set that another writer on the current base made, and hasn't executed yet or
// never will.
func (w *world) leftover(t *rapid.T) {
	w.t = t
	if w.restless() {
		t.Skip()
	}
	s := w.current()
	name := changeSetName(&base{description: s.description, template: s.template})
	for _, set := range w.sets {
		if set.name == name {
			t.Skip()
		}
	}
	next := w.byOther(s, []template.Change{w.change(w.id("theirs"))})
	set := &modelSet{arn: w.id("arn"), name: name, token: "theirs", template: next.template, revision: next.revision()}
	w.sets[set.arn] = set
}

// slowWriter executes such a set, if it is still there.
func (w *world) slowWriter(t *rapid.T) {
	w.t = t
	for _, arn := range slices.Sorted(mapKeys(w.sets)) {
		set := w.sets[arn]
		if set.token == "theirs" && !set.obsolete && w.running == nil {
			delete(w.sets, arn)
			s := w.current()
			s.template = set.template
			s.description.ChangeSetID, s.description.LastUpdated = arn, w.now
			w.push(s.withRevision(set.revision))
			return
		}
	}
	t.Skip()
}

func mapKeys[V any](m map[string]V) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for key := range m {
			if !yield(key) {
				return
			}
		}
	}
}

// effects checks what the engine asks for, and keeps the call.
func (w *world) effects() {
	for _, effect := range w.engine.Effects() {
		switch e := effect.(type) {
		case Done:
			w.done(e)
		case Announce, Superseded, Unhealed, Unchanged:
		case Committed:
			if !slices.ContainsFunc(w.history, func(s state) bool {
				return s.description.ChangeSetID == e.Description.ChangeSetID && s.revision() == e.Revision &&
					s.template.Equal(e.Template)
			}) {
				w.t.Fatalf("revision %d is said to be committed, but never stood in the stack like that", e.Revision)
			}
		default:
			if w.outstanding != nil {
				w.t.Fatalf("the engine asks for %T while %T is outstanding", effect, w.outstanding)
			}
			w.outstanding = effect
			if e, ok := effect.(Execute); ok {
				w.batches[e.Token] = nil
				if w.engine.round.attempt.purpose != healing {
					w.batches[e.Token] = slices.Clone(w.engine.members.batch)
				}
			}
		}
	}
	if w.engine.Idle() {
		w.staleReads = false
		if w.outstanding != nil {
			w.t.Fatalf("the engine is idle with %T outstanding", w.outstanding)
		}
	}
}

// done checks a member's outcome against what really happened.
func (w *world) done(d Done) {
	r := w.members[d.Member]
	if r == nil {
		w.t.Fatalf("member %d is done and was never submitted", d.Member)
	}
	if r.done++; r.done > 1 {
		w.t.Fatalf("member %d is done twice: %v, %v", d.Member, r.err, d.Err)
	}
	r.err = d.Err
	executed, succeeded, undeleted := w.fate(d.Member)
	var unknown *OutcomeUnknownError
	var failed *CommitError
	if errors.As(d.Err, &failed) && failed.Status != "" {
		w.blamed(d.Member, failed)
	}
	switch {
	case d.Err == nil && executed && succeeded && undeleted:
		w.t.Fatalf("member %d is acknowledged, but its resource could not be deleted", d.Member)
	case d.Err == nil && !succeeded:
		if !w.held(r) && !w.overwritten(d.Member) {
			w.t.Fatalf(
				"member %d (%s %s) is acknowledged, but was in no successful commit and never stood in the stack",
				d.Member, r.change.Op, r.change.Entity.ID(),
			)
		}
	case errors.As(d.Err, &unknown):
		if !executed && w.batches[w.engine.round.attempt.token] == nil {
			w.t.Fatalf("member %d is unknown, but its change was never executed", d.Member)
		}
	case d.Err != nil && succeeded && !undeleted:
		w.t.Fatalf("member %d has failed (%v), but its commit succeeded", d.Member, d.Err)
	}
}

// blamed checks that a member's error is about a resource that it has to do with, or about one that
// no member changes.
func (w *world) blamed(id MemberID, failed *CommitError) {
	if len(failed.Reasons) == 0 {
		w.t.Fatalf("member %d has failed without a reason", id)
	}
	entity := w.members[id].change.Entity.ID()
	user, _, _ := strings.Cut(entity.Name, "/")
	for _, reason := range failed.Reasons {
		own := map[model.Kind][]string{
			model.KindBucket:     {"Bucket" + entity.Name, "BucketPolicy" + entity.Name, "Policy"},
			model.KindUser:       {"User" + user, "Group" + user, "Policy" + user},
			model.KindPermission: {"Policy" + user},
		}[entity.Kind]
		if !strings.HasPrefix(reason, template.RevisionMarkerID) &&
			!slices.ContainsFunc(own, func(p string) bool { return strings.HasPrefix(reason, p) }) {
			w.t.Fatalf("member %d (%s) gets another member's error: %s", id, entity, reason)
		}
	}
}

// fate is what has become of a member's change so far.
func (w *world) fate(id MemberID) (executed, succeeded, undeleted bool) {
	for token, batch := range w.batches {
		if !slices.ContainsFunc(batch, func(m member) bool { return m.ID == id }) {
			continue
		}
		op := w.results[token]
		if w.running != nil && w.running.set != nil && w.running.set.token == token {
			executed = true
		}
		if op == nil || op.set.first {
			continue
		}
		executed = true
		if op.status == "UPDATE_COMPLETE" {
			succeeded = true
			undeleted = op.undeleted != "" && id == remover(batch, op.undeleted)
		}
	}
	return executed, succeeded, undeleted
}

// remover is the member whose deletion removes a bucket: the first one, if several want it.
func remover(batch []member, logicalID string) MemberID {
	for _, m := range batch {
		if entity := m.Change.Entity.ID(); m.Change.Op == template.Delete && entity.Kind == model.KindBucket &&
			"Bucket"+entity.Name == logicalID {
			return m.ID
		}
	}
	return 0
}

// overwritten says that another member changed the same entity: in one batch the last one wins, and
// the first may never be seen.
func (w *world) overwritten(id MemberID) bool {
	for other, r := range w.members {
		if other != id && r.err == nil && r.change.Entity.ID() == w.members[id].change.Entity.ID() {
			return true
		}
	}
	return false
}

// held says whether the stack held a change at some time since it was submitted; with stale reads,
// at any time.
func (w *world) held(r *record) bool {
	from := max(r.from-1, 0)
	if w.staleReads {
		from = 0
	}
	if r.change.Op == template.Delete && (len(w.history) == 0 || from == 0 && w.staleReads) {
		return true
	}
	for _, s := range w.history[from:] {
		e := env.With(s.description.Outputs)
		contents, err := template.Parse(s.template, e)
		if err != nil {
			w.t.Fatal(err)
		}
		entity, there := contents.Of(r.change.Entity.ID())
		if there == (r.change.Op != template.Delete) && (!there || reflect.DeepEqual(entity, r.change.Entity)) {
			return true
		}
	}
	return false
}

// answer answers the outstanding call: that is when the service does its part.
func (w *world) answer(t *rapid.T) {
	w.t = t
	if w.outstanding == nil {
		t.Skip()
	}
	w.respond()
}

func (w *world) respond() {
	call := w.outstanding
	w.outstanding = nil
	var o Observation
	switch e := call.(type) {
	case Read:
		o = w.read()
	case CreateChangeSet:
		o = w.createChangeSet(e)
	case DeleteChangeSet:
		o = w.deleteChangeSet(e)
	case Execute:
		o = w.execute(e)
	case ResolveExecution:
		o = w.resolve(e)
	case Follow:
		o = w.follow(e)
	case Protect:
		o = w.protect()
	case ContinueRollback:
		o = w.continueRollback(e)
	case Clear:
		o = Cleared{errors.New("nothing is ever left by a first creation here")}
	}
	w.engine.Observe(w.now, o)
	w.engine.Tick(w.now)
	w.effects()
}

func failed(class Failure, text string) *CallError {
	return &CallError{Failure: class, Err: errors.New(text)}
}

// read may be torn or stale: each of its three calls may see one of the last states. Or the driver
// has read one of them earlier.
func (w *world) read() BaseRead {
	if w.earlier = !w.earlier && w.one(4, "earlier"); w.earlier {
		i := len(w.history) - 1 - rapid.IntRange(0, 2).Draw(w.t, "how much earlier")
		if i >= 0 && cfn.Stable(w.history[i].description.Status) {
			d := w.history[i].description
			return BaseRead{Before: d, Template: w.history[i].template, After: d, Earlier: true}
		}
	}
	if w.one(20, "unreadable") {
		return BaseRead{Err: errors.New("AccessDenied")}
	}
	stale := w.one(3, "stale")
	w.staleReads = w.staleReads || stale
	look := func(what string) int {
		now := len(w.history) - 1
		if !stale {
			return now
		}
		return max(now-rapid.IntRange(0, 2).Draw(w.t, what), -1)
	}
	before := look("before")
	body, after := before, before
	if w.one(3, "torn") {
		body, after = look("template"), look("after")
	}
	if before < 0 || body < 0 || after < 0 {
		return BaseRead{Absent: true}
	}
	return BaseRead{Before: w.describe(before), Template: w.history[body].template, After: w.describe(after)}
}

// describe is what DescribeStacks says of a state: of the current one, also what runs on it.
func (w *world) describe(i int) Description {
	d := w.history[i].description
	if i == len(w.history)-1 && w.running != nil {
		d.Status, d.LastUpdated = "UPDATE_IN_PROGRESS", w.running.at
	}
	return d
}

func (w *world) createChangeSet(e CreateChangeSet) ChangeSetMade {
	switch {
	case w.one(30, "refused"):
		return ChangeSetMade{Err: failed(Refused, "AccessDenied")}
	case w.one(20, "no reply"):
		return ChangeSetMade{Err: failed(NoReply, "connection reset")}
	case e.First && len(w.history) > 0:
		return ChangeSetMade{Err: failed(Outdated, "Stack already exists and cannot be created again")}
	case w.running != nil, w.stuck():
		return ChangeSetMade{Err: failed(Busy, "can not be updated")}
	}
	for _, other := range w.sets {
		if other.name == e.Name && !other.obsolete {
			err := failed(NameTaken, "AlreadyExists")
			if err.ARN = other.arn; w.one(5, "vanished") {
				err.ARN = ""
			}
			return ChangeSetMade{Err: err}
		}
	}
	set := &modelSet{
		arn: w.id("arn"), name: e.Name, token: e.Token, template: e.Template, revision: e.Revision, first: e.First,
	}
	w.sets[set.arn] = set
	made := ChangeSetMade{ARN: set.arn, StackID: stackID}
	switch {
	case w.one(20, "broken"):
		set.broken = true
		made.Failed = "Template error"
	case w.one(20, "reply lost"):
		return ChangeSetMade{Err: failed(NoReply, "connection reset")}
	case w.one(20, "not described"):
		made.Err = failed(NoReply, "connection reset")
	case !e.First:
		made.Changes = w.current().computed(e.Template)
	}
	return made
}

func (w *world) deleteChangeSet(e DeleteChangeSet) ChangeSetDeleted {
	if w.one(10, "not deleted") {
		return ChangeSetDeleted{Err: failed(NoReply, "connection reset")}
	}
	delete(w.sets, e.ARN)
	return ChangeSetDeleted{}
}

func (w *world) execute(e Execute) Executed {
	set := w.sets[e.ARN]
	switch {
	case w.one(30, "refused"):
		return Executed{failed(Refused, "AccessDenied")}
	case w.one(10, "no reply"):
		return Executed{failed(NoReply, "connection reset")}
	case set == nil || set.obsolete:
		return Executed{failed(Outdated, "OBSOLETE")}
	case w.running != nil, w.stuck():
		return Executed{failed(Busy, "can not be updated")}
	case set.broken:
		w.t.Fatal("a broken change set is executed")
	}
	w.checkExecuted(set, e)
	delete(w.sets, e.ARN)
	w.running = &operation{set: set, at: w.now}
	if w.one(10, "reply lost") {
		return Executed{failed(NoReply, "connection reset")}
	}
	return Executed{}
}

// checkExecuted checks that the members' changes are executed on the actual stack.
func (w *world) checkExecuted(set *modelSet, e Execute) {
	if set.first {
		if len(w.history) > 0 {
			w.t.Fatal("a stack that exists is created")
		}
		return
	}
	if w.engine.round.attempt.purpose == healing {
		w.checkHealing(set)
		return
	}
	var changes []template.Change
	for _, m := range w.batches[e.Token] {
		changes = append(changes, m.Change)
	}
	current := w.current()
	if set.revision != current.revision()+1 {
		w.t.Fatalf("revision %d is executed on revision %d", set.revision, current.revision())
	}
	if want := w.edited(current, changes, e.Token); !reflect.DeepEqual(meaning(want), meaning(set.template)) {
		w.t.Fatalf(
			"a change set is executed that is not the members' changes in the real stack: it would do\n%v\ninstead of\n%v",
			template.Intents(current.template, set.template), template.Intents(current.template, want),
		)
	}
}

// checkHealing: a healing commit modifies what was skipped, and nothing else.
func (w *world) checkHealing(set *modelSet) {
	current := w.current()
	if set.revision != current.revision()+1 {
		w.t.Fatalf("revision %d is executed on revision %d", set.revision, current.revision())
	}
	for _, intent := range template.Intents(current.template, set.template) {
		if intent.LogicalID != template.RevisionMarkerID && (intent.Action != template.Modify || !w.skipped[intent.LogicalID]) {
			w.t.Fatalf("healing would %s %s, which was not skipped", intent.Action, intent.LogicalID)
		}
	}
}

// continueRollback may fail again: with a resource that the update had modified.
func (w *world) continueRollback(e ContinueRollback) Continued {
	switch {
	case w.one(10, "not allowed"):
		return Continued{failed(Refused, "AccessDenied")}
	case w.one(10, "no reply"):
		return Continued{failed(NoReply, "connection reset")}
	case !w.stuck() || w.running != nil:
		return Continued{failed(Busy, "can not be rolled back")}
	}
	for _, id := range e.Skip {
		w.skipped[id] = true
	}
	s := w.current()
	s.description.Status, s.description.LastUpdated = "UPDATE_ROLLBACK_COMPLETE", w.now
	op := &operation{at: w.now, status: "UPDATE_ROLLBACK_COMPLETE"}
	if w.one(2, "fails again") {
		s.description.Status, op.status = "UPDATE_ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED"
		op.stuck = rapid.SampledFrom(s.template.LogicalIDs()).Draw(w.t, "stuck")
	}
	w.push(s)
	w.results[e.Token] = op
	if w.one(10, "reply lost") {
		return Continued{failed(NoReply, "connection reset")}
	}
	return Continued{}
}

// meaning is a template without its spelling, which an edit by hand changes.
func meaning(t *template.Template) any {
	var value any
	if err := json.Unmarshal(t.Encode(), &value); err != nil {
		return err
	}
	return value
}

// resolve does what the driver does: a set that can still be executed is deleted first.
func (w *world) resolve(e ResolveExecution) ExecutionResolved {
	ours := w.results[e.Token] != nil || w.running != nil && w.running.set != nil && w.running.set.token == e.Token
	switch {
	case w.one(3, "undecided"):
		return ExecutionResolved{Undecided}
	case ours:
		return ExecutionResolved{Ours}
	}
	delete(w.sets, e.ARN)
	return ExecutionResolved{NotOurs}
}

// finish ends the running operation.
func (w *world) finish() {
	op := w.running
	w.running = nil
	set := op.set
	if set == nil || !set.first && w.one(4, "rollback") {
		s := w.current()
		s.description.Status, s.description.LastUpdated = "UPDATE_ROLLBACK_COMPLETE", op.at
		s.description.ChangeSetID = w.id("set")
		if set != nil {
			s.description.ChangeSetID = set.arn
		}
		op.status = "UPDATE_ROLLBACK_COMPLETE"
		if set != nil {
			w.fail(op)
		}
		if w.one(4, "rollback fails") {
			s.description.Status, op.status = "UPDATE_ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED"
		}
		w.push(s)
	} else {
		w.succeed(op)
	}
	if set != nil {
		w.results[set.token] = op
	}
}

// fail draws the resource that makes an operation of ours fail: one that it adds or modifies.
func (w *world) fail(op *operation) {
	var ids []string
	for _, intent := range template.Intents(w.current().template, op.set.template) {
		if intent.Action != template.Remove {
			ids = append(ids, intent.LogicalID)
		}
	}
	op.failed = rapid.SampledFrom(ids).Draw(w.t, "failed")
}

func (w *world) succeed(op *operation) {
	set := op.set
	if set.first && w.one(4, "creation fails") {
		op.status, op.failed = "ROLLBACK_COMPLETE", template.RevisionMarkerID // and a person deletes the stack at once
		return
	}
	next := state{template: set.template, description: Description{
		StackID: stackID, Status: "UPDATE_COMPLETE", ChangeSetID: set.arn, LastUpdated: w.now, Protected: !set.first,
		Outputs: map[string]string{},
	}}.withRevision(set.revision)
	op.status = "UPDATE_COMPLETE"
	if set.first {
		next.description.Status, op.status = "CREATE_COMPLETE", "CREATE_COMPLETE"
	} else {
		next.description.Outputs = w.current().description.Outputs
		for _, intent := range template.Intents(w.current().template, set.template) {
			if intent.Action == template.Remove && strings.HasPrefix(intent.LogicalID, "Bucketb") && w.one(4, "undeleted") {
				op.undeleted = intent.LogicalID
			}
		}
	}
	w.push(next)
}

// follow ends the operation if it still runs. The description is the stack's, which may have
// changed since.
func (w *world) follow(e Follow) Finished {
	if w.one(20, "follow fails") {
		return Finished{Err: errors.New("context deadline exceeded")}
	}
	if w.results[e.Token] == nil {
		if w.running == nil || w.running.set == nil || w.running.set.token != e.Token {
			w.t.Fatalf("the engine follows %s, which never ran", e.Token)
		}
		w.finish()
	}
	op := w.results[e.Token]
	var events []Event
	if op.undeleted != "" {
		events = append(
			events,
			Event{LogicalID: op.undeleted, Type: "AWS::S3::Bucket", Status: "DELETE_FAILED", Reason: "not empty"},
		)
	}
	if op.failed != "" {
		events = append(
			events, Event{LogicalID: op.failed, Type: "AWS::X::Y", Status: "CREATE_FAILED", Reason: "Access Denied"},
			Event{LogicalID: stackName, Type: cfn.StackType, Status: "UPDATE_ROLLBACK_IN_PROGRESS"},
		)
	}
	if op.stuck != "" {
		events = append(
			events, Event{LogicalID: op.stuck, Type: "AWS::X::Y", Status: "UPDATE_FAILED", Reason: "still no access"},
		)
	}
	events = append(events, Event{LogicalID: stackName, Type: "AWS::CloudFormation::Stack", Status: op.status})
	if len(w.history) == 0 {
		return Finished{Description: Description{StackID: stackID, Status: op.status}, Events: events}
	}
	return Finished{Description: w.describe(len(w.history) - 1), Events: events}
}

func (w *world) protect() Protected {
	if w.one(10, "not protected") || len(w.history) == 0 {
		return Protected{errors.New("AccessDenied")}
	}
	w.history[len(w.history)-1].description.Protected = true
	return Protected{}
}

// quiesce lets nothing go wrong any more: the engine has to come to rest soon, and the next change
// has to succeed.
func (w *world) quiesce() {
	w.faults = false
	if w.running != nil { // our own too: the engine may have given up following it
		w.finish()
	}
	w.rest()
	for id, r := range w.members {
		if r.done != 1 {
			w.t.Fatalf("member %d is done %d times", id, r.done)
		}
	}
	id := w.submitChange(template.Change{Op: template.Create, Entity: bucket("last", w.id("mine"))}, 0)
	w.rest()
	if r := w.members[id]; r.err != nil || r.done != 1 {
		w.t.Fatalf("nothing goes wrong any more, and the change fails: %v", r.err)
	}
	if _, there := w.current().template.Resource("Bucketlast"); !there {
		w.t.Fatal("the last change is not in the stack")
	}
}

// rest is bounded: a round has under ten calls, and a dead writer's set is waited for in seven
// rounds.
func (w *world) rest() {
	for range 200 {
		if w.outstanding != nil {
			w.respond()
			continue
		}
		at, ok := w.engine.NextTick()
		if !ok {
			break
		}
		w.tick(at)
	}
	if !w.engine.Idle() {
		w.t.Fatalf("the engine doesn't come to rest: phase %s, waiting for %T", phases[w.engine.round.phase], w.outstanding)
	}
}
