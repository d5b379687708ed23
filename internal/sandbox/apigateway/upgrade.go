package apigateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// farewell is the time that a client has to receive what was sent before its connection was closed.
const farewell = 5 * time.Second

// IsUpgrade reports whether a request asks for a WebSocket.
func IsUpgrade(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// ServeUpgrade serves a WebSocket client until its connection has ended. It accepts any origin, as
// AWS does.
func (s *Service) ServeUpgrade(w http.ResponseWriter, r *http.Request) {
	stage, rest := s.find(r)
	if stage == nil || rest != "" {
		refuse(w, &HandshakeError{Status: http.StatusForbidden, Message: "Forbidden"}, "")
		return
	}
	source, port, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = r.RemoteAddr
	}
	header := r.Header.Clone()
	header.Set("Host", r.Host)
	header.Set("X-Forwarded-For", source)
	header.Set("X-Forwarded-Port", port)
	c, subprotocol, err := stage.open(r.Context(), Handshake{Header: header, Query: r.URL.Query(), SourceIP: source})
	if err != nil {
		var refused *HandshakeError
		if !errors.As(err, &refused) {
			refused = &HandshakeError{Status: http.StatusInternalServerError, Message: "Internal server error"}
		}
		refuse(w, refused, refused.requestID)
		return
	}
	if subprotocol != "" {
		w.Header().Set("Sec-WebSocket-Protocol", subprotocol)
	}
	watch := &frameWatch{ResponseWriter: w}
	socket, err := websocket.Accept(watch, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		c.close(closeAbnormal, "") // the client was answered
		return
	}
	socket.SetReadLimit(MaxMessage)
	go c.write(socket)
	c.read(socket, watch)
}

// read delivers the client's messages until the socket has ended.
func (c *connection) read(socket *websocket.Conn, watch *frameWatch) {
	for {
		kind, message, err := socket.Read(context.Background()) // the socket's end ends it
		switch {
		case errors.Is(err, websocket.ErrMessageTooBig):
			c.close(closeTooBig, "Message too big")
			return
		case err != nil:
			var closed websocket.CloseError
			if errors.As(err, &closed) {
				c.leave(int(closed.Code), closed.Reason)
			} else {
				c.leave(closeAbnormal, "")
			}
			return
		case watch.largest.Load() > MaxFrame:
			c.close(closeTooBig, "Message too big")
		case kind == websocket.MessageBinary: // unproven: websocket-binary-frame
			c.close(closeUnsupported, "Binary frames are not supported")
		default:
			c.receive(message, 0)
		}
	}
}

// write sends posted messages until the connection has ended, and then closes the socket.
func (c *connection) write(socket *websocket.Conn) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go c.cut(ctx, socket)
	for {
		message, err := c.next(ctx)
		if err != nil {
			var closed *CloseError
			if errors.As(err, &closed) && closed.Code != closeAbnormal {
				_ = socket.Close(websocket.StatusCode(closed.Code), closed.Reason) // it may be closed
			}
			_ = socket.CloseNow() // it may be closed
			return
		}
		if err := send(ctx, socket, message); err != nil {
			c.leave(closeAbnormal, "")
			_ = socket.CloseNow() // it may be closed
			return
		}
	}
}

// cut bounds the wait for a client that does not read. After the connection's end it closes the
// socket of a broken connection immediately; others get some time for the message in transit.
func (c *connection) cut(writing context.Context, socket *websocket.Conn) {
	select {
	case <-writing.Done():
		return
	case <-c.ended:
	}
	if !errors.Is(c.end(), ErrBroken) {
		select {
		case <-writing.Done():
			return
		case <-time.After(farewell):
		}
	}
	_ = socket.CloseNow() // it may be closed
}

// send sends a text message in frames of at most MaxFrame.
func send(ctx context.Context, socket *websocket.Conn, message []byte) error {
	if len(message) <= MaxFrame {
		if err := socket.Write(ctx, websocket.MessageText, message); err != nil {
			return fmt.Errorf("apigateway: send: %w", err)
		}
		return nil
	}
	writer, err := socket.Writer(ctx, websocket.MessageText)
	if err != nil {
		return fmt.Errorf("apigateway: send: %w", err)
	}
	for len(message) > 0 {
		n := min(MaxFrame, len(message))
		if _, err := writer.Write(message[:n]); err != nil {
			return fmt.Errorf("apigateway: send: %w", err)
		}
		message = message[n:]
	}
	if err := writer.Close(); err != nil {
		return fmt.Errorf("apigateway: send: %w", err)
	}
	return nil
}

func refuse(w http.ResponseWriter, e *HandshakeError, requestID string) {
	body, err := json.Marshal(map[string]string{"message": e.Message, "requestId": requestID})
	if err != nil {
		panic(fmt.Sprintf("sandbox: a refusal can't be encoded: %v", err))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.Status)
	_, _ = w.Write(body) // the client may have disconnected
}
