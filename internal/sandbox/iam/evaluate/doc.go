// Package evaluate evaluates policies as AWS does.
//
// Evaluate takes a request (principal, action, resource, context) and all policies that apply to
// it, and returns the decision with its reason. It does not know where policies are stored, nor
// which keys a service sets.
//
// # The rules
//
// An explicit Deny overrides any Allow. What no policy allows is denied. Within one account either
// the principal's own policies or the resource's policy suffices; across accounts both must allow.
// A boundary and session policies allow nothing on their own: they limit what the principal's own
// policies allow. They do not limit what a resource's policy grants to the requesting IAM user or
// session itself. A resource's policy that names an account delegates the decision to the policies
// of that account's principals. The policies of a KMS key's account apply to the key only if its
// own policy allows it (Policies.Sovereign).
//
// Sources: IAM user guide, "Policy evaluation logic", "Permissions boundaries for IAM entities",
// "IAM JSON policy elements", "IAM policy elements: Variables and tags", "Condition operators",
// "Multivalued context keys"; KMS developer guide, "Default key policy".
//
// # What is left out
//
// Service control policies, resource control policies and VPC endpoint policies: no account of the
// sandbox has any. NotPrincipal with Allow, which AWS advises against, matches all principals that
// are not named.
package evaluate
