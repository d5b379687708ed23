// Package hub compiles the settings of a hub to the template of its stack, and reads them back.
//
// A hub is what the projects of an organization share: the table that mirrors them, the relay that
// keeps the table and the web clients up to date, the event bus on which the projects' accounts
// report, the APIs of the web clients, and the roles for those who run Terraform. All of it is one
// CloudFormation stack in the hub account.
//
// This package is pure: it makes no calls. Package hubs deploys its templates.
//
// # Names
//
// Everything is named after the hub, so that several hubs fit into one account. Names and ARNs are
// literals, except the IDs that AWS assigns (of keys, APIs and their parts); DependsOn sets the
// order. Roles are global and have the region in their names: a hub of the same name can replace
// one in a region that is lost.
//
//	stack, table, bus              stowage-hub-<name>
//	function, queue                stowage-hub-<name>-relay, stowage-hub-<name>-dead-letters
//	settings, revision (SSM)       /stowage/hub/<name>, /stowage/hub/<name>/revision
//	log groups                     /stowage/hub/<name>/relay, .../websocket, .../board
//	roles                          StowageRelay-, StowageOperator-, StowagePlanner-<name>-<region>
//	artifact bucket                stowage-hub-<name>-artifacts-<account>-<region>-an
//
// A hub's name must not end like the name of a project's stack (-0, -1): stowage-hub-x-0 is the
// first stack of a project "hub-x".
//
// # Two commits
//
// Foundation is the first template: the artifact bucket alone, which hardly fails. Compile is the
// second one, after the relay's package was uploaded under its hash (Relay.Key). A new package has
// a new key, so that CloudFormation notices it. Rolling back needs the previous one, so that
// packages stay in the bucket.
//
// # Events
//
// CloudFormation sends the status changes of stacks to the default bus of their account and region.
// A rule there forwards them to the hub's bus, whose policy has one statement: for an organization,
// or for a list of accounts. The hub's own account needs no forwarding: a rule on its default bus
// invokes the relay. A third rule invokes the sweep every minute.
//
// Two queues can hold what failed, and this package uses one queue for both. EventBridge sends it
// what it could not hand over to Lambda. Lambda sends it what the function failed to handle in
// three attempts. Neither loses a change for good: the sweep finds it.
//
// # Web clients
//
// With Settings.Live there are two APIs of API Gateway. The WebSocket API invokes the relay for
// $connect, which its authorizer protects, $default and $disconnect. The HTTP API invokes it for
// all else: the board's files. Custom domains need one name each, since a domain cannot serve both
// kinds of APIs.
//
// A deployment of a WebSocket API is a snapshot of its routes. Its logical ID contains a hash of
// the API, so that every change makes a new deployment.
//
// Access logs of WebSocket APIs need a role in the settings of API Gateway, which an account has
// once per region. The stack makes both unless the account has them (Shared.GatewayLogs), and
// retains them when it is deleted, since other APIs may use them by then.
//
// # Rights
//
// The relay's role, StowageOperator (apply) and StowagePlanner (plan only) have the rights of the
// calls that are made, compared with the sandbox's list of used permissions in a test. None of
// them can change the hub: its stack contains their own rights.
//
// Terraform's run phase decides which role a workspace of HCP Terraform may assume. Of GitHub
// Actions, runs for pull requests may only plan. GitHub has two forms of subjects: owner/name, and
// owner@id/name@id for repositories created since July 2026. A pattern of one form never matches
// the other, so that a repository is listed in the form of its tokens, or in both.
//
// OIDC providers exist once per account. The stack makes those that are missing, refers to the
// others (Shared.OIDCProviders), and retains them when it is deleted.
//
// # Encryption
//
// One key encrypts the table and the logs. Its policy lets DynamoDB use it for every principal of
// the account that may use the table, as AWS's own key for DynamoDB does, so that no role needs
// rights on the key.
//
// # Stored settings
//
// The artifact bucket's metadata holds the settings, the relay's version and what is shared. Parse
// returns them, and the resources that differ from what they compile to. A template of a newer
// format or compiler is refused (model.NewerFormatError).
package hub
