// Package localhub runs a hub on the sandbox, as its deployment does on AWS: the relay's function
// with its triggers, the WebSocket API, and the HTTP API that serves the board. The command that
// serves the sandbox and the end-to-end tests use it.
package localhub

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/relay"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/apigateway"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/events"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/oidc"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/server"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

const (
	region   = "eu-west-1"
	relayARN = "arn:aws:lambda:" + region + ":" + sandbox.HubAccount + ":function:stowage-relay"
	// client is the board's client at the sandbox's issuer.
	client = "stowage-board"
)

// Registration is the board's client at an OIDC issuer.
type Registration struct{ Issuer, ClientID string }

// Register registers the board at an OIDC issuer. People return to its address after they have
// signed in and out.
type Register func(ctx context.Context, address string) (Registration, error)

// SetUp sets up a hub: the relay with its triggers (the notifications of all stacks, a schedule of
// a minute, the routes and the authorizer of the WebSocket API, the HTTP API). register chooses the
// OIDC issuer; nil means the sandbox's. The relay logs to log, from WARN on.
func SetUp(log io.Writer, register Register) server.Setup {
	return func(ctx context.Context, hub *server.Hub) error {
		stage, err := hub.WebSocket(apigateway.Settings{
			Authorizer: relayARN, IdentitySources: []string{"route.request.header.Sec-WebSocket-Protocol"},
			Routes: map[string]string{"$connect": relayARN, "$default": relayARN, "$disconnect": relayARN},
		})
		if err != nil {
			return err
		}
		if register == nil {
			register = registerAt(hub)
		}
		registered, err := register(ctx, hub.Endpoint+server.BoardPath)
		if err != nil {
			return fmt.Errorf("registering the board: %w", err)
		}
		r, err := newRelay(ctx, hub, stage, registered, log)
		if err != nil {
			return err
		}
		hub.Sandbox.RegisterFunction(relayARN, r.Handle)
		hub.Sandbox.SubscribeFunction(relayARN)
		if err := hub.Sandbox.AddRule(events.Rule{Name: "sweep", Every: time.Minute, Target: relayARN}); err != nil {
			return fmt.Errorf("the relay's schedule: %w", err)
		}
		if err := hub.Sandbox.SetHubSettings(map[string]any{"management_url": stage}); err != nil {
			return err
		}
		hub.Board(hub.Sandbox.WebSockets().HTTP(apigateway.HTTPSettings{
			API: "board", Account: sandbox.HubAccount, Region: region, Function: relayARN,
		}))
		hub.Sandbox.ResetCalls() // the calls so far are the hub's, not a client's
		return nil
	}
}

// registerAt registers the board at the sandbox's issuer.
func registerAt(hub *server.Hub) Register {
	return func(_ context.Context, address string) (Registration, error) {
		hub.Sandbox.Issuer().Register(oidc.Client{
			ID: client, RedirectURIs: []string{address}, PostLogoutRedirectURIs: []string{address},
		})
		return Registration{Issuer: hub.Issuer(), ClientID: client}, nil
	}
}

// newRelay returns the relay of a hub whose WebSocket API's stage is at an address.
func newRelay(
	ctx context.Context, hub *server.Hub, stage string, registered Registration, log io.Writer,
) (*relay.Relay, error) {
	access, secret := sandbox.StaticCredentials(sandbox.HubAccount)
	clients, err := awsclient.New(ctx, awsclient.Config{
		Region: region, AccessKey: access, SecretKey: secret, Version: "sandbox",
		HTTPClient: &http.Client{Transport: simulate.NewTransport(hub.Sandbox)},
	})
	if err != nil {
		return nil, fmt.Errorf("the relay's credentials: %w", err)
	}
	return relay.New(ctx, relay.Config{
		Clients: clients, Hub: sandbox.HubName, RoleName: relay.DefaultRole,
		// Tokens that the sandbox makes on request have its default audience.
		Access: relay.Access{Issuer: registered.Issuer, Audiences: []string{oidc.Audience}},
		Board:  relay.Board{WebSocket: "ws" + strings.TrimPrefix(stage, "http"), ClientID: registered.ClientID},
		Log:    slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
}
