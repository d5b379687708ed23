package apigateway

import (
	"context"
	"net/http"
	"slices"
	"strings"
)

// Conn is a client's end of a connection in memory. One goroutine may receive at a time.
type Conn struct {
	c           *connection
	subprotocol string
}

// Connect connects a client in memory. It returns a *HandshakeError when the client is refused. The
// functions started by the client receive ctx's values; ctx's end after Connect has returned is
// ignored.
func (s *Stage) Connect(ctx context.Context, h Handshake) (*Conn, error) {
	h.Header = h.Header.Clone()
	if h.Header == nil {
		h.Header = make(http.Header)
	}
	h.Header.Set("Host", s.Domain())
	h.Header.Set("Sec-WebSocket-Version", "13")
	if len(h.Subprotocols) > 0 {
		h.Header.Set("Sec-WebSocket-Protocol", strings.Join(h.Subprotocols, ", "))
	}
	c, subprotocol, err := s.open(ctx, h)
	if err != nil {
		return nil, err
	}
	return &Conn{c: c, subprotocol: subprotocol}, nil
}

// ID returns the connection's ID, which API Gateway does not tell a client.
func (c *Conn) ID() string { return c.c.id }

// Subprotocol returns the choice of $connect; "" for none.
func (c *Conn) Subprotocol() string { return c.subprotocol }

// Send sends a text message in one frame, as browsers do. After the connection's end it returns how
// it ended.
func (c *Conn) Send(message []byte) error {
	if err := c.c.end(); err != nil {
		return err
	}
	c.c.receive(slices.Clone(message), len(message))
	return nil
}

// Receive waits for a message. After the connection's end it returns a *CloseError or ErrBroken.
func (c *Conn) Receive(ctx context.Context) ([]byte, error) { return c.c.next(ctx) }

// Close ends the connection with a close frame of the client.
func (c *Conn) Close(code int, reason string) { c.c.leave(code, reason) }

// Break ends the connection without a close frame, as a network failure does. API Gateway reports
// it as closed with 1006.
func (c *Conn) Break() { c.c.leave(closeAbnormal, "") }
