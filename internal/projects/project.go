package projects

import (
	"context"
	"errors"
	"sync"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// project is what the process knows of a project.
type project struct {
	name       string
	rereading  series[*View] // of the templates
	refreshing rounds        // the mirror
	publishing series[struct{}]

	mu   sync.Mutex // protects what follows; never held during a call or a wait
	view *View
	// absence is what the last reading returned instead of a view (see isAbsence). Like a view, it is kept until this process
	// changes the project.
	absence error
	reading *call[*View]
	growing *call[struct{}]
	shards  map[int]*shard // those that have been reached
	changes map[model.ID]*underWay
	// deletions are the entities that this process is asked to delete, with a channel each that is closed when it has.
	deletions map[model.ID]chan struct{}
	// created are the incarnations of the entities that this process has created and not deleted since.
	created map[model.ID]string
	// overflow is by user where the permissions go that its own stack has no room for: those that are made at once have to go
	// to one place, as their policies would get the same names in two.
	overflow map[string]int
	scarce   map[string]bool // users of whom it was said that they have few policies left
}

// underWay is a change of an entity that this process is making. There is one at a time for each entity.
type underWay struct {
	shard int           // where it is being made; 0 while it isn't known
	done  chan struct{} // closed when it has been made, or has failed
}

func (s *Service) project(name string) *project {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.projects[name]
	if p == nil {
		p = &project{name: name, shards: map[int]*shard{}, changes: map[model.ID]*underWay{}, deletions: map[model.ID]chan struct{}{}, created: map[model.ID]string{}, overflow: map[string]int{}, scarce: map[string]bool{}}
		s.projects[name] = p
	}
	return p
}

// Read returns a project as the read mode says. It returns a model.NotFoundProject error when the directory has no such project, and
// a model.NotFoundStack error when the directory has it and its account hasn't.
func (s *Service) Read(ctx context.Context, name string) (*View, error) {
	p := s.project(name)
	for {
		p.mu.Lock()
		view, absence, reading := p.view, p.absence, p.reading
		if view == nil && absence == nil && reading == nil {
			reading = begin(ctx, func(ctx context.Context) (*View, error) { return s.read(ctx, p) }, p.settle)
			p.reading = reading
		}
		p.mu.Unlock()
		if view != nil || absence != nil {
			return view, absence
		}
		view, err := reading.wait(ctx)
		if err != nil {
			return nil, err
		}
		// What was committed while it was read counts for those who ask afterwards.
		p.mu.Lock()
		view = p.newest(view)
		p.mu.Unlock()
		if view != nil {
			return view, nil
		}
	}
}

// settle takes over what was read, unless something was committed in the meantime that the reading may not have seen.
func (p *project) settle(reading *call[*View], v *View, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reading != reading {
		return
	}
	p.reading = nil
	switch {
	case p.view != nil: // a commit in the meantime knows better
	case err == nil:
		p.view = p.newest(v)
	case isAbsence(err):
		p.absence = err
	}
}

// isAbsence reports whether an error is an answer that another reading would return again: the project is not in the directory, its
// stack is not there, or what was read cannot be understood. Errors of calls are not, nor is anything that a stale template says.
func isAbsence(err error) bool {
	var (
		stale      *staleDirectoryError
		unreadable *unreadableError
	)
	switch {
	case errors.As(err, &stale):
		return false
	case model.IsNotFound(err, model.NotFoundProject, model.NotFoundDirectory, model.NotFoundStack):
		return true
	}
	return errors.Is(err, template.ErrNotJSON) || errors.Is(err, template.ErrTransform) || errors.As(err, &unreadable)
}

// forgetAbsence makes the next reading look again. The caller holds the lock.
func (p *project) forgetAbsence() {
	p.absence = nil
	if p.view == nil { // a reading that is under way may be of before
		p.reading = nil
	}
}

// register notes that the directory lists the project from now on.
func (p *project) register() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forgetAbsence()
}

// readForWrite is Read for a caller that is about to change the project: an absence that was found earlier is looked into again.
func (s *Service) readForWrite(ctx context.Context, name string) (*View, error) {
	p := s.project(name)
	p.mu.Lock()
	p.absence = nil
	p.mu.Unlock()
	return s.Read(ctx, name)
}

