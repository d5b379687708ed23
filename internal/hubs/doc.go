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
// a hub without a relay: its drift lists nothing, as its template is what its settings compile to,
// and an update completes it.
package hubs
