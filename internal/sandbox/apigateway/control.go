package apigateway

import "time"

// All selects all connections where an ID is expected.
const All = "all"

// ConnectionInfo describes an open connection.
type ConnectionInfo struct {
	ID          string    `json:"id"`
	API         string    `json:"api"`
	Stage       string    `json:"stage"`
	SourceIP    string    `json:"source_ip"`
	ConnectedAt time.Time `json:"connected_at"`
	Queued      int       `json:"queued"` // bytes that wait for the client
	Stalled     bool      `json:"stalled"`
	Lost        bool      `json:"lost"`
}

// Connections returns the open connections in order of arrival.
func (s *Service) Connections() []ConnectionInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]ConnectionInfo, 0, len(s.order))
	for _, id := range s.order {
		c := s.connections[id]
		if !c.isOpen {
			continue
		}
		list = append(list, ConnectionInfo{
			ID: id, API: c.stage.settings.API, Stage: c.stage.settings.Stage, SourceIP: c.identity.SourceIP,
			ConnectedAt: c.connectedAt, Queued: c.queued, Stalled: c.stalled, Lost: c.lost,
		})
	}
	return list
}

// Drop breaks connections without a close frame and without calling $disconnect. id may be All. It
// returns the number of connections. Posts are answered by GoneException from now on.
func (s *Service) Drop(id string) int { return s.each(id, func(c *connection) { c.finish(ErrBroken) }) }

// Lose breaks connections as Drop does, but API Gateway notices only after they have been idle for
// IdleLimit.
func (s *Service) Lose(id string) int {
	return s.each(id, func(c *connection) {
		c.lost = true
		c.endClient(ErrBroken)
	})
}

// Stall makes clients stop reading, so that their buffers fill.
func (s *Service) Stall(id string) int {
	return s.each(id, func(c *connection) { c.stalled = true })
}

// Resume reverts Stall.
func (s *Service) Resume(id string) int {
	return s.each(id, func(c *connection) {
		c.stalled = false
		c.signal()
	})
}

// Shutdown closes all connections with 1001, as a server does on exit.
func (s *Service) Shutdown() {
	s.mu.Lock()
	var open []*connection
	for _, id := range s.order {
		if c := s.connections[id]; c.isOpen {
			open = append(open, c)
		}
	}
	s.mu.Unlock()
	for _, c := range open {
		c.close(closeGoingAway, "Going away")
	}
}

func (s *Service) each(id string, f func(*connection)) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	hit := 0
	for other, c := range s.connections {
		if c.isOpen && (id == All || id == other) {
			f(c)
			hit++
		}
	}
	return hit
}
