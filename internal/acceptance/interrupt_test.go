package acceptance_test

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// running is a run of the CLI that can be interrupted. It leads a process group of its own, like a
// command in a terminal: signals reach the CLI and the provider alike.
type running struct {
	s       *workspace
	command *exec.Cmd
	out     *transcript
	args    []string
	exited  chan struct{} // closed once the CLI has ended, with err
	err     error
}

func (s *workspace) start(args ...string) *running {
	s.t.Helper()
	r := &running{s: s, command: s.command(args...), args: args, out: newTranscript(), exited: make(chan struct{})}
	r.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	r.command.Stdout, r.command.Stderr = r.out, r.out
	// A provider that outlives a killed CLI keeps its output open; the test does not wait for it.
	r.command.WaitDelay = 5 * time.Second
	if err := r.command.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		defer close(r.exited)
		r.err = r.command.Wait()
	}()
	return r
}

// send sends a signal to the CLI and its provider, unless they have ended.
func (r *running) send(signal syscall.Signal) { r.signal(-r.command.Process.Pid, signal) }

func (r *running) sendCLI(signal syscall.Signal) { r.signal(r.command.Process.Pid, signal) }

func (r *running) signal(whom int, signal syscall.Signal) {
	r.s.t.Helper()
	select {
	case <-r.exited: // its number may belong to another process by now
		return
	default:
	}
	if err := syscall.Kill(whom, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		r.s.t.Fatal(err)
	}
}

// await waits until a condition holds, and checks it each time the signal fires. It returns false
// when the run ends first.
func (r *running) await(changes *signal, condition func() bool) bool {
	r.s.t.Helper()
	for {
		changed := changes.wait()
		if condition() {
			return true
		}
		select {
		case <-changed:
		case <-r.exited:
			return condition()
		case <-r.s.t.Context().Done():
			r.s.t.Fatal("the test ended before what it waited for")
		}
	}
}

func (r *running) awaitText(text string) bool {
	r.s.t.Helper()
	return r.await(r.out.grown, func() bool { return strings.Contains(r.out.String(), text) })
}

func (r *running) wait() outcome {
	r.s.t.Helper()
	<-r.exited
	return r.s.outcome(r.args, r.err, r.out.String())
}

type transcript struct {
	mu    sync.Mutex
	text  bytes.Buffer
	grown *signal // fires when it grows
}

func newTranscript() *transcript { return &transcript{grown: newSignal()} }

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.grown.fire()
	return t.text.Write(p)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

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

func TestApply_ResumesInterrupted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, r := interrupted(t, w, "")
	r.send(syscall.SIGINT)
	// The commit in progress is awaited and its outcome reported, so no object is uncertain.
	o := r.wait().says("Interrupt received")
	if strings.Contains(o.text, "It is unknown whether") {
		t.Errorf("an interrupted apply left the outcome open:\n%s", o.raw)
	}
	s.apply()
	s.planIsEmpty()
}

// TestKilledApply kills the CLI and the provider during a CloudFormation operation. The next apply
// takes over the objects with its configuration's origin mark. Without a mark their owner is
// unknown, and the error prints how to import them.
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
