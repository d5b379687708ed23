package event_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// project is a project in the mirror with its stored events.
type project struct {
	name   string
	epoch  string
	seq    int64
	heads  map[int]event.StackState
	bodies map[int]body
	events []event.Event
	unsent []event.Event // stored, but their writer died before sending them
}

type body struct {
	version  event.StackVersion
	facts    event.Facts
	entities map[model.ID]model.Entity
}

// peer is a client with the messages on their way to and from it.
type peer struct {
	event.Client
	connected bool
	toClient  [][]byte
	toServer  []event.Message

	arrived map[string]bool // the events that have arrived complete
	joiner  event.Joiner
	reading *reading // a snapshot that the server is reading
}

// reading is a snapshot that is being read. What was read can change before the rest is read.
type reading struct {
	project *project
	at      event.Position
	gap     *event.Gap
	commits []event.Commit
	heads   map[int]event.StackState
}

type world struct {
	t        *rapid.T
	now      time.Time
	epochs   int
	projects map[string]*project
	peers    []*peer
}

func (w *world) tick() time.Time {
	w.now = w.now.Add(time.Second)
	return w.now
}

// store appends an event, as the mirror does, and perhaps sends it.
func (w *world) store(p *project, kind event.Type, revision int64, data any) {
	e, err := event.Of(kind, data)
	if err != nil {
		w.t.Fatal(err)
	}
	p.seq++
	e.Project, e.Epoch, e.Seq, e.Revision, e.Time = p.name, p.epoch, p.seq, revision, w.tick()
	p.events = append(p.events, e)
	if rapid.IntRange(0, 3).Draw(w.t, "dies before sending") == 0 {
		p.unsent = append(p.unsent, e)
		return
	}
	w.push(e)
}

func (w *world) push(e event.Event) {
	for _, c := range w.peers {
		if c.connected {
			w.send(c, e)
		}
	}
}

func (w *world) send(c *peer, m event.Message) {
	texts, err := m.Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, text := range texts {
		if len(text) > event.MaxMessage {
			w.t.Fatalf("a text has %d bytes", len(text))
		}
	}
	c.toClient = append(c.toClient, texts...)
}

func (w *world) tell(c *peer, kind event.Type, at event.Message, data any) {
	m, err := event.Of(kind, data)
	if err != nil {
		w.t.Fatal(err)
	}
	m.Project, m.Epoch, m.Seq, m.Time = at.Project, at.Epoch, at.Seq, w.tick()
	w.send(c, m)
}

func (w *world) begin(name string) {
	w.epochs++
	w.projects[name] = &project{
		name: name, epoch: fmt.Sprint("epoch-", w.epochs), heads: map[int]event.StackState{},
		bodies: map[int]body{},
	}
	w.change(w.projects[name])
}

