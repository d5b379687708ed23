package apigateway

import "time"

// All stands for all connections where an id is asked for.
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

// Connections lists the open connections in the order in which they came.
func (g *Gateway) Connections() []ConnectionInfo {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := make([]ConnectionInfo, 0, len(g.order))
	for _, id := range g.order {
		c := g.connections[id]
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

// Drop breaks connections without a close frame and without a call of $disconnect; id may be All, and Drop says how many it
// hit. Posts are answered by GoneException from now on.
func (g *Gateway) Drop(id string) int { return g.each(id, func(c *connection) { c.finish(ErrBroken) }) }

// Lose breaks connections as Drop does, but API Gateway doesn't notice before they have been idle for IdleLimit.
func (g *Gateway) Lose(id string) int {
	return g.each(id, func(c *connection) {
		c.lost = true
		c.endClient(ErrBroken)
	})
}

// Stall makes clients stop reading, so that their buffers fill.
func (g *Gateway) Stall(id string) int {
	return g.each(id, func(c *connection) { c.stalled = true })
}

// Resume undoes Stall.
func (g *Gateway) Resume(id string) int {
	return g.each(id, func(c *connection) {
		c.stalled = false
		c.signal()
	})
}

// Shutdown closes all connections with 1001, as a server that ends does.
func (g *Gateway) Shutdown() {
	g.mu.Lock()
	var open []*connection
	for _, id := range g.order {
		if c := g.connections[id]; c.isOpen {
			open = append(open, c)
		}
	}
	g.mu.Unlock()
	for _, c := range open {
		c.close(closeGoingAway, "Going away")
	}
}

func (g *Gateway) each(id string, f func(*connection)) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	hit := 0
	for other, c := range g.connections {
		if c.isOpen && (id == All || id == other) {
			f(c)
			hit++
		}
	}
	return hit
}
