package apigateway_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/apigateway"
)

func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return ""
}

func status(err error) int {
	var e *smithyhttp.ResponseError
	if errors.As(err, &e) {
		return e.HTTPStatusCode()
	}
	return 0
}

func (h *hub) connect(t *testing.T) *apigateway.Conn {
	t.Helper()
	c, err := h.stage.Connect(t.Context(), apigateway.Handshake{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAuthorize(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:execute-api:eu-west-1:000000000000:live/prod/$connect"
	answer := func(v any, err error) func(context.Context, events.APIGatewayCustomAuthorizerRequestTypeRequest) (any, error) {
		return func(context.Context, events.APIGatewayCustomAuthorizerRequestTypeRequest) (any, error) { return v, err }
	}
	both := policy("Allow", "*", nil)
	both.PolicyDocument.Statement = append(
		both.PolicyDocument.Statement,
		policy("Deny", arn, nil).PolicyDocument.Statement...)
	anonymous := policy("Allow", arn, nil)
	anonymous.PrincipalID = ""
	for _, c := range []struct {
		name       string
		authorizer func(context.Context, events.APIGatewayCustomAuthorizerRequestTypeRequest) (any, error)
		integrate  func(context.Context, events.APIGatewayWebsocketProxyRequest) (any, error)
		protocols  []string
		status     int // 0: allowed
	}{
		{"allowed", answer(policy("Allow", arn, nil), nil), nil, []string{"t"}, 0},
		{"allowed by a pattern", answer(policy("Allow", "arn:aws:execute-api:*:*:live/prod/?connect", nil), nil), nil, []string{"t"}, 0},
		{"no identity", answer(policy("Allow", arn, nil), nil), nil, nil, 401},
		{"denied", answer(policy("Deny", arn, nil), nil), nil, []string{"t"}, 403},
		{"allowed and denied", answer(both, nil), nil, []string{"t"}, 403},
		{"allowed elsewhere", answer(policy("Allow", strings.Replace(arn, "prod", "test", 1), nil), nil), nil, []string{"t"}, 403},
		{"unauthorized", answer(nil, errors.New("Unauthorized")), nil, []string{"t"}, 401},
		{"failure", answer(nil, errors.New("boom")), nil, []string{"t"}, 500},
		{"no policy", answer(map[string]string{"principalId": "x"}, nil), nil, []string{"t"}, 500},
		{"no principal", answer(anonymous, nil), nil, []string{"t"}, 500},
		{"nested context", answer(policy("Allow", arn, map[string]any{"projects": []string{"a"}}), nil), nil, []string{"t"}, 500},
		{"full context", answer(policy("Allow", arn, map[string]any{"p": strings.Repeat("x", 7900)}), nil), nil, []string{"t"}, 0},
		{"large context", answer(policy("Allow", arn, map[string]any{"p": strings.Repeat("x", 8200)}), nil), nil, []string{"t"}, 500},
		{"integration refuses", nil, func(context.Context, events.APIGatewayWebsocketProxyRequest) (any, error) {
			return map[string]int{"statusCode": 418}, nil
		}, []string{"t"}, 418},
		{"integration fails", nil, func(context.Context, events.APIGatewayWebsocketProxyRequest) (any, error) {
			return nil, errors.New("boom")
		}, []string{"t"}, 502},
		{"integration says nothing", nil, func(context.Context, events.APIGatewayWebsocketProxyRequest) (any, error) {
			return map[string]string{}, nil
		}, []string{"t"}, 502},
		{"integration sleeps", nil, func(ctx context.Context, _ events.APIGatewayWebsocketProxyRequest) (any, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, []string{"t"}, 504},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHub(
					t,
					apigateway.Settings{
						Authorizer: authorizerARN, IdentitySources: []string{"route.request.header.sec-websocket-protocol"},
					},
				)
				h.authorizer, h.route = c.authorizer, c.integrate
				conn, err := h.stage.Connect(
					t.Context(), apigateway.Handshake{Subprotocols: c.protocols, Query: url.Values{"a": {"b"}}},
				)
				if c.status == 0 {
					if err != nil {
						t.Fatal(err)
					}
					conn.Close(1000, "")
					synctest.Wait()
				} else {
					var refused *apigateway.HandshakeError
					if !errors.As(err, &refused) || refused.Status != c.status {
						t.Fatalf("%v, want %d", err, c.status)
					}
				}
				if left := h.box.WebSockets().Connections(); len(left) != 0 {
					t.Errorf("connections are left: %v", left)
				}
			})
		})
	}
}