func (w *world) change(p *project) {
	shard := rapid.IntRange(0, 1).Draw(w.t, "shard")
	head, there := p.heads[shard]
	if !there || head.Status == "DELETE_COMPLETE" {
		head = event.StackState{Shard: shard, StackName: fmt.Sprintf("stowage-%s-%d", p.name, shard)}
		head.Version.StackID = fmt.Sprint("arn:", w.now.Unix())
	}
	if head.Status != "" && rapid.Bool().Draw(w.t, "announced") {
		head.Operation = &event.Operation{
			Token:   fmt.Sprint("token-", p.seq),
			Members: []string{"bucket inbox"},
			Started: w.now,
			Expires: w.now.Add(time.Hour),
			Who:     "alice",
		}
		p.heads[shard] = head
		w.store(
			p, event.TypeOperation, head.Revision,
			event.OperationChange{Shard: shard, Version: head.Version, Operation: head.Operation},
		)
		if rapid.IntRange(0, 3).Draw(w.t, "withdrawn") == 0 {
			head.Operation = nil
			p.heads[shard] = head
			w.store(p, event.TypeOperation, head.Revision, event.OperationChange{Shard: shard, Version: head.Version})
			return
		}
	}
	head.Version.LastUpdated, head.Version.Phase, head.Status = w.now, 1, "UPDATE_IN_PROGRESS"
	p.heads[shard] = head
	if rapid.Bool().Draw(w.t, "in progress told") {
		w.store(p, event.TypeStack, head.Revision, event.StackChange{StackState: head})
	}
	change := event.StackChange{Ended: head.Operation}
	head.Operation = nil
	old := p.bodies[shard].entities
	if rapid.IntRange(0, 9).Draw(w.t, "deleted") == 0 {
		head.Version.Phase, head.Status = 7, "DELETE_COMPLETE"
		change.Removed = slices.SortedFunc(maps.Keys(old), model.ID.Compare)
		delete(p.bodies, shard)
	} else {
		head.Version.Phase, head.Status = 4, "UPDATE_COMPLETE"
		head.Revision++
		fresh := body{head.Version, event.Facts{MaxPolicies: 10, Usage: event.Usage{Resources: int(p.seq)}}, maps.Clone(old)}
		if fresh.entities == nil {
			fresh.entities = map[model.ID]model.Entity{}
		}
		for range rapid.IntRange(0, 4).Draw(w.t, "changes") {
			id := model.ID{
				Kind: model.KindBucket,
				Name: rapid.SampledFrom([]string{"inbox", "outbox", "third"}).Draw(w.t, "bucket"),
			}
			if _, there := fresh.entities[id]; there && rapid.Bool().Draw(w.t, "removed") {
				delete(fresh.entities, id)
				change.Put.Buckets = slices.DeleteFunc(change.Put.Buckets, func(b model.Bucket) bool { return b.ID() == id })
				if !slices.Contains(change.Removed, id) {
					change.Removed = append(change.Removed, id)
				}
				continue
			}
			bucket := model.Bucket{Name: id.Name, BucketName: fmt.Sprint("b", p.seq), Tags: map[string]string{}}
			for n := range rapid.SampledFrom([]int{0, 0, 0, 20}).Draw(w.t, "tags") {
				bucket.Tags[fmt.Sprint("tag-", n)] = strings.Repeat("x", 1000)
			}
			fresh.entities[id] = bucket
			change.Put.Buckets = append(
				slices.DeleteFunc(change.Put.Buckets, func(b model.Bucket) bool { return b.ID() == id }), bucket,
			)
			change.Removed = slices.DeleteFunc(change.Removed, func(removed model.ID) bool { return removed == id })
		}
		change.Facts = &fresh.facts
		p.bodies[shard] = fresh
		if rapid.IntRange(0, 9).Draw(w.t, "too large") == 0 {
			change.Facts, change.Put, change.Removed, change.Reload = nil, event.Entities{}, nil, true
		}
	}
	change.StackState = head
	p.heads[shard] = head
	w.store(p, event.TypeStack, head.Revision, change)
}

func (w *world) positions() map[string]event.Position {
	positions := map[string]event.Position{}
	for name, p := range w.projects {
		positions[name] = event.Position{Epoch: p.epoch, Seq: p.seq}
	}
	return positions
}

// sweep sends the unsent events and a heartbeat.
func (w *world) sweep() {
	for _, name := range slices.Sorted(maps.Keys(w.projects)) {
		p := w.projects[name]
		for _, e := range p.unsent {
			w.push(e)
		}
		p.unsent = nil
	}
	for _, c := range w.peers {
		if c.connected {
			w.tell(c, event.TypeHeartbeat, event.Message{}, event.Heartbeat{Projects: w.positions()})
		}
	}
}

func (w *world) serve(c *peer) {
	if c.reading != nil {
		w.read(c)
		return
	}
	if len(c.toServer) == 0 {
		return
	}
	m := c.toServer[0]
	c.toServer = c.toServer[1:]
	switch m.Type {
	case event.TypeHello:
		hello, err := m.Hello()
		if err != nil {
			w.t.Fatal(err)
		}
		w.tell(
			c, event.TypeWelcome, event.Message{},
			event.Welcome{Protocol: "1.0", HeartbeatSeconds: 60, Projects: w.positions(), Ends: w.now},
		)
		for _, name := range slices.Sorted(maps.Keys(w.projects)) {
			if at, known := hello.Projects[name]; known {
				w.resume(c, w.projects[name], &at)
			} else {
				w.resume(c, w.projects[name], nil)
			}
			for c.reading != nil {
				w.read(c)
			}
		}
	case event.TypeResume, event.TypeSnapshot:
		p := w.projects[m.Project]
		if p == nil {
			w.tell(
				c, event.TypeError, event.Message{Project: m.Project},
				event.Error{Code: event.CodeUnknownProject, Message: "there is no such project", Request: m.Type},
			)
			return
		}
		at := m.Position()
		if m.Type == event.TypeSnapshot {
			w.resume(c, p, nil)
		} else {
			w.resume(c, p, &at)
		}
	default:
		w.t.Fatalf("a client sent a %s", m.Type)
	}
}

func (w *world) resume(c *peer, p *project, last *event.Position) {
	current := event.Position{Epoch: p.epoch, Seq: p.seq}
	var stored []event.Event
	if last != nil {
		for _, e := range p.events {
			if e.Seq > last.Seq {
				stored = append(stored, e)
			}
		}
	}
	reply := event.Resume(last, current, stored)
	at := event.Message{Project: p.name, Epoch: current.Epoch, Seq: current.Seq}
	if reply.Gap != nil {
		w.tell(c, event.TypeGap, at, reply.Gap)
	}
	for _, e := range reply.Events {
		w.send(c, e)
	}
	if reply.Snapshot {
		c.reading = &reading{project: p, at: current, gap: reply.Gap, commits: event.Commits(p.events)}
	} else if len(reply.Events) == 0 {
		w.tell(c, event.TypeHeartbeat, event.Message{}, event.Heartbeat{Projects: w.positions()})
	}
}

