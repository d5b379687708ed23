package apigateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// CloseError is the end of a connection, as the client sees it.
type CloseError struct {
	Code   int
	Reason string
}

func (e *CloseError) Error() string {
	return fmt.Sprintf("apigateway: the connection is closed: %d %s", e.Code, e.Reason)
}

// ErrBroken is returned to a client whose connection ended without a close frame.
var ErrBroken = errors.New("apigateway: the connection broke")

var (
	errGone = errors.New("apigateway: the connection is gone")
	errFull = errors.New("apigateway: the client's buffer is full")
)

// connection is one client, as API Gateway sees it. Its transport (a socket, or a simulation in
// memory) takes messages with next and delivers the client's with receive.
type connection struct {
	stage       *Stage
	ctx         context.Context //nolint:containedctx // what the client's context holds reaches the functions
	id          string
	identity    identity
	authorizer  map[string]string // set before the connection is open
	connectedAt time.Time

	// The gateway's lock guards the fields below.
	isOpen     bool
	closed     error // what the client sees after the end
	lost       bool  // the client is disconnected and API Gateway does not know
	stalled    bool
	lastActive time.Time
	queue      [][]byte
	queued     int // bytes
	requests   int
	idle, life *time.Timer
	wake       chan struct{} // holds a token when next should check again
	ended      chan struct{} // closed when the client's side has ended
}

// requestID returns the ID of the connection's n-th request; 0 is the one that connects.
func (c *connection) requestID(n int) string { return identifier(c.id, n) }

// begin opens the connection and starts its timers.
func (c *connection) begin() {
	g := c.stage.gateway
	g.mu.Lock()
	defer g.mu.Unlock()
	c.isOpen = true
	goAway := func() { c.close(closeGoingAway, "Going away") }
	c.idle, c.life = time.AfterFunc(IdleLimit, goAway), time.AfterFunc(LifeLimit, goAway)
}

// forget removes a refused connection.
func (c *connection) forget() {
	g := c.stage.gateway
	g.mu.Lock()
	defer g.mu.Unlock()
	c.remove()
}

func (c *connection) remove() {
	g := c.stage.gateway
	delete(g.connections, c.id)
	g.order = slices.DeleteFunc(g.order, func(id string) bool { return id == c.id })
}

// touch records a message in either direction. Pings do not count (unproven: websocket-pings).
func (c *connection) touch() {
	c.lastActive = time.Now().UTC()
	c.idle.Reset(IdleLimit)
}

func (c *connection) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// post adds a message to the client's buffer. The gateway's lock is held.
func (c *connection) post(message []byte) error {
	switch {
	case !c.isOpen:
		return errGone
	case c.lost:
		return nil
	case c.queued+len(message) > c.stage.settings.Buffer && c.queued > 0:
		return errFull
	}
	c.queue, c.queued = append(c.queue, message), c.queued+len(message)
	c.touch()
	c.signal()
	return nil
}

// next waits for the next message to the client. It returns messages posted before the end first.
// Only one goroutine may wait.
func (c *connection) next(ctx context.Context) ([]byte, error) {
	g := c.stage.gateway
	for {
		g.mu.Lock()
		if len(c.queue) > 0 && !c.stalled {
			message := c.queue[0]
			c.queue, c.queued = c.queue[1:], c.queued-len(message)
			g.mu.Unlock()
			return message, nil
		}
		closed := c.closed
		g.mu.Unlock()
		if closed != nil {
			return nil, closed
		}
		select {
		case <-c.wake:
		case <-c.ended:
		case <-ctx.Done():
			return nil, fmt.Errorf("apigateway: receive: %w", ctx.Err())
		}
	}
}

