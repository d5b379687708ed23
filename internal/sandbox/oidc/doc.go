// Package oidc simulates an OpenID Connect issuer, as far as those need one who verify tokens: discovery, the key set, and
// tokens for the asking.
//
// The issuer is at PATH below the sandbox's address, PATH being /_sandbox/oidc; whoever addresses the sandbox by another
// name sees an issuer of that name. Its keys are a function of the seed: an RSA key of 2048 bits that signs by RS256, as
// Amazon Cognito's do, and one that is in no key set, for forgeries. They are made when they are first needed, in some
// tenths of a second.
//
// A program gets tokens from Issuer.Token or, with claims of its own, from Issuer.Sign, Issuer.Forge and Unsigned. Others
// ask for them:
//
//	POST /_sandbox/tokens {"projects": ["*"], "audience": "stowage", "expires_in": 3600}
//	-> {"token": "eyJ...", "issuer": "http://127.0.0.1:4599/_sandbox/oidc"}
//
// All members can be left out; these are their defaults, "*" standing for all projects. expires_in is in seconds, a
// negative one makes an expired token; "subject" is the sub; "claim" names the claim with the projects, by default
// stowage_projects; "claims" are further claims, which win over those before; "forged" signs with the wrong key and
// "unsigned" doesn't sign (algorithm none).
package oidc