func TestMessages_Routed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHub(
			t,
			apigateway.Settings{
				RouteSelection: "${request.body.do.what}",
				Routes:         map[string]string{"hello": routesARN, "fail": "nowhere"},
			},
		)
		c := h.connect(t)
		for _, m := range []struct{ sent, told string }{
			{`{"do":{"what":"hello"}}`, ""},
			{`{"do":{"what":"other"}}`, "Forbidden"},
			{`{"do":{"what":"$connect"}}`, "Forbidden"},
			{`no JSON`, "Forbidden"},
			{`{"do":{"what":"fail"}}`, "Internal server error"},
		} {
			if err := c.Send([]byte(m.sent)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if m.told == "" {
				continue
			}
			told, err := c.Receive(t.Context())
			if err != nil || !strings.Contains(string(told), `"message":"`+m.told+`"`) ||
				!strings.Contains(string(told), c.ID()) {
				t.Errorf("%s: told %s, %v", m.sent, told, err)
			}
		}
		if got := h.noted("MESSAGE"); len(got) != 1 || got[0].RequestContext.RouteKey != "hello" {
			t.Errorf("routed %+v", got)
		}
		c.Close(1000, "")
	})
}

func TestTimesOfAConnection(t *testing.T) {
	t.Parallel()
	going := &apigateway.CloseError{Code: 1001, Reason: "Going away"}
	for _, c := range []struct {
		name string
		keep func(t *testing.T, h *hub, c *apigateway.Conn) // for a minute of activity
		want time.Duration
	}{
		{"idle", func(*testing.T, *hub, *apigateway.Conn) {}, 10 * time.Minute},
		{"the client speaks", func(t *testing.T, _ *hub, c *apigateway.Conn) { _ = c.Send([]byte("ping")) }, 2 * time.Hour},
		{"the client is spoken to", func(t *testing.T, h *hub, c *apigateway.Conn) {
			_ = post(t.Context(), h.client("000000000000"), c.ID(), []byte("tick"))
		}, 2 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHub(t, apigateway.Settings{})
				conn := h.connect(t)
				started := time.Now()
				stop := make(chan struct{})
				go func() {
					ticker := time.NewTicker(9 * time.Minute)
					defer ticker.Stop()
					for {
						select {
						case <-ticker.C:
							c.keep(t, h, conn)
						case <-stop:
							return
						}
					}
				}()
				defer close(stop)
				var err error
				for err == nil {
					_, err = conn.Receive(t.Context())
				}
				var closed *apigateway.CloseError
				if !errors.As(err, &closed) || *closed != *going {
					t.Errorf("the end: %v", err)
				}
				if lasted := time.Since(started); lasted != c.want {
					t.Errorf("it lasted %s, want %s", lasted, c.want)
				}
				synctest.Wait()
				if ends := h.noted("DISCONNECT"); len(ends) != 1 || ends[0].RequestContext.DisconnectStatusCode != 1001 {
					t.Errorf("$disconnect: %+v", ends)
				}
				if err := conn.Send([]byte("x")); !errors.As(err, &closed) {
					t.Errorf("sending on a closed connection: %v", err)
				}
			})
		})
	}
}

