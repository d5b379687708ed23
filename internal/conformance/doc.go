// Package conformance is a second opinion on the sandbox: contracts, each of which says one thing that Stowage relies on in AWS, as a
// small program against the SDK that doesn't know which server it talks to.
//
// # Peers
//
// All contracts hold on the sandbox, which is part of the ordinary tests. make conformance runs the same program against servers that
// others wrote: DynamoDB Local, moto and MiniStack. None of them is AWS, so each has a list of the contracts that it is known not
// to keep, with what it does instead (peers.go). A surprise in either direction is a failure: a contract that fails without being on the
// list, and one on the list that holds. So the lists prove too that the contracts can fail.
//
// # The wire
//
// On MiniStack, which runs functions of provided.al2023 without containers, make conformance also deploys the relay's zip by a stack, publishes
// a stack's notification on a topic, and finds what the relay has written in the mirror; and it sends a message in parts to a WebSocket client
// by package push, whose end it is told. MiniStack runs no such function behind the routes of a WebSocket API, sends binary frames, and names no
// error with its 410: what those do is tried on the sandbox only.
//
// # What nobody can tell
//
// Rules of the sandbox that rest neither on AWS's documentation nor on a recording are listed in package unproven; the command
// prints them. make probe-aws measures them on an account.
package conformance
