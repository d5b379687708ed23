package commit

import "time"

// complete decides the outcome of a member. It is delivered when what the failure has left behind
// has been tidied up, as the process may end with it.
func (e *Engine) complete(m member, err error) {
	e.outcomes = append(e.outcomes, outcome{m, err})
}

// completeBatch decides the outcome of every member of the batch.
func (e *Engine) completeBatch(err func(member) error) {
	for _, m := range e.batch {
		e.complete(m, err(m))
	}
	e.batch = nil
}

// failEverybody decides one error for the batch and the members held back from it.
func (e *Engine) failEverybody(err error) {
	e.batch = append(e.batch, e.attribution.release()...)
	e.completeBatch(func(member) error { return err })
}

// deliver tells the members their outcomes.
func (e *Engine) deliver(now time.Time) {
	for _, o := range e.outcomes {
		e.tell(o.member, o.err)
		e.released++
		e.releasedAt = now
	}
	e.outcomes = nil
}
