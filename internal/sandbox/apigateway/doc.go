// Package apigateway simulates WebSocket APIs of Amazon API Gateway: clients that connect, the Lambda functions that
// stand behind the routes, and the management API @connections by which functions and others reach the clients.
//
// # Setting up
//
// There is no API to make APIs with. A program deploys a stage by a Go call, and registers the functions with the world:
//
//	box.RegisterFunction(arn, function)
//	stage, err := box.WebSockets().Deploy(apigateway.Settings{
//		API: "live", Stage: "prod", Account: sandbox.HubAccount, Region: "eu-west-1",
//		Authorizer: authorizerARN, IdentitySources: []string{"route.request.header.Sec-WebSocket-Protocol"},
//		Routes: map[string]string{"$connect": arn, "$default": arn, "$disconnect": arn},
//	})
//
// Function names are ARNs; events are the JSON that aws-lambda-go decodes as events.APIGatewayWebsocketProxyRequest and,
// for the authorizer, events.APIGatewayCustomAuthorizerRequestTypeRequest.
//
// # Clients
//
// A browser or another WebSocket client connects to ws://HOST/ws/API/STAGE, or to /STAGE with the host name that AWS
// gives an API (API.execute-api.REGION.amazonaws.com). A simulation connects in memory with Stage.Connect, which needs no
// socket and no goroutine of its own, so that it works in a bubble of testing/synctest. Both meet the same rules.
//
// A client comes in in this order: the rate of new connections (429), the identity sources (401 when one is missing),
// the authorizer (403 when its policy doesn't allow execute-api:Invoke on the route's ARN; 401 when it fails with the
// message "Unauthorized"; 500 when it fails otherwise or answers what isn't a policy), the integration of $connect (its
// own status unless that is 2xx; 502 when it fails, 504 after 29 seconds). What it returns as Sec-WebSocket-Protocol is
// the subprotocol. Until it has returned, the connection is gone for the management API.
//
// Each message starts its route's function at once, so functions of one client may run at the same time; their results
// are dropped (routes answer one way). A client is told "Internal server error" when the function fails and "Forbidden"
// when no route matches. $disconnect runs after a connection has closed; it is best effort, and gets lost when a
// connection is dropped by the control request.
//
// # Limits
//
// A connection is closed with 1001 "Going away" after 10 minutes without a message in either direction, and after 2 hours
// in any case. Frames of more than 32 KB and messages of more than 128 KB from a client close it with 1009, binary frames
// with 1003. Messages to a client have at most 128 KB (413 otherwise) and are cut into frames of 32 KB. What a client
// doesn't read waits in a buffer of Settings.Buffer bytes; when that is full, posts are answered by
// LimitExceededException. AWS publishes that answer, not the size.
//
// # Management API
//
// PostToConnection, GetConnection and DeleteConnection at http://HOST/ws/API/STAGE/@connections/ID, or below /STAGE with
// the host name that AWS gives, signed for execute-api by somebody of the API's account (ForbiddenException otherwise).
//
// # Control
//
// POST /_sandbox/connections takes one of
//
//   - {"drop": ID}: the connection breaks without a close frame, $disconnect isn't called, posts are answered by
//     GoneException from now on;
//   - {"lose": ID}: the same for the client, but API Gateway doesn't notice: posts are accepted and go nowhere until the
//     connection has been idle for 10 minutes;
//   - {"stall": ID}: the client stops reading, so that its buffer fills; {"resume": ID} undoes it.
//
// ID is a connection's, or "all". The answer is {"connections": N}, the number of those that it hit. GET
// /_sandbox/connections lists the connections.
//
// # Determinism
//
// Identifiers are a function of API, stage, the client's source address and the number of connections from there, not of
// the world's randomness. Clients of a simulation that act at the same moment should have addresses of their own.
//
// Unlike other services this one has a lock of its own beside the world's, since connections outlive requests. It is held
// for moments only and never while a function runs or a client is waited for; who holds it never takes the world's.
package apigateway
