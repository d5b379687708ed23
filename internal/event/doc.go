// Package event is the live protocol: what a web client is told about the projects that it watches.
//
// # Envelope
//
// Every message is an Event: a type, the project that it is about, and its place in the project's sequence. Within one
// epoch the sequence numbers of a project go up by one, from 1 and without holes; a client that sees a hole has missed
// something and asks. A new epoch means that the project's mirror was made anew: numbers of different epochs say nothing
// about each other, and a client begins with a snapshot.
//
// # Data
//
// Data depends on the type. A TypeStack event carries a StackChange: the state that one of the project's stacks is in now,
// the entities that came or changed as a whole, and the ids of those that went. It carries whole entities and the version
// of their stack, so it can be applied twice or on top of a newer snapshot without harm: a client ignores what is not newer
// than what it has.
//
// The package is pure: it knows the shape of messages, and nothing of how they are stored or sent.
package event