// close ends the connection; the first call determines how. $disconnect runs in its own goroutine.
func (c *connection) close(code int, reason string) {
	g := c.stage.gateway
	g.mu.Lock()
	defer g.mu.Unlock()
	if !c.isOpen {
		return
	}
	c.finish(&CloseError{Code: code, Reason: reason})
	if function := c.stage.settings.Routes["$disconnect"]; function != "" {
		c.requests++
		event := proxyEvent{RequestContext: c.context("$disconnect", "DISCONNECT", c.requestID(c.requests))}
		event.RequestContext.DisconnectStatusCode, event.RequestContext.DisconnectReason = code, &reason
		event.Headers = map[string]string{"Host": c.stage.Domain(), "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
		event.MultiValueHeaders = map[string][]string{
			"Host": {c.stage.Domain()}, "x-api-key": {""}, "X-Forwarded-For": {""}, "x-restapi": {""},
		}
		go func() { _, _ = g.call(c.ctx, function, c.stage.arn("$disconnect"), event) }() // best effort: failures are ignored
	}
}

// leave ends the connection after the client has disconnected, unless that is known.
func (c *connection) leave(code int, reason string) {
	if c.end() == nil {
		c.close(code, reason)
	}
}

// end returns how the client's side has ended; nil while it is open.
func (c *connection) end() error {
	g := c.stage.gateway
	g.mu.Lock()
	defer g.mu.Unlock()
	return c.closed
}

// finish ends the connection without calling a function. The gateway's lock is held.
func (c *connection) finish(how error) {
	c.isOpen = false
	c.idle.Stop()
	c.life.Stop()
	c.remove()
	c.endClient(how)
}

// endClient ends the client's side, unless it has ended. The gateway's lock is held.
func (c *connection) endClient(how error) {
	if c.closed != nil {
		return
	}
	c.closed = how
	if errors.Is(how, ErrBroken) {
		c.queue, c.queued = nil, 0 // messages in transit are lost
	}
	close(c.ended)
}

// receive handles a client's message that arrived in frames of at most largest bytes.
func (c *connection) receive(message []byte, largest int) {
	if largest > MaxFrame || len(message) > MaxMessage {
		c.close(closeTooBig, "Message too big")
		return
	}
	g := c.stage.gateway
	g.mu.Lock()
	if !c.isOpen || c.closed != nil {
		g.mu.Unlock()
		return
	}
	c.touch()
	c.requests++
	request := c.requestID(c.requests)
	admitted := c.stage.throttle.admit(time.Now())
	g.mu.Unlock()

	if !admitted { // unproven: api-throttled-message
		c.tell("Too Many Requests", request)
		return
	}
	route := c.stage.route(message)
	if route == "" {
		c.tell("Forbidden", request)
		return
	}
	// A client's messages start functions without waiting for one another (unproven:
	// websocket-message-order).
	event := proxyEvent{RequestContext: c.context(route, "MESSAGE", request), Body: string(message)}
	event.RequestContext.MessageID = identifier(request, "message")
	go func() {
		if _, err := g.call(c.ctx, c.stage.settings.Routes[route], c.stage.arn(route), event); err != nil {
			c.tell("Internal server error", request)
		}
	}()
}

// tell sends a client API Gateway's own message, which is lost when the client's buffer is full.
func (c *connection) tell(message, request string) {
	body, err := json.Marshal(map[string]string{"message": message, "connectionId": c.id, "requestId": request})
	if err != nil {
		panic(fmt.Sprintf("sandbox: a message of API Gateway can't be encoded: %v", err))
	}
	g := c.stage.gateway
	g.mu.Lock()
	defer g.mu.Unlock()
	_ = c.post(body)
}

// route selects a message's route; "" for none.
func (s *Stage) route(message []byte) string {
	var value any
	if json.Unmarshal(message, &value) == nil {
		for _, name := range s.selection {
			object, _ := value.(map[string]any)
			value = object[name]
		}
		if key, ok := value.(string); ok && key != "$connect" && key != "$disconnect" && s.settings.Routes[key] != "" {
			return key
		}
	}
	if s.settings.Routes["$default"] != "" {
		return "$default"
	}
	return ""
}