// read continues a snapshot. It reads the heads first and the bodies later, with any changes in
// between.
func (w *world) read(c *peer) {
	r := c.reading
	if r.heads == nil {
		r.heads = maps.Clone(r.project.heads)
		return
	}
	c.reading = nil
	snapshot := event.Snapshot{Stacks: []event.StackSnapshot{}, Commits: r.commits, Gap: r.gap}
	for _, n := range slices.Sorted(maps.Keys(r.heads)) {
		stack := event.StackSnapshot{StackState: r.heads[n]}
		if body, there := r.project.bodies[n]; there {
			stack.Contents, stack.Facts = &body.version, &body.facts
			for _, id := range slices.SortedFunc(maps.Keys(body.entities), model.ID.Compare) {
				stack.Entities.Add(body.entities[id])
			}
		}
		snapshot.Stacks = append(snapshot.Stacks, stack)
	}
	w.tell(c, event.TypeSnapshot, event.Message{Project: r.project.name, Epoch: r.at.Epoch, Seq: r.at.Seq}, snapshot)
}

// connect opens a connection and replaces any other.
func (w *world) connect(c *peer) {
	c.connected, c.toClient, c.toServer, c.reading = true, nil, []event.Message{c.Hello()}, nil
}

func (w *world) disconnect(c *peer) {
	c.connected, c.toClient, c.toServer, c.reading = false, nil, nil, nil
}

// deliver passes a text to a client and checks the effect on its views.
func (w *world) deliver(c *peer, text []byte) {
	before := map[string]event.View{}
	for _, name := range c.Projects() {
		before[name] = copied(c.View(name))
	}
	m := decode(w.t, text)
	whole, ok, err := c.joiner.Add(m)
	if err != nil {
		w.t.Fatal(err)
	}
	if ok && (whole.Type == event.TypeStack || whole.Type == event.TypeOperation) {
		c.arrived[place(whole.Project, whole.Position())] = true
	}
	send, err := c.Receive(text)
	if err != nil {
		w.t.Fatal(err)
	}
	c.toServer = append(c.toServer, send...)
	for name, old := range before {
		if now := c.View(name); now != nil {
			w.checkStep(c, &old, now)
		}
	}
}

func place(project string, at event.Position) string {
	return fmt.Sprintf("%s %s %d", project, at.Epoch, at.Seq)
}

func copied(v *event.View) event.View {
	view := *v
	view.Stacks = map[int]*event.StackView{}
	for n, stack := range v.Stacks {
		s := *stack
		view.Stacks[n] = &s
	}
	return view
}

// checkStep fails when a view goes back, or skips an event that has not arrived without recording
// the gap.
func (w *world) checkStep(c *peer, old, now *event.View) {
	if old.Position.Epoch == now.Position.Epoch {
		if now.Position.Seq < old.Position.Seq {
			w.t.Fatalf("%s went from %v to %v", now.Project, old.Position, now.Position)
		}
		for n, had := range old.Stacks {
			has := now.Stacks[n]
			if has == nil || has.Version.OlderThan(had.Version) || has.Contents.OlderThan(had.Contents) {
				w.t.Fatalf("stack %d of %s went back", n, now.Project)
			}
		}
	}
	at := old.Position
	told := now.Gaps[len(old.Gaps):]
	for at != now.Position {
		if len(told) > 0 && told[0].From == at {
			at, told = told[0].To, told[1:]
			continue
		}
		at.Seq++
		if at.Epoch != now.Position.Epoch || at.Seq > now.Position.Seq || !c.arrived[place(now.Project, at)] {
			w.t.Fatalf(
				"%s went from %v to %v, but %v never arrived and no gap was told: %v", now.Project, old.Position,
				now.Position, at, now.Gaps,
			)
		}
	}
}

// settle brings everything to an end: all clients connect, and nothing is lost any more.
func (w *world) settle() {
	drain := func() {
		for busy := true; busy; {
			busy = false
			for _, c := range w.peers {
				for len(c.toClient) > 0 {
					text := c.toClient[0]
					c.toClient = c.toClient[1:]
					w.deliver(c, text)
					busy = true
				}
				for len(c.toServer) > 0 || c.reading != nil {
					w.serve(c)
					busy = true
				}
			}
		}
	}
	for _, c := range w.peers {
		if !c.connected {
			w.connect(c)
		}
	}
	for range 3 { // a lost answer is requested again at the second heartbeat after the request
		drain()
		w.sweep()
	}
	drain()
}

