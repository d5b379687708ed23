package simulation

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// # Ownership
//
// A writer has a state like that of a Terraform configuration: the incarnations that it holds. It
// creates with a new one, and changes and deletes what it holds or has just imported. Its updates
// are planned from what it has read, and applied then or later. It replaces entities in three
// orders: destroying first, creating first (the old one is deposed), and both at once, as when the
// address of a resource changes.

// replace is a replacement of an entity. The history contains its creation and deletion.
const replace Action = "replace"

// holding is how a step handles an entity that another writer may hold.
type holding struct {
	imports bool          // it imports what it finds, even with another incarnation
	saved   time.Duration // between the plan and the apply of an update
	field   int           // changed by an update: 0, 1, or 2 for both
	order   int           // of a replacement
	offset  time.Duration // between concurrent deletion and creation
}

// furnish creates some entities in half of the seeds, so that there are more conflicts.
func (w *world) furnish(p *process) {
	if w.holds.IntN(2) == 0 {
		return
	}
	tags := map[string]string{"v": "first", "w": "firstw"}
	for _, name := range []string{"b0", "b1"} {
		p.mustCreate(model.Bucket{
			Name: name, BucketName: model.DefaultBucketName(project, name, account, region), Lifecycle: model.DefaultLifecycle(),
			OnDelete: model.Refuse, Tags: tags,
		})
	}
	p.mustCreate(model.User{Name: "u0", Tags: tags})
	p.mustCreate(model.Permission{User: "u0", Bucket: "b0", Access: model.Read})
}

func (p *process) mustCreate(e model.Entity) {
	if _, err := p.do(change{action: Create, entity: e, incarnation: p.name}); err != nil {
		p.w.problem("setup", "%v", err)
	}
}

// The orders of a replacement.
const (
	destroyFirst = iota
	createFirst
	atOnce
	orders
)

func drawHolding(r *rand.Rand) holding {
	h := holding{
		imports: r.IntN(2) == 0, field: r.IntN(3), order: r.IntN(orders),
		offset: time.Duration(1+r.IntN(2000)) * time.Millisecond,
	}
	if r.IntN(2) == 0 {
		h.saved = time.Duration(r.IntN(60_000)) * time.Millisecond
	}
	if r.IntN(2) == 0 {
		h.offset = -h.offset
	}
	return h
}

// state is the set of incarnations that a writer holds. It outlives a crash of its process.
type state struct {
	mu   sync.Mutex
	held map[model.ID]string
}

func newState() *state { return &state{held: map[model.ID]string{}} }

// take returns the incarnation with which a step changes an entity that it sees with another one.
func (s *state) take(id model.ID, seen string, imports bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if held, there := s.held[id]; there && !imports {
		return held
	}
	s.held[id] = seen
	return seen
}

func (s *state) set(id model.ID, incarnation string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[id] = incarnation
}

// drop forgets an incarnation, unless another one has replaced it.
func (s *state) drop(id model.ID, incarnation string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[id] == incarnation {
		delete(s.held, id)
	}
}

func (p *process) step(s step, held *state) {
	switch s.action {
	case CachedRead, Read:
		p.look()
	case Create:
		p.create(s.entity, p.name+"-"+s.name, held)
	case Update:
		p.update(s, held)
	case Delete:
		p.delete(s, held)
	case replace:
		p.replace(s, held)
	}
}

// create creates an entity with a new incarnation, and reports whether it succeeded.
func (p *process) create(e model.Entity, incarnation string, held *state) bool {
	outcome, _ := p.do(change{action: Create, entity: e, incarnation: incarnation})
	if outcome == Done {
		held.set(e.ID(), incarnation)
	}
	return outcome == Done
}

// update plans an update of a field, and applies the plan immediately or later.
func (p *process) update(s step, held *state) {
	view := p.look()
	if view == nil {
		return
	}
	id := s.entity.ID()
	prior, there := view.Contents.Of(id)
	if !there { // an update returns that it is gone
		_, _ = p.do(change{action: Update, entity: s.entity, any: true})
		return
	}
	incarnation := held.take(id, view.Contents.IncarnationOf(id), s.how.imports)
	time.Sleep(s.how.saved)
	if !p.crashed() {
		_, _ = p.do(change{action: Update, entity: changed(prior, s), prior: prior, incarnation: incarnation})
	}
}

func changed(e model.Entity, s step) model.Entity {
	switch e := e.(type) {
	case model.Bucket:
		e.Tags = retagged(e.Tags, s)
		return e
	case model.User:
		e.Tags = retagged(e.Tags, s)
		return e
	}
	return s.entity
}

func retagged(tags map[string]string, s step) map[string]string {
	tags = maps.Clone(tags)
	if s.how.field != 1 {
		tags["v"] = s.name
	}
	if s.how.field != 0 {
		tags["w"] = s.name + "w"
	}
	return tags
}

// delete deletes what the writer holds or imports.
func (p *process) delete(s step, held *state) {
	view := p.look()
	if view == nil {
		return
	}
	id := s.entity.ID()
	incarnation := held.take(id, view.Contents.IncarnationOf(id), s.how.imports)
	p.forget(s.entity, incarnation, held)
}

// forget deletes an entity of an incarnation, and reports whether it has left the state.
func (p *process) forget(e model.Entity, incarnation string, held *state) bool {
	outcome, _ := p.do(change{action: Delete, entity: e, incarnation: incarnation})
	if outcome == Done || outcome == NotOwner {
		held.drop(e.ID(), incarnation)
		return true
	}
	return false
}

// replace replaces what the writer holds or imports with the same settings. Terraform does so in a
// process of its own.
func (p *process) replace(s step, held *state) {
	r := p.w.start("replacer", 10_000+p.n*100+s.number)
	stop := p.onCrash(r.crash)
	defer r.cancel()
	defer stop()
	view := r.look()
	if view == nil {
		return
	}
	id := s.entity.ID()
	e, there := view.Contents.Of(id)
	if !there {
		r.create(s.entity, r.name, held)
		return
	}
	old := held.take(id, view.Contents.IncarnationOf(id), s.how.imports)
	switch s.how.order {
	case destroyFirst:
		if r.forget(e, old, held) {
			r.create(e, r.name, held)
		}
	case createFirst:
		if r.create(e, r.name, held) {
			r.forget(e, old, held)
		}
	case atOnce:
		var group sync.WaitGroup
		group.Go(func() {
			time.Sleep(max(-s.how.offset, 0))
			r.forget(e, old, held)
		})
		group.Go(func() {
			time.Sleep(max(s.how.offset, 0))
			r.create(e, r.name, held)
		})
		group.Wait()
	}
}

// onCrash calls a function when the process crashes, until it is stopped.
func (p *process) onCrash(do func()) (stop func()) {
	stopped := make(chan struct{})
	go func() {
		select {
		case <-p.dead:
			do()
		case <-stopped:
		}
	}()
	return func() { close(stopped) }
}

func (h holding) String() string {
	return fmt.Sprintf(
		"imports %v, saved %s, field %d, order %d, offset %s", h.imports, h.saved, h.field, h.order, h.offset,
	)
}
