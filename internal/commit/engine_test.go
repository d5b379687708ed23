package commit

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// TestTranscripts plays the scripts of testdata, one scenario a file, against the engine, and
// compares the transcript. It is written anew with
//
//	go test ./internal/commit -run TestTranscripts -rewrite
//
// Commit a changed transcript only when you can say, line by line, why the engine does something
// else now.
//
// The script plays the driver: it tells the engine what happens, in virtual time. After each
// command the harness ticks, and prints the effects, one a line with the time since the start, then
// the engine's phase. An answer to a call that the engine did not make fails the test, as does a
// second call while one is outstanding.
//
// States of the stack (they print nothing):
//
//	stack name=s1 revision=7 [status=UPDATE_COMPLETE] [reason=(AWS's words)] [protected=false]
//	create bucket inbox tag=a          what is in it, one change a line
//	edit name=s2 from=s1               the state after another writer's commit of the changes
//	update bucket inbox tag=b
//	hand name=s3 from=s2               a person's edit of the template; the revision stays
//	tag bucket inbox=c                 ... of a bucket's tag v
//	remove Carrier                     ... of a whole resource
//	parameter remove                   ... of the revision parameter
//	again name=s4 from=s3 revision=9 status=UPDATE_IN_PROGRESS
//	                                   the same template with another description
//
// What happens:
//
//	submit id=1 [deadline=30s] [n=10] create bucket inbox
//	                                   n: that many buckets inbox-1 ... with ids from id on; deadline: from now
//	cancel id=1
//	advance 200ms                      ticks where the engine asks for it
//	base s1 [earlier]                  Read's answer; base before=s1 after=s2 [template=s1] is a torn read; earlier: it was
//	                                   read before the engine asked
//	base absent | base error=(no access)
//	made against=s1 [replace=Bucketinbox:True]
//	                                   the change set is computed against that state
//	made failed=(reason)
//	Bucketinbox AWS::S3::Bucket NAME_CONFLICT_VALIDATION it exists
//	                                   what the validation found, if it tells
//	made error=busy|outdated|gone|noreply|refused|invalid | made error=taken [arn=other]
//	deleted [error=busy]
//	executed [error=busy|outdated|gone|noreply|refused]
//	resolved ours|notours|undecided
//	finished status=UPDATE_COMPLETE [name=s5] [reason=(AWS's words)] [later=s6]
//	Bucketinbox AWS::S3::Bucket UPDATE_FAILED Access Denied
//	                                   Follow's answer and its events; name: the state that it leaves; later: another
//	                                   writer's state, which the description shows already
//	finished error=(lost it)
//	protected [error=(no)]
//	continued [error=...] | cleared [error=(no)]
//	show s5                            revision, logical ids and tags of a state
func TestTranscripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			h := &harness{t: t, now: began, states: map[string]state{}, names: map[string]string{}, config: config()}
			datadriven.RunTest(t, path, h.command)
		})
	}
}

type harness struct {
	t           *testing.T
	config      Config
	engine      *Engine
	now         time.Time
	states      map[string]state
	names       map[string]string // hashes in the transcript, by a short name
	outstanding Effect
	created     CreateChangeSet // the last one
	sets        int
	out         strings.Builder
}

func (h *harness) command(t *testing.T, d *datadriven.TestData) string {
	h.t = t
	h.out.Reset()
	switch d.Cmd {
	case "create-stack":
		h.config.Create = true
	case "stack", "edit", "hand", "again":
		h.define(d)
		return ""
	case "show":
		return h.show(h.state(d.CmdArgs[0].Key))
	}
	if h.engine == nil {
		h.engine = New(h.config)
	}
	switch d.Cmd {
	case "create-stack":
		return ""
	case "submit":
		h.submit(d)
	case "cancel":
		h.engine.Cancel(h.now, MemberID(number(t, value(d, "id", ""))))
	case "advance":
		h.advance(duration(t, d.CmdArgs[0].Key))
	default:
		h.answer(d)
	}
	h.engine.Tick(h.now)
	h.effects()
	h.summary()
	return h.out.String()
}

