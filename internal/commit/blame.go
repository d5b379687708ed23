package commit

import (
	"slices"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
)

// # Blame
//
// CloudFormation rolls a whole commit back when one of its resources fails, and names that resource. The members that
// change it are to blame. When that is one member, it gets AWS's reason as its error, and the others are committed
// again without it. When several members share the resource (one policy holds many permissions), they are suspects: half of
// them are held back and the rest is committed again. If that succeeds, the culprit is among those held back, else among
// those that took part. A suspect who is the only one left is to blame.
//
// So a batch with bad members takes one commit for each of them, one for the rest, and the binary logarithm of the number of
// members that share a resource. The held-back ones and the rest of a batch go before whatever has been queued since: what is
// being found out stays as small as it was.
//
// A failure that names no resource, as some refusals of change sets do, makes suspects of the whole batch. That need not be
// about any member at all. So when maxUnnamed members in a row have been blamed like that with no commit in between, the rest
// get the same error. A rollback for which no resource has failed was somebody's decision (or CloudFormation's time limit): all
// members get it as their error.

// maxUnnamed is how many members are blamed one after the other for failures without a name before everybody is.
const maxUnnamed = 2

// cause is a reason for which a commit failed, and the members whose resource it names; all of them when it names none.
type cause struct {
	reason   string
	owners   []MemberID
	left     bool // some of the owners are not in the batch any more: it proves nothing about the others
	conflict bool // a physical name is taken
}

// suspicion is what is known while a culprit is looked for.
type suspicion struct {
	part   []MemberID // the suspects in the batch
	other  []member   // the suspects held back
	reason string     // for which a commit with all of them failed
	status string     // in which it ended
}

// verdict is an error on its way to its member.
type verdict struct {
	member
	err error
}

// causes are the reasons for which an operation failed: the resources that failed by themselves, before the rollback began.
func (e *Engine) causes(events []Event) []cause {
	var causes []cause
	for _, event := range events {
		if event.Type == cfn.StackType {
			if cfn.RolledBack(event.Status) {
				break
			}
			continue
		}
		if cfn.Failed(event.Status) && !cancelled(event.Reason) {
			owners, left := e.owners(event.LogicalID)
			causes = append(causes, cause{reason: reason(event), owners: owners, left: left})
		}
	}
	return causes
}

// findings are the causes that the service found before anything was executed.
func (e *Engine) findings(o ChangeSetMade) []cause {
	var causes []cause
	for _, event := range o.Findings {
		owners, left := e.owners(event.LogicalID)
		causes = append(causes, cause{reason(event), owners, left, event.Status == nameConflict})
	}
	return causes
}

// noteRemains notes what the rollback of a commit could not delete again: it is no reason for the failure, and if the member
// fails later because of it, its error tells.
func (e *Engine) noteRemains(events []Event) {
	for _, event := range events {
		if event.Status != cfn.DeleteFailed {
			continue
		}
		owners, _ := e.owners(event.LogicalID)
		for i := range e.batch {
			if slices.Contains(owners, e.batch[i].ID) {
				e.batch[i].remains = append(e.batch[i].remains, "an attempt before has left it behind: "+reason(event))
			}
		}
	}
}

// nameConflict is the validation that finds taken names (CloudFormation user guide, "Validate stack deployments").
const nameConflict = "NAME_CONFLICT_VALIDATION"

// unnamed is a cause that names no resource.
func (e *Engine) unnamed(text string) []cause {
	c := cause{reason: text}
	for _, m := range e.batch {
		c.owners = append(c.owners, m.ID)
	}
	if len(c.owners) == 1 {
		e.blamedUnnamed++
	}
	return []cause{c}
}

// owners are the members still in the batch that change a resource; left says that others did too and have left the batch,
// their time being up.
func (e *Engine) owners(logicalID string) (owners []MemberID, left bool) {
	for _, intent := range e.attempt.intents {
		if intent.LogicalID != logicalID {
			continue
		}
		for _, i := range intent.Members {
			id := e.attempt.members[i]
			switch {
			case !slices.ContainsFunc(e.batch, func(m member) bool { return m.ID == id }):
				left = true
			case !slices.Contains(owners, id):
				owners = append(owners, id)
			}
		}
	}
	return owners, left
}

