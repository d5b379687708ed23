package acceptance_test

import (
	"bytes"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// running is a run of the CLI that can be met in the middle. It leads a process group of its own, as a command in a terminal
// does: signals reach the CLI and the provider alike.
type running struct {
	s       *workspace
	command *exec.Cmd
	out     bytes.Buffer
	args    []string
}

func (s *workspace) start(args ...string) *running {
	s.t.Helper()
	r := &running{s: s, command: s.command(args...), args: args}
	r.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	r.command.Stdout, r.command.Stderr = &r.out, &r.out
	// A provider that outlives a killed CLI holds its output open; nobody waits for what it may say.
	r.command.WaitDelay = 5 * time.Second
	if err := r.command.Start(); err != nil {
		s.t.Fatal(err)
	}
	return r
}

// send sends a signal to the CLI and its provider.
func (r *running) send(signal syscall.Signal) {
	r.s.t.Helper()
	if err := syscall.Kill(-r.command.Process.Pid, signal); err != nil {
		r.s.t.Fatal(err)
	}
}

func (r *running) wait() outcome {
	r.s.t.Helper()
	err := r.command.Wait()
	return r.s.outcome(r.args, err, r.out.String())
}

// interrupted brings an apply of three buckets to the point where CloudFormation is at work on them.
func interrupted(t *testing.T, w *world, provider string) (*workspace, *running) {
	t.Helper()
	configuration := provider + bucketOf("one") + bucketOf("two") + bucketOf("three", `tags = { team = "blue" }`)
	w.workspace(acmeProject).apply()
	s := w.workspace(configuration)
	w.slow(time.Second, 2*time.Second)
	w.box.ResetCalls()
	r := s.start("apply", "-auto-approve", "-input=false", "-no-color")
	w.awaitCall("cloudformation.ExecuteChangeSet", 1)
	return s, r
}

// TestInterruptedApplyIsFinishedByTheNext presses Ctrl-C while CloudFormation is at work.
func TestInterruptedApplyIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, r := interrupted(t, w, "")
	r.send(syscall.SIGINT)
	// What was being committed is waited for, and told as it came out: nothing is left in doubt.
	o := r.wait().says("Interrupt received")
	if strings.Contains(o.text, "nobody knows") {
		t.Errorf("an interrupted apply left the outcome open:\n%s", o.raw)
	}
	s.apply()
	s.planIsEmpty()
}

// TestKilledApply kills the CLI and the provider while CloudFormation is at work. The next apply takes over what carries the
// mark of its own configuration; without a mark nobody can know whose it is, and the error prints how to import it.
func TestKilledApply(t *testing.T) {
	t.Parallel()
	t.Run("with an origin", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		s, r := interrupted(t, w, `provider "stowage" { origin = "ws" }`+"\n")
		r.send(syscall.SIGKILL)
		r.wait()
		s.apply().says("3 added, 0 changed, 0 destroyed")
		s.planIsEmpty()
	})
	t.Run("without an origin", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		s, r := interrupted(t, w, "")
		r.send(syscall.SIGKILL)
		r.wait()
		s.tryApply().fails("It exists already", "import { to = stowage_project_bucket.one id = \"acme/one\" }")
		imports := ""
		for _, name := range []string{"one", "two", "three"} {
			imports += "import {\n  to = stowage_project_bucket." + name + "\n  id = \"acme/" + name + "\"\n}\n"
		}
		s.put("imports.tf", imports)
		s.apply()
		s.planIsEmpty()
	})
}
