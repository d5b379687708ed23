package commit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// base is what a commit builds upon.
type base struct {
	description Description
	template    *template.Template
	revision    int64
	remembered  bool // from our own last commit, or read earlier
	maybeStale  bool // stale for longer than descriptions and templates are
}

func (b *base) hash() string {
	text := b.description.StackID + "\n" + b.description.ChangeSetID + "\n" + b.description.LastUpdated.UTC().Format(
		time.RFC3339Nano,
	)
	if b.template != nil {
		text += "\n" + b.template.Hash()
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func (e *Engine) read() {
	e.base = nil
	e.phase = reading
	e.emit(Read{})
}

func (e *Engine) pause(now time.Time, d time.Duration) {
	e.base = nil
	e.phase, e.resumeAt = pausing, now.Add(d)
}

func (e *Engine) baseRead(now time.Time, o BaseRead) {
	switch {
	case len(e.batch) == 0 && !e.owes():
		e.phase = idle
	case o.Err != nil:
		e.recovery.reset()
		e.failAll(now, unreadable(e.config.Stack, o.Err))
	case o.Earlier && (e.owes() || !cfn.Stable(o.After.Status)):
		e.read()
	case o.Absent, o.After.Status == cfn.ReviewInProgress, o.After.Status == cfn.DeleteComplete:
		e.create(now, o)
	case !o.Consistent(), e.staleness.Wait(now, o.Stale()):
		e.unserved = nil // that is what the members wait for now
		e.pause(now, BusyPause)
	case o.After.Status == cfn.UpdateRollbackFailed:
		e.recover(now, o)
	case o.After.Status == cfn.RollbackComplete && e.config.Create && len(e.batch) > 0:
		e.clear(o)
	case !cfn.Stable(o.After.Status):
		e.stuck(now, o.After.Status, o.After.StatusReason)
	default:
		revision, err := strconv.ParseInt(o.After.Parameters[template.RevisionParameter], 10, 64)
		if err != nil {
			e.failAll(
				now,
				unreadable(
					e.config.Stack,
					fmt.Errorf(
						"its parameter %s, which counts its commits, holds no number; set it back by hand: %w",
						template.RevisionParameter, err,
					),
				),
			)
			return
		}
		e.base = &base{
			description: o.After, template: o.Template, revision: revision, remembered: o.Earlier,
			maybeStale: o.Stale(),
		}
		e.recovery.overtaken()
		switch {
		case e.recovery.healing():
			e.composeHealing(now)
		case len(e.batch) == 0:
			e.phase = idle
		case !o.After.Protected && e.protectedID != o.After.StackID:
			e.protect(o.After.StackID)
		default:
			e.compose(now)
		}
	}
}

// create makes the stack with the revision marker alone; the members' changes follow as an update.
func (e *Engine) create(now time.Time, o BaseRead) {
	e.recovery.reset()
	if !e.config.Create {
		e.failAll(now, &model.NotFoundError{Kind: model.NotFoundStack, Stack: e.config.Stack})
		return
	}
	if len(e.batch) == 0 {
		e.phase = idle
		return
	}
	stackID := ""
	if !o.Absent && o.After.Status == cfn.ReviewInProgress {
		stackID = o.After.StackID
	}
	token := e.token()
	seed, err := template.Stamp(template.Seed(e.config.RevisionMarkerName, e.config.Description), token, 0)
	if err != nil {
		e.failAll(now, err)
		return
	}
	e.base = &base{description: Description{StackID: stackID}}
	e.attempt = attempt{purpose: creating, token: token, template: seed, stackID: stackID}
	e.make()
}

// protect sets what guards a stack from mistakes; the round goes on when it is set.
func (e *Engine) protect(stackID string) {
	e.phase, e.protectedID = protecting, stackID
	e.emit(Protect{stackID})
}

func (e *Engine) protected(now time.Time, o Protected) {
	if o.Err != nil {
		e.base, e.protectedID = nil, ""
		e.failAll(now, &CommitError{
			Stack: e.config.Stack, Reasons: []string{"it can't be protected from deletion: " + o.Err.Error()}, Err: o.Err,
		})
		return
	}
	e.begin(now)
}
