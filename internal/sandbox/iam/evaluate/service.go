package evaluate

import (
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// ServiceMay says whether a resource's policy lets a service do something: its principal, such as logs.eu-west-1.amazonaws.com, is the
// request's Principal. No other policy has a say.
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
