// Package event is the live protocol between the hub and its web clients. The package is pure: it
// defines messages and their rules, and knows nothing about storage or connections.
//
// # Messages
//
// Everything on the wire is a Message in JSON: a version, a type, its subject, and data that
// depends on the type.
//
//	from the server   data             when
//	welcome           Welcome          answers hello
//	stack             StackChange      event: a stack has changed
//	operation         OperationChange  event: a change is about to start
//	gap               Gap              before a snapshot that replaces events
//	snapshot          Snapshot         the complete project
//	heartbeat         Heartbeat        every minute; answers ping, and a resume without missing events
//	reconnect         Reconnect        ten minutes before the connection ends
//	error             Error            a request cannot be answered
//
//	from the client   data             answer
//	hello             Hello            welcome, then the result of Resume for every project
//	resume            none             the result of Resume for the message's Epoch and Seq
//	snapshot          none             a snapshot
//	ping              none             a heartbeat
//
// # Events
//
// Events are numbered messages that are stored for a day. Within an epoch, the numbers of a project
// increase by one, starting at 1, without gaps. A new epoch means that the project's mirror was
// created again. Numbers of different epochs cannot be compared.
//
// Every event reaches every client at least once, or the client is told about a gap and gets a
// snapshot. Several processes send events, so events can arrive twice or out of order. A client
// applies them in order, ignores those it has, and requests those it lacks. It detects missing
// events by the numbers of later events and of heartbeats.
//
// A snapshot's number is read before its items, so a snapshot can be newer than its number. This is
// harmless: events contain the complete state of a stack and complete entities, with the stack's
// StackVersion, and a client ignores what is older than what it has. The state and the entities of
// a stack have separate versions, because entities are read only while the stack is stable.
//
// Client is a client without a connection. Clients in other languages implement the same rules.
//
// # Parts
//
// A message of more than MaxMessage bytes is sent in parts. Each part is a message with a share of
// the data: see Encode and Joiner. The message is applied when all parts have arrived.
//
// # Versions
//
// The major version (Message.V, Version) changes when an older client would misread a message. Each
// major version has its own subprotocol, and a client gets the version that it requested when it
// connected. All other changes raise the minor version: new types, members and enumeration values.
// Clients ignore unknown types and members. A message of an unknown type with a Seq is an event and
// counts in the sequence. Other messages of later versions have no Seq. An event of another major
// version also counts, and the client requests a snapshot instead of applying it.
package event
