// Package event is the live protocol: what web clients are told about the projects that they watch, and what they ask for. The package is
// pure: it knows messages and the rules for them, and nothing of how they are stored or sent.
//
// # Messages
//
// Everything on the wire is a Message, in JSON: a version, a type, what it is about, and data that depends on the type.
//
//	from the server   data             when
//	welcome           Welcome          answers hello
//	stack             StackChange      event: a stack has moved on
//	operation         OperationChange  event: something is about to be changed
//	gap               Gap              before a snapshot that stands for events which the client isn't sent
//	snapshot          Snapshot         a project as a whole
//	heartbeat         Heartbeat        every minute; answers ping, and a resume that finds nothing missed
//	reconnect         Reconnect        ten minutes before the connection ends
//	error             Error            a request can't be answered
//
//	from the client   data             answer
//	hello             Hello            welcome; then, for every project, what Resume says
//	resume            none             what Resume says about the message's Epoch and Seq
//	snapshot          none             a snapshot
//	ping              none             a heartbeat
//
// # Events
//
// Events are messages that are numbered and stored, for a day. Within one epoch the numbers of a project go up by one, from 1 and without
// holes. A new epoch means that the project's mirror was made anew: numbers of different epochs say nothing about each other.
//
// Every event reaches every client at least once, or the client is told that it has a gap and gets a snapshot. Events may be sent by several
// processes, so they can come twice and out of order; a client applies them in order, passes over what it has seen, and asks for what is
// lacking. It finds out by the numbers of later events and of heartbeats.
//
// A snapshot's number is read first and its items after, so it can hold more than its number says. That does no harm: events tell a stack's
// state and its entities as a whole, with the stack's StackVersion, and what is older than what a client has is passed over. A stack's state
// and its entities have a version each, since entities are read only while the stack is at rest.
//
// Client is a client without a connection. Clients in other languages do what it does.
//
// # Parts
//
// A message of more than MaxMessage bytes is sent in parts, each of which is a message by itself with a share of the data: see Encode and
// Joiner. A message that comes in parts is applied as a whole.
//
// # Versions
//
// The major version (Message.V, Version) changes when an old client would misread a message; each major version has a subprotocol of its own,
// and a client gets the one that it asked for when it connected. Everything else raises the minor version: new types, members, values of
// enumerations. Clients pass over types and members that they don't know. A message of an unknown type with a Seq is an event: it counts in
// the sequence; other messages of later versions have no Seq. An event of another major version counts, too, and the client asks for a
// snapshot in its place.
package event
