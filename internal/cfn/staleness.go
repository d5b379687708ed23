package cfn

import "time"

// Limits for repeated reads of a stale stack. CloudFormation's answers are stale for seconds after
// an operation, not for minutes. What stays stale was changed by hand, such as the revision in a
// template.
const (
	StalePatience = 30 * time.Second
	// StaleReads is the minimum number of stale readings, however slow they are, before one is
	// accepted.
	StaleReads = 5
)

// Staleness counts consecutive stale readings of a stack. The zero value has none.
type Staleness struct {
	since time.Time
	reads int
}

// Wait records a reading, and reports whether to wait for a better one. An accepted stale reading
// ends its series.
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