func value(d *datadriven.TestData, key, otherwise string) string {
	if arg, ok := d.Arg(key); ok {
		return strings.Join(arg.Vals, ", ")
	}
	return otherwise
}

func number(t testing.TB, text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func duration(t testing.TB, text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (h *harness) state(name string) state {
	s, ok := h.states[name]
	if !ok {
		h.t.Fatalf("there is no state %q", name)
	}
	return s
}

func (h *harness) changes(d *datadriven.TestData) []template.Change {
	var changes []template.Change
	for line := range strings.Lines(d.Input) {
		changes = append(changes, parseChange(h.t, strings.Fields(line)))
	}
	return changes
}

// define makes a state. States are a minute apart, in the order of their definition.
func (h *harness) define(d *datadriven.TestData) {
	name := value(d, "name", "")
	at, set := began.Add(time.Duration(len(h.states)-100)*time.Minute), "set of "+name
	var s state
	switch d.Cmd {
	case "stack":
		s = newState(h.t, number(h.t, value(d, "revision", "1")), set, at, h.changes(d)...)
	case "edit":
		s = h.state(value(d, "from", "")).committed(h.t, "token-of-"+name, set, at, h.changes(d)...)
	case "again":
		s = h.state(value(d, "from", ""))
		s.description.LastUpdated, s.description.ChangeSetID = at, set
		s = s.withRevision(number(h.t, value(d, "revision", strconv.FormatInt(s.revision(), 10))))
	case "hand":
		s = h.hand(d, h.state(value(d, "from", "")), set, at)
	}
	s.description.Status = value(d, "status", "UPDATE_COMPLETE")
	s.description.StatusReason = value(d, "reason", "")
	s.description.Protected = value(d, "protected", "true") == "true"
	h.states[name] = s
}

func (h *harness) hand(d *datadriven.TestData, s state, set string, at time.Time) state {
	for line := range strings.Lines(d.Input) {
		words := strings.Fields(line)
		switch words[0] {
		case "tag":
			name, tag, _ := strings.Cut(words[2], "=")
			s = s.byHand(h.t, set, at, func(resources map[string]any) { handTag(resources, name, tag) })
		case "remove":
			s = s.byHand(h.t, set, at, func(resources map[string]any) { delete(resources, words[1]) })
		case "parameter":
			s.description.Parameters = map[string]string{}
		default:
			h.t.Fatalf("no such edit by hand: %s", line)
		}
	}
	return s
}

// handTag changes the tag v of a bucket in a decoded template, in its properties only: a person
// doesn't know the metadata.
func handTag(resources map[string]any, bucket, tag string) {
	properties := resources["Bucket"+strings.ReplaceAll(bucket, "-", "X")].(map[string]any)["Properties"].(map[string]any)
	tags, _ := properties["Tags"].([]any)
	tags = slices.DeleteFunc(slices.Clone(tags), func(t any) bool { return t.(map[string]any)["Key"] == "v" })
	properties["Tags"] = append(tags, map[string]any{"Key": "v", "Value": tag})
}

// show prints what of a state can be lost: its resources and their tags v.
func (h *harness) show(s state) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s, revision %d\n", s.description.Status, s.revision())
	for _, id := range s.template.LogicalIDs() {
		if strings.HasPrefix(id, "BucketPolicy") ||
			!slices.ContainsFunc(
				[]string{"Bucket", "User", "Policy", "Carrier"}, func(p string) bool { return strings.HasPrefix(id, p) },
			) {
			continue
		}
		fmt.Fprint(&out, "  ", id)
		tags, _ := s.template.Properties(id)["Tags"].([]any)
		for _, tag := range tags {
			if tag := tag.(map[string]any); tag["Key"] == "v" {
				fmt.Fprintf(&out, " v=%v", tag["Value"])
			}
		}
		fmt.Fprintln(&out)
	}
	return out.String()
}

func (h *harness) submit(d *datadriven.TestData) {
	var words []string
	for _, arg := range d.CmdArgs {
		if !slices.Contains([]string{"id", "deadline", "n"}, arg.Key) {
			words = append(words, arg.String())
		}
	}
	var deadline time.Time
	if text := value(d, "deadline", ""); text != "" {
		deadline = h.now.Add(duration(h.t, text))
	}
	first := MemberID(number(h.t, value(d, "id", "")))
	if n := value(d, "n", ""); n != "" {
		for i := range number(h.t, n) {
			numbered := slices.Clone(words)
			numbered[2] += fmt.Sprintf("-%d", i+1)
			h.engine.Submit(h.now, Member{ID: first + MemberID(i), Change: parseChange(h.t, numbered), Deadline: deadline})
		}
		return
	}
	h.engine.Submit(h.now, Member{ID: first, Change: parseChange(h.t, words), Deadline: deadline})
}

func (h *harness) advance(by time.Duration) {
	end := h.now.Add(by)
	for range 1000 {
		at, ok := h.engine.NextTick()
		if !ok || at.After(end) {
			h.now = end
			return
		}
		if at.After(h.now) {
			h.now = at
		}
		h.engine.Tick(h.now)
		h.effects()
	}
	h.t.Fatal("the engine wants to be ticked for ever")
}

// failures are the names of the classes of failed calls, and what AWS says.
var failures = map[string]CallError{
	"busy":     {Failure: Busy, Err: errors.New("the stack is in UPDATE_IN_PROGRESS state and can not be updated")},
	"outdated": {Failure: Outdated, Err: errors.New("ChangeSetNotFound")},
	"taken":    {Failure: NameTaken, ARN: "arn:other", Err: errors.New("AlreadyExistsException")},
	"gone":     {Failure: Gone, Err: errors.New("no such stack")},
	"noreply":  {Failure: NoReply, Err: errors.New("connection reset")},
	"refused":  {Failure: Refused, Err: errors.New("AccessDenied: not authorized")},
	"invalid":  {Failure: Invalid, Err: errors.New("ValidationError: Template format error")},
}

func (h *harness) callError(d *datadriven.TestData) *CallError {
	name := value(d, "error", "")
	if name == "" {
		return nil
	}
	failed, ok := failures[name]
	if !ok {
		h.t.Fatalf("no failure %q", name)
	}
	failed.ARN = value(d, "arn", failed.ARN)
	return &failed
}

// answer gives the engine the answer to the outstanding call.
func (h *harness) answer(d *datadriven.TestData) {
	var observation Observation
	var to Effect
	switch d.Cmd {
	case "base":
		to, observation = Read{}, h.baseRead(d)
	case "made":
		to, observation = CreateChangeSet{}, h.made(d)
	case "deleted":
		to, observation = DeleteChangeSet{}, ChangeSetDeleted{Err: h.callError(d)}
	case "executed":
		to, observation = Execute{}, Executed{Err: h.callError(d)}
	case "resolved":
		owner := map[string]ExecutionOwner{"ours": Ours, "notours": NotOurs, "undecided": Undecided}[d.CmdArgs[0].Key]
		to, observation = ResolveExecution{}, ExecutionResolved{Owner: owner}
	case "finished":
		to, observation = Follow{}, h.finished(d)
	case "protected":
		o := Protected{}
		if text := value(d, "error", ""); text != "" {
			o.Err = errors.New(text)
		}
		to, observation = Protect{}, o
	case "continued":
		to, observation = ContinueRollback{}, Continued{Err: h.callError(d)}
	case "cleared":
		o := Cleared{}
		if text := value(d, "error", ""); text != "" {
			o.Err = errors.New(text)
		}
		to, observation = Clear{}, o
	default:
		h.t.Fatalf("%s: no command %q", d.Pos, d.Cmd)
	}
	if reflect.TypeOf(to) != reflect.TypeOf(h.outstanding) {
		h.t.Fatalf("%s: %s answers %T, but the engine waits for %T", d.Pos, d.Cmd, to, h.outstanding)
	}
	h.outstanding = nil
	h.engine.Observe(h.now, observation)
}

func (h *harness) baseRead(d *datadriven.TestData) BaseRead {
	if d.HasArg("absent") {
		return BaseRead{Absent: true}
	}
	if text := value(d, "error", ""); text != "" {
		return BaseRead{Err: errors.New(text)}
	}
	before := value(d, "before", d.CmdArgs[0].Key)
	after := value(d, "after", before)
	return BaseRead{
		Before: h.state(before).description, After: h.state(after).description,
		Template: h.state(value(d, "template", after)).template, Earlier: d.HasArg("earlier"),
	}
}

func (h *harness) made(d *datadriven.TestData) ChangeSetMade {
	if err := h.callError(d); err != nil {
		return ChangeSetMade{Err: err}
	}
	h.sets++
	made := ChangeSetMade{
		ARN: fmt.Sprintf("arn:set-%d", h.sets), StackID: stackID, Failed: value(d, "failed", ""),
		Findings: h.events(d),
	}
	if against := value(d, "against", ""); against != "" {
		made.Changes = h.state(against).computed(h.created.Template)
	}
	if updated := value(d, "updated", ""); updated != "" {
		made.StackUpdated = h.state(updated).description.LastUpdated
	}
	if id, replacement, ok := strings.Cut(value(d, "replace", ""), ":"); ok {
		for i := range made.Changes {
			if made.Changes[i].LogicalID == id {
				made.Changes[i].Replacement = replacement
			}
		}
	}
	return made
}

func (h *harness) finished(d *datadriven.TestData) Finished {
	if text := value(d, "error", ""); text != "" {
		return Finished{Err: errors.New(text)}
	}
	follow := h.outstanding.(Follow)
	if follow.ARN == "" {
		return h.recovered(d)
	}
	after := state{template: h.created.Template, description: Description{
		StackID: stackID, Status: value(d, "status", ""), StatusReason: value(d, "reason", ""), ChangeSetID: follow.ARN,
		LastUpdated: h.now, Protected: !h.created.First, Outputs: map[string]string{template.KeyOutput: keyARN},
	}}.withRevision(h.created.Revision)
	if name := value(d, "name", ""); name != "" {
		h.states[name] = after
	}
	finished := Finished{Description: after.description, Events: h.events(d)}
	if later := value(d, "later", ""); later != "" {
		finished.Description = h.state(later).description
	}
	return finished
}

// recovered is the end of a continued rollback: it leaves the stack as it is.
func (h *harness) recovered(d *datadriven.TestData) Finished {
	return Finished{Description: Description{StackID: stackID, Status: value(d, "status", "")}, Events: h.events(d)}
}

func (h *harness) events(d *datadriven.TestData) []Event {
	var events []Event
	for line := range strings.Lines(d.Input) {
		words := strings.SplitN(strings.TrimSpace(line), " ", 4)
		event := Event{Time: h.now, LogicalID: words[0], Type: words[1], Status: words[2]}
		if len(words) > 3 {
			event.Reason = words[3]
		}
		events = append(events, event)
	}
	return events
}

// effects prints what the engine asks for and keeps the outstanding call.
func (h *harness) effects() {
	for _, effect := range h.engine.Effects() {
		switch effect.(type) {
		case Done, Announce, Committed, Superseded, Unhealed, Unchanged:
		default:
			if h.outstanding != nil {
				h.t.Fatalf("the engine asks for %T while %T is outstanding", effect, h.outstanding)
			}
			h.outstanding = effect
		}
		fmt.Fprintf(&h.out, "%s %s\n", h.clock(h.now), h.describe(effect))
	}
}

func (h *harness) clock(at time.Time) string { return at.Sub(began).String() }

func (h *harness) describe(effect Effect) string {
	switch e := effect.(type) {
	case Read:
		return "Read"
	case CreateChangeSet:
		h.created = e
		return h.describeSet(e)
	case DeleteChangeSet:
		return "DeleteChangeSet " + e.ARN
	case Announce:
		ids := make([]string, len(e.Members))
		for i, id := range e.Members {
			ids[i] = id.String()
		}
		return fmt.Sprintf("Announce %s: %s", e.Token, list(ids))
	case Execute:
		return fmt.Sprintf("Execute %s, token %s", e.ARN, e.Token)
	case ResolveExecution:
		return fmt.Sprintf("ResolveExecution %s, token %s", e.ARN, e.Token)
	case Follow:
		return fmt.Sprintf("Follow %s, token %s", e.ARN, e.Token)
	case Superseded:
		return "Superseded"
	case Unchanged:
		return fmt.Sprintf("Unchanged revision %d", e.Revision)
	case Protect:
		return "Protect"
	case ContinueRollback:
		return fmt.Sprintf("ContinueRollback token %s, skip [%s]", e.Token, list(e.Skip))
	case Clear:
		return "Clear"
	case Unhealed:
		return fmt.Sprintf("Unhealed [%s]: %s", list(e.LogicalIDs), list(e.Reasons))
	case Committed:
		return fmt.Sprintf("Committed revision %d by %s", e.Revision, e.Token)
	case Done:
		if e.Err == nil {
			return fmt.Sprintf("Done %d: ok", e.Member)
		}
		var after *model.ExplainedError
		if errors.As(e.Err, &after) && after.Explanation.Changed == model.ChangedPartly {
			return fmt.Sprintf("Done %d: after a change, %T: %v", e.Member, after.Err, after)
		}
		return fmt.Sprintf("Done %d: %T: %v", e.Member, e.Err, e.Err)
	}
	return fmt.Sprintf("%T", effect)
}

// describeSet says what a change set is to do to the base. Its name is a hash, so it is numbered.
func (h *harness) describeSet(e CreateChangeSet) string {
	if h.names[e.Name] == "" {
		h.names[e.Name] = fmt.Sprintf("name-%d", len(h.names)+1)
	}
	text := fmt.Sprintf("CreateChangeSet %s, token %s, revision %d", h.names[e.Name], e.Token, e.Revision)
	if e.First {
		return text + ", first: " + list(e.Template.LogicalIDs())
	}
	var actions []string
	for _, intent := range template.Intents(h.engine.round.base.template, e.Template) {
		actions = append(actions, string(intent.Action)+" "+intent.LogicalID)
	}
	return text + ": " + list(actions)
}

// list prints some of many.
func list(texts []string) string {
	if len(texts) > 8 {
		return fmt.Sprintf("%s ... (%d)", strings.Join(texts[:3], ", "), len(texts))
	}
	return strings.Join(texts, ", ")
}

var phases = map[phase]string{
	idle:       "idle",
	gathering:  "gathering",
	reading:    "reading",
	pausing:    "pausing",
	making:     "making",
	discarding: "discarding",
	executing:  "executing",
	resolving:  "resolving",
	following:  "following",
	protecting: "protecting",
	continuing: "continuing",
	clearing:   "clearing",
}

func (h *harness) summary() {
	fmt.Fprintf(&h.out, "= %s %s", h.clock(h.now), phases[h.engine.round.phase])
	if n := h.engine.Waiting(); n > 0 {
		fmt.Fprintf(&h.out, ", %d queued", n)
	}
	if n := h.engine.InFlight(); n > 0 {
		fmt.Fprintf(&h.out, ", %d in flight", n)
	}
	if at, ok := h.engine.NextTick(); ok {
		fmt.Fprintf(&h.out, ", tick at %s", h.clock(at))
	}
	if h.engine.Idle() != (h.engine.round.phase == idle && h.engine.Waiting() == 0) || h.engine.Idle() && h.outstanding != nil {
		h.t.Fatalf("the engine is idle: %v, with %T outstanding", h.engine.Idle(), h.outstanding)
	}
	fmt.Fprintln(&h.out)
}
