package commit

import (
	"slices"
	"time"
)

// complete decides the outcome of a member. It is delivered when what the failure has left behind
// has been tidied up, as the process may end with it.
func (m *members) complete(one member, err error) {
	m.outcomes = append(m.outcomes, outcome{one, err})
}

// completeBatch decides the outcome of every member of the batch.
func (m *members) completeBatch(err func(member) error) {
	for _, b := range m.batch {
		m.complete(b, err(b))
	}
	m.batch = nil
}

// failAll decides one error for the batch and the members held back from it.
func (m *members) failAll(err error) {
	m.takeHeld()
	m.completeBatch(func(member) error { return err })
}

// deliver tells the members their outcomes.
func (m *members) deliver(now time.Time) {
	for _, o := range m.outcomes {
		m.tell(o.member, o.err)
		m.released++
		m.releasedAt = now
	}
	m.outcomes = nil
}

// deliverTo tells some members their outcomes.
func (m *members) deliverTo(who func(member) bool) {
	m.outcomes = slices.DeleteFunc(m.outcomes, func(o outcome) bool {
		if who(o.member) {
			m.tell(o.member, o.err)
		}
		return who(o.member)
	})
}
