// Package relay is what runs in the hub's Lambda function: it keeps the mirror beside the stacks, whoever changed them, and web clients
// beside the mirror.
//
// One program serves all events, which Handle tells apart by their shape (KindOf):
//
//	event                                              method                         answer
//	SNS notification of a stack                        Notifications                  none
//	EventBridge "CloudFormation Stack Status Change"   Notifications                  none
//	EventBridge schedule, once a minute                Sweep                          none
//	WebSocket REQUEST authorizer                       Authorize                      a policy, and who it is
//	WebSocket $connect, $default, $disconnect          Route                          a status
//
// Each has a Handle... method, too, in the form func(context.Context, []byte) ([]byte, error) that all Lambda functions have, for those who
// give each event a function of its own. Several relays may run at once, and any of them may die at any moment.
//
// # Notifications
//
// A notification is a reason to look, and tells nothing: only the stack's id is taken out of it, and only of notifications about a stack
// itself, since those about its resources can hold the resources' properties. Messages of one invocation are taken together by stack.
// A stack whose name isn't one of ours is dropped before any call; one that only looks like ours costs a look into the mirror
// and, for an unknown project, into the directory.
//
// For each stack (projects.RefreshStack): one Query of the mirror and one DescribeStacks. If the mirror is behind and the stack is at
// rest, DescribeStacks, GetTemplate, DescribeStacks read it in one piece. Two calls write the mirror, on the condition that nobody has been
// there before; whoever wins has stored the event, and sends it. A commit of any number of resources makes three notifications
// about the stack itself, so it costs at most 3 x (1 + 1 + 2) + 3 calls, and those of sending.
//
// An error is returned when a stack could not be looked at. Then Lambda tries the whole event again, and SNS and EventBridge do when
// Lambda can't be reached; doing it again is harmless. An invocation is over after 4 minutes.
//
// # Sweep
//
// The sweep mends whatever got lost: see Sweep. With p projects that have s stacks in all, a comparison that finds nothing costs p + 2 Queries
// and s + 2 DescribeStacks every five minutes. Accounts are looked into eight at a time and their stacks one after the other, as
// CloudFormation's limits are an account's. What is throttled is tried again by the SDK, as everywhere.
//
// # Connections
//
// $connect keeps the connection with the projects that the authorizer found in the token. The client speaks first, as nothing can reach
// it before $connect has been answered; what it says and is answered is the protocol of package event. What it may see is looked up
// in what API Gateway tells with every message, the authorizer's word, and never in what the client says.
//
// A hello or ping reads the positions of the client's projects. Each project is then told of as event.Resume says: the position is read first,
// the events or the project as a whole after it, so nothing is lost in between. A project as a whole is kept in memory for as long as its
// position stands, and so is a stretch of events, so a thousand clients that come back read them once per process. What can't be answered is answered by an error that
// says when to ask again. Everything is answered within 25 seconds.
//
// The sweep sends every client a heartbeat with the positions of its projects once a minute, which is how a client finds out that
// something was lost, and tells it to connect again in the last ten minutes of a connection. Connections that have ended or whose client
// has gone are removed. A client that doesn't read is waited for for five seconds.
//
// # Access
//
// Who may connect is decided by Authorize alone: by a token of an OIDC issuer, which go-oidc verifies (signature, issuer, times), and whose
// audience and projects are checked here. The token comes as a subprotocol: "stowage.v1, stowage.token.<token>", raw or in base64url; the
// answer to $connect names "stowage.v1" only. A connection ends with its token, if that is before API Gateway's two hours. The claim of projects (STOWAGE_OIDC_PROJECTS_CLAIM) is a list of names, a string of names with
// spaces between them, or "*". Names that no project can have are passed over, other types refuse the token. The list of all
// projects (mirror.Directory) is seen by "*" only.
//
// Cognito: the issuer is https://cognito-idp.<region>.amazonaws.com/<pool>, the claim cognito:groups. ID tokens have the app client in
// "aud"; access tokens have no "aud", and their client_id stands for it if token_use is "access".
//
// The answers: 401 ("Unauthorized") without a good token; 403 (a policy that denies) for a good one that names no project; 500 when the
// issuer can't be reached. The token is in no log, error or answer: what go-oidc says of a token is put into other words, since it
// quotes claims.
//
// # Settings
//
//	STOWAGE_HUB                    the hub's name; "stowage" if left out
//	STOWAGE_ROLE                   the role that is assumed in projects' accounts; "StowageReader" if left out
//	STOWAGE_EXTERNAL_ID            the external ID that is given when that role is assumed; none if left out
//	STOWAGE_OIDC_ISSUER            the issuer's URL, https but on this machine; without it nobody can connect
//	STOWAGE_OIDC_AUDIENCE          audiences, with commas between them; needed with an issuer
//	STOWAGE_OIDC_PROJECTS_CLAIM    the claim that names the projects; "stowage_projects" if left out
//	STOWAGE_LOG_LEVEL              DEBUG, INFO (if left out), WARN or ERROR
//	AWS_...                        as for every AWS SDK; see package awsclient
//
// All else is in the hub's own settings, the SSM parameter /stowage/hub/<name>.
//
// # Log
//
// JSON lines on the standard error, with log/slog. What is logged: names of stacks and projects, numbers, durations, ids of requests and
// connections, reasons. What never is: messages, bodies, headers, tokens.
//
// # In process
//
//	r, err := relay.New(ctx, relay.Config{Clients: clients, Hub: "stowage", RoleName: relay.DefaultRole, Access: access})
//	box.RegisterFunction(arn, r.Handle)
package relay
