package commit

import (
	"encoding/json"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// # Recovery
//
// A stack whose rollback failed (UPDATE_ROLLBACK_FAILED) accepts no change set, so one stuck
// resource would block every writer. An engine that reads such a stack continues the rollback,
// whichever writer left it: first unchanged, since most causes pass. If it fails again, it skips
// the resources that the events name, provided that all of them can be healed (template.Heal).
// CloudFormation then treats skipped resources as rolled back, whatever their actual state. So a
// healing commit changes each of them a little, which writes its whole content, and a second commit
// reverts that change. A resource that can't be healed requires manual intervention (*StuckError).
//
// A stack whose first creation was rolled back (ROLLBACK_COMPLETE) can only be deleted. First
// creations hold the revision marker alone, so nothing is lost. It is deleted by its ID, once it
// holds no resource.

// maxContinued is how often a rollback is continued before the stack requires manual intervention:
// unchanged, with the resources skipped that this attempt names, and with those named only then.
// maxContinuing is how often that is tried, BusyPause apart.
const (
	maxContinued  = 3
	maxContinuing = 20
)

// recovery repairs a stack after a failed rollback. Its states:
//
//	at rest      nothing is to be done
//	continuing   rollback: a failed rollback is continued
//	healing      heal: a commit is to change what was skipped
//	restoring    heal and before: a commit is to take that change back
//
//	state        input                                  next state
//	any          found: UPDATE_ROLLBACK_FAILED          continuing, or stuck after maxContinued
//	continuing   ended: complete, nothing skipped       at rest
//	continuing   ended: complete, skipped               healing; at rest if healing failed before
//	continuing   ended: failed, names can be healed     continuing, skipping them
//	continuing   ended: failed otherwise                stuck
//	continuing   overtaken by another writer            at rest
//	healing      committed                              restoring
//	healing      committed: nothing to change           at rest
//	restoring    committed                              at rest
//	healing,
//	restoring    refused or rolled back                 at rest, unhealed
//	             UPDATE_ROLLBACK_FAILED                 continuing, without healing
//
// A rollback of another writer can fail while heal is pending: it is continued first.
type recovery struct {
	rollback *rollback
	heal     []string // logical IDs
	before   map[string]json.RawMessage
}

type rollback struct {
	template  *template.Template
	skip      []string
	continued int // accepted by CloudFormation
	tries     int
	unhealed  bool // healing failed before: it is not tried again
}

type continuation int

const (
	readAgain    continuation = iota // the next reading decides
	restored                         // everything is rolled back
	toHeal                           // all is rolled back but what was skipped
	leftUnhealed                     // as toHeal, but healing failed before
	givenUp                          // manual intervention is required
)

func (r *recovery) pending() bool { return r.rollback != nil || len(r.heal) > 0 }

func (r *recovery) healing() bool { return len(r.heal) > 0 }

func (r *recovery) begin() { r.rollback = &rollback{} }

func (r *recovery) reset() { *r = recovery{} }

// overtaken ends the continuation: another writer has continued the rollback.
func (r *recovery) overtaken() { r.rollback = nil }

// found takes a reading of a stack in UPDATE_ROLLBACK_FAILED. It returns the resources to skip; ok
// is false when the rollback was continued too often.
func (r *recovery) found(t *template.Template) (skip []string, ok bool) {
	if r.rollback == nil {
		r.begin()
	}
	if r.rollback.continued == maxContinued || r.rollback.tries == maxContinuing {
		return nil, false
	}
	r.rollback.tries++
	r.rollback.template = t
	return r.rollback.skip, true
}

func (r *recovery) accepted() { r.rollback.continued++ }

// ended takes the end of a continued rollback: its status, and the resources that failed by its
// events. skipped are those that CloudFormation only treats as rolled back.
func (r *recovery) ended(status string, failed []string) (next continuation, skipped []string) {
	b := r.rollback
	switch status {
	case cfn.UpdateRollbackComplete:
		r.rollback = nil
		switch {
		case len(b.skip) == 0:
			return restored, nil
		case b.unhealed:
			return leftUnhealed, b.skip
		}
		r.heal = b.skip
		return toHeal, b.skip
	case cfn.UpdateRollbackFailed:
		if unable := template.Unhealable(b.template, failed); len(failed) == 0 || len(unable) > 0 {
			return givenUp, nil
		}
		b.skip = merged(b.skip, failed)
	}
	return readAgain, nil
}

// next returns the template of the next healing commit, and whether it restores.
func (r *recovery) next(base *template.Template) (t *template.Template, restores bool) {
	if r.before != nil {
		return base.Restore(r.before), true
	}
	t, r.before = template.Heal(base, r.heal)
	return t, false
}

func (r *recovery) healed() { r.heal, r.before = nil, nil }

// healingRollbackFailed continues the rollback of a healing commit. What it skips stays unhealed.
func (r *recovery) healingRollbackFailed() {
	r.reset()
	r.rollback = &rollback{unhealed: true}
}

func failedResources(events []Event) []string {
	var ids []string
	for _, event := range events {
		if event.Type != cfn.StackType && event.Status == cfn.UpdateFailed {
			ids = append(ids, event.LogicalID)
		}
	}
	return merged(nil, ids)
}

func merged(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
