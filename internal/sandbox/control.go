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
	switch r.Method + " " + r.URL.Path {
	case "GET /_sandbox/calls":
		writeControl(w, s.Calls())
		return
	case "DELETE /_sandbox/calls":
		s.ResetCalls()
	case "GET /_sandbox/permissions":
		writeControl(w, s.Permissions())
		return
	case "DELETE /_sandbox/permissions":
		s.ForgetPermissions()
	case "POST /_sandbox/faults":
		var list []Fault
		if !readControl(w, r, &list) {
			return
		}
		if err := s.AddFaults(list...); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	case "DELETE /_sandbox/faults":
		s.ClearFaults()
	case "POST /_sandbox/notifications":
		var d sns.Delivery
		if !readControl(w, r, &d) {
			return
		}
		if err := s.SetNotifications(d); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	case "GET /_sandbox/switches":
		s.world.Lock()
		on := s.world.Switches()
		s.unlock()
		writeControl(w, map[string]any{"on": on, "rules": cloud.SwitchRules()})
		return
	case "POST /_sandbox/switches":
		var on []cloud.Switch
		if !readControl(w, r, &on) {
			return
		}
		if err := s.SetSwitches(on...); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	case "GET /_sandbox/connections":
		writeControl(w, s.gateway.Connections())
		return
	case "POST /_sandbox/connections":
		var c connectionControl
		if !readControl(w, r, &c) {
			return
		}
		hit, err := c.do(s.gateway)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		writeControl(w, map[string]int{"connections": hit})
		return
	case "DELETE /_sandbox/sessions":
		s.issuer.EndSessions()
	case "POST /_sandbox/tokens":
		var t oidc.TokenRequest
		if !readControl(w, r, &t) {
			return
		}
		issuer := oidc.URL(endpointOf(r))
		token, err := s.issuer.Token(issuer, t)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		writeControl(w, map[string]string{"token": token, "issuer": issuer})
		return
	default:
		http.Error(
			w,
			"the sandbox has GET and DELETE /_sandbox/calls, POST and DELETE /_sandbox/faults, POST /_sandbox/notifications, "+
				"GET and POST /_sandbox/switches, GET and POST /_sandbox/connections, POST /_sandbox/tokens, DELETE /_sandbox/sessions, and an OIDC issuer at "+oidc.Path,
			http.StatusNotFound,
		)
		return
	}
	w.WriteHeader(http.StatusNoContent)
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

func writeControl(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client may have disconnected
}

func readControl(w http.ResponseWriter, r *http.Request, v any) bool {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		http.Error(w, "the body is not what this request takes: "+err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}
