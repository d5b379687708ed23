package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// Effect is the effect of a fault on a call.
type Effect string

// Effects of faults.
const (
	// Throttle refuses the call with the service's own throttling error, or with Code.
	Throttle Effect = "throttle"
	// FailCall refuses the call with the error Code; by default with the service's internal error.
	FailCall Effect = "error"
	// LostReply executes the call and closes the connection without an answer.
	LostReply Effect = "lost_reply"
	// StaleRead makes an eventually consistent read return the state before the last change.
	StaleRead Effect = "stale_read"
	// Delay delays the call, before it has any effect, by Fault.Delay.
	Delay Effect = "delay"
)

// Fault is one entry of the fault plan: for calls (Effect is set) or for a resource's step (Phase
// is set).
type Fault struct {
	// Service (signing name) and Operation select calls; both are globs, "" matches all.
	Service   string `json:"service,omitempty"`
	Operation string `json:"operation,omitempty"`
	Effect    Effect `json:"effect,omitempty"`
	// Code, Message and Status form the error of throttle and error; their defaults are AWS's.
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	Status  int    `json:"status,omitempty"`
	// Delay is a Go duration such as "2s", for delay; "" means 1s.
	Delay string `json:"delay,omitempty"`
	// After is the number of matching calls before the fault begins.
	After int `json:"after,omitempty"`
	// Times is the number of matching calls or steps to hit; 0 means all.
	Times int `json:"times,omitempty"`
	// Every hits only every n-th matching call or step. 0 means 1.
	Every int `json:"every,omitempty"`
	// For is a Go duration such as "1m" from the fault's addition to its end; "" means never.
	For string `json:"for,omitempty"`

	// ResourceType and PhysicalID select resources; both are globs, "" matches all.
	ResourceType string      `json:"resource_type,omitempty"`
	PhysicalID   string      `json:"physical_id,omitempty"`
	Phase        cloud.Phase `json:"phase,omitempty"`
	// Reason is the reason of the resource's failure.
	Reason string `json:"reason,omitempty"`
}

func (f Fault) validate() error {
	if f.After < 0 || f.Times < 0 || f.Every < 0 {
		return fmt.Errorf("after, times and every can't be negative: %d, %d, %d", f.After, f.Times, f.Every)
	}
	if _, err := f.lasts(); err != nil {
		return err
	}
	if f.Phase != "" {
		if f.Effect != "" || f.Service != "" || f.Operation != "" {
			return errors.New("a fault has either an effect on calls or a phase of a resource, not both")
		}
		if !slices.Contains(
			[]cloud.Phase{
				cloud.PhaseCreate, cloud.PhaseUpdate, cloud.PhaseDelete, cloud.PhaseRollback, cloud.PhaseRead,
			}, f.Phase,
		) {
			return fmt.Errorf("unknown phase %q", f.Phase)
		}
		return nil
	}
	if f.ResourceType != "" || f.PhysicalID != "" || f.Reason != "" {
		return errors.New("a fault of a resource needs a phase")
	}
	if !slices.Contains([]Effect{Throttle, FailCall, LostReply, StaleRead, Delay}, f.Effect) {
		return fmt.Errorf("unknown effect %q", f.Effect)
	}
	if _, err := f.delay(); err != nil {
		return err
	}
	return nil
}

func (f Fault) delay() (time.Duration, error) {
	if f.Delay == "" {
		return time.Second, nil
	}
	d, err := time.ParseDuration(f.Delay)
	if err != nil {
		return 0, fmt.Errorf("delay: %w", err)
	}
	return d, nil
}

// lasts returns how long the fault is in force; 0 means forever.
func (f Fault) lasts() (time.Duration, error) {
	if f.For == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(f.For)
	switch {
	case err != nil:
		return 0, fmt.Errorf("for: %w", err)
	case d <= 0:
		return 0, fmt.Errorf("for: %s is not a time that passes", f.For)
	}
	return d, nil
}

// faults is the fault plan with its counters.
type faults struct {
	mu   sync.Mutex
	plan []*planned
}

type planned struct {
	Fault
	over time.Time // when For has passed; zero for never
	seen int       // matching calls or steps so far
	hit  int       // how many of them the fault affected
}

// hits counts a match and reports whether the fault affects it.
func (p *planned) hits() bool {
	p.seen++
	switch {
	case p.seen <= p.After, p.Times > 0 && p.hit == p.Times, !p.over.IsZero() && !time.Now().Before(p.over):
		return false
	case (p.seen-p.After)%max(p.Every, 1) != 0:
		return false
	}
	p.hit++
	return true
}

// callFault is the plan's effect on one call.
type callFault struct {
	err   *cloud.Error
	delay time.Duration
	lost  bool
	stale bool
}

