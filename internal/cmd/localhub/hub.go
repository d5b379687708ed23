// Package localhub runs a hub on the sandbox, as its deployment does on AWS: the relay's function
// with its triggers, the WebSocket API and the board. The command that serves the sandbox and the
// end-to-end tests use it.
package localhub

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/board"
	"github.com/stowage/terraform-provider-stowage/internal/relay"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/apigateway"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/events"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/server"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

const (
	region   = "eu-west-1"
	relayARN = "arn:aws:lambda:" + region + ":" + sandbox.HubAccount + ":function:stowage-relay"
	// audience is the default audience of the sandbox's tokens.
	audience = "stowage"
)

// SetUp sets up a hub: the relay with its triggers (the notifications of all stacks, a schedule of
// a minute, the routes and the authorizer of the WebSocket API), and the board. The relay logs to
// log, from WARN on.
func SetUp(log io.Writer) server.Setup {
	return func(ctx context.Context, hub *server.Hub) error {
		access, secret := sandbox.StaticCredentials(sandbox.HubAccount)
		clients, err := awsclient.New(ctx, awsclient.Config{
			Region: region, AccessKey: access, SecretKey: secret, Version: "sandbox",
			HTTPClient: &http.Client{Transport: simulate.NewTransport(hub.Sandbox)},
		})
		if err != nil {
			return fmt.Errorf("the relay's credentials: %w", err)
		}
		r, err := relay.New(ctx, relay.Config{
			Clients: clients, Hub: sandbox.HubName, RoleName: relay.DefaultRole,
			Access: relay.Access{Issuer: hub.Issuer(), Audiences: []string{audience}},
			Log:    slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn})),
		})
		if err != nil {
			return err
		}
		hub.Sandbox.RegisterFunction(relayARN, r.Handle)
		hub.Sandbox.SubscribeFunction(relayARN)
		if err := hub.Sandbox.AddRule(events.Rule{Name: "sweep", Every: time.Minute, Target: relayARN}); err != nil {
			return fmt.Errorf("the relay's schedule: %w", err)
		}
		management, err := hub.WebSocket(apigateway.Settings{
			Authorizer: relayARN, IdentitySources: []string{"route.request.header.Sec-WebSocket-Protocol"},
			Routes: map[string]string{"$connect": relayARN, "$default": relayARN, "$disconnect": relayARN},
		})
		if err != nil {
			return err
		}
		if err := hub.Sandbox.SetHubSettings(map[string]any{"management_url": management}); err != nil {
			return err
		}
		hub.Board(board.Handler())
		hub.Sandbox.ResetCalls() // the calls so far are the hub's, not a client's
		return nil
	}
}
