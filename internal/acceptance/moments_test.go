package acceptance_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// wholeProject is a configuration with dependent entities: a commit of the directory and four of
// the project's stack, its creation included, without failures.
const wholeProject = `
resource "stowage_project" "acme" {
  name       = "acme"
  account_id = "` + account + `"
}

resource "stowage_project_bucket" "inbox" {
  project = stowage_project.acme.name
  name    = "inbox"
}

resource "stowage_project_bucket" "outbox" {
  project = stowage_project.acme.name
  name    = "outbox"
  tags    = { team = "blue" }
}

resource "stowage_project_user" "partner" {
  project = stowage_project.acme.name
  name    = "partner"
}

resource "stowage_user_permission" "partner_inbox" {
  project = stowage_project.acme.name
  user    = stowage_project_user.partner.name
  bucket  = stowage_project_bucket.inbox.name
  access  = "read_write"
}
`

// end is a way in which a run of the CLI ends early.
type end struct {
	name string
	do   func(r *running)
	// waits reports whether the run finishes its operations. Then it knows all outcomes, and the
	// next apply needs no origin mark to continue.
	waits bool
}

var (
	// interrupt is Ctrl-C in a terminal: the CLI and the provider both receive it.
	interrupt = end{"interrupted", func(r *running) { r.send(syscall.SIGINT) }, true}
	// interruptTwice is Ctrl-C again, once the CLI has explained its effect: it exits without
	// waiting.
	interruptTwice = end{"interrupted twice", func(r *running) {
		r.send(syscall.SIGINT)
		if r.awaitText("Interrupt received") {
			r.send(syscall.SIGINT)
		}
	}, false}
	kill = end{"killed", func(r *running) { r.send(syscall.SIGKILL) }, false}
	// orphan kills the CLI alone: the provider continues until it is stopped.
	orphan = end{"orphaned", func(r *running) { r.sendCLI(syscall.SIGKILL) }, false}
)

// moments runs a test for moments throughout a run of about so many calls, with every way of
// ending.
func moments(t *testing.T, calls, step int, test func(t *testing.T, end end, call int)) {
	t.Helper()
	ends := []end{kill, interrupt, interruptTwice, orphan}
	for i := 0; step*i+2 <= calls; i++ {
		end, call := ends[i%len(ends)], step*i+2
		t.Run(fmt.Sprintf("%s at call %d", end.name, call), func(t *testing.T) {
			t.Parallel()
			test(t, end, call)
		})
	}
}

// TestApply_CutShortAtAnyMoment ends an apply at calls of CloudFormation throughout it. The next
// apply continues automatically, and leaves nothing behind.
func TestApply_CutShortAtAnyMoment(t *testing.T) {
	t.Parallel()
	moments(t, 35, 6, func(t *testing.T, end end, call int) {
		w := newWorld(t)
		w.slow(100*time.Millisecond, 300*time.Millisecond)
		s := w.workspace(markedUnless(end.waits, wholeProject))
		s.cutShort(w, end, call, "apply")
		s.apply()
		s.planIsEmpty()
		s.destroy()
		w.clients().wantNothingLeft()
	})
}

// TestDestroy_CutShortAtAnyMoment does the same to a destroy, which the next one finishes.
func TestDestroy_CutShortAtAnyMoment(t *testing.T) {
	t.Parallel()
	moments(t, 35, 6, func(t *testing.T, end end, call int) {
		w := newWorld(t)
		s := w.workspace(markedUnless(end.waits, wholeProject))
		s.apply()
		w.slow(100*time.Millisecond, 300*time.Millisecond)
		s.cutShort(w, end, call, "destroy")
		s.destroy()
		w.clients().wantNothingLeft()
	})
}

func markedUnless(needless bool, configuration string) string {
	if needless {
		return configuration
	}
	return `provider "stowage" { origin = "ws" }` + "\n" + configuration
}

// cutShort starts an apply or destroy, and ends it after so many calls of CloudFormation.
func (s *workspace) cutShort(w *world, end end, call int, command string) {
	s.t.Helper()
	w.box.ResetCalls()
	r := s.start(command, "-auto-approve", "-input=false", "-no-color")
	r.await(w.served, func() bool { return w.callsOf("cloudformation") >= call })
	end.do(r)
	if o := r.wait(); end.waits && strings.Contains(o.text, "It is unknown whether") {
		s.t.Errorf("an interrupted %s left an outcome open:\n%s", command, o.raw)
	}
	s.restoreState()
}

// restoreState restores the state's backup when the run was ended while it wrote the state in
// place. The CLI warns that data may be lost then.
func (s *workspace) restoreState() {
	s.t.Helper()
	state, err := os.ReadFile(filepath.Join(s.dir, "terraform.tfstate"))
	if err != nil || json.Valid(state) {
		return // none or all of it was written
	}
	backup, err := os.ReadFile(filepath.Join(s.dir, "terraform.tfstate.backup"))
	if errors.Is(err, fs.ErrNotExist) {
		return // it was empty before
	} else if err != nil {
		s.t.Fatal(err)
	}
	s.put("terraform.tfstate", string(backup))
}
