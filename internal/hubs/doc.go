// Package hubs deploys hubs: it makes, reads, changes and deletes the stack that package hub
// compiles.
//
// # A hub in AWS
//
// A hub is one stack of the account and region of the provider's credentials. Its template is the
// model: Read needs nothing else, so importing a hub is reading it by name.
//
// Read waits for the end of an operation of another writer. A stack in which a creation has only
// left the revision marker is no hub yet (*NotFoundError). One that has only the artifact bucket is
// a hub without a relay. Its template is what its settings compile to, so its drift is empty, and
// an update completes it.
//
// # Deployment
//
// Create and Update take the same steps, and skip those that are done:
//
//  1. Read the stack. Decide whether it may be changed: a creation refuses a name in use, an update
//     refuses a hub of a newer version.
//  2. Check what the settings refer to, as far as it is new: the issuer's discovery document, the
//     certificates, and the audiences of OIDC providers of the account. Find what the account has
//     only once (hub.Shared). Nothing was changed yet.
//  3. Commit the artifact bucket (hub.Foundation).
//  4. Upload the relay's package under its hash, unless the bucket has it.
//  5. Commit the rest (hub.Compile).
//
// The commits are those of package commit: the change set is verified, and a stack that a failed
// creation or a failed rollback has left is repaired. Each is bound to the template that was read.
// A deployment starts again when another writer was faster. So the next Create or Update completes
// whatever a failure has left. A creation takes over a hub with the same settings, since its
// process may have been killed after the last commit.
//
// An update without a new package is one commit, and one that changes nothing is none.
//
// # Deletion
//
// A hub whose directory lists projects is not deleted. What its template retains stays in the
// account (the table, the artifact bucket, the key, OIDC providers and API Gateway's role), and a
// warning lists it. A new hub of the same name needs those names free.
package hubs
