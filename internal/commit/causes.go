package commit

import (
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
)

// causes returns the reasons for which an operation failed: the resources that failed before the
// rollback began, without those that were only cancelled.
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

// nameConflict is the validation that finds taken names (CloudFormation user guide, "Validate stack
// deployments").
const nameConflict = "NAME_CONFLICT_VALIDATION"

// findings returns the causes that the service found before anything was executed.
func (e *Engine) findings(o ChangeSetMade) []cause {
	var causes []cause
	for _, event := range o.Findings {
		owners, left := e.owners(event.LogicalID)
		causes = append(causes, cause{
			reason: reason(event), owners: owners, left: left, conflict: event.Status == nameConflict,
		})
	}
	return causes
}

// unnamed returns a cause that names no resource.
func (e *Engine) unnamed(text string) []cause {
	c := cause{reason: text, unnamed: true}
	for _, m := range e.batch {
		c.owners = append(c.owners, m.ID)
	}
	return []cause{c}
}

// owners returns the members of the batch that change a resource. left is set when others did too
// and have left the batch, as their time was up.
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

func reasons(causes []cause) []string {
	var texts []string
	for _, c := range causes {
		texts = append(texts, c.reason)
	}
	return slices.Compact(texts)
}

// attribute completes the culprits of a failed commit. The batch is then what is to be committed
// again.
func (e *Engine) attribute(f failure) {
	again, culprits, everybody := e.attribution.failed(e.batch, f)
	if everybody {
		e.failEverybody(&CommitError{
			Stack: e.config.Stack, Status: f.status, Reasons: reasons(f.causes), Err: f.err,
		})
		return
	}
	e.batch, e.outcomes = again, append(e.outcomes, culprits...)
}
