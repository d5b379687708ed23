package commit

import (
	"fmt"
	"time"
)

// UnservedPatience is how long calls for change sets are repeated while AWS does not serve them.
// The SDK alone repeats a call for seven minutes.
const UnservedPatience = 10 * time.Minute

// unserved is the last call that AWS did not serve, for the error of members that give up.
type unserved struct {
	operation string
	err       error
	since     time.Time // the first attempt of those without a success in between
}

func (u *unserved) Error() string {
	if u.operation == "" {
		return u.err.Error()
	}
	return u.operation + ": " + u.err.Error()
}

func (u *unserved) Unwrap() error { return u.err }

type availability struct {
	last *unserved // nil: it serves all
}

// attempted notes an attempt of a call. A successful one clears what is known of that call.
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

func (a *availability) served() { a.last = nil }

// outage returns how long AWS has not served calls, after one has just failed.
func (a *availability) outage(now time.Time, err error) time.Duration {
	if a.last == nil {
		a.last = &unserved{err: err, since: now}
	}
	return now.Sub(a.last.since)
}

// answer is AWS's answer to the last call that it did not serve; nil if it serves all.
func (a *availability) answer() error {
	if a.last == nil {
		return nil
	}
	return a.last
}

func minutes(d time.Duration) string { return fmt.Sprintf("%d minutes", int(d.Minutes())) }
