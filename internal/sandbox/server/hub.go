package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/apigateway"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/oidc"
)

// BoardPath is the path of the board below the sandbox's address.
const BoardPath = "/board/"

// Setup sets up the hub's functions, their triggers, and the board, which the sandbox does not
// know. It is called once, after the sandbox answers and before the ready line is printed. An error
// ends the server.
type Setup func(ctx context.Context, hub *Hub) error

// Hub is the argument of a Setup.
type Hub struct {
	// Sandbox is the world: a Setup needs its RegisterFunction, SubscribeFunction, AddRule and
	// SetHubSettings.
	Sandbox *sandbox.Sandbox
	// Endpoint is the sandbox's address, such as http://127.0.0.1:4599.
	Endpoint string
	// Env is the env of the ready line, which connects AWS clients to the sandbox; a Setup may add
	// to it.
	Env map[string]string

	board     http.Handler
	websocket string // path; "" for none
}

// Issuer returns the URL of the OIDC issuer of the board's tokens.
func (h *Hub) Issuer() string { return oidc.URL(h.Endpoint) }

// WebSocket deploys the hub's WebSocket API and returns the endpoint of its management API,
// @connections. Defaults of the settings: API "live", stage "prod", the hub's account and region.
func (h *Hub) WebSocket(settings apigateway.Settings) (management string, err error) {
	settings.API, settings.Stage = cmp.Or(settings.API, "live"), cmp.Or(settings.Stage, "prod")
	settings.Account, settings.Region = cmp.Or(settings.Account, sandbox.HubAccount), cmp.Or(settings.Region, region)
	if h.websocket != "" {
		return "", errors.New("the hub has a WebSocket API already")
	}
	stage, err := h.Sandbox.WebSockets().Deploy(settings)
	if err != nil {
		return "", fmt.Errorf("deploy the WebSocket API: %w", err)
	}
	h.websocket = stage.Path()
	return h.Endpoint + h.websocket, nil
}

// Board serves the board below BoardPath; handler sees paths without it.
func (h *Hub) Board(handler http.Handler) {
	h.board = http.StripPrefix(strings.TrimSuffix(BoardPath, "/"), handler)
}

// urls returns the addresses for the ready line; "" for missing ones.
func (h *Hub) urls() (board, websocket string) {
	if h.websocket != "" {
		websocket = "ws" + strings.TrimPrefix(h.Endpoint, "http") + h.websocket
	}
	if h.board != nil {
		board = h.Endpoint + BoardPath
	}
	return board, websocket
}

// front answers browsers' requests with the board, once the hub is set up, and forwards others to
// the sandbox: AWS clients sign their requests.
type front struct {
	hub   *Hub
	ready <-chan struct{}
}

func (f front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case <-f.ready:
	default:
		f.hub.Sandbox.ServeHTTP(w, r)
		return
	}
	browsing := (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.Header.Get("Authorization") == "" &&
		!r.URL.Query().Has("X-Amz-Signature")
	switch {
	case f.hub.board == nil || !browsing:
		f.hub.Sandbox.ServeHTTP(w, r)
	case r.URL.Path == "/" || r.URL.Path+"/" == BoardPath:
		http.Redirect(w, r, BoardPath, http.StatusFound)
	case strings.HasPrefix(r.URL.Path, BoardPath):
		f.hub.board.ServeHTTP(w, r)
	default:
		f.hub.Sandbox.ServeHTTP(w, r)
	}
}
