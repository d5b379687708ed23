// Package sandbox simulates AWS on this machine: the calls that Stowage needs, and those of users
// who inspect its results. It is test equipment, strict where AWS is strict, and refuses with
// SandboxNotModelled what it does not simulate.
//
// A Sandbox is an http.Handler that answers for all services at one address. It is used behind a
// listener (cmd/sandbox, httptest), or in process through package simulate, which answers SDK calls
// without sockets.
//
// # The path of a call
//
// The service is the signing name in the signature's scope. The protocol determines the operation
// (X-Amz-Target, Action, or S3's own rules). The call waits as the latency profile demands, is
// counted and meets the faults. Then it is handled with the world's lock held: the due agenda
// entries run, the caller is authenticated, and the service answers.
//
// # A service
//
// Each service is a package with the same files:
//
//   - service.go: the type Service, New, the table of operations, Handle and WriteError.
//   - api.go, or x_api.go for each kind of object: the operations.
//   - x_type.go: the resource type of CloudFormation, a struct with the service, registered by New.
//   - demand.go: the required permissions, unless they are the action with the operation's name.
//
// # Credentials
//
// Signatures are verified, including session tokens and the time of signing. A key was issued by
// STS or IAM in this world, or is an account's fixed one (StaticCredentials): access key AKIASTOW
// followed by the account's 12 digits, secret "stowage/sandbox/secret/key/+" followed by the same
// digits. The fixed key belongs to the account's IAM user "administrator".
//
// # Permissions
//
// Package iam/evaluate authorizes every signed call by the caller's policies (including those of a
// user's groups), its boundary, and the policy of the resource: a bucket, a secret, a key. It also
// authorizes S3's and Secrets Manager's use of a key on the caller's behalf. A service lists the
// permissions that a call requires (Demands); the default is the action with the operation's name.
// The fixed administrators have all rights in their own account, and in others those granted there.
//
// CloudFormation changes resources with the permissions of the principal that changes the stack;
// see steps.go. A missing permission fails the resource with the service's message.
//
// GET /_sandbox/permissions returns the permissions used since its last DELETE, by principal.
//
// All accounts belong to one organization (OrganizationID). Its policies and session policies are
// not modelled.
//
// # Accounts
//
// Account 000000000000 is the hub: it has the SSM parameter /stowage/hub/stowage and the DynamoDB
// table "stowage". With Options.Empty it has neither, for a hub that a stack makes. The hub of New is
// not made by the template of hubs, which has 30 resources more: simulations create thousands of
// worlds, and register the relay's triggers that they test.
//
// On its first use every account, including the hub, is onboarded: it gets the roles
// StowageProvisioner and StowageReader, which trust the hub's account, and in each used region the
// SNS topic stowage-events. With Options.Onboarding a stack StowageAccount of that template creates
// them in each of the regions, and with Options.HubBus it also reports to that event bus. That stack
// precedes the first client: it is not counted, takes no time, and sends no notifications.
//
// # Functions
//
// Lambda functions of stacks run in package lambda: as registered Go code (RegisterFunction), or as
// processes (RunFunctions). Other services call functions with cloud.World.CallFunction and
// cloud.World.Invoke, which check the functions' policies.
//
// # Control
//
// The requests below /_sandbox are not signed:
//
//   - GET /_sandbox/calls returns the calls per service and operation since its last DELETE,
//     without those of the hub's functions.
//   - POST /_sandbox/faults adds a list of Fault to the plan, DELETE removes all.
//   - POST /_sandbox/notifications sets the delivery of stack notifications (sns.Delivery).
//   - GET /_sandbox/switches returns the questions about AWS with two answers (cloud.SwitchRules,
//     package unproven) and the names of those that currently have the other answer; POST sets
//     these names.
//   - GET /_sandbox/connections returns the connected WebSocket clients, POST breaks or stalls them
//     (see package apigateway).
//   - POST /_sandbox/tokens creates tokens of the OIDC issuer at /_sandbox/oidc (see package oidc).
//   - DELETE /_sandbox/sessions signs everybody out at that issuer.
//
// # Determinism
//
// All randomness is derived from Options.Seed, and time is the standard library's. So under
// testing/synctest the world is a function of the seed and the order of calls, which package
// simulate fixes.
package sandbox