// blame sentences who is to blame for a failed commit and leaves in the batch who is to be committed again. What could not
// be attributed to anybody is everybody's error.
func (e *Engine) blame(status string, causes []cause, called error) {
	guilty := map[MemberID]*CommitError{}
	for _, c := range causes {
		if len(c.owners) == 1 && !c.left {
			id := c.owners[0]
			if guilty[id] == nil {
				guilty[id] = &CommitError{Stack: e.config.Stack, Status: status, Err: called}
			}
			guilty[id].Reasons = append(guilty[id].Reasons, c.reason)
			guilty[id].NameTaken = guilty[id].NameTaken || c.conflict
		}
	}
	shared := slices.IndexFunc(causes, func(c cause) bool {
		return len(c.owners) > 1 && !c.left && !slices.ContainsFunc(c.owners, func(id MemberID) bool { return guilty[id] != nil })
	})
	left := slices.ContainsFunc(causes, func(c cause) bool { return c.left })
	if len(guilty) == 0 && shared < 0 && !left || e.blamedUnnamed > maxUnnamed {
		e.sentenceEverybody(&CommitError{Stack: e.config.Stack, Status: status, Reasons: reasons(causes), Err: called})
		return
	}
	if e.suspicion != nil && (shared >= 0 || slices.ContainsFunc(e.suspicion.part, func(id MemberID) bool { return guilty[id] != nil })) {
		e.innocent = append(e.innocent, e.suspicion.other...) // a culprit took part, so those held back may well be good
		e.suspicion = nil
	}
	e.batch = slices.DeleteFunc(e.batch, func(m member) bool {
		if why := guilty[m.ID]; why != nil {
			why.Reasons = append(why.Reasons, m.remains...)
			e.sentence(m, why)
			return true
		}
		return false
	})
	if shared >= 0 {
		e.suspect(causes[shared].owners, causes[shared].reason, status)
	}
	if e.suspicion == nil {
		e.batch = append(e.batch, e.innocent...)
		e.innocent = nil
	}
	for i := range e.batch {
		e.batch[i].deferred = false // what a member needs may be held back
	}
}

// sentenceEverybody gives the batch, and who was held back from it, one error.
func (e *Engine) sentenceEverybody(err error) {
	e.batch = append(e.batch, e.held()...)
	e.sentenceAll(func(member) error { return err })
}

// suspect holds the second half of the suspects back.
func (e *Engine) suspect(owners []MemberID, why, status string) {
	half := (len(owners) + 1) / 2
	e.suspicion = &suspicion{part: owners[:half], reason: why, status: status}
	e.batch = slices.DeleteFunc(e.batch, func(m member) bool {
		if slices.Contains(owners[half:], m.ID) {
			e.suspicion.other = append(e.suspicion.other, m)
			return true
		}
		return false
	})
}

// acquit goes on after a commit with all suspects in the batch has succeeded: the culprit is among those held back. It fills
// the batch with who is next.
func (e *Engine) acquit(committed []MemberID) {
	e.blamedUnnamed = 0
	s := e.suspicion
	if s == nil {
		return
	}
	e.suspicion = nil
	took := func(id MemberID) bool { return slices.Contains(committed, id) }
	switch {
	case slices.ContainsFunc(s.part, func(id MemberID) bool { return !took(id) }):
		e.batch = s.other // a suspect left before the commit: nothing is proven
	case len(s.other) == 1:
		e.sentence(s.other[0], &CommitError{
			Stack: e.config.Stack, Status: s.status,
			Reasons: []string{s.reason + " (without this change, the others succeeded)"},
		})
	default:
		e.batch = s.other
		var ids []MemberID
		for _, m := range s.other {
			ids = append(ids, m.ID)
		}
		if len(ids) > 0 {
			e.suspect(ids, s.reason, s.status)
		}
	}
}

// held takes out all who are held back.
func (e *Engine) held() []member {
	held := e.innocent
	if e.suspicion != nil {
		held = slices.Concat(e.suspicion.other, held)
	}
	e.innocent, e.suspicion = nil, nil
	return held
}

// sentence decides a member's outcome, which it hears when what is left behind has been tidied up.
func (e *Engine) sentence(m member, err error) {
	e.verdicts = append(e.verdicts, verdict{m, err})
}

// sentenceAll decides the outcome of every member of the batch.
func (e *Engine) sentenceAll(outcome func(member) error) {
	for _, m := range e.batch {
		e.sentence(m, outcome(m))
	}
	e.batch = nil
}

// pronounce tells the members their outcomes.
func (e *Engine) pronounce(now time.Time) {
	for _, v := range e.verdicts {
		e.tell(v.member, v.err)
		e.released++
		e.releasedAt = now
	}
	e.verdicts = nil
}

func reasons(causes []cause) []string {
	var texts []string
	for _, c := range causes {
		texts = append(texts, c.reason)
	}
	return slices.Compact(texts)
}
