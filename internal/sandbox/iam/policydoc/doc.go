// Package policydoc parses IAM policy documents as strictly as AWS's services do: the JSON grammar,
// the members that each kind of policy requires or forbids, the operators of conditions, the format
// of actions, resources and Sids.
//
// Parse returns a Document or a *Problem with IAM's text of MalformedPolicyDocument; S3 words some
// of them differently and has its own texts. Size counts a document's characters as IAM's quotas
// do.
//
// Source of the grammar: IAM User Guide, "Grammar of the IAM JSON policy language" and "IAM JSON
// policy elements".
package policydoc
