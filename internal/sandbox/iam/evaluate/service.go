package evaluate

import (
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// ServiceMay reports whether a resource's policy allows a service an action. The request's
// Principal is that of the service, such as logs.eu-west-1.amazonaws.com. No other policy applies.
func ServiceMay(r Request, policy *policydoc.Document) bool {
	named := *policy
	named.Statements = slices.Clone(policy.Statements)
	for i, st := range named.Statements {
		if services := st.Principals["Service"]; len(services) > 0 {
			named.Statements[i].Principals = map[string][]string{"AWS": slices.Concat(st.Principals["AWS"], services)}
		}
	}
	return Evaluate(r, Policies{Resource: &named}).Allowed
}