func TestManagementAPI(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, apigateway.Settings{Buffer: 100})
		client := h.client("000000000000")
		ctx := t.Context()
		var early error
		h.route = func(ctx context.Context, e events.APIGatewayWebsocketProxyRequest) (any, error) {
			if e.RequestContext.EventType == "CONNECT" {
				early = post(ctx, client, e.RequestContext.ConnectionID, []byte("too early"))
			}
			return map[string]int{"statusCode": 200}, nil
		}
		c, err := h.stage.Connect(
			ctx, apigateway.Handshake{Header: http.Header{"User-Agent": {"toy"}}, SourceIP: "192.0.2.7"},
		)
		if err != nil {
			t.Fatal(err)
		}
		if code(early) != "GoneException" || status(early) != 410 {
			t.Errorf("a post before the connection was open: %v", early)
		}
		time.Sleep(time.Second)
		if err := post(ctx, client, c.ID(), []byte("one")); err != nil {
			t.Fatal(err)
		}
		got, err := client.GetConnection(ctx, &apigatewaymanagementapi.GetConnectionInput{ConnectionId: aws.String(c.ID())})
		if err != nil || aws.ToString(got.Identity.SourceIp) != "192.0.2.7" ||
			aws.ToString(got.Identity.UserAgent) != "toy" ||
			got.LastActiveAt.Sub(*got.ConnectedAt) != time.Second {
			t.Errorf("connection %+v, %v", got, err)
		}
		for _, w := range []struct {
			name   string
			err    error
			code   string
			status int
		}{
			{"unknown", post(ctx, client, "unknown=", []byte("x")), "GoneException", 410},
			{"another account", post(ctx, h.client("111111111111"), c.ID(), []byte("x")), "ForbiddenException", 403},
			{"large", post(ctx, client, c.ID(), make([]byte, 128<<10+1)), "PayloadTooLargeException", 413},
			{"full", post(ctx, client, c.ID(), make([]byte, 98)), "LimitExceededException", 429},
		} {
			if code(w.err) != w.code || status(w.err) != w.status {
				t.Errorf("%s: %v", w.name, w.err)
			}
		}
		if m, err := c.Receive(ctx); err != nil || string(m) != "one" {
			t.Errorf("received %q, %v", m, err)
		}
		if _, err := client.DeleteConnection(
			ctx, &apigatewaymanagementapi.DeleteConnectionInput{ConnectionId: aws.String(c.ID())},
		); err != nil {
			t.Fatal(err)
		}
		var closed *apigateway.CloseError
		if _, err := c.Receive(ctx); !errors.As(err, &closed) || closed.Code != 1000 {
			t.Errorf("the end: %v", err)
		}
		if err := post(ctx, client, c.ID(), []byte("x")); code(err) != "GoneException" {
			t.Errorf("after the end: %v", err)
		}
		if calls := h.box.Calls()["execute-api"]; calls["PostToConnection"] != 6 || calls["GetConnection"] != 1 ||
			calls["DeleteConnection"] != 1 {
			t.Errorf("calls %v", calls)
		}
	})
}

