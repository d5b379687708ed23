package template

import (
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Deleted policies.
//
// A managed policy that was deleted in AWS holds the settings of several permissions, so it cannot
// be removed from the template for a while. Its permissions move into a policy with a free number
// instead: one commit then removes the deleted one, which CloudFormation counts as deleted, and adds
// the other one. That repairs all permissions of the policy.

// recordPolicies moves the permissions out of those policies of a permission's user that were
// deleted in AWS, and returns what is left to record.
func (e *editor) recordPolicies(i int, c Change) (left map[string]Recorded, err error) {
	id := c.Entity.ID()
	if id.Kind != model.KindPermission {
		return c.Recorded, nil
	}
	user, _, _ := strings.Cut(id.Name, "/")
	left = map[string]Recorded{}
	for logicalID, recorded := range c.Recorded {
		n := policyNumber(user, logicalID)
		if !recorded.Deleted || n == 0 {
			left[logicalID] = recorded
			continue
		}
		if err := e.policies.renumber(user, n, c.CrossStackRefs.Policies[user]); err != nil {
			return nil, err
		}
		e.policies.touch(user, i)
	}
	return left, nil
}

// renumber moves the permissions of a policy into one with a free number, or into others with room
// when no number is free. Those with the taken numbers are in other stacks.
func (p *packer) renumber(user string, n int, taken []int) error {
	grants := p.packings[user][n]
	if len(grants) == 0 {
		return nil // moved by another change of the batch
	}
	delete(p.packings[user], n)
	p.drafts[user] = nil
	numbers := slices.DeleteFunc(p.numbers(user, taken), func(m int) bool { return m == n })
	for _, m := range numbers {
		if len(p.packings[user][m]) == 0 && len(p.before.packings[user][m]) == 0 {
			p.packings[user][m] = grants
			return nil
		}
	}
	for _, grant := range grants {
		if err := p.place(grant, append(slices.Clone(taken), n)); err != nil {
			return err
		}
	}
	return nil
}
