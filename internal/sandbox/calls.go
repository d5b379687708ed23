package sandbox

import (
	"maps"
	"sync"
)

// calls counts calls per service and operation, including refused ones, without those of Lambda
// functions, so that a client's own calls are visible.
type calls struct {
	mu    sync.Mutex
	total map[string]map[string]int
}

func (c *calls) count(service, operation string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.total == nil {
		c.total = make(map[string]map[string]int)
	}
	if c.total[service] == nil {
		c.total[service] = make(map[string]int)
	}
	c.total[service][operation]++
}

// Calls returns the number of calls per service (by signing name) and operation since the last
// ResetCalls. Each of the SDK's attempts counts, calls of Lambda functions do not.
func (s *Sandbox) Calls() map[string]map[string]int {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	snapshot := make(map[string]map[string]int, len(s.calls.total))
	for service, operations := range s.calls.total {
		snapshot[service] = maps.Clone(operations)
	}
	return snapshot
}

// ResetCalls resets the counters.
func (s *Sandbox) ResetCalls() {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	s.calls.total = nil
}
