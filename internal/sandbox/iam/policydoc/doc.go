// Package policydoc reads IAM policy documents as strictly as AWS's services do: the JSON grammar, the members that
// each kind of policy needs or forbids, the operators of conditions, the form of actions, resources and Sids.
//
// Parse gives a Document or a *Problem whose text is the one that IAM puts into MalformedPolicyDocument; S3 words some
// of them differently and keeps its own texts. Size counts a document's characters as IAM's quotas do.
//
// Source of the grammar: IAM User Guide, "Grammar of the IAM JSON policy language" and "IAM JSON policy elements".
package policydoc
