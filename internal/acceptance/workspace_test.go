package acceptance_test

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// workspace is a directory with a configuration and its state.
type workspace struct {
	t   *testing.T
	dir string
	env map[string]string
}

// workspace returns a workspace with one configuration file.
func (w *world) workspace(configuration string) *workspace {
	w.t.Helper()
	s := &workspace{w.t, w.t.TempDir(), w.environment()}
	s.write(configuration)
	return s
}

// write replaces the configuration. It adds the provider's source, and an empty provider block if
// there is none.
func (s *workspace) write(configuration string) {
	s.t.Helper()
	if !strings.Contains(configuration, "required_providers") {
		configuration = "terraform {\n  required_providers {\n    stowage = { source = \"stowage/stowage\" }\n  }\n}\n" + configuration
	}
	s.put("main.tf", configuration)
}

func (s *workspace) put(file, content string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, file), []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// outcome is the result of a CLI run.
type outcome struct {
	t    *testing.T
	args []string
	code int
	text string // the output, one line per paragraph, without frames
	raw  string
}

// command returns the CLI with its arguments, ready to start.
func (s *workspace) command(args ...string) *exec.Cmd {
	environ := append(os.Environ(), "HOME="+s.dir) // contains no files of this machine's AWS settings
	for _, name := range slices.Sorted(maps.Keys(s.env)) {
		environ = append(environ, name+"="+s.env[name])
	}
	command := exec.CommandContext(s.t.Context(), cli, args...)
	command.Dir, command.Env = s.dir, environ
	return command
}

func (s *workspace) run(args ...string) outcome {
	s.t.Helper()
	var out bytes.Buffer
	command := s.command(args...)
	command.Stdout, command.Stderr = &out, &out
	return s.outcome(args, command.Run(), out.String())
}

func (s *workspace) outcome(args []string, err error, raw string) outcome {
	s.t.Helper()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatalf("%s %s: %v", cli, strings.Join(args, " "), err)
	}
	code := 0
	if exit != nil {
		code = exit.ExitCode()
	}
	return outcome{s.t, args, code, unframed(raw), raw}
}

// unframed removes the frames and line breaks that the CLI adds to messages.
func unframed(text string) string {
	text = strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(text)
	return strings.Join(strings.Fields(text), " ")
}

func (s *workspace) tryApply(args ...string) outcome {
	s.t.Helper()
	return s.run(append([]string{"apply", "-auto-approve", "-input=false", "-no-color"}, args...)...)
}

func (s *workspace) tryPlan(args ...string) outcome {
	s.t.Helper()
	return s.run(append([]string{"plan", "-input=false", "-no-color", "-detailed-exitcode"}, args...)...)
}

func (s *workspace) tryDestroy(args ...string) outcome {
	s.t.Helper()
	return s.run(append([]string{"destroy", "-auto-approve", "-input=false", "-no-color"}, args...)...)
}

// apply runs an apply that must succeed.
func (s *workspace) apply(args ...string) outcome {
	s.t.Helper()
	return s.tryApply(args...).succeeds()
}

// applied applies a configuration and checks that the next plan is empty.
func (s *workspace) applied(configuration string, args ...string) outcome {
	s.t.Helper()
	s.write(configuration)
	o := s.apply(args...)
	s.planIsEmpty()
	return o
}

// destroy runs a destroy that must succeed.
func (s *workspace) destroy(args ...string) outcome {
	s.t.Helper()
	return s.tryDestroy(args...).succeeds()
}

// planIsEmpty fails unless the plan is empty.
func (s *workspace) planIsEmpty(args ...string) {
	s.t.Helper()
	o := s.tryPlan(args...)
	if o.code != 0 || !strings.Contains(o.text, "No changes") {
		s.t.Fatalf("the plan is not empty (exit code %d):\n%s", o.code, o.raw)
	}
}

func (o outcome) succeeds() outcome {
	o.t.Helper()
	if o.code != 0 {
		o.t.Fatalf("%s failed with exit code %d:\n%s", o.args[0], o.code, o.raw[max(strings.Index(o.raw, "Error:"), 0):])
	}
	return o
}

// fails checks that the run failed with each of the texts.
func (o outcome) fails(texts ...string) outcome {
	o.t.Helper()
	if o.code != 1 {
		o.t.Fatalf("%s was to fail, its exit code is %d:\n%s", o.args[0], o.code, o.raw)
	}
	return o.says(texts...)
}

func (o outcome) says(texts ...string) outcome {
	o.t.Helper()
	for _, text := range texts {
		if !strings.Contains(o.text, text) {
			o.t.Errorf("%s does not say %q:\n%s", o.args[0], text, o.raw)
		}
	}
	return o
}
