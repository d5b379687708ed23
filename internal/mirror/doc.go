// Package mirror stores the state of all projects' stacks in a DynamoDB table, from which it is
// read in milliseconds. The templates are authoritative: everything in the table can be rebuilt
// from them.
//
// # Items
//
// The table has the string keys pk and sk. Names with # are prefixes, n is the number of a shard:
//
//	pk                sk            what
//	PROJECT#<project> STACK#<n>     Head: version, operation, seq, hash of the body; under 2 KB
//	PROJECT#<project> BODY#<n>      Body: the stack's last stable contents as native maps
//	PROJECT#<project> DRIFT#<n>     Drift: how AWS differed from the stack's template, and when
//	DIRECTORY         STACK#0 ...   the same for the directory's stack (name Directory)
//	EVENTS#<project>  EVENT#<seq>   an event, seq with 19 digits; expires after 24 hours (seconds)
//	EVENTS#<project>  SEQ           the counter: the last seq and the epoch
//	EVENTS#<project>  SENT          seq and epoch of the last event sent to the web clients
//	EVENTS#<project>  ANNOUNCED#<n> an operation on a stack that is not mirrored yet; expires with it
//	CONNECTIONS       <id>          a web client's connection; expires an hour after its end
//	HUB               HEALTH        what the relay records about itself: each sweep, and events by the minute
//
// Events have their own partition, so that Read gets exactly a project's heads and bodies with one
// strongly consistent Query. The Query is not atomic: a head can be newer than the body beside it.
// Each of them carries its own Version, and a body is correct for its version.
//
// Attributes have the JSON names of the fields. Times are milliseconds since 1970. Integers are
// exact over the whole range of int64. Contents are read back equal, except that an empty list or
// map that the JSON form omits is read back as nil.
//
// # Order
//
// Within one StackID, versions are ordered by CloudFormation's LastUpdatedTime, which changes with
// every operation including hand edits and rollbacks, and then by PhaseOf the status. A stack with
// another StackID is later if its time is. A Write takes effect only if its version supersedes that
// of the head. So any process can write readings of any age, repeatedly and in any order: the
// mirror never goes back in time.
//
// # Writes
//
// A Write reads head, body and counter in one transaction and writes their successors in another,
// on the condition that head and counter are unchanged. Otherwise it starts again. The same
// transaction stores the event, whose difference is therefore that of two adjacent states. The
// process that wins a Write publishes the event. The sequence numbers of a project have no gaps,
// because a number and its event are written in one transaction.
//
// An Announce does the same for the head's operation with an event of its own, and leaves the rest
// of the head unchanged. A stack that is about to be created has no head. Its announcement is an item
// of its own, which the first Write moves into the head: so the creation has an author, regardless of
// whether its author or the relay writes first.
//
// A body is written only from a stable status. It is removed with its stack: on DELETE_COMPLETE, or
// when another stack has taken its name. The head of a deleted stack remains, so that a late
// reading cannot bring the stack back.
//
// # Web clients
//
// Storing an event and sending it are two steps, and a process can die between them. Pending returns
// the events that were stored and not sent. Sent records the position up to which events were sent,
// and never goes back within an epoch. Two senders at once send some events twice, which clients
// ignore. A sender reads the connections (Audience) after the events: a client that connects later
// gets the events in the answer to its hello.
//
// All connections are in one partition. A Query reads 1 MB per page, some 5,000 connections. API
// Gateway accepts 500 new connections a second, half of what DynamoDB writes to a partition.
//
// # Formats
//
// An item of a later format than the first has a number in the attribute format. Versions that do
// not know it refuse it with a *model.NewerFormatError: they read the templates instead, and write
// or announce nothing over it. A new field that a correct plan needs (for example a setting of an
// entity) raises the format of the body. A body of an older format is treated as outdated, because
// the older version omitted the field.
//
// # Failures
//
// model.NotFoundTable errors, *UnreachableError, *TooLargeError, *model.NewerFormatError, and
// wrapped errors of the SDK. None of them is a statement about a project: callers fall back to the
// templates and warn. The SDK retries throttled and broken calls. This package retries only what
// the SDK treats as an answer: a transaction that lost a race, and partly processed batches.
package mirror
