package projects

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"sync"

	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// memory is what this process has read of a project, updated with its own commits.
type memory struct {
	project *project
	reading flights[*View] // by generation

	mu   sync.Mutex // guards the fields below; never held during a call or a wait
	view *View
	// absence is the error that the last reading returned instead of a view (see isAbsence). Like a
	// view, it is stored until this process changes the project.
	absence error
	// generation is raised when a reading in progress may have missed a change. Its result is not
	// stored.
	generation int
	// drifts are the comparisons with AWS that this process made, by stack.
	drifts map[int]*mirror.Drift
}

// compared records what a comparison with AWS has found in a stack.
func (m *memory) compared(n int, drift *mirror.Drift) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.drifts == nil {
		m.drifts = map[int]*mirror.Drift{}
	}
	m.drifts[n] = drift
	if m.view != nil {
		m.view = newView(m.project.name, m.view.shards).withDrifts(m.merged(m.view.drifts))
	}
}

// repaired records that an entity of a stack was repaired in AWS.
func (m *memory) repaired(n int, id model.ID) {
	m.mu.Lock()
	have := m.drifts[n]
	if have == nil && m.view != nil {
		have = m.view.drifts[n]
	}
	m.mu.Unlock()
	if have == nil {
		return
	}
	left := *have
	left.Drift = have.Drift.Without(id)
	m.compared(n, &left)
}

// merged returns the drifts of the mirror, or those that this process has found unless the mirror
// has a later comparison. The caller holds the lock.
func (m *memory) merged(drifts map[int]*mirror.Drift) map[int]*mirror.Drift {
	all := maps.Clone(drifts)
	if all == nil {
		all = map[int]*mirror.Drift{}
	}
	for n, found := range m.drifts {
		if all[n] == nil || !all[n].Checked.After(found.Checked) {
			all[n] = found
		}
	}
	return all
}

// withCompared returns a view with the comparisons with AWS that this process made.
func (m *memory) withCompared(v *View) *View {
	m.mu.Lock()
	defer m.mu.Unlock()
	if v == nil || len(m.drifts) == 0 {
		return v
	}
	return newView(m.project.name, v.shards).withDrifts(m.merged(v.drifts))
}

// get returns the stored view or absence, or the result of read. Callers share a reading.
func (m *memory) get(ctx context.Context, read func(context.Context) (*View, error)) (*View, error) {
	for {
		view, generation, absence := m.stored()
		if view != nil || absence != nil {
			return view, absence
		}
		view, err := m.reading.do(ctx, strconv.Itoa(generation), func(ctx context.Context) (*View, error) {
			if view, now, absence := m.stored(); now == generation && (view != nil || absence != nil) {
				return view, absence // stored by the previous reading
			}
			view, err := read(ctx)
			m.store(generation, view, err)
			return view, err
		})
		if err != nil {
			return nil, err
		}
		// Commits during the reading are included for callers that ask afterwards.
		if view = m.newest(view); view != nil {
			return view, nil
		}
	}
}

func (m *memory) stored() (view *View, generation int, absence error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.view, m.generation, m.absence
}

// current returns the stored view; nil for none.
func (m *memory) current() *View {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.view
}

// store stores the result of a reading, unless the reading may have missed a change.
func (m *memory) store(generation int, v *View, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.generation != generation {
		return
	}
	switch {
	case m.view != nil: // a later commit has stored a newer view
	case err == nil:
		m.view = m.newest(v)
	case isAbsence(err):
		m.absence = err
	}
}

// isAbsence reports whether another reading would return the same error: the project is not in the
// directory, its stack does not exist, or its template is invalid. Errors of calls and results of a
// stale template are not absences.
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

// newest returns a view with this process's later commits; nil when it has more stacks since.
func (m *memory) newest(v *View) *View {
	name := m.project.name
	for n, read := range v.shards {
		sh := m.project.reached(n)
		if sh == nil || read == nil {
			continue
		}
		if latest := sh.latest(read); latest != read {
			if v = v.with(name, n, latest); v == nil {
				return nil
			}
		}
	}
	return v
}

// lookAgain discards a stored absence, for a caller that is about to change the project.
func (m *memory) lookAgain() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.absence = nil
}

// registered records that the directory lists the project.
func (m *memory) registered() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forgetAbsence()
}

// forgetAbsence discards a stored absence. The caller holds the lock.
func (m *memory) forgetAbsence() {
	m.absence = nil
	if m.view == nil {
		m.generation++
	}
}

// supersede discards what this process has read of the project. It lacks the latest commit; the
// next read finds that and the changes of other writers.
func (m *memory) supersede() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.view, m.absence = nil, nil
	m.generation++
}

// remember stores what a stack holds.
func (m *memory) remember(n int, read *shardRead) {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer m.forgetAbsence()
	name := m.project.name
	switch {
	case n == 0 && read.contents.Project == nil:
	case m.view != nil && n < len(m.view.shards):
		m.view = m.view.with(name, n, read)
	case n == 0 && read.shards() == 1:
		m.view = newView(name, []*shardRead{read})
	case m.view != nil && n == len(m.view.shards): // it is being added
	default:
		m.view = nil
	}
}
