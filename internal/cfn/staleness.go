package cfn

import "time"

// How long a stack is read again that was read stale. The answers of CloudFormation are stale for seconds after an operation,
// not for minutes: what stays stale was changed by hand, such as the revision in a template.
const (
	StalePatience = 30 * time.Second
	// StaleReads is the fewest readings that it takes to believe that, however slow they are.
	StaleReads = 5
)

// Staleness counts the stale readings of a stack that come one after the other. The zero value has seen none.
type Staleness struct {
	since time.Time
	reads int
}

// Wait notes a reading, and reports whether to wait for a better one. A stale one that is believed is the last of its row.
func (s *Staleness) Wait(now time.Time, stale bool) bool {
	if !stale {
		*s = Staleness{}
		return false
	}
	if s.reads++; s.reads == 1 {
		s.since = now
	}
	if s.reads < StaleReads || now.Sub(s.since) < StalePatience {
		return true
	}
	*s = Staleness{}
	return false
}
