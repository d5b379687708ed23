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

// availability is whether AWS serves the calls of an engine.
type availability struct {
	last *unserved // nil: it serves all
}

// attempted notes an attempt of a call. An attempt that succeeded ends what is known of that call.
func (a *availability) attempted(now time.Time, o Attempt) {
	same := a.last != nil && a.last.operation == o.Operation
	switch {
	case o.Err == nil && same:
		a.last = nil
	case o.Err == nil:
	case same:
		a.last.err = o.Err
	default:
		a.last = &unserved{operation: o.Operation, err: o.Err, since: now}
	}
}

// served notes that AWS serves the calls again.
func (a *availability) served() { a.last = nil }

// outage is how long AWS has not served calls, after one has just failed.
func (a *availability) outage(now time.Time, err error) time.Duration {
	if a.last == nil {
		a.last = &unserved{err: err, since: now}
	}
	return now.Sub(a.last.since)
}

// answer is what AWS answered to the last call that it did not serve; nil when it serves all.
func (a *availability) answer() error {
	if a.last == nil {
		return nil
	}
	return a.last
}

func minutes(d time.Duration) string { return fmt.Sprintf("%d minutes", int(d.Minutes())) }
