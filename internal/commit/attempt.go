package commit

import (
	"slices"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

type purpose int

const (
	changing   purpose = iota // the members' changes
	creating                  // the stack, with the revision marker alone
	confirming                // that a base that may be stale is the stack's: the revision marker alone
	healing                   // resources whose rollback was skipped
	recovering                // continuing a failed rollback: there is no change set
)

// attempt is one change set on its way.
type attempt struct {
	purpose  purpose
	restores bool // a healing that takes back what the one before has changed
	token    string
	template *template.Template
	revision int64
	intents  []template.Intent
	members  []MemberID // whom the indexes in intents mean
	arn      string
	stackID  string
	stale    bool          // a member left: the set may not be executed
	pause    time.Duration // before the stack is read again, once the set is deleted
}

// causes returns the reasons for which an operation failed: the resources that failed before the
// rollback began, without the cancelled ones.
func (a *attempt) causes(batch []member, events []Event) []cause {
	var causes []cause
	for _, event := range events {
		if event.Type == cfn.StackType {
			if cfn.RolledBack(event.Status) {
				break
			}
			continue
		}
		if cfn.Failed(event.Status) && !cancelled(event.Reason) {
			owners, left := a.owners(batch, event.LogicalID)
			causes = append(causes, cause{reason: reason(event), owners: owners, left: left})
		}
	}
	return causes
}

// nameConflict is the validation that finds taken names (CloudFormation user guide, "Validate stack
// deployments").
const nameConflict = "NAME_CONFLICT_VALIDATION"

// findings returns the causes that the service found before the execution.
func (a *attempt) findings(batch []member, o ChangeSetMade) []cause {
	var causes []cause
	for _, event := range o.Findings {
		owners, left := a.owners(batch, event.LogicalID)
		causes = append(causes, cause{
			reason: reason(event), owners: owners, left: left, conflict: event.Status == nameConflict,
		})
	}
	return causes
}

// owners returns the members of the batch that change a resource. left is set when others did too
// and have left the batch at their deadline.
func (a *attempt) owners(batch []member, logicalID string) (owners []MemberID, left bool) {
	for _, intent := range a.intents {
		if intent.LogicalID != logicalID {
			continue
		}
		for _, i := range intent.Members {
			id := a.members[i]
			switch {
			case !slices.ContainsFunc(batch, func(m member) bool { return m.ID == id }):
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
