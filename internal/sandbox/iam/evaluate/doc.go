// Package evaluate decides by policies who may do what, as AWS does.
//
// Evaluate takes a request (who, what, on which resource, in which circumstances) and all policies that have a say in it, and gives the
// answer with its reason. It knows nothing of where policies are kept, nor which keys a service sets.
//
// # The rules
//
// An explicit Deny anywhere counts more than any Allow. What no policy allows is denied. Within one account either the principal's own policies
// or the resource's policy is enough; across accounts both have to allow. A boundary and session policies allow nothing by themselves: they
// bound what the principal's own policies allow. They don't bound what a resource's policy grants to the very IAM user, or the very session, that
// asks. A resource's policy that names an account hands the decision to the policies of that account's principals. A KMS key is
// only under the rule of its account's policies if its own policy says so (Policies.Sovereign).
//
// Sources: IAM user guide, "Policy evaluation logic", "Permissions boundaries for IAM entities", "IAM JSON policy elements", "IAM policy elements:
// Variables and tags", "Condition operators", "Multivalued context keys"; KMS developer guide, "Default key policy".
//
// # What is left out
//
// Service control policies, resource control policies and VPC endpoint policies: no account of the sandbox has any. NotPrincipal with Allow, which AWS
// advises against, matches whoever isn't named.
package evaluate
