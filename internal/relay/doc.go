// Package relay implements the hub's Lambda function. It keeps the mirror up to date with the
// stacks, regardless of who changed them, and web clients up to date with the mirror.
//
// One program serves all events. Handle distinguishes them by their shape (KindOf):
//
//	event                                              method                      answer
//	SNS notification of a stack                        Notifications               none
//	EventBridge "CloudFormation Stack Status Change"   Notifications               none
//	EventBridge schedule, once a minute                Sweep                       none
//	WebSocket REQUEST authorizer                       Authorize                   policy, subject
//	WebSocket $connect, $default, $disconnect          Route                       a status
//	HTTP API request, payload format 2.0               Page                        a file of the board
//
// Each has a Handle... method with the signature func(context.Context, []byte) ([]byte, error) of
// Lambda functions, for deployments with one function per event. Relays may run concurrently and
// crash at any moment.
//
// # Notifications
//
// A notification only triggers a read. The relay takes only the stack's ID from it, and ignores
// notifications about resources, since they can contain properties. It groups an invocation's
// messages by stack. It drops a stack with a foreign name before any call. A foreign stack with a
// matching name costs a read of the mirror and, for an unknown project, of the directory.
//
// For each stack (projects.RefreshStack) the relay makes one Query of the mirror and one
// DescribeStacks. If the mirror is behind and the stack is at rest, it calls DescribeStacks,
// GetTemplate, DescribeStacks to read it consistently. Two calls write the mirror, on the condition
// that no other process was faster. The process that succeeds has stored the event and sends it. A
// commit of any size makes three notifications about the stack itself, so it costs at most 3 x (1 +
// 1 + 2) + 3 calls, plus those that send.
//
// An error is returned when a stack could not be read. Then Lambda retries the whole event, as do
// SNS and EventBridge when Lambda is unavailable. Retries are harmless. An invocation ends after 4
// minutes.
//
// # Sweep
//
// Sweep repairs what was lost. With p projects and s stacks in total, a comparison without
// differences costs p + 2 Queries and s + 2 DescribeStacks every five minutes. It reads eight
// accounts at a time, and an account's stacks one after the other, since CloudFormation's limits
// apply per account. The SDK retries throttled calls.
//
// A comparison also looks after the drift of stacks (projects.Synchronizer.RefreshAndCheck): once
// in 24 hours it has CloudFormation compare each stack with AWS. A stack of n resources, of which u
// are users with access keys and d differ, costs DetectStackDrift, two PutItem and one transaction,
// DescribeStackDriftDetectionStatus for each sweep until it is done, n/100
// DescribeStackResourceDrifts, two DescribeStacks, GetTemplate, u ListAccessKeys and d GetResource;
// and GetResource for every bucket policy, if CloudFormation does not compare them. Plans cost
// nothing more.
//
// Each sweep records its outcome in the table (mirror.Health), with one UpdateItem. Each process
// records the time of an event about a stack once a minute, with another one. The data source
// stowage_hub reads both.
//
// # Connections
//
// $connect stores the connection with the projects that the authorizer found in the token. The
// client speaks first, as nothing can reach it before $connect is answered. Package event defines
// the protocol. The visible projects are those of the authorizer's context, which API Gateway adds
// to every message, and never those of the message.
//
// On hello or ping the relay reads the positions of the client's projects, and then sends each
// project according to event.Resume. It reads the position first, and events or the whole project
// afterwards, so nothing is lost in between. It caches them in memory until the project's position
// changes, so a thousand reconnecting clients cause one read per process. A client whose request
// fails receives an error with a delay for the next attempt. Every request is answered within 25
// seconds.
//
// Once a minute the sweep sends every client a heartbeat with the positions of its projects, by
// which clients detect lost messages. In a connection's last ten minutes it asks the client to
// reconnect. It removes closed connections. It waits five seconds for a client that does not read.
//
// # Access
//
// Authorize alone decides who may connect, by a token of an OIDC issuer. go-oidc verifies the
// signature, issuer and times; this package checks the audience and the projects. The token is a
// subprotocol: "stowage.v1, stowage.token.<token>", raw or in base64url. The answer to $connect
// names "stowage.v1" only. A connection ends with its token, or after API Gateway's two hours if
// that is sooner. The claim of projects (STOWAGE_OIDC_PROJECTS_CLAIM) is a list of names, a string
// of names separated by spaces, or "*". Impossible names are ignored; a claim of another type
// refuses the token. Only "*" includes the list of all projects (mirror.Directory).
//
// Cognito: the issuer is https://cognito-idp.<region>.amazonaws.com/<pool>, the claim
// cognito:groups. ID tokens have the app client in "aud". Access tokens have no "aud"; their
// client_id replaces it if token_use is "access".
//
// The answers: 401 ("Unauthorized") without a valid token; 403 (a policy that denies) for a valid
// one without projects; 500 when the issuer is unavailable. No log, error or answer contains the
// token: errors of go-oidc are reworded, since they quote claims.
//
// # Board
//
// Page serves the board (package board) for an HTTP API: one route, $default, with a Lambda proxy
// integration of payload format 2.0, preferably on the stage $default, since the page's address is a
// redirect address of the issuer. / is the page and /config.json its settings: the WebSocket API, the
// issuer, the board's client, the scopes and the claim of projects. Only the page itself may cost a
// call, to the issuer's discovery document, once per process: the content security policy names the
// token endpoint, whose host may differ from the issuer's. No AWS call is made.
//
// The page connects with ID tokens, so the board's client is an audience in addition to the
// configured ones.
//
// # Settings
//
//	STOWAGE_HUB                    the hub's name; default "stowage"
//	STOWAGE_ROLE                   the role assumed in projects' accounts; default "StowageReader"
//	STOWAGE_EXTERNAL_ID            the external ID for that role; default none
//	STOWAGE_OIDC_ISSUER            the issuer's URL (https, except on localhost); default none
//	STOWAGE_OIDC_AUDIENCE          audiences, separated by commas; required with an issuer, unless
//	                               there is a client
//	STOWAGE_OIDC_PROJECTS_CLAIM    the claim that lists the projects; default "stowage_projects"
//	STOWAGE_OIDC_CLIENT_ID         the board's public client; without it nobody can sign in there
//	STOWAGE_OIDC_SCOPE             scopes that the board requests; default "openid"
//	STOWAGE_WEBSOCKET_URL          the WebSocket API for browsers (wss://...); required with a client
//	STOWAGE_DRIFT_CHECK_HOURS      hours between comparisons of a stack with AWS; default 24, 0 for never
//	STOWAGE_LOG_LEVEL              DEBUG, INFO (default), WARN or ERROR
//	AWS_...                        as for every AWS SDK; see package awsclient
//
// Without an issuer no client can connect. All other settings are the hub's own, in the SSM
// parameter /stowage/hub/<name>.
//
// # Log
//
// JSON lines on standard error, with log/slog. They contain names of stacks and projects, numbers,
// durations, IDs of requests and connections, and reasons, but never messages, bodies, headers or
// tokens. The guide "Running a hub" has queries for them, so that a message or a field is not renamed
// without it.
//
// # In process
//
//	r, err := relay.New(ctx, relay.Config{
//		Clients: clients, Hub: "stowage", RoleName: relay.DefaultRole, Access: access,
//	})
//	box.RegisterFunction(arn, r.Handle)
package relay
