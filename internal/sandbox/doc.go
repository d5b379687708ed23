// Package sandbox is AWS on this machine: a simulation of just the calls that Stowage, and people looking at what it made,
// need. It is test equipment, strict where AWS is strict, and refuses with SandboxNotModelled what it doesn't simulate.
//
// A Sandbox is an http.Handler that answers for all services at one address. It is used two ways: behind a listener
// (cmd/sandbox, httptest), or in process through package simulate, which answers SDK calls without sockets.
//
// # The way of a call
//
// The service is the signing name in the signature's scope, the operation is what the protocol says (X-Amz-Target, Action,
// or S3's own rules). The call waits as long as the latency profile says, is counted, meets the faults, and is then handled
// with the world's lock held: what is due on the agenda runs first, then the caller is authenticated, then the
// service answers.
//
// # A service
//
// Each service is a package with the same files:
//
//   - service.go: the type Service, New, the table of operations, Handle and WriteError.
//   - api.go, or x_api.go for each kind of object: the operations.
//   - x_type.go: the resource type of CloudFormation, a struct with the service, registered by New.
//   - demand.go: the rights that calls need, if they are not the action of the operation's name.
//
// # Credentials
//
// Signatures are verified, session tokens and the time of signing included. A key is one that STS or IAM issued in this
// world, or an account's fixed one (StaticCredentials): access key AKIASTOW followed by the account's 12 digits, secret
// "stowage/sandbox/secret/key/+" followed by the same digits; it belongs to the IAM user "administrator" of the account.
//
// # Permissions
//
// Every signed call is judged by package iam/evaluate, by the caller's policies (those of a user's groups included), its boundary, and the policy of
// what it is about: a bucket, a secret, a key. What S3 and Secrets Manager need of a key for the caller is judged too. Which rights a call needs is said by
// its service (Demands), else it is the action of the operation's name. The fixed administrators have all rights in their own account, and in others those
// that they are given there.
//
// What CloudFormation does to resources it does with the rights of whoever has the stack changed: steps.go says which. A right that is missing fails the
// resource, with the service's words.
//
// GET /_sandbox/permissions answers the rights that were used since the last DELETE of it, by principal.
//
// Session policies are not modelled, nor are policies of organizations.
//
// # Accounts
//
// Account 000000000000 is the hub: it holds the SSM parameter /stowage/hub/stowage and the DynamoDB table "stowage".
// Every account, the hub included, holds from its first use what onboarding makes: the roles StowageProvisioner and
// StowageReader, which trust the hub's account, and in each region in which it is used the SNS topic stowage-events. With
// Options.Onboarding they are made by a stack StowageAccount of that template in each of the regions, which was there before anybody came: it
// is in no count of calls, takes no time, and nobody is told of it.
//
// # Control
//
// The requests below /_sandbox are not signed:
//
//   - GET /_sandbox/calls answers the calls per service and operation since the last DELETE of it, without those
//     that functions of the hub make.
//   - POST /_sandbox/faults adds a list of Fault to the plan, DELETE removes all.
//   - POST /_sandbox/notifications sets what happens to the notifications of stacks (sns.Delivery).
//   - GET /_sandbox/switches lists the questions to AWS that have two answers (cloud.SwitchRules, package unproven) and those whose other answer the
//     sandbox gives now; POST takes the list of names of the latter.
//   - GET /_sandbox/connections lists the clients that are connected by WebSocket, POST breaks or stalls them (see package
//     apigateway).
//   - POST /_sandbox/tokens makes tokens of the OIDC issuer at /_sandbox/oidc (see package oidc).
//
// # Determinism
//
// Everything random comes from Options.Seed, and time is the standard library's, so under testing/synctest the
// world is a function of seed and order of calls. Package simulate fixes that order.
package sandbox