// newest is a view with what this process has committed since; nil when it has seen more stacks since. The caller holds the lock.
func (p *project) newest(v *View) *View {
	for n, read := range v.shards {
		if d := p.shards[n]; d != nil && read != nil {
			if latest := d.latest(read); latest != read {
				if v = v.with(p.name, n, latest); v == nil {
					return nil
				}
			}
		}
	}
	return v
}

// supersede forgets what this process has read of the project: what it has just committed isn't in that, and the next read
// finds it together with what somebody else has done since.
func (p *project) supersede() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.view, p.absence, p.reading = nil, nil, nil
}

// remember makes what a stack holds what this process reads of its project.
func (p *project) remember(n int, read *shardRead) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.forgetAbsence()
	switch {
	case n == 0 && read.contents.Project == nil:
	case p.view != nil && n < len(p.view.shards):
		p.view = p.view.with(p.name, n, read)
	case n == 0 && read.shards() == 1:
		p.view = newView(p.name, []*shardRead{read})
	case p.view != nil && n == len(p.view.shards): // it is being opened
	default:
		p.view = nil
	}
}

// reached is a stack of the project that this process has reached; nil for another one.
func (p *project) reached(n int) *shard {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shards[n]
}

// keep keeps a stack that was reached; of several the first counts, as there is one engine for a stack.
func (p *project) keep(d *shard) *shard {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shards[d.n] == nil {
		p.shards[d.n] = d
	}
	return p.shards[d.n]
}

// begin waits until this process makes no other change of an entity, and notes that one is under way. end must be called when
// it is over. waited reports whether there was another one: then what was read before is old.
func (p *project) begin(ctx context.Context, id model.ID) (end func(), waited bool, err error) {
	for {
		p.mu.Lock()
		u := p.changes[id]
		if u == nil {
			u = &underWay{done: make(chan struct{})}
			p.changes[id] = u
			p.mu.Unlock()
			return func() { p.end(id, u) }, waited, nil
		}
		p.mu.Unlock()
		waited = true
		select {
		case <-u.done:
		case <-ctx.Done():
			return nil, waited, ctx.Err()
		}
	}
}

func (p *project) end(id model.ID, u *underWay) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.changes, id)
	close(u.done)
}

// deleting notes that this process is asked to delete an entity. end must be called when the deletion is over.
func (p *project) deleting(id model.ID) (end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.deletions[id] != nil {
		return func() {}
	}
	over := make(chan struct{})
	p.deletions[id] = over
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.deletions, id)
		close(over)
	}
}

// deletion is closed when the deletion of an entity that this process is asked for is over; nil when it is asked for none.
func (p *project) deletion(id model.ID) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.deletions[id]
}

// hasCreated notes that this process has created an entity; "" notes that it has deleted it.
func (p *project) hasCreated(id model.ID, incarnation string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if incarnation == "" {
		delete(p.created, id)
		return
	}
	p.created[id] = incarnation
}

// hasMade reports whether this process has created an entity and not deleted it since.
func (p *project) hasMade(id model.ID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.created[id] != ""
}

// twin reports whether an entity is one that this process has created itself: then two resources of one run have its name.
func (p *project) twin(id model.ID, incarnation string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return incarnation != "" && p.created[id] == incarnation
}

// placed notes in which stack a change is being made.
func (p *project) placed(id model.ID, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if u := p.changes[id]; u != nil {
		u.shard = n
	}
}

// overflows notes where permissions of a user go that its own stack has no room for, unless that is known and not full. It
// returns where they go.
func (p *project) overflows(user string, n int, full map[int]bool) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at, known := p.overflow[user]; known && !full[at] {
		return at
	}
	p.overflow[user] = n
	return n
}

// home is the stack in which this process is making a change of an entity; 0 when it isn't.
func (p *project) home(id model.ID) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if u := p.changes[id]; u != nil {
		return u.shard
	}
	return 0
}

// await waits for the changes that this process is making to any of the entities. It says whether there were any.
func (p *project) await(ctx context.Context, ids ...model.ID) (waited bool, err error) {
	for _, id := range ids {
		p.mu.Lock()
		u := p.changes[id]
		p.mu.Unlock()
		if u == nil {
			continue
		}
		waited = true
		select {
		case <-u.done:
		case <-ctx.Done():
			return waited, ctx.Err()
		}
	}
	return waited, nil
}