func TestConnectionsCanBreakAndStall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, apigateway.Settings{Buffer: 10})
		client, gateway := h.client("000000000000"), h.box.WebSockets()
		ctx := t.Context()

		dropped := h.connect(t)
		_ = post(ctx, client, dropped.ID(), []byte("never"))
		gateway.Drop(dropped.ID())
		if m, err := dropped.Receive(ctx); !errors.Is(err, apigateway.ErrBroken) {
			t.Errorf("dropped: %q, %v", m, err)
		}
		if err := post(ctx, client, dropped.ID(), []byte("x")); code(err) != "GoneException" {
			t.Errorf("dropped: %v", err)
		}

		lost := h.connect(t)
		gateway.Lose(apigateway.All)
		if _, err := lost.Receive(ctx); !errors.Is(err, apigateway.ErrBroken) {
			t.Errorf("lost: %v", err)
		}
		for range 3 {
			if err := post(ctx, client, lost.ID(), []byte("nowhere")); err != nil {
				t.Errorf("lost: %v", err)
			}
		}
		time.Sleep(10*time.Minute + time.Second)
		if err := post(ctx, client, lost.ID(), []byte("x")); code(err) != "GoneException" {
			t.Errorf("lost and noticed: %v", err)
		}
		if ends := h.noted("DISCONNECT"); len(ends) != 1 || ends[0].RequestContext.ConnectionID != lost.ID() {
			t.Errorf("$disconnect: %+v", ends)
		}

		stalled := h.connect(t)
		gateway.Stall(stalled.ID())
		for i := range 3 {
			err := post(ctx, client, stalled.ID(), []byte("12345"))
			if want := i == 2; (code(err) == "LimitExceededException") != want {
				t.Errorf("post %d to a stalled client: %v", i, err)
			}
		}
		quick, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if _, err := stalled.Receive(quick); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a stalled client received: %v", err)
		}
		gateway.Resume(stalled.ID())
		for range 2 {
			if m, err := stalled.Receive(ctx); err != nil || !bytes.Equal(m, []byte("12345")) {
				t.Errorf("resumed: %q, %v", m, err)
			}
		}
		stalled.Break()
		synctest.Wait()
		if ends := h.noted("DISCONNECT"); len(ends) != 2 || ends[1].RequestContext.DisconnectStatusCode != 1006 {
			t.Errorf("$disconnect: %+v", ends)
		}
	})
}

func TestLargeFramesInMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, apigateway.Settings{})
		c := h.connect(t)
		if err := c.Send(make([]byte, 32<<10)); err != nil {
			t.Fatal(err)
		}
		if err := c.Send(make([]byte, 32<<10+1)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		var closed *apigateway.CloseError
		if _, err := c.Receive(t.Context()); !errors.As(err, &closed) || closed.Code != 1009 {
			t.Errorf("the end: %v", err)
		}
		if got := h.noted("MESSAGE"); len(got) != 1 {
			t.Errorf("%d messages arrived", len(got))
		}
	})
}

func TestConnections_Rate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, apigateway.Settings{Routes: map[string]string{}})
		connect := func(i int) error {
			_, err := h.stage.Connect(t.Context(), apigateway.Handshake{SourceIP: fmt.Sprint("client", i)})
			return err
		}
		var refused *apigateway.HandshakeError
		for i := range 500 {
			if err := connect(i); err != nil {
				t.Fatal(i, err)
			}
		}
		if err := connect(500); !errors.As(err, &refused) || refused.Status != 429 {
			t.Errorf("the 501st at once: %v", err)
		}
		time.Sleep(10 * time.Millisecond)
		for i := range 5 {
			if err := connect(501 + i); err != nil {
				t.Errorf("five more after 10 ms: %v", err)
			}
		}
		if err := connect(506); err == nil {
			t.Error("and a sixth")
		}
		h.box.WebSockets().Shutdown()
	})
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, apigateway.Settings{Routes: map[string]string{}, Rate: 1000})
		for i := range 1000 {
			if _, err := h.stage.Connect(t.Context(), apigateway.Handshake{SourceIP: fmt.Sprint("client", i)}); err != nil {
				t.Fatal(i, err)
			}
		}
		h.box.WebSockets().Shutdown()
	})
}

func TestBadSettings(t *testing.T) {
	t.Parallel()
	h := newHub(t, apigateway.Settings{})
	good := apigateway.Settings{API: "a", Stage: "s", Account: "000000000000", Region: "eu-west-1"}
	for name, spoil := range map[string]func(*apigateway.Settings){
		"no API":          func(s *apigateway.Settings) { s.API = "" },
		"a stage's path":  func(s *apigateway.Settings) { s.Stage = "a/b" },
		"identity source": func(s *apigateway.Settings) { s.IdentitySources = []string{"$request.header.X"} },
		"route selection": func(s *apigateway.Settings) { s.RouteSelection = "$request.header.x" },
	} {
		s := good
		spoil(&s)
		if _, err := h.box.WebSockets().Deploy(s); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if _, err := h.box.WebSockets().Deploy(good); err != nil {
		t.Error(err)
	}
}
