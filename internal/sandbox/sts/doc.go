// Package sts simulates the Security Token Service: AssumeRole, AssumeRoleWithWebIdentity and GetCallerIdentity.
//
// A role can be assumed by whom its trust policy names: an account (its root principal), a user, a role, or everybody; of
// conditions, sts:ExternalId alone is modelled. Session tags and a source identity need the trust policy's consent, on every hop of a
// chain; what the tags then allow is not modelled. Credentials carry the account and end when their time is over. Web
// identities are taken from any token that is shaped like a JWT and whose issuer the role trusts as a federated
// principal; its signature is not verified.
package sts
