package commit

import (
	"fmt"
	"time"
)

// UnservedPatience is how long change sets are asked for while AWS does not serve the calls for
// them. The SDK alone repeats a call for seven minutes.
const UnservedPatience = 10 * time.Minute

// unserved is the last call that AWS did not serve, with what is to be told about it when members
// give up.
type unserved struct {
	operation string
	err       error
	since     time.Time // the first attempt of those without a success in between
}

// Error names the call and AWS's answer.
func (u *unserved) Error() string {
	if u.operation == "" {
		return u.err.Error()
	}
	return u.operation + ": " + u.err.Error()
}

func (u *unserved) Unwrap() error { return u.err }

// attempted notes an attempt of a call. An attempt that succeeded ends what is known of that call.
func (e *Engine) attempted(now time.Time, a Attempt) {
	same := e.unserved != nil && e.unserved.operation == a.Operation
	switch {
	case a.Err == nil && same:
		e.unserved = nil
	case a.Err == nil:
	case same:
		e.unserved.err = a.Err
	default:
		e.unserved = &unserved{operation: a.Operation, err: a.Err, since: now}
	}
}

// lastAnswer is what AWS answered to the last call that it did not serve; nil when it serves all.
func (e *Engine) lastAnswer() error {
	if e.unserved == nil {
		return nil
	}
	return e.unserved
}

// notServed repeats a change set's call that AWS did not serve, and gives up after UnservedPatience.
func (e *Engine) notServed(now time.Time, err *CallError) {
	if e.unserved == nil {
		e.unserved = &unserved{err: err, since: now}
	}
	if now.Sub(e.unserved.since) < UnservedPatience {
		e.repeat(now)
		return
	}
	last := e.lastAnswer()
	patience := now.Sub(e.unserved.since).Round(time.Minute)
	e.unserved, e.base = nil, nil
	if e.attempt.purpose == healing {
		e.unhealed(now, []string{last.Error()})
		return
	}
	e.failEverybody(&CommitError{
		Stack: e.config.Stack, Err: err, Unserved: true,
		Reasons: []string{fmt.Sprintf("AWS did not serve the calls for %s: %s", minutes(patience), last)},
	})
	e.abandon(now)
}

func minutes(d time.Duration) string { return fmt.Sprintf("%d minutes", int(d.Minutes())) }
