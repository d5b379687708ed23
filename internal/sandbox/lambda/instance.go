package lambda

import (
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"sync"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// instance is an execution environment: a process behind a Runtime API of its own. It handles one
// invocation at a time.
type instance struct {
	d           *deployment
	log         *output
	environment []string
	address     string // of its Runtime API
	server      *http.Server
	command     *exec.Cmd
	started     time.Time

	ready   chan struct{} // closed when the process asks for the first invocation
	exited  chan struct{} // closed when the process has ended
	end     error         // the process's end, after exited
	pending chan *invocation
	polled  chan struct{} // holds a token after the process has asked for an invocation

	mu      sync.Mutex
	current *invocation // the process handles it; nil for none
	waiting *invocation // it waits for the process; nil for none

	// The lock of processes guards the fields below.
	used    time.Time
	retired bool // its deployment was replaced
}

// invocation is an event with the channel for its result.
type invocation struct {
	requestID string
	event     []byte
	deadline  time.Time
	result    chan result // has room for one
}

type result struct {
	answer []byte
	err    error
}

// newInstance returns an environment whose Runtime API answers. Its process is not started.
func newInstance(d *deployment, s *Service) (*instance, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it listens until it is closed
	if err != nil {
		return nil, fmt.Errorf("serve a Runtime API: %w", err)
	}
	i := &instance{
		d: d, address: listener.Addr().String(), started: time.Now(), ready: make(chan struct{}),
		exited: make(chan struct{}), pending: make(chan *invocation), polled: make(chan struct{}, 1),
	}
	s.locked(func() { i.log = &output{service: s, d: d, stream: s.newStream(d)} })
	i.server = &http.Server{Handler: i.runtimeAPI(), ReadHeaderTimeout: time.Minute}
	go func() { _ = i.server.Serve(listener) }() // until close
	return i, nil
}

// close ends the Runtime API.
func (i *instance) close() { _ = i.server.Close() }

// invoke hands an event to the process and waits for the end of the invocation: the process answers
// and asks for the next one. A process that does not in time is killed.
func (i *instance) invoke(requestID string, event []byte, limit time.Duration) ([]byte, error) {
	began := time.Now()
	v := &invocation{requestID: requestID, event: event, deadline: began.Add(limit), result: make(chan result, 1)}
	i.log.line("START RequestId: %s Version: %s", requestID, latest)
	answer, err := i.handle(v, limit)
	took := time.Since(began)
	i.log.line("END RequestId: %s", requestID)
	i.log.line(
		"REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %d ms\tMemory Size: %d MB\t", requestID,
		float64(took)/float64(time.Millisecond), took.Milliseconds()+1, i.d.memory,
	)
	return answer, err
}

// handle is invoke without the log.
func (i *instance) handle(v *invocation, limit time.Duration) ([]byte, error) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	timedOut := func() ([]byte, error) {
		i.kill()
		failed := i.d.timedOut(v.requestID)
		i.log.line("%s", failed.Message)
		return nil, failed
	}
	i.mu.Lock()
	i.waiting = v
	i.mu.Unlock()
	select {
	case i.pending <- v:
	case <-i.exited:
		return v.orElse(i.exit(v.requestID))
	case <-timer.C:
		return timedOut()
	}
	select {
	case <-i.polled:
		return v.orElse(i.exit(v.requestID))
	case <-i.exited:
		return v.orElse(i.exit(v.requestID))
	case <-timer.C:
		return timedOut()
	}
}

// orElse returns the result that a process reported before it ended, or the failure of its end.
func (v *invocation) orElse(end *cloud.FunctionError) ([]byte, error) {
	select {
	case r := <-v.result:
		return r.answer, r.err
	default:
		return nil, end
	}
}

// isIdle reports whether the process waits for an invocation.
func (i *instance) isIdle() bool {
	select {
	case <-i.exited:
		return false
	default:
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.current == nil && i.waiting == nil
}

// exit returns the failure of an invocation without a result.
func (i *instance) exit(requestID string) *cloud.FunctionError {
	reason := "Runtime exited without providing a reason"
	select {
	case <-i.exited:
		if i.end != nil {
			reason = "Runtime exited with error: " + i.end.Error()
		}
	default:
	}
	return failure("Runtime.ExitError", requestMessage(requestID, reason))
}

// find returns the current invocation if it has an ID.
func (i *instance) find(requestID string) *invocation {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.current == nil || i.current.requestID != requestID {
		return nil
	}
	return i.current
}
