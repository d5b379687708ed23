package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/apigateway"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/oidc"
)

// boardPath is where the board is served.
const boardPath = "/board/"

// Setup sets up what runs in the hub, which the sandbox knows nothing of: functions, what invokes them, and the board. It is
// called once, when the sandbox answers already and before the ready line is printed. An error ends the server.
type Setup func(ctx context.Context, hub *Hub) error

// Hub is what a Setup works with.
type Hub struct {
	// Sandbox is the world: RegisterFunction, SubscribeFunction, AddRule and SetHubSettings are what a Setup needs of it.
	Sandbox *sandbox.Sandbox
	// Endpoint is where the sandbox listens, such as http://127.0.0.1:4599.
	Endpoint string
	// Env is what the ready line shows as env; a Setup may add to it. It is how AWS clients reach the sandbox.
	Env map[string]string
	// Token is what the token in the board's URL says; by default it is for all projects and lasts 12 hours.
	Token oidc.TokenRequest

	board     http.Handler
	websocket string // path; "" when there is none
}

// Issuer is the URL of the OIDC issuer whose tokens the board gets.
func (h *Hub) Issuer() string { return oidc.URL(h.Endpoint) }

// WebSocket deploys the hub's WebSocket API and returns the endpoint of its management API, @connections. What the
// settings leave out is filled in: API "live", stage "prod", the hub's account and region.
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

// Board serves static files below /board/; they see paths without it.
func (h *Hub) Board(files http.Handler) {
	h.board = http.StripPrefix(strings.TrimSuffix(boardPath, "/"), files)
}

// urls are the addresses for the ready line; "" for what there isn't.
func (h *Hub) urls() (board, websocket string, err error) {
	if h.websocket != "" {
		websocket = "ws" + strings.TrimPrefix(h.Endpoint, "http") + h.websocket
	}
	if h.board == nil {
		return "", websocket, nil
	}
	token, err := h.Sandbox.Issuer().Token(h.Issuer(), h.Token)
	if err != nil {
		return "", "", fmt.Errorf("the board's token: %w", err)
	}
	fragment := url.Values{"token": {token}}
	if websocket != "" {
		fragment.Set("ws", websocket)
	}
	return h.Endpoint + boardPath + "#" + fragment.Encode(), websocket, nil
}

// front answers for the board what a browser asks, once the hub is set up, and leaves all else to the sandbox: AWS clients
// sign their requests.
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
	browsing := (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.Header.Get("Authorization") == "" && !r.URL.Query().Has("X-Amz-Signature")
	switch {
	case f.hub.board == nil || !browsing:
		f.hub.Sandbox.ServeHTTP(w, r)
	case r.URL.Path == "/" || r.URL.Path+"/" == boardPath:
		http.Redirect(w, r, boardPath, http.StatusFound)
	case strings.HasPrefix(r.URL.Path, boardPath):
		f.hub.board.ServeHTTP(w, r)
	default:
		f.hub.Sandbox.ServeHTTP(w, r)
	}
}
