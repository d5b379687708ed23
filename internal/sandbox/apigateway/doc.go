// Package apigateway simulates WebSocket APIs of Amazon API Gateway: connecting clients, the Lambda
// functions behind the routes, and the management API @connections that reaches clients.
//
// # Setting up
//
// APIs are created by CloudFormation, by the types AWS::ApiGatewayV2::* and AWS::ApiGateway::Account
// that templates of hubs use. A deployment is a snapshot of the API's routes, integrations and
// authorizer: a stage serves it until it gets another one. A stage with AutoDeploy serves each change
// at once. Of HTTP APIs only the route $default is modelled, and no authorizers.
//
// A simulation can also deploy a stage by a Go call, without an API in CloudFormation:
//
//	box.RegisterFunction(arn, function)
//	stage, err := box.WebSockets().Deploy(apigateway.Settings{
//		API: "live", Stage: "prod", Account: sandbox.HubAccount, Region: "eu-west-1",
//		Authorizer: authorizerARN, IdentitySources: []string{"route.request.header.Sec-WebSocket-Protocol"},
//		Routes: map[string]string{"$connect": arn, "$default": arn, "$disconnect": arn},
//	})
//
// Both are served by the same code. Function names are ARNs; events are the JSON that aws-lambda-go
// decodes as events.APIGatewayWebsocketProxyRequest and, for the authorizer,
// events.APIGatewayCustomAuthorizerRequestTypeRequest.
//
// AddCertificate adds the certificate of a domain to AWS Certificate Manager.
//
// # Addresses
//
// On AWS an API has the host name API.execute-api.REGION.amazonaws.com. The sandbox answers requests
// with that name, or with that of a custom domain, in the header Host. DNS does not lead clients to
// the sandbox, so that each API also has a path below the sandbox's address:
//
//   - ws://HOST/ws/API/STAGE for a WebSocket API, with http for its management API;
//   - http://HOST/_sandbox/http/API/ for the stage $default of an HTTP API, and below it STAGE/ for
//     others. No bucket has such a path.
//
// The attribute ApiEndpoint of an API is such an address once SetAddress was called, and AWS's host
// name before. So a template must use the attribute, and not compose the host name, for its outputs
// and the environment of its functions to lead to the sandbox. Events have AWS's host name.
//
// # Clients
//
// A browser or another WebSocket client connects to a stage's address. A simulation connects in
// memory with Stage.Connect. It needs neither a socket nor a goroutine, and works in a bubble of
// testing/synctest. Both follow the same rules.
//
// A connecting client is checked in this order: the throttle of a stage of CloudFormation and the
// account's rate of new connections (429), the identity
// sources (401 when one is missing), the authorizer (403 when its policy does not allow
// execute-api:Invoke on the route's ARN; 401 when it fails with the message "Unauthorized"; 500
// when it fails otherwise or does not answer a policy), the integration of $connect (its own status
// unless that is 2xx; 502 when it fails, 504 after 29 seconds). The Sec-WebSocket-Protocol that it
// returns is the subprotocol. Until it has returned, the management API answers that the connection
// is gone.
//
// Each message starts its route's function immediately, so a client's functions may run
// concurrently. Their results are dropped (routes answer one way). A client receives "Internal
// server error" when the function fails, "Forbidden" when no route matches and "Too Many Requests"
// over the stage's throttle. $disconnect runs after a connection has closed. It is best effort, and
// does not run when the control request drops a connection. The deletion of a stage closes its
// connections with 1001.
//
// # Limits
//
// A connection is closed with 1001 "Going away" after 10 minutes without a message in either
// direction, and always after 2 hours. A client's frames over 32 KB and messages over 128 KB close
// it with 1009, binary frames with 1003. Messages to a client have at most 128 KB (413 otherwise)
// and are split into frames of 32 KB. Unread messages wait in a buffer of Settings.Buffer bytes;
// when that is full, posts are answered by LimitExceededException. AWS documents that answer, not
// the size.
//
// # Management API
//
// PostToConnection, GetConnection and DeleteConnection at http://HOST/ws/API/STAGE/@connections/ID,
// or below /STAGE with the AWS host name. Requests must be signed for execute-api by a principal of
// the API's account (ForbiddenException otherwise).
//
// # Control
//
// POST /_sandbox/connections takes one of
//
//   - {"drop": ID}: the connection breaks without a close frame or $disconnect. Posts are answered
//     by GoneException from now on.
//   - {"lose": ID}: the same for the client, but API Gateway does not notice. Posts are accepted
//     and lost until the connection has been idle for 10 minutes.
//   - {"stall": ID}: the client stops reading, so that its buffer fills; {"resume": ID} reverts it.
//
// ID is a connection's, or "all". The answer is {"connections": N}, the number of affected
// connections. GET /_sandbox/connections lists the connections.
//
// # Determinism
//
// Identifiers are a function of API, stage, the client's source address and the number of
// connections from there, not of the world's randomness. Simulated clients that act at the same
// moment should have different addresses.
//
// Unlike other services this one has a lock of its own, since connections outlive requests. It is
// held briefly, and never during a function call or a wait for a client. Its holder never takes the
// world's lock.
package apigateway
