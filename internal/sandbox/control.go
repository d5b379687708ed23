package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/oidc"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/sns"
)

// control answers the requests below /_sandbox.
func (s *Sandbox) control(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, oidc.Path+"/") {
		s.issuer.Serve(w, r, endpointOf(r))
		return
	}
	answerTo := s.controls()[r.Method+" "+r.URL.Path]
	if answerTo == nil {
		http.Error(
			w,
			"the sandbox has GET and DELETE /_sandbox/calls, POST and DELETE /_sandbox/faults, POST /_sandbox/notifications, "+
				"GET and POST /_sandbox/switches, GET and POST /_sandbox/connections, POST /_sandbox/tokens, POST /_sandbox/clients, DELETE /_sandbox/sessions, and an OIDC issuer at "+oidc.Path,
			http.StatusNotFound,
		)
		return
	}
	answer, err := answerTo(r)
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	case answer == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer) // the client may have disconnected
	}
}

// controls returns the handlers of the requests below /_sandbox, by method and path. A nil answer
// is a response without a body; an error is the client's.
func (s *Sandbox) controls() map[string]func(*http.Request) (any, error) {
	return map[string]func(*http.Request) (any, error){
		"GET /_sandbox/calls":          read(func() any { return s.Calls() }),
		"DELETE /_sandbox/calls":       clearing(s.ResetCalls),
		"GET /_sandbox/permissions":    read(func() any { return s.Permissions() }),
		"DELETE /_sandbox/permissions": clearing(s.ForgetPermissions),
		"POST /_sandbox/faults": posted(func(_ *http.Request, list []Fault) (any, error) {
			return nil, s.AddFaults(list...)
		}),
		"DELETE /_sandbox/faults": clearing(s.ClearFaults),
		"POST /_sandbox/notifications": posted(func(_ *http.Request, d sns.Delivery) (any, error) {
			return nil, s.SetNotifications(d)
		}),
		"POST /_sandbox/clients": posted(func(_ *http.Request, c oidc.Client) (any, error) {
			s.issuer.Register(c)
			return nil, nil
		}),
		"GET /_sandbox/switches": read(s.switches),
		"POST /_sandbox/switches": posted(func(_ *http.Request, on []cloud.Switch) (any, error) {
			return nil, s.SetSwitches(on...)
		}),
		"GET /_sandbox/connections": read(func() any { return s.gateway.Connections() }),
		"POST /_sandbox/connections": posted(func(_ *http.Request, c connectionControl) (any, error) {
			hit, err := c.do(s.gateway)
			return map[string]int{"connections": hit}, err
		}),
		"DELETE /_sandbox/sessions": clearing(s.issuer.EndSessions),
		"POST /_sandbox/tokens": posted(func(r *http.Request, t oidc.TokenRequest) (any, error) {
			issuer := oidc.URL(endpointOf(r))
			token, err := s.issuer.Token(issuer, t)
			return map[string]string{"token": token, "issuer": issuer}, err
		}),
	}
}

func read(value func() any) func(*http.Request) (any, error) {
	return func(*http.Request) (any, error) { return value(), nil }
}

func clearing(do func()) func(*http.Request) (any, error) {
	return func(*http.Request) (any, error) {
		do()
		return nil, nil
	}
}

// posted returns a handler that decodes the body of a request.
func posted[T any](do func(*http.Request, T) (any, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		var body T
		d := json.NewDecoder(r.Body)
		d.DisallowUnknownFields()
		if err := d.Decode(&body); err != nil {
			return nil, fmt.Errorf("the body is not what this request takes: %w", err)
		}
		return do(r, body)
	}
}

func (s *Sandbox) switches() any {
	s.world.Lock()
	defer s.unlock()
	return map[string]any{"on": s.world.Switches(), "rules": cloud.SwitchRules()}
}

// doControl is control for callers in process.
func (s *Sandbox) doControl(r *http.Request, body []byte, gate func(Call) error) (*cloud.Response, error) {
	if err := gate(Call{Service: "sandbox", Operation: r.Method + " " + r.URL.Path, Body: body}); err != nil {
		return nil, err
	}
	request := r.Clone(r.Context())
	request.Body = io.NopCloser(bytes.NewReader(body))
	answer := &answerWriter{response: cloud.Response{Header: make(http.Header)}}
	s.control(answer, request)
	return &answer.response, nil
}

// answerWriter is a ResponseWriter that keeps the response.
type answerWriter struct{ response cloud.Response }

func (a *answerWriter) Header() http.Header { return a.response.Header }

func (a *answerWriter) WriteHeader(status int) { a.response.Status = status }

func (a *answerWriter) Write(p []byte) (int, error) {
	a.response.Body = append(a.response.Body, p...)
	return len(p), nil
}

// SetNotifications sets the delivery of stack notifications. EventBridge guarantees more: its
// events may be repeated, late and out of order, but are not lost.
func (s *Sandbox) SetNotifications(d sns.Delivery) error {
	s.world.Lock()
	defer s.unlock()
	if err := s.sns.SetDelivery(d); err != nil {
		return fmt.Errorf("notifications: %w", err)
	}
	s.bus.SetDelivery(d)
	return nil
}

// SetSwitches turns the named switches on and all others off.
func (s *Sandbox) SetSwitches(on ...cloud.Switch) error {
	s.world.Lock()
	defer s.unlock()
	if err := s.world.SetSwitches(on...); err != nil {
		return fmt.Errorf("switches: %w", err)
	}
	return nil
}
