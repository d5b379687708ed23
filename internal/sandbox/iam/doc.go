// Package iam is a simulated AWS Identity and Access Management in every account of a sandbox's world: users, groups,
// roles, managed and inline policies, access keys, and CloudFormation's AWS::IAM resource types over them.
//
// It enforces what IAM enforces when something is written: names that differ in more than case, the grammar and the sizes of
// policies, the quotas of an account, and that nothing is deleted while something else hangs on it. It does not
// evaluate policies: who may do what is no business of this package.
//
// AWS's IAM is eventually consistent; this one isn't.
//
// # Reading the code
//
// user.go, group.go, role.go, policy.go and key.go hold what exists and its rules; the files named *_api.go put the query
// protocol in front, those named *_type.go CloudFormation. Policy documents are checked by package
// policydoc and resource properties decoded by package properties, both below this one.
//
// Sources of the rules: IAM User Guide, "IAM and AWS STS quotas"; IAM API Reference, the named operation; AWS
// CloudFormation Template Reference, the named type.
package iam
