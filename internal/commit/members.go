package commit

import (
	"slices"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// MemberID is the submitter's name of a member.
type MemberID uint64

// Member is one change waiting to be committed.
type Member struct {
	ID       MemberID
	Change   template.Change
	Deadline time.Time
}

type member struct {
	Member
	arrived  time.Time
	deferred bool // it has waited for one more batch already
	// remains are what a rollback could not delete of what the member had made. They block the next
	// attempt.
	remains []string
	left    left
}

// members are those without a delivered outcome: queued, in the batch, held back from it, or
// decided.
type members struct {
	stack       string
	effects     *effects
	queue       []member // for the next batch
	batch       []member // being committed
	attribution attribution
	outcomes    []outcome // decided, to be delivered

	released   int // members that have got their outcome since the last batch was closed
	releasedAt time.Time
}

func (m *members) submit(now time.Time, submitted Member) {
	m.queue = append(m.queue, member{Member: submitted, arrived: now})
}

func (m *members) closesAt() time.Time {
	// Members that arrived during the last commit wait with those that it released.
	first, last := later(m.queue[0].arrived, m.releasedAt), later(m.queue[len(m.queue)-1].arrived, m.releasedAt)
	latest, closes := first.Add(Linger), last.Add(Quiet)
	if len(m.queue) < m.released && first.Sub(m.releasedAt) < Linger || closes.After(latest) {
		return latest
	}
	return closes
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func (m *members) closeBatch() { m.batch, m.queue, m.released = m.queue, nil, 0 }

func (m *members) takeHeld() { m.batch = append(m.batch, m.attribution.release()...) }

// inFlight counts the batch and those held back from it.
func (m *members) inFlight() int {
	n := len(m.batch)
	for _, held := range m.attribution.held() {
		n += len(held)
	}
	return n
}

func (m *members) inBatch(id MemberID) bool {
	return slices.ContainsFunc(m.batch, func(b member) bool { return b.ID == id })
}

func (m *members) changes() []template.Change {
	changes := make([]template.Change, len(m.batch))
	for i, b := range m.batch {
		changes[i] = b.Change
	}
	return changes
}

func (m *members) ids() []MemberID {
	var ids []MemberID
	for _, b := range m.batch {
		ids = append(ids, b.ID)
	}
	return ids
}

func (m *members) entities() []model.ID {
	var ids []model.ID
	for _, b := range m.batch {
		ids = append(ids, b.Change.Entity.ID())
	}
	return ids
}

func (m *members) deadlines(each func(time.Time)) {
	for _, waiting := range append(m.attribution.held(), m.queue, m.batch) {
		for _, w := range waiting {
			each(w.Deadline)
		}
	}
	for _, o := range m.outcomes {
		each(o.Deadline)
	}
}

// leave takes members out of the queue and of those held back, with an error.
func (m *members) leave(who func(member) bool, why func(member) error) {
	m.queue = m.without(m.queue, who, why)
	m.attribution.filter(func(held []member) []member { return m.without(held, who, why) })
}

// leaveBatch takes members out of the batch, and reports whether there were any.
func (m *members) leaveBatch(who func(member) bool, why func(member) error) bool {
	before := len(m.batch)
	m.batch = m.without(m.batch, who, why)
	return len(m.batch) != before
}

func (m *members) without(from []member, who func(member) bool, why func(member) error) []member {
	return slices.DeleteFunc(from, func(one member) bool {
		if !who(one) {
			return false
		}
		m.tell(one, why(one))
		return true
	})
}

// awaitDeletions leaves creations of entities that the batch deletes to the next batch, and reports
// whether there were any.
func (m *members) awaitDeletions(now time.Time, errs []error) bool {
	var stay []member
	for i, b := range m.batch {
		if !model.IsConflict(errs[i], model.ConflictAwaitsDeletion) {
			stay = append(stay, b)
			continue
		}
		b.arrived = now
		m.queue = append(m.queue, b)
	}
	waits := len(stay) < len(m.batch)
	m.batch = stay
	return waits
}

// refuse gives members that can't be committed their errors. A permission without its user or
// bucket waits for one more batch. On a base that may be stale the error is a *StaleTemplateError.
func (m *members) refuse(now time.Time, errs []error, maybeStale bool) {
	var stay []member
	for i, b := range m.batch {
		switch {
		case errs[i] == nil:
			stay = append(stay, b)
		case !b.deferred && model.IsNotFound(errs[i], model.NotFoundParent, model.NotFoundServer):
			b.deferred, b.arrived = true, now
			m.queue = append(m.queue, b)
		case maybeStale:
			m.complete(b, &StaleTemplateError{m.stack, errs[i]})
		default:
			m.complete(b, errs[i])
		}
	}
	m.batch = stay
}

func (m *members) unnamed(text string) []cause {
	return []cause{{reason: text, unnamed: true, owners: m.ids()}}
}

// attribute decides the culprits of a failed commit. The batch is then what to commit again.
func (m *members) attribute(f failure) {
	again, culprits, everybody := m.attribution.failed(m.batch, f)
	if everybody {
		m.failAll(&CommitError{Stack: m.stack, Status: f.status, Reasons: reasons(f.causes), Err: f.err})
		return
	}
	m.batch, m.outcomes = again, append(m.outcomes, culprits...)
}

func (m *members) committed(ids []MemberID) {
	next, culprits := m.attribution.succeeded(ids)
	m.batch, m.outcomes = next, append(m.outcomes, culprits...)
}
