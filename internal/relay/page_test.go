package relay_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/stowage/terraform-provider-stowage/internal/relay"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/oidc"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

const webSocket = "wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/live"

// browse sends the relay a request of the HTTP API.
func browse(t *testing.T, r *relay.Relay, method, stage, path string, headers map[string]string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	event := events.APIGatewayV2HTTPRequest{Version: "2.0", RouteKey: "$default", RawPath: path, Headers: headers}
	event.RequestContext.Stage, event.RequestContext.RouteKey = stage, "$default"
	event.RequestContext.HTTP.Method, event.RequestContext.HTTP.Path = method, path
	raw, err := json.Marshal(event)
	must(t, err)
	if kind, err := relay.KindOf(raw); err != nil || kind != relay.KindPage {
		t.Errorf("the kind is %q: %v", kind, err)
	}
	answer, err := r.Handle(t.Context(), raw)
	must(t, err)
	var got events.APIGatewayV2HTTPResponse
	must(t, json.Unmarshal(answer, &got))
	return got
}

func TestPage(t *testing.T) {
	w := newWorld(t, false)
	i, trusts := w.tokens()
	r, calls := w.relay(trusts, func(c *relay.Config) { c.Board = relay.Board{WebSocket: webSocket, ClientID: "board"} })

	page := browse(t, r, http.MethodGet, "$default", "/", nil)
	if page.StatusCode != http.StatusOK || !strings.Contains(page.Body, `<script type="module" src="board.js">`) ||
		page.IsBase64Encoded {
		t.Errorf("%d %s", page.StatusCode, page.Body)
	}
	want := "default-src 'self'; connect-src 'self' wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com " + issuerAddress + ";"
	if policy := page.Headers["Content-Security-Policy"]; !strings.HasPrefix(policy, want) {
		t.Errorf("the policy is %s", policy)
	}
	for name, value := range map[string]string{
		"Strict-Transport-Security": "max-age=31536000", "X-Content-Type-Options": "nosniff",
		"Referrer-Policy": "no-referrer", "Cache-Control": "no-cache", "Content-Type": "text/html; charset=utf-8",
	} {
		if page.Headers[name] != value {
			t.Errorf("%s: %q", name, page.Headers[name])
		}
	}
	if again := browse(t, r, http.MethodGet, "$default", "/", map[string]string{"if-none-match": page.Headers["Etag"]}); again.StatusCode != http.StatusNotModified || again.Body != "" {
		t.Errorf("an unchanged page: %d", again.StatusCode)
	}
	if i.calls != 1 {
		t.Errorf("the issuer was asked %d times, not once for its endpoints", i.calls)
	}

	config := browse(t, r, http.MethodGet, "live", "/live/config.json", nil)
	var settings map[string]string
	must(t, json.Unmarshal([]byte(config.Body), &settings))
	expected := map[string]string{
		"websocket": webSocket, "issuer": oidc.URL(issuerAddress), "client_id": "board", "projects_claim": "stowage_projects",
	}
	if !maps.Equal(settings, expected) || config.Headers["Cache-Control"] != "no-store" {
		t.Errorf("%v, %v", settings, config.Headers)
	}
	for _, c := range []struct {
		method, stage, path string
		status              int
	}{
		{http.MethodGet, "live", "/live", http.StatusOK},
		{http.MethodGet, "live", "/live/board.js", http.StatusOK},
		{http.MethodHead, "$default", "/board.css", http.StatusOK},
		{http.MethodGet, "$default", "/vendor/oauth4webapi.js", http.StatusOK},
		{http.MethodGet, "$default", "/vendor/", http.StatusNotFound},
		{http.MethodGet, "$default", "/../board.go", http.StatusNotFound},
		{http.MethodGet, "$default", "/live/board.js", http.StatusNotFound},
		{http.MethodPost, "$default", "/", http.StatusMethodNotAllowed},
	} {
		if got := browse(t, r, c.method, c.stage, c.path, nil); got.StatusCode != c.status ||
			got.Headers["Strict-Transport-Security"] == "" {
			t.Errorf("%+v: %d", c, got.StatusCode)
		}
	}
	if made := calls.take(); sum(made) > 0 {
		t.Errorf("a page makes the AWS calls %v", made)
	}
}

// TestPage_IssuerUnreachable checks that the page is served all the same, and tells of it.
func TestPage_IssuerUnreachable(t *testing.T) {
	w := newWorld(t, false)
	i, trusts := w.tokens()
	i.down = true
	r, _ := w.relay(trusts, func(c *relay.Config) { c.Board = relay.Board{WebSocket: webSocket, ClientID: "board"} })
	if page := browse(t, r, http.MethodGet, "$default", "/", nil); page.StatusCode != http.StatusOK {
		t.Errorf("%d", page.StatusCode)
	}
}

// TestPage_TokensOfTheBoard checks that a connection is allowed with a token for the board's client,
// which is not among the audiences.
func TestPage_TokensOfTheBoard(t *testing.T) {
	w := newWorld(t, false)
	i, trusts := w.tokens()
	r, _ := w.relay(trusts, func(c *relay.Config) { c.Board = relay.Board{WebSocket: webSocket, ClientID: "board"} })
	for audience, want := range map[string]string{"board": "Allow", "stowage": "Allow", "other": ""} {
		if effect, _, _ := ask(t, r, offer(i.sign(t, map[string]any{"aud": audience}))); effect != want {
			t.Errorf("%s: %q", audience, effect)
		}
	}
}

func TestBoardSettingsThatCannotWorkAreRefused(t *testing.T) {
	w := newWorld(t, false)
	_, trusts := w.tokens()
	for name, c := range map[string]func(*relay.Config){
		"no issuer":    func(c *relay.Config) { c.Access = relay.Access{}; c.Board.ClientID = "board" },
		"no WebSocket": func(c *relay.Config) { c.Board.WebSocket = "" },
		"not a WebSocket": func(c *relay.Config) {
			c.Board.WebSocket = "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/live"
		},
		"not encrypted": func(c *relay.Config) { c.Board.WebSocket = "ws://example.com/live" },
	} {
		config := relay.Config{
			Clients: w.clients("000000000000", simulate.NewTransport(w.box)), Hub: "stowage",
			Board: relay.Board{WebSocket: webSocket, ClientID: "board"},
		}
		trusts(&config)
		c(&config)
		if _, err := relay.New(t.Context(), config); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
