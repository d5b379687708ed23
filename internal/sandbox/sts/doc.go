// Package sts simulates the Security Token Service: AssumeRole, AssumeRoleWithWebIdentity and
// GetCallerIdentity.
//
// A role can be assumed by the principals of its trust policy: an account (its root principal), a
// user, a role, or everyone; sts:ExternalId is the only modelled condition. Session tags and a
// source identity require permission by the trust policy, on every hop of a chain; permissions by
// tags are not modelled. Credentials carry the account and expire. A web identity is any token with
// the format of a JWT and an issuer that the role trusts as a federated principal; its signature is
// not verified.
package sts
