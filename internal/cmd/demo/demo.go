package main

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
	"strings"
	"syscall"
	"time"
)

// sandbox is a running stowage-sandbox.
type sandbox struct {
	Endpoint string            `json:"endpoint"`
	Board    string            `json:"board"`
	Env      map[string]string `json:"env"`

	process *exec.Cmd
}

func run(ctx context.Context, s settings) error {
	dir, err := os.MkdirTemp("", "stowage-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.CopyFS(dir, os.DirFS(s.example)); err != nil {
		return fmt.Errorf("copying %s: %w", s.example, err)
	}

	say("Starting the sandbox: AWS, simulated on this machine")
	box, err := start(ctx, s)
	if err != nil {
		return err
	}
	defer box.stop()
	fmt.Printf("  listening on %s\n", box.Endpoint)

	say("terraform apply of " + s.example)
	if _, err := box.terraform(ctx, s, dir, "apply", "-auto-approve", "-input=false", "-no-color"); err != nil {
		return err
	}
	if err := box.secondPlan(ctx, s, dir); err != nil {
		return err
	}
	if err := box.inventory(ctx); err != nil {
		return err
	}
	if !s.hold {
		return nil
	}
	return box.hold(ctx, s, dir)
}

func say(text string) { fmt.Printf("\n\033[1m%s\033[0m\n", text) }

// start starts the sandbox and waits for the line that says it is ready.
func start(ctx context.Context, s settings) (*sandbox, error) {
	// A sandbox that is there already would answer in the demo's place, so the port is always a free one.
	process := exec.CommandContext(ctx, filepath.Join(s.bin, "stowage-sandbox"), "--listen", "127.0.0.1:0", "--latency", s.latency)
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
	box := &sandbox{process: process}
	if err := json.Unmarshal(line, box); err != nil {
		return nil, fmt.Errorf("the sandbox's first line is not the JSON that is expected: %w", err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return box, nil
}

func (b *sandbox) stop() {
	_ = b.process.Process.Signal(syscall.SIGTERM)
	_ = b.process.Wait()
}

// environ is the environment of a client of the sandbox: ours, without what would lead it elsewhere.
func (b *sandbox) environ() []string {
	environ := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "AWS_") || strings.HasPrefix(v, "TF_")
	})
	for _, name := range slices.Sorted(maps.Keys(b.Env)) {
		environ = append(environ, name+"="+b.Env[name])
	}
	return environ
}

// terraform runs the CLI in the demo's directory. Its output is shown, but for the reminder that the provider is a
// development build.
func (b *sandbox) terraform(ctx context.Context, s settings, dir string, args ...string) (output string, err error) {
	cli, err := exec.LookPath(s.terraform)
	if err != nil {
		return "", err
	}
	if cli, err = filepath.Abs(cli); err != nil {
		return "", err
	}
	command := exec.CommandContext(ctx, cli, args...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) } // terraform ends its work in order
	command.Dir, command.Env = dir, b.environ()
	var out bytes.Buffer
	command.Stdout, command.Stderr = io.MultiWriter(&out, os.Stdout), os.Stderr
	if err := command.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w", s.terraform, args[0], err)
	}
	return out.String(), nil
}

// secondPlan plans what was just applied, and says what that costs.
func (b *sandbox) secondPlan(ctx context.Context, s settings, dir string) error {
	say("terraform plan: nothing should be left to do")
	if err := b.control(ctx, http.MethodDelete, "/_sandbox/calls", nil); err != nil {
		return err
	}
	began := time.Now()
	out, err := b.terraform(ctx, s, dir, "plan", "-input=false", "-no-color", "-detailed-exitcode")
	took := time.Since(began)
	if err != nil {
		return fmt.Errorf("the second plan is not empty, or failed: %w", err)
	}
	if !strings.Contains(out, "No changes") {
		return errors.New("the second plan does not say \"No changes\"")
	}
	var calls map[string]map[string]int
	if err := b.control(ctx, http.MethodGet, "/_sandbox/calls", &calls); err != nil {
		return err
	}
	say(fmt.Sprintf("That plan took %.1f s and these AWS calls", took.Seconds()))
	total := 0
	for _, service := range slices.Sorted(maps.Keys(calls)) {
		for _, operation := range slices.Sorted(maps.Keys(calls[service])) {
			fmt.Printf("  %-16s %-24s %d\n", service, operation, calls[service][operation])
			total += calls[service][operation]
		}
	}
	fmt.Printf("  %-41s %d\n", "in all", total)
	return nil
}

// control sends a request to the sandbox's own interface.
func (b *sandbox) control(ctx context.Context, method, path string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, method, b.Endpoint+path, http.NoBody)
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

// hold keeps the sandbox up until Ctrl-C and says how to go on.
func (b *sandbox) hold(ctx context.Context, s settings, dir string) error {
	var script strings.Builder
	for _, name := range slices.Sorted(maps.Keys(b.Env)) {
		fmt.Fprintf(&script, "export %s='%s'\n", name, b.Env[name])
	}
	env := filepath.Join(dir, "env.sh")
	if err := os.WriteFile(env, []byte(script.String()), 0o600); err != nil {
		return err
	}
	cli := s.terraform
	if strings.Contains(cli, "/") {
		if absolute, err := filepath.Abs(cli); err == nil {
			cli = absolute
		}
	}
	say("The sandbox stays up until Ctrl-C. To try more, type in another terminal")
	fmt.Printf("  cd %s && . ./env.sh && %s plan\n", dir, cli)
	<-ctx.Done()
	fmt.Println()
	return nil
}
