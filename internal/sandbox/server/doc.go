// Package server runs a Sandbox with a listener: the command line of stowage-sandbox.
//
// When it is ready it prints one line of JSON with its address and the environment variables that
// connect terraform and any AWS SDK or CLI to it. They include a generated Terraform CLI
// configuration that uses the provider from the directory of the executable. The server removes
// that file on exit.
//
// # The hub
//
// The sandbox imports no other package of Stowage, so the calling program provides the hub's
// content: a Setup registers Lambda functions and their triggers, deploys the WebSocket API, and
// serves the board below /board/.
//
//	server.Main(ctx, args, onboarding, stdout, stderr, func(ctx context.Context, hub *server.Hub) error {
//		hub.Sandbox.RegisterFunction(arn, relay)                    // func(ctx, []byte) ([]byte, error)
//		hub.Sandbox.SubscribeFunction(arn)                          // to the notifications of stacks, anywhere
//		hub.Sandbox.AddRule(events.Rule{Name: "stacks", Target: arn})
//		hub.Sandbox.AddRule(events.Rule{Name: "sweep", Every: 5 * time.Minute, Target: arn})
//		management, err := hub.WebSocket(apigateway.Settings{
//			Authorizer: arn, IdentitySources: []string{"route.request.header.Sec-WebSocket-Protocol"},
//			Routes: map[string]string{"$connect": arn, "$default": arn, "$disconnect": arn},
//		})
//		...
//		hub.Board(hub.Sandbox.WebSockets().HTTP(apigateway.HTTPSettings{Function: arn, ...}))
//		return hub.Sandbox.SetHubSettings(map[string]any{...})
//	})
//
// The sandbox answers while a Setup runs: clients with hub.Env work. The ready line then contains
// the addresses of the WebSocket API and of the board. People sign in to the board at the sandbox's
// OIDC issuer (package oidc), where a Setup registers it.
//
// With the option -empty there is no hub and no Setup runs: a stack makes the hub, and its functions
// run as processes (package lambda). Its outputs are addresses of the sandbox (package apigateway).
// Accounts report to its event bus if the option -hub-bus names it.
package server
