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

// baseReader decides from readings of the stack what a batch can build upon.
type baseReader struct {
	config      Config
	members     *members
	round       *round
	repair      *repair
	preparation *preparation
	calls       *availability
	staleness   cfn.Staleness // of the last readings
}

func (b *baseReader) read(now time.Time, o BaseRead) next {
	switch {
	case len(b.members.batch) == 0 && !b.repair.pending():
		b.round.end()
	case o.Err != nil:
		b.repair.reset()
		b.round.failAll(now, unreadable(b.config.Stack, o.Err))
	case o.Earlier && (b.repair.pending() || !cfn.Stable(o.After.Status)):
		b.round.read()
	case o.Absent, o.After.Status == cfn.ReviewInProgress, o.After.Status == cfn.DeleteComplete:
		b.create(now, o)
	case !o.Consistent(), b.staleness.Wait(now, o.Stale()):
		b.calls.served() // that is what the members wait for now
		b.round.pause(now, BusyPause)
	case o.After.Status == cfn.UpdateRollbackFailed:
		b.repair.recover(now, o)
	case o.After.Status == cfn.RollbackComplete && b.config.Create && len(b.members.batch) > 0:
		b.round.clear(o.After.StackID)
	case !cfn.Stable(o.After.Status):
		b.repair.stuck(now, o.After.Status, o.After.StatusReason)
	default:
		return b.found(now, o)
	}
	return waits
}

// found builds upon a stack at rest.
func (b *baseReader) found(now time.Time, o BaseRead) next {
	revision, err := strconv.ParseInt(o.After.Parameters[template.RevisionParameter], 10, 64)
	if err != nil {
		b.round.failAll(now, unreadable(b.config.Stack, fmt.Errorf(
			"its parameter %s, which counts its commits, holds no number; set it back by hand: %w",
			template.RevisionParameter, err,
		)))
		return waits
	}
	b.round.base = &base{
		description: o.After, template: o.Template, revision: revision, remembered: o.Earlier,
		maybeStale: o.Stale(),
	}
	b.repair.overtaken()
	switch {
	case b.repair.healing():
		return b.repair.heal(now)
	case len(b.members.batch) == 0:
		b.round.end()
	case !o.After.Protected && b.round.protectedID != o.After.StackID:
		b.round.protect(o.After.StackID)
	default:
		b.preparation.compose(now)
	}
	return waits
}

// create makes the stack with the revision marker alone; an update with the members' changes
// follows.
func (b *baseReader) create(now time.Time, o BaseRead) {
	b.repair.reset()
	if !b.config.Create {
		b.round.failAll(now, &model.NotFoundError{Kind: model.NotFoundStack, Stack: b.config.Stack})
		return
	}
	if len(b.members.batch) == 0 {
		b.round.end()
		return
	}
	stackID := ""
	if !o.Absent && o.After.Status == cfn.ReviewInProgress {
		stackID = o.After.StackID
	}
	token := b.round.token()
	seed, err := template.Stamp(template.Seed(b.config.RevisionMarkerName, b.config.Description), token, 0)
	if err != nil {
		b.round.failAll(now, err)
		return
	}
	b.round.base = &base{description: Description{StackID: stackID}}
	b.round.attempt = attempt{purpose: creating, token: token, template: seed, stackID: stackID}
	b.round.make()
}

func (b *baseReader) protected(now time.Time, o Protected) next {
	if o.Err != nil {
		b.round.base, b.round.protectedID = nil, ""
		b.round.failAll(now, &CommitError{
			Stack: b.config.Stack, Reasons: []string{"it can't be protected from deletion: " + o.Err.Error()}, Err: o.Err,
		})
		return waits
	}
	return goesOn
}
