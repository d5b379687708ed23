// Package mirror keeps the state of all projects' stacks in a DynamoDB table, from which it is read in milliseconds. The
// templates are the truth; everything here can be made anew from them.
//
// # Items
//
// The table has the string keys pk and sk. Names with # in them are prefixes, n is a shard's number:
//
//	pk                sk            what
//	PROJECT#<project> STACK#<n>     Head: version, announced operation, seq, hash of the body; under 2 KB
//	PROJECT#<project> BODY#<n>      Body: the stack's contents as native maps, from its last stable moment
//	DIRECTORY         STACK#0 ...   the same for the stack that holds the directory of projects (name Directory)
//	EVENTS#<project>  EVENT#<seq>   an event, seq with 19 digits; attribute expires (seconds) is 24 hours ahead
//	EVENTS#<project>  SEQ           the counter: seq given out last, and the epoch
//	EVENTS#<project>  SENT          seq and epoch of the last event that was sent to the web clients
//	CONNECTIONS       <id>          a web client's connection, and the projects that it may see; expires an hour after its end
//
// Events have a partition of their own so that Read gets a project's heads and bodies, and nothing else, with one strongly
// consistent Query. Such a Query is not one moment of all its items: a head can be newer than the body beside it. Each of
// the two carries the Version that it is about, and a body is right for its own.
//
// Attributes have the JSON names of the fields. Times are numbers of milliseconds since 1970. Integers are exact over the whole
// range of int64. Contents come back equal, but that an empty list or map which the JSON form leaves out comes back as nil.
//
// # Order
//
// Within one StackID, versions are ordered by CloudFormation's LastUpdatedTime, which moves with every operation, also with
// hand edits and rollbacks, and then by PhaseOf the status. A stack of another StackID comes after if its time does. A
// Write takes effect only if its version supersedes that of the head. So readings of any age may be written by anybody
// at any time, repeatedly, in any order: the mirror never goes back.
//
// # Writes
//
// A Write reads head, body and counter in one transaction and puts their successors in another, on the condition that head
// and counter still are what was read; it goes round again when they are not. The same transaction stores the event, whose
// difference is thereby that of two adjacent states. Whoever wins a Write publishes the event. Sequence numbers of a project
// have no holes, since the number and the event come with the same transaction.
//
// An Announce does the same with the head's operation and an event of its own, and leaves the rest of the head alone.
//
// A body is written from a stable status only and goes when its stack does: with DELETE_COMPLETE, or when another stack
// took its name. The head of a deleted stack stays, lest a late reading bring the stack back.
//
// # Web clients
//
// Storing an event and sending it are two steps, and whoever does the first may die before the second. Unsent says what has been stored and not
// sent; Sent notes how far somebody got, and never goes back within an epoch. Two that send at once send some events twice, which clients pass over.
// Whoever sends reads the connections (Audience) after the events: who connects later hears of them in answer to its hello.
//
// All connections are in one partition, which one Query reads at 1 MB, or some 5,000 of them, a page. API Gateway lets 500 connect
// in a second, half of what DynamoDB writes to a partition.
//
// # Formats
//
// An item of a format later than the first has a number in the attribute format, and is refused with a *NewerItemError by
// versions that don't know it: they read the templates instead, and neither write nor announce anything over it. Whoever adds
// a field that is needed for a right plan (a setting of an entity, for instance) raises the format of the body, and takes a body of
// an older format for out of date: the older version that wrote it has left the field out.
//
// # Failures
//
// *TableMissingError, *TooLargeError, *NewerItemError, and wrapped errors of the SDK. None of them says anything about a project: callers
// fall back to the templates and warn. The SDK tries throttled and broken calls again; what is tried again here is only what
// the SDK takes for an answer: a transaction that lost a race, and batches done in part.
package mirror
