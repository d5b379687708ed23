package commit

import (
	"fmt"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// separateAdoptions leaves adoptions to the next batch, unless the batch holds nothing else. A
// taken name means an import only in a commit of nothing but imports; in any other it is an error.
func (m *members) separateAdoptions() {
	adopts := func(b member) bool { return b.Change.Op == template.Adopt }
	if !slices.ContainsFunc(m.batch, adopts) || !slices.ContainsFunc(m.batch, func(b member) bool { return !adopts(b) }) {
		return
	}
	m.batch = slices.DeleteFunc(m.batch, func(b member) bool {
		if adopts(b) {
			m.attribution.cleared = append(m.attribution.cleared, b)
		}
		return adopts(b)
	})
}

func (a *attempt) imports() bool {
	return slices.ContainsFunc(a.intents, func(i template.Intent) bool { return i.Action == template.Import })
}

// internalFailure is in the reason of a change set with imports that failed through no fault of its
// own. Creating it again works (aws-cloudformation/cloudformation-cli, issue 1047).
const (
	internalFailure     = "Internal Failure"
	maxInternalFailures = 3
)

// notImported are the resources that CloudFormation would create instead of importing. Their
// members are the culprits.
func (a *attempt) notImported(batch []member, changes []ResourceChange) []cause {
	var causes []cause
	for _, intent := range a.intents {
		for _, change := range changes {
			if intent.Action == template.Import && change.LogicalID == intent.LogicalID &&
				change.Action == string(template.Add) {
				owners, left := a.owners(batch, intent.LogicalID)
				causes = append(causes, cause{owners: owners, left: left, reason: fmt.Sprintf(
					"%s: CloudFormation does not import %q, which it would create: it does not exist any more, or another stack has it",
					intent.LogicalID,
					intent.PhysicalID,
				)})
			}
		}
	}
	return causes
}
