package apigateway

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Handshake is a client's connection request.
type Handshake struct {
	Header       http.Header
	Query        url.Values
	Subprotocols []string
	// SourceIP is the client's address; "" means 127.0.0.1. Identifiers derive from it.
	SourceIP string
}

// HandshakeError is returned when a client is refused.
type HandshakeError struct {
	Status    int    // HTTP status
	Message   string // message of the body
	requestID string
}

func (e *HandshakeError) Error() string {
	return fmt.Sprintf("apigateway: connection refused: %d %s", e.Status, e.Message)
}

// answer is the result of a route's function.
type answer struct {
	StatusCode        int                 `json:"statusCode"`
	Headers           map[string]string   `json:"headers"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
}

// header returns a header of the answer, by its name in any case.
func (a answer) header(name string) string {
	for key, value := range a.Headers {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	for key, values := range a.MultiValueHeaders {
		if strings.EqualFold(key, name) && len(values) > 0 {
			return values[len(values)-1]
		}
	}
	return ""
}

// open accepts a client, or returns a *HandshakeError. subprotocol is the choice of $connect's
// integration. The returned connection is open: its timers run.
func (s *Stage) open(ctx context.Context, h Handshake) (c *connection, subprotocol string, err error) {
	c = s.newConnection(ctx, h)
	refuse := func(status int, message string) error {
		c.forget()
		return &HandshakeError{Status: status, Message: message, requestID: c.requestID(0)}
	}
	// The status is that of the REST APIs' throttling (unproven: websocket-refused-handshake).
	if !s.admit() {
		return nil, "", refuse(http.StatusTooManyRequests, "Too Many Requests")
	}
	if s.settings.Authorizer != "" {
		for _, source := range s.settings.IdentitySources {
			if identityOf(source, h) == "" {
				return nil, "", refuse(http.StatusUnauthorized, "Unauthorized")
			}
		}
		c.authorizer, err = s.authorize(ctx, c, h)
		switch {
		case errors.Is(err, errUnauthorized):
			return nil, "", refuse(http.StatusUnauthorized, "Unauthorized")
		case errors.Is(err, errDenied):
			return nil, "", refuse(http.StatusForbidden, "User is not authorized to access this resource with an explicit deny")
		case errors.Is(err, errNotAllowed):
			return nil, "", refuse(http.StatusForbidden, "User is not authorized to access this resource")
		case err != nil:
			return nil, "", refuse(http.StatusInternalServerError, "Internal server error")
		}
	}
	if function := s.settings.Routes["$connect"]; function != "" {
		event := proxyEvent{RequestContext: c.context("$connect", "CONNECT", c.requestID(0))}
		event.Headers, event.MultiValueHeaders = headersOf(h.Header)
		event.QueryStringParameters, event.MultiValueQueryStringParameters = queryOf(h.Query)
		body, err := s.gateway.call(ctx, function, s.arn("$connect"), event)
		if errors.Is(err, errSlow) {
			return nil, "", refuse(http.StatusGatewayTimeout, "Endpoint request timed out")
		}
		// A client receives the answer of Lambda proxy integrations of REST APIs (unproven:
		// websocket-refused-handshake).
		var a answer
		if err != nil || json.Unmarshal(body, &a) != nil || a.StatusCode < 100 || a.StatusCode > 599 {
			return nil, "", refuse(http.StatusBadGateway, "Internal server error")
		}
		if a.StatusCode < 200 || a.StatusCode > 299 {
			return nil, "", refuse(a.StatusCode, http.StatusText(a.StatusCode))
		}
		subprotocol = a.header("Sec-WebSocket-Protocol")
	}
	c.begin()
	return c, subprotocol, nil
}

// newConnection registers a connection that is not open yet.
func (s *Stage) newConnection(ctx context.Context, h Handshake) *connection {
	g := s.gateway
	g.mu.Lock()
	defer g.mu.Unlock()
	source := cmp.Or(h.SourceIP, "127.0.0.1")
	from := s.settings.API + "/" + s.settings.Stage + "/" + source
	g.opened[from]++
	now := time.Now().UTC()
	c := &connection{
		stage: s, ctx: context.WithoutCancel(ctx), id: identifier(from, g.opened[from]),
		identity:    identity{SourceIP: source, UserAgent: h.Header.Get("User-Agent")},
		connectedAt: now, lastActive: now, wake: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	g.connections[c.id] = c
	g.order = append(g.order, c.id)
	return c
}

func splitSource(source string) (kind, name string) {
	if name, ok := strings.CutPrefix(source, "route.request.header."); ok {
		return "header", name
	}
	if name, ok := strings.CutPrefix(source, "route.request.querystring."); ok {
		return "query", name
	}
	return "", ""
}

func identityOf(source string, h Handshake) string {
	kind, name := splitSource(source)
	if kind == "header" {
		return h.Header.Get(name)
	}
	return h.Query.Get(name)
}
