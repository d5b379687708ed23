package run

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// Sandbox is a running stowage-sandbox. Its fields are from its first line of output.
type Sandbox struct {
	Endpoint string            `json:"endpoint"`
	Board    string            `json:"board"`
	Env      map[string]string `json:"env"`

	process *exec.Cmd
}

// Start starts the sandbox of the directory bin with a latency profile (none or aws) and more
// arguments, and waits for the line that reports it is ready. It ends with the context or by Stop.
func Start(ctx context.Context, bin, latency string, more ...string) (*Sandbox, error) {
	// Always a free port: on a fixed one, another sandbox could answer instead.
	arguments := append([]string{"--listen", "127.0.0.1:0", "--latency", latency}, more...)
	process := exec.CommandContext(ctx, filepath.Join(bin, "stowage-sandbox"), arguments...)
	process.Cancel = func() error { return process.Process.Signal(syscall.SIGTERM) }
	process.WaitDelay = 5 * time.Second
	process.Stderr = os.Stderr
	out, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := process.Start(); err != nil {
		return nil, fmt.Errorf("starting the sandbox (make build makes it): %w", err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the sandbox ended before it was ready: %w", err), process.Wait())
	}
	s := &Sandbox{process: process}
	if err := json.Unmarshal(line, s); err != nil {
		s.Stop()
		return nil, fmt.Errorf("the sandbox's first line is not the JSON that is expected: %w", err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return s, nil
}

// Stop ends the sandbox and waits for its exit.
func (s *Sandbox) Stop() {
	_ = s.process.Process.Signal(syscall.SIGTERM)
	_ = s.process.Wait()
}

// Calls are AWS calls by service and operation.
type Calls map[string]map[string]int

// Total returns the number of all calls.
func (c Calls) Total() int {
	total := 0
	for _, operations := range c {
		for n := range maps.Values(operations) {
			total += n
		}
	}
	return total
}

// Services returns the names of the called services, sorted.
func (c Calls) Services() []string { return slices.Sorted(maps.Keys(c)) }

// Calls returns the calls since the last ResetCalls.
func (s *Sandbox) Calls(ctx context.Context) (Calls, error) {
	var calls Calls
	err := s.control(ctx, http.MethodGet, "/_sandbox/calls", nil, &calls)
	return calls, err
}

// ResetCalls resets the counters.
func (s *Sandbox) ResetCalls(ctx context.Context) error {
	return s.control(ctx, http.MethodDelete, "/_sandbox/calls", nil, nil)
}

// Watchers returns the number of connected web clients.
func (s *Sandbox) Watchers(ctx context.Context) (int, error) {
	var connections []json.RawMessage
	err := s.control(ctx, http.MethodGet, "/_sandbox/connections", nil, &connections)
	return len(connections), err
}

// Issuer returns the URL of the sandbox's OIDC issuer.
func (s *Sandbox) Issuer() string { return s.Endpoint + "/_sandbox/oidc" }

// RegisterBoard registers a board at the sandbox's OIDC issuer. People return to its address after
// they have signed in and out.
func (s *Sandbox) RegisterBoard(ctx context.Context, client, address string) error {
	return s.control(ctx, http.MethodPost, "/_sandbox/clients", map[string]any{
		"ID": client, "RedirectURIs": []string{address}, "PostLogoutRedirectURIs": []string{address},
	}, nil)
}

func (s *Sandbox) control(ctx context.Context, method, path string, body, answer any) error {
	var content bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&content).Encode(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, s.Endpoint+path, &content)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s", method, path, response.Status)
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(answer)
}