// call returns the plan's effect on a call. All matching faults take effect together; of two errors
// the first counts.
func (f *faults) call(service, operation string) callFault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var result callFault
	for _, p := range f.plan {
		if p.Effect == "" || !matches(p.Service, service) || !matches(p.Operation, operation) || !p.hits() {
			continue
		}
		switch p.Effect {
		case Throttle, FailCall:
			if result.err == nil {
				result.err = p.callError(service)
			}
		case LostReply:
			result.lost = true
		case StaleRead:
			result.stale = true
		case Delay:
			d, _ := p.delay() // validated when it was added
			result.delay += d
		}
	}
	return result
}

// resource returns the plan's effect on one step of a resource, as a cloud.World.ResourceFault.
func (f *faults) resource(resourceType, physicalID string, phase cloud.Phase) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.plan {
		if p.Phase != phase || !matches(p.ResourceType, resourceType) || !matches(p.PhysicalID, physicalID) || !p.hits() {
			continue
		}
		if p.Reason == "" {
			return "Resource handler returned message: \"Internal failure\" (HandlerErrorCode: InternalFailure)"
		}
		return p.Reason
	}
	return ""
}

// matches reports whether a glob matches; "" matches everything. A * matches slashes and colons,
// since IDs have both.
func matches(pattern, name string) bool {
	if pattern == "" {
		return true
	}
	return glob(pattern, name)
}

// glob supports * (any text) and ? (any one character).
func glob(pattern, name string) bool {
	if pattern == "" {
		return name == ""
	}
	if pattern[0] == '*' {
		return glob(pattern[1:], name) || name != "" && glob(pattern, name[1:])
	}
	return name != "" && (pattern[0] == '?' || pattern[0] == name[0]) && glob(pattern[1:], name[1:])
}

// callError returns a fault's error in the service's words.
func (f Fault) callError(service string) *cloud.Error {
	e := &cloud.Error{
		Code:    "InternalFailure",
		Message: "The request processing has failed because of an unknown error, exception or failure.",
		Status:  http.StatusInternalServerError,
	}
	switch {
	case f.Effect == Throttle:
		e = throttled(service)
	case service == "dynamodb":
		e = &cloud.Error{
			Code: "InternalServerError", Message: "Internal server error", Status: http.StatusInternalServerError,
		}
	case service == "s3":
		e = &cloud.Error{
			Code: "InternalError", Message: "We encountered an internal error. Please try again.",
			Status: http.StatusInternalServerError,
		}
	}
	if f.Code != "" && f.Code != e.Code {
		e = &cloud.Error{Code: f.Code, Message: "Injected by the sandbox's fault plan", Status: statusOfCode(f.Code)}
	}
	if f.Message != "" {
		e.Message = f.Message
	}
	if f.Status != 0 {
		e.Status = f.Status
	}
	return e
}

func throttled(service string) *cloud.Error {
	switch service {
	case "dynamodb":
		return &cloud.Error{
			Code:    "ThrottlingException",
			Status:  http.StatusBadRequest,
			Message: "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or index so please try again shortly.",
		}
	case "s3":
		return &cloud.Error{
			Code:    "SlowDown",
			Message: "Please reduce your request rate.",
			Status:  http.StatusServiceUnavailable,
		}
	case "execute-api":
		return &cloud.Error{Code: "LimitExceededException", Message: "Too Many Requests", Status: http.StatusTooManyRequests}
	case "cloudcontrolapi", "kms", "secretsmanager", "ssm":
		return &cloud.Error{Code: "ThrottlingException", Message: "Rate exceeded", Status: http.StatusBadRequest}
	default:
		return &cloud.Error{Code: "Throttling", Message: "Rate exceeded", Status: http.StatusBadRequest}
	}
}

// statusOfCode returns AWS's HTTP status for common error codes.
func statusOfCode(code string) int {
	switch code {
	case "InternalFailure",
		"InternalError",
		"InternalServerError",
		"InternalServiceError",
		"InternalServiceErrorException":
		return http.StatusInternalServerError
	case "ServiceUnavailable", "SlowDown", "ServiceUnavailableException":
		return http.StatusServiceUnavailable
	case "AccessDenied",
		"InvalidClientTokenId",
		"SignatureDoesNotMatch",
		"ExpiredToken",
		"ForbiddenException",
		"InvalidAccessKeyId":
		return http.StatusForbidden
	case "GoneException":
		return http.StatusGone
	case "LimitExceededException":
		return http.StatusTooManyRequests
	case "NoSuchBucket", "NoSuchKey", "NoSuchEntity", "NotFound":
		return http.StatusNotFound
	default:
		return http.StatusBadRequest
	}
}

// AddFaults adds faults to the plan; it adds none when one is invalid.
func (s *Sandbox) AddFaults(list ...Fault) error {
	for i, f := range list {
		if err := f.validate(); err != nil {
			return fmt.Errorf("fault %d: %w", i, err)
		}
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	for _, f := range list {
		p := &planned{Fault: f}
		if lasts, _ := f.lasts(); lasts > 0 { // validated above
			p.over = time.Now().Add(lasts)
		}
		s.faults.plan = append(s.faults.plan, p)
	}
	return nil
}

// ClearFaults empties the plan.
func (s *Sandbox) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.plan = nil
}
