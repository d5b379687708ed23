// Package server runs a Sandbox behind a listener: the command line of stowage-sandbox.
//
// When it is ready it prints one line of JSON: where it listens, and the environment variables that make terraform and
// any AWS SDK or CLI talk to it, a generated Terraform CLI configuration included, which takes the provider from the
// directory of the executable. The file goes when the server ends.
//
// # The hub
//
// The sandbox imports nothing of ours, so what runs in the hub comes from the program around it: a Setup registers Lambda
// functions and what invokes them, deploys the WebSocket API, and serves the board's files below /board/.
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
//		hub.Board(http.FileServerFS(board.Files))
//		return hub.Sandbox.SetHubSettings(map[string]any{...})
//	})
//
// The sandbox answers while a Setup runs: clients made from hub.Env work. The ready line then shows the board's address,
// with a token of the sandbox's issuer and the WebSocket's address in the fragment (#token=...&ws=...), and the
// WebSocket's address.
package server
