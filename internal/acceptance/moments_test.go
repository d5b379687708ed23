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

// wholeProject is a configuration in which entities follow upon each other: a commit of the directory and four of the project's
// stack, its creation included, when all goes well.
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

// end is a way in which a run of the CLI is cut short.
type end struct {
	name string
	do   func(r *running)
	// waits says that the run finishes what it has begun. Then it knows all outcomes, and the next apply needs no origin mark to go
	// on.
	waits bool
}

var (
	// interrupt is Ctrl-C in a terminal: the CLI and the provider both get it.
	interrupt = end{"interrupted", func(r *running) { r.send(syscall.SIGINT) }, true}
	// interruptTwice is Ctrl-C again, once the CLI has said what that means: it leaves without waiting for anything.
	interruptTwice = end{"interrupted twice", func(r *running) {
		r.send(syscall.SIGINT)
		if r.awaitText("Interrupt received") {
			r.send(syscall.SIGINT)
		}
	}, false}
	kill = end{"killed", func(r *running) { r.send(syscall.SIGKILL) }, false}
	// orphan kills the CLI alone: the provider goes on for as long as nobody stops it.
	orphan = end{"orphaned", func(r *running) { r.sendCLI(syscall.SIGKILL) }, false}
)

// moments calls a test for moments all over a run of about so many calls, in every way in which runs end early.
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

// TestApplyIsCutShortAtAnyMoment ends an apply at calls of CloudFormation all over it. The next apply goes on by itself, and
// nothing is left behind.
func TestApplyIsCutShortAtAnyMoment(t *testing.T) {
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

// TestDestroyIsCutShortAtAnyMoment does the same to a destroy, which the next one finishes.
func TestDestroyIsCutShortAtAnyMoment(t *testing.T) {
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

// markedUnless gives a configuration an origin mark, unless it needs none.
func markedUnless(needless bool, configuration string) string {
	if needless {
		return configuration
	}
	return `provider "stowage" { origin = "ws" }` + "\n" + configuration
}

// cutShort begins to apply or destroy, and ends that when so many calls of CloudFormation have been made.
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

// restoreState puts the backup of the state back when the run was ended while it wrote the state, which it writes in place: the
// CLI warns that data may be lost then.
func (s *workspace) restoreState() {
	s.t.Helper()
	state, err := os.ReadFile(filepath.Join(s.dir, "terraform.tfstate"))
	if err != nil || json.Valid(state) {
		return // none has been written yet, or all of it
	}
	backup, err := os.ReadFile(filepath.Join(s.dir, "terraform.tfstate.backup"))
	if errors.Is(err, fs.ErrNotExist) {
		return // nothing was in it before
	} else if err != nil {
		s.t.Fatal(err)
	}
	s.put("terraform.tfstate", string(backup))
}
