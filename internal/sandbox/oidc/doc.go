// Package oidc simulates an OpenID Connect issuer: it signs people in by the authorization code flow
// with PKCE, publishes its keys, and creates tokens on request.
//
// # Signing in
//
// A program registers clients with Issuer.Register. They are public clients, so PKCE with S256 is
// required. Redirect addresses are compared as strings. At the form of the authorization endpoint a
// person chooses a name, the projects and the token's lifetime; there are no passwords. A cookie
// keeps the session, until it ends at the end-session endpoint. Codes are valid once, for a minute.
// Refresh tokens, for the scope offline_access, are rotated. A code or a refresh token that is used
// again revokes all of its refresh tokens. Only pages of a client's origins can read tokens. The
// rules are those of RFC 6749, 7009, 7636, 9207 and 9700 and of OpenID Connect; sources are beside
// them. DELETE /_sandbox/sessions signs everybody out.
//
// # Tokens on request
//
// The issuer is at /_sandbox/oidc below the sandbox's address. A client that uses another name of
// the sandbox sees an issuer of that name. Its keys are a function of the seed: an RSA key of 2048
// bits that signs by RS256, like Amazon Cognito's, and one outside the key set, for forgeries. They
// are generated on first use, in some tenths of a second.
//
// A program gets tokens from Issuer.Token or, with custom claims, from Issuer.Sign, Issuer.Forge
// and Unsigned. Other clients request them:
//
//	POST /_sandbox/tokens {"projects": ["*"], "audience": "stowage", "expires_in": 3600}
//	-> {"token": "eyJ...", "issuer": "http://127.0.0.1:4599/_sandbox/oidc"}
//
// All members are optional; these are their defaults, "*" meaning all projects. expires_in is in
// seconds, a negative one makes an expired token; "subject" is the sub; "claim" names the claim
// with the projects, by default stowage_projects; "claims" are further claims, which override the
// others; "forged" signs with the wrong key and "unsigned" does not sign (algorithm none).
package oidc
