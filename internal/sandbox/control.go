package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/sns"
)

// control answers the requests below /_sandbox.
func (s *Sandbox) control(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "GET /_sandbox/calls":
		writeControl(w, s.Calls())
		return
	case "DELETE /_sandbox/calls":
		s.ResetCalls()
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
	default:
		http.Error(w, "the sandbox has GET and DELETE /_sandbox/calls, POST and DELETE /_sandbox/faults, POST /_sandbox/notifications, "+
			"GET and POST /_sandbox/connections", http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// SetNotifications sets what happens to the notifications of stacks on their way.
func (s *Sandbox) SetNotifications(d sns.Delivery) error {
	if d.Drop < 0 || d.Drop > 1 || d.Duplicate < 0 || d.Duplicate > 1 {
		return fmt.Errorf("drop and duplicate are probabilities: %g, %g", d.Drop, d.Duplicate)
	}
	s.world.Lock()
	defer s.unlock()
	s.sns.SetDelivery(d)
	return nil
}

func writeControl(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a client that has gone away misses it
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
