package commit

import (
	"slices"
)

// # Attribution
//
// CloudFormation rolls a whole commit back when a resource fails, and names that resource. The
// culprits are the members that change it. A single one gets AWS's reason as its error, and the
// rest of the batch is committed again.
//
// Several members can share the resource: one policy holds many permissions. Attribution then
// bisects them: it holds half of them back and commits the rest. If that succeeds, the culprit is
// among those held back, otherwise among those that took part. The last one left is the culprit.
//
// So a batch takes one commit for each culprit, one for the rest, and the binary logarithm of the
// number of members that share a resource. Members held back and the rest of a batch precede those
// queued since, so that the bisection does not grow.
//
// A failure that names no resource, as some refusals of change sets do, is bisected over the whole
// batch. It need not concern any member: after maxUnnamed such culprits in a row without a commit
// in between, the rest get the same error. A rollback without a failed resource was a person's
// decision or CloudFormation's time limit; it is the error of all members.

const maxUnnamed = 2

// attribution finds the culprits of failed commits. Its states, and what they hold:
//
//	at rest      nothing
//	bisecting    bisection: which half takes part in the next commit, and which is held back.
//	             cleared: members held back from earlier bisections, which are most likely good
//
// Its inputs are failed and succeeded, for each commit of a batch.
type attribution struct {
	stack     string
	bisection *bisection
	cleared   []member
	unnamed   int // culprits of unnamed failures since the last commit
}

type bisection struct {
	part   []MemberID // those in the batch
	other  []member   // those held back
	reason string     // AWS's, for which a commit with all of them failed
	status string     // in which it ended
}

type failure struct {
	status string // "" when nothing was executed
	causes []cause
	err    error // of the call that was refused; nil when none was
}

// cause is a reason for a failed commit, and the members whose resource it names.
type cause struct {
	reason   string
	owners   []MemberID
	left     bool // some owners are no longer in the batch: it proves nothing about the others
	unnamed  bool // it names no resource; all members are its owners
	conflict bool // a physical name is taken
}

// outcome is the result of a member; err is nil for success.
type outcome struct {
	member
	err error
}

// failed returns the members to commit again and the culprits. With everybody set, the failure
// can't be attributed: all members get it, those held back included.
func (a *attribution) failed(batch []member, f failure) (again []member, culprits []outcome, everybody bool) {
	if len(f.causes) == 1 && f.causes[0].unnamed && len(f.causes[0].owners) == 1 {
		a.unnamed++
	}
	errs := f.attributed(a.stack)
	isCulprit := func(id MemberID) bool { return errs[id] != nil }
	shared := slices.IndexFunc(f.causes, func(c cause) bool {
		return len(c.owners) > 1 && !c.left && !slices.ContainsFunc(c.owners, isCulprit)
	})
	left := slices.ContainsFunc(f.causes, func(c cause) bool { return c.left })
	if len(errs) == 0 && shared < 0 && !left || a.unnamed > maxUnnamed {
		return batch, nil, true
	}
	if a.bisection != nil && (shared >= 0 || slices.ContainsFunc(a.bisection.part, isCulprit)) {
		a.cleared = append(a.cleared, a.bisection.other...) // the culprit took part
		a.bisection = nil
	}
	for _, m := range batch {
		if err := errs[m.ID]; err != nil {
			err.Reasons = append(err.Reasons, m.remains...)
			culprits = append(culprits, outcome{m, err})
			continue
		}
		again = append(again, m)
	}
	if shared >= 0 {
		again = a.bisect(again, f.causes[shared].owners, f.causes[shared].reason, f.status)
	}
	if a.bisection == nil {
		again = append(again, a.cleared...)
		a.cleared = nil
	}
	for i := range again {
		again[i].deferred = false // what a member needs may be held back
	}
	return again, culprits, false
}

// attributed returns the errors of members that alone own a failed resource.
func (f failure) attributed(stack string) map[MemberID]*CommitError {
	errs := map[MemberID]*CommitError{}
	for _, c := range f.causes {
		if len(c.owners) != 1 || c.left {
			continue
		}
		id := c.owners[0]
		if errs[id] == nil {
			errs[id] = &CommitError{Stack: stack, Status: f.status, Err: f.err}
		}
		errs[id].Reasons = append(errs[id].Reasons, c.reason)
		errs[id].NameTaken = errs[id].NameTaken || c.conflict
	}
	return errs
}

// bisect holds the second half of the owners back, and returns the rest of the batch.
func (a *attribution) bisect(batch []member, owners []MemberID, reason, status string) (rest []member) {
	half := (len(owners) + 1) / 2
	a.bisection = &bisection{part: owners[:half], reason: reason, status: status}
	for _, m := range batch {
		if slices.Contains(owners[half:], m.ID) {
			a.bisection.other = append(a.bisection.other, m)
			continue
		}
		rest = append(rest, m)
	}
	return rest
}

// succeeded takes a commit of the members. It returns those that follow, and the culprit if it is
// known: when all who took part are good, it is among those held back.
func (a *attribution) succeeded(committed []MemberID) (next []member, culprits []outcome) {
	a.unnamed = 0
	b := a.bisection
	if b == nil {
		return nil, nil
	}
	a.bisection = nil
	tookPart := func(id MemberID) bool { return slices.Contains(committed, id) }
	if slices.ContainsFunc(b.part, func(id MemberID) bool { return !tookPart(id) }) {
		return b.other, nil // one left before the commit: nothing is proven
	}
	switch len(b.other) {
	case 0:
		return nil, nil
	case 1:
		return nil, []outcome{{b.other[0], &CommitError{
			Stack: a.stack, Status: b.status, Reasons: []string{b.reason + " (without this change, the others succeeded)"},
		}}}
	}
	var ids []MemberID
	for _, m := range b.other {
		ids = append(ids, m.ID)
	}
	return a.bisect(b.other, ids, b.reason, b.status), nil
}

func (a *attribution) release() []member {
	held := slices.Concat(a.held()...)
	a.bisection, a.cleared = nil, nil
	return held
}

// held returns the members held back; the caller may change them.
func (a *attribution) held() [][]member {
	if a.bisection == nil {
		return [][]member{a.cleared}
	}
	return [][]member{a.bisection.other, a.cleared}
}

func (a *attribution) filter(remaining func([]member) []member) {
	a.cleared = remaining(a.cleared)
	if a.bisection != nil {
		a.bisection.other = remaining(a.bisection.other)
	}
}
