// Package conformance checks the sandbox against contracts. Each contract is one behavior of AWS
// that Stowage relies on: a small program against the SDK, independent of the server.
//
// # Peers
//
// All contracts hold on the sandbox, as part of the ordinary tests. make conformance runs the same
// program against servers of other authors: DynamoDB Local, moto and MiniStack. None of them is
// AWS, so each has a list of contracts that it is known to break, with its behavior (peers.go). An
// unlisted contract that fails is a failure, and so is a listed one that holds. So the lists also
// prove that the contracts can fail.
//
// # The wire
//
// MiniStack runs functions of provided.al2023 without containers. On it make conformance deploys
// the relay's zip with a stack, publishes a stack's notification on a topic, and reads what the
// relay has written to the mirror. It also sends a message in parts to a WebSocket client with
// package push and checks that the client's end is reported. MiniStack runs no such function behind
// the routes of a WebSocket API, sends binary frames, and adds no error name to its 410. Only the
// sandbox covers those.
//
// # Signing in
//
// make conformance runs the board's sign-in tests in Chromium on oidc-provider, an OpenID provider of
// another author. The sandbox's own issuer passes the same tests in make board-test.
//
// # Unproven rules
//
// Package unproven lists the sandbox's rules without AWS documentation or a recording; the command
// prints them. make probe-aws measures them on an account.
package conformance
