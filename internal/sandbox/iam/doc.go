// Package iam simulates AWS Identity and Access Management in every account of a sandbox's world:
// users, groups, roles, managed and inline policies, access keys, OIDC providers, and
// CloudFormation's AWS::IAM resource types.
//
// It enforces what IAM enforces on writes: names that differ in more than case, the grammar and the
// sizes of policies, the quotas of an account, and that nothing is deleted while something depends
// on it. It does not evaluate policies.
//
// AWS's IAM is eventually consistent; this one is not.
//
// # Reading the code
//
// user.go, group.go, role.go, policy.go, key.go and oidcprovider.go contain the objects and their rules; the files
// named *_api.go contain the query protocol, those named *_type.go CloudFormation's types. Package
// policydoc checks policy documents and package properties decodes resource properties, both below
// this one.
//
// Sources of the rules: IAM User Guide, "IAM and AWS STS quotas"; IAM API Reference, the named
// operation; AWS CloudFormation Template Reference, the named type.
package iam