// check fails unless every client equals the mirror.
func (w *world) check() {
	for i, c := range w.peers {
		if got, want := c.Projects(), slices.Sorted(maps.Keys(w.projects)); !slices.Equal(got, want) {
			w.t.Fatalf("client %d shows the projects %v, not %v", i, got, want)
		}
		for name, p := range w.projects {
			v := c.View(name)
			if !c.Complete(name) || v.Position != (event.Position{Epoch: p.epoch, Seq: p.seq}) {
				w.t.Fatalf(
					"client %d is at %v of %s, which is at %s %d; complete: %v", i, v.Position, name, p.epoch, p.seq,
					c.Complete(name),
				)
			}
			want := map[int]*event.StackView{}
			for n, head := range p.heads {
				want[n] = &event.StackView{StackState: head, Entities: map[model.ID]model.Entity{}}
				if body, there := p.bodies[n]; there {
					want[n].Facts, want[n].Entities = &body.facts, body.entities
				}
			}
			if diff := cmp.Diff(
				want, v.Stacks, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(event.StackView{}, "Contents"),
			); diff != "" {
				w.t.Fatalf("client %d, %s: %s", i, name, diff)
			}
			commits := event.Commits(p.events)
			if got := v.Commits[max(0, len(v.Commits)-len(commits)):]; !cmp.Equal(got, commits, cmpopts.EquateEmpty()) {
				w.t.Fatalf("client %d, %s: commits %v, want %v", i, name, got, commits)
			}
		}
	}
}

// Messages are lost, late, repeated or reordered; senders die at any moment; clients disconnect.
// Once everything works again, every client equals the mirror, and every skipped event is in a gap.
func TestClients_ConvergeToMirror(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{t: t, now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), projects: map[string]*project{}}
		for range 2 {
			w.peers = append(w.peers, &peer{arrived: map[string]bool{}})
		}
		w.begin("demo")
		someone := func(t *rapid.T) *peer { return rapid.SampledFrom(w.peers).Draw(t, "client") }
		some := func(t *rapid.T) *project {
			names := slices.Sorted(maps.Keys(w.projects))
			if len(names) == 0 {
				t.Skip("there is no project")
			}
			return w.projects[rapid.SampledFrom(names).Draw(t, "project")]
		}
		// flying returns a text on its way, the oldest or any, and optionally removes it.
		flying := func(t *rapid.T, c *peer, remove bool) []byte {
			if len(c.toClient) == 0 {
				t.Skip("nothing is on its way")
			}
			n := 0
			if rapid.IntRange(0, 2).Draw(t, "overtakes") == 0 {
				n = rapid.IntRange(0, len(c.toClient)-1).Draw(t, "which")
			}
			text := c.toClient[n]
			if remove {
				c.toClient = slices.Delete(slices.Clone(c.toClient), n, n+1)
			}
			return text
		}
		deliver := func(t *rapid.T) {
			c := someone(t)
			w.deliver(c, flying(t, c, true))
		}
		serve := func(t *rapid.T) { w.serve(someone(t)) }
		change := func(t *rapid.T) { w.change(some(t)) }
		t.Repeat(map[string]func(*rapid.T){
			"change": change, "change again": change,
			"deliver": deliver, "deliver another": deliver, "deliver a third": deliver,
			"deliver twice": func(t *rapid.T) {
				c := someone(t)
				w.deliver(c, flying(t, c, false))
			},
			"lose":  func(t *rapid.T) { flying(t, someone(t), true) },
			"serve": serve, "serve another": serve,
			"lose a request": func(t *rapid.T) {
				if c := someone(t); len(c.toServer) > 0 {
					c.toServer = c.toServer[1:]
				}
			},
			"sweep":      func(*rapid.T) { w.sweep() },
			"connect":    func(t *rapid.T) { w.connect(someone(t)) },
			"disconnect": func(t *rapid.T) { w.disconnect(someone(t)) },
			"expire": func(t *rapid.T) {
				p := some(t)
				p.events = slices.Clone(p.events[rapid.IntRange(0, len(p.events)).Draw(t, "events"):])
			},
			"begin anew": func(t *rapid.T) {
				if rapid.IntRange(0, 4).Draw(t, "really") == 0 {
					w.begin(rapid.SampledFrom([]string{"demo", "other"}).Draw(t, "project"))
				}
			},
			"delete a project": func(t *rapid.T) {
				if rapid.IntRange(0, 4).Draw(t, "really") == 0 {
					delete(w.projects, some(t).name)
				}
			},
		})
		w.settle()
		w.check()
	})
}
