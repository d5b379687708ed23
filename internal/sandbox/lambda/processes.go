package lambda

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

const (
	// idleLimit is how long an idle process is kept.
	idleLimit = 10 * time.Minute
	// ageLimit is how long a process is used. Its credentials last longer (see credentialsLife).
	ageLimit        = 2 * time.Hour
	credentialsLife = 12 * time.Hour
	// initLimit is the maximum duration of a process's start before its first invocation (Lambda
	// developer guide, lambda-runtime-environment).
	initLimit = 10 * time.Second
)

// processes are the execution environments of all functions. It is safe for concurrent use.
type processes struct {
	s *Service

	mu       sync.Mutex
	endpoint string // the sandbox's address; "" while no process may run
	dir      string // holds the unpacked packages; "" before the first
	unpacked map[string]*unpacking
	idle     map[*deployment][]*instance // the last one was used last
	all      map[*instance]bool
	keys     map[string]bool // the access keys of all processes so far
}

// unpacking is a package's directory, which is made once.
type unpacking struct {
	once sync.Once
	dir  string
	err  error
}

func newProcesses(s *Service) *processes {
	return &processes{
		s: s, unpacked: map[string]*unpacking{}, idle: map[*deployment][]*instance{}, all: map[*instance]bool{},
		keys: map[string]bool{},
	}
}

// RunProcesses allows functions to run as processes until StopProcesses. endpoint is the sandbox's
// address, at which it answers meanwhile.
func (s *Service) RunProcesses(endpoint string) {
	p := s.processes
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endpoint = endpoint
}

// StopProcesses kills all processes, waits for their ends and removes their files. Pending
// invocations fail.
func (s *Service) StopProcesses() error {
	p := s.processes
	p.mu.Lock()
	p.endpoint = ""
	var running []*instance
	for i := range p.all {
		running = append(running, i)
	}
	p.mu.Unlock()
	for _, i := range running {
		i.kill()
	}
	for _, i := range running {
		<-i.exited
	}
	p.mu.Lock()
	dir := p.dir
	p.dir, p.unpacked = "", map[string]*unpacking{}
	p.mu.Unlock()
	if dir == "" {
		return nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove the files of functions: %w", err)
	}
	return nil
}

// Issued reports whether an access key was issued for a process.
func (s *Service) Issued(accessKey string) bool {
	s.processes.mu.Lock()
	defer s.processes.mu.Unlock()
	return s.processes.keys[accessKey]
}

// allowed returns the refusal of calls while no process may run.
func (p *processes) allowed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.endpoint == "" {
		return cloud.NotModelled("functions without registered Go code in a world without processes")
	}
	return nil
}

// run runs one invocation in a process of its own: an idle one, or a new one. It returns at the end
// of the invocation (unproven: lambda-answer-after-next).
func (p *processes) run(d *deployment, requestID string, event []byte) ([]byte, error) {
	i := p.take(d)
	limit := time.Duration(d.timeout) * time.Second
	if i == nil {
		var err error
		if i, err = p.start(d, requestID); err != nil {
			return nil, err
		}
		select {
		case <-i.ready:
		case <-i.exited:
			i = nil
		case <-time.After(initLimit):
			i.kill()
			i = nil
		}
		if i == nil { // the start is repeated as a part of the invocation
			if i, err = p.start(d, requestID); err != nil {
				return nil, err
			}
		}
	}
	answer, err := i.invoke(requestID, event, limit)
	if i.isIdle() {
		p.keep(i)
	}
	return answer, err
}

// take returns an idle process of a deployment; nil for none. It ends those that were idle for long.
func (p *processes) take(d *deployment) *instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for of, idle := range p.idle {
		p.idle[of] = slices.DeleteFunc(idle, func(i *instance) bool {
			old := now.Sub(i.used) > idleLimit || now.Sub(i.started) > ageLimit
			if old {
				i.kill()
			}
			return old
		})
	}
	for idle := p.idle[d]; len(idle) > 0; idle = p.idle[d] {
		last := idle[len(idle)-1]
		p.idle[d] = idle[:len(idle)-1]
		if last.thaw() {
			return last
		}
	}
	return nil
}

// keep makes a process available for the next invocation.
func (p *processes) keep(i *instance) {
	i.freeze()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.endpoint == "" || i.retired {
		i.kill()
		return
	}
	i.used = time.Now()
	p.idle[i.d] = append(p.idle[i.d], i)
}

// retire ends the idle processes of a former deployment. Others end after their invocations.
func (p *processes) retire(d *deployment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.all {
		if i.d == d {
			i.retired = true
		}
	}
	for _, i := range p.idle[d] {
		i.kill()
	}
	delete(p.idle, d)
}

// start starts a process, unless no process may run. The log names the reason of a failure.
func (p *processes) start(d *deployment, requestID string) (*instance, error) {
	i, err := p.tryStart(d, requestID)
	if err != nil {
		log := &output{service: p.s, d: d}
		p.s.locked(func() { log.stream = p.s.newStream(d) })
		log.line("%s", err)
	}
	return i, err
}

func (p *processes) tryStart(d *deployment, requestID string) (*instance, error) {
	if err := p.allowed(); err != nil {
		return nil, err
	}
	dir, err := p.unpack(d.code)
	if err != nil {
		return nil, err
	}
	program := filepath.Join(dir, bootstrap)
	if err := checkProgram(program, d.architecture, requestID); err != nil {
		return nil, err
	}
	i, err := newInstance(d, p.s)
	if err != nil {
		return nil, err
	}
	i.environment, err = p.environment(i, dir)
	if err != nil {
		i.close()
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.endpoint == "" {
		i.close()
		return nil, cloud.NotModelled("calls of functions after their end")
	}
	if err := i.run(program); err != nil {
		i.close()
		return nil, invalidEntrypoint(requestID, err)
	}
	p.all[i] = true
	go func() {
		<-i.exited
		i.close()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.all, i)
	}()
	return i, nil
}

// unpack returns the directory of a package's files.
func (p *processes) unpack(c code) (string, error) {
	p.mu.Lock()
	if p.dir == "" {
		dir, err := os.MkdirTemp("", "stowage-functions-")
		if err != nil {
			p.mu.Unlock()
			return "", fmt.Errorf("unpack a function: %w", err)
		}
		p.dir = dir
	}
	u := p.unpacked[c.sha256]
	if u == nil {
		u = &unpacking{dir: filepath.Join(p.dir, fmt.Sprint(len(p.unpacked)))}
		p.unpacked[c.sha256] = u
	}
	p.mu.Unlock()
	u.once.Do(func() { u.err = errors.Join(os.Mkdir(u.dir, 0o700), c.unpack(u.dir)) })
	return u.dir, u.err
}

// failed returns the failure that a runtime reported, by the body of its report.
func failed(body []byte) *cloud.FunctionError {
	var reported struct {
		ErrorType    string `json:"errorType"`
		ErrorMessage string `json:"errorMessage"`
	}
	_ = json.Unmarshal(body, &reported) // any body is a report
	return &cloud.FunctionError{Type: reported.ErrorType, Message: reported.ErrorMessage, Payload: body}
}
