package apigateway_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/coder/websocket"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/apigateway"
)

func TestSocket_Lifecycle(t *testing.T) {
	t.Parallel()
	h := newHub(
		t,
		apigateway.Settings{
			Authorizer: authorizerARN, IdentitySources: []string{"route.request.header.Sec-WebSocket-Protocol"},
		},
	)
	server := h.listen(t)
	client := management(sandbox.HubAccount, server.URL+h.stage.Path(), http.DefaultClient)
	h.authorizer = func(_ context.Context, e events.APIGatewayCustomAuthorizerRequestTypeRequest) (any, error) {
		return policy(
			"Allow", "arn:aws:execute-api:eu-west-1:000000000000:live/*",
			map[string]any{"projects": "a b", "admin": true, "n": 3},
		), nil
	}
	disconnected := make(chan events.APIGatewayWebsocketProxyRequest, 1)
	h.route = func(ctx context.Context, e events.APIGatewayWebsocketProxyRequest) (any, error) {
		switch e.RequestContext.EventType {
		case "CONNECT":
			return map[string]any{"statusCode": 200, "headers": map[string]string{"sec-websocket-protocol": "stowage"}}, nil
		case "DISCONNECT":
			disconnected <- e
		default:
			return nil, post(ctx, client, e.RequestContext.ConnectionID, []byte("echo "+e.Body))
		}
		return map[string]any{"statusCode": 200}, nil
	}
	socket, _, err := websocket.Dial(
		t.Context(),
		strings.Replace(server.URL, "http", "ws", 1)+h.stage.Path()+"?v=1",
		&websocket.DialOptions{
			Subprotocols: []string{"stowage", "token.abc"},
			HTTPHeader:   http.Header{"User-Agent": {"test"}, "Origin": {"https://elsewhere.example"}},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = socket.CloseNow() }()
	if socket.Subprotocol() != "stowage" {
		t.Errorf("subprotocol %q", socket.Subprotocol())
	}
	if err := socket.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	kind, message, err := socket.Read(t.Context())
	if err != nil || kind != websocket.MessageText || string(message) != "echo hello" {
		t.Fatalf("%s %q, %v", kind, message, err)
	}
	if err := socket.Close(websocket.StatusNormalClosure, "bye"); err != nil {
		t.Fatal(err)
	}
	end := <-disconnected

	asked := h.asked[0]
	if asked.Type != "REQUEST" || asked.MethodArn != "arn:aws:execute-api:eu-west-1:000000000000:live/prod/$connect" ||
		asked.Headers["Sec-WebSocket-Protocol"] == "" || asked.QueryStringParameters["v"] != "1" || asked.RequestContext.Stage != "prod" {
		t.Errorf("the authorizer was asked %+v", asked)
	}
	connect, sent := h.noted("CONNECT")[0], h.noted("MESSAGE")[0]
	if !strings.Contains(connect.Headers["Sec-WebSocket-Protocol"], "stowage") ||
		connect.Headers["User-Agent"] != "test" ||
		connect.MultiValueQueryStringParameters["v"][0] != "1" ||
		connect.Headers["Host"] == "" {
		t.Errorf("connect %+v", connect)
	}
	id := connect.RequestContext.ConnectionID
	for _, e := range []events.APIGatewayWebsocketProxyRequest{connect, sent, end} {
		c := e.RequestContext
		if c.ConnectionID != id || c.APIID != "live" || c.Stage != "prod" || c.DomainName != "live.execute-api.eu-west-1.amazonaws.com" ||
			c.Identity.SourceIP != "127.0.0.1" ||
			c.ConnectedAt == 0 ||
			c.RequestTimeEpoch < c.ConnectedAt ||
			c.RequestID == "" {
			t.Errorf("%s: %+v", c.EventType, c)
		}
		values, _ := c.Authorizer.(map[string]any)
		if values["projects"] != "a b" || values["admin"] != "true" || values["n"] != "3" ||
			values["principalId"] != "somebody" {
			t.Errorf("%s: authorizer %v", c.EventType, c.Authorizer)
		}
	}
	if sent.RequestContext.RouteKey != "$default" || sent.Body != "hello" || sent.RequestContext.MessageID == "" ||
		end.RequestContext.DisconnectStatusCode != 1000 ||
		*end.RequestContext.DisconnectReason != "bye" ||
		end.RequestContext.RouteKey != "$disconnect" ||
		connect.RequestContext.RouteKey != "$connect" {
		t.Errorf("sent %+v, end %+v", sent, end)
	}
}

func TestRefusalsOfSockets(t *testing.T) {
	t.Parallel()
	h := newHub(
		t,
		apigateway.Settings{Authorizer: authorizerARN, IdentitySources: []string{"route.request.querystring.token"}},
	)
	h.authorizer = func(_ context.Context, e events.APIGatewayCustomAuthorizerRequestTypeRequest) (any, error) {
		return policy("Deny", e.MethodArn, nil), nil
	}
	server := h.listen(t)
	for _, c := range []struct {
		path   string
		status int
	}{
		{h.stage.Path(), http.StatusUnauthorized},
		{h.stage.Path() + "?token=", http.StatusUnauthorized},
		{h.stage.Path() + "?token=x", http.StatusForbidden},
		{"/ws/live/other?token=x", http.StatusForbidden},
		{"/ws/live/prod/more?token=x", http.StatusForbidden},
	} {
		_, response, err := websocket.Dial(t.Context(), server.URL+c.path, nil) //nolint:bodyclose // the library closes it
		if err == nil || response == nil || response.StatusCode != c.status {
			t.Errorf("%s: %v, %v", c.path, response, err)
		}
	}
}

func TestSizesOnASocket(t *testing.T) {
	t.Parallel()
	h := newHub(t, apigateway.Settings{})
	server := h.listen(t)
	dial := func() *websocket.Conn {
		socket, _, err := websocket.Dial(t.Context(), server.URL+h.stage.Path(), nil)
		if err != nil {
			t.Fatal(err)
		}
		socket.SetReadLimit(1 << 20)
		t.Cleanup(func() { _ = socket.CloseNow() })
		return socket
	}
	received := make(chan int, 1)
	h.route = func(_ context.Context, e events.APIGatewayWebsocketProxyRequest) (any, error) {
		if e.RequestContext.EventType == "MESSAGE" {
			received <- len(e.Body)
		}
		return map[string]int{"statusCode": 200}, nil
	}
	frames := func(socket *websocket.Conn, sizes ...int) {
		w, err := socket.Writer(t.Context(), websocket.MessageText)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range sizes {
			if _, err := w.Write(bytes.Repeat([]byte("x"), n)); err != nil {
				t.Fatal(err)
			}
		}
		_ = w.Close() // the other side may have closed the socket
	}
	fine := dial()
	frames(fine, 32<<10, 32<<10, 32<<10, 32<<10)
	if n := <-received; n != 128<<10 {
		t.Errorf("%d bytes arrived", n)
	}
	for _, c := range []struct {
		name string
		send func(*websocket.Conn)
		code websocket.StatusCode
	}{
		{"large frame", func(s *websocket.Conn) { frames(s, 32<<10+1) }, websocket.StatusMessageTooBig},
		{"large message", func(s *websocket.Conn) { frames(s, 32<<10, 32<<10, 32<<10, 32<<10, 1) }, websocket.StatusMessageTooBig},
		{"binary", func(s *websocket.Conn) { _ = s.Write(t.Context(), websocket.MessageBinary, []byte("x")) }, websocket.StatusUnsupportedData},
	} {
		socket := dial()
		c.send(socket)
		_, _, err := socket.Read(t.Context())
		if websocket.CloseStatus(err) != c.code {
			t.Errorf("%s: %v", c.name, err)
		}
	}

	id := h.noted("CONNECT")[0].RequestContext.ConnectionID
	big := bytes.Repeat([]byte("y"), 128<<10)
	if err := post(
		t.Context(), management(sandbox.HubAccount, server.URL+h.stage.Path(), http.DefaultClient), id, big,
	); err != nil {
		t.Fatal(err)
	}
	if _, message, err := fine.Read(t.Context()); err != nil || !bytes.Equal(message, big) {
		t.Errorf("%d bytes, %v", len(message), err)
	}
}

func TestASlowSocketHoldsNobody(t *testing.T) {
	t.Parallel()
	h := newHub(t, apigateway.Settings{Buffer: 8 << 10})
	server := h.listen(t)
	slow, _, err := websocket.Dial(t.Context(), server.URL+h.stage.Path(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = slow.CloseNow() }()
	id := h.box.WebSockets().Connections()[0].ID
	client := management(sandbox.HubAccount, server.URL+h.stage.Path(), http.DefaultClient)
	refused := false
	for range 2000 { // more than the operating system's buffers hold
		if err := post(t.Context(), client, id, bytes.Repeat([]byte("z"), 8<<10)); err != nil {
			refused = code(err) == "LimitExceededException"
			break
		}
	}
	if !refused {
		t.Error("a client that reads nothing takes everything")
	}
	dropped := time.Now()
	if n := h.box.WebSockets().Drop(id); n != 1 {
		t.Errorf("%d connections dropped", n)
	}
	for {
		if _, _, err := slow.Read(t.Context()); err != nil {
			if websocket.CloseStatus(err) != -1 {
				t.Errorf("the end came with a close frame: %v", err)
			}
			break
		}
	}
	if took := time.Since(dropped); took > 3*time.Second {
		t.Errorf("the connection broke after %s", took)
	}
	if err := post(t.Context(), client, id, []byte("x")); code(err) != "GoneException" {
		t.Errorf("a post to a dropped connection: %v", err)
	}
	if len(h.noted("DISCONNECT")) != 0 {
		t.Error("$disconnect was called for a dropped connection")
	}
}

func TestManagementAPI_OverTheWire(t *testing.T) {
	t.Parallel()
	h := newHub(t, apigateway.Settings{})
	server := h.listen(t)
	socket, _, err := websocket.Dial(t.Context(), server.URL+h.stage.Path(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = socket.CloseNow() }()
	control := func(method, body string) (int, string) {
		request, err := http.NewRequestWithContext(
			t.Context(), method, server.URL+"/_sandbox/connections", strings.NewReader(body),
		)
		if err != nil {
			t.Fatal(err)
		}
		response, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, strings.TrimSpace(string(text))
	}
	id := h.box.WebSockets().Connections()[0].ID
	for _, c := range []struct {
		body   string
		status int
		answer string
	}{
		{`{"stall":"` + id + `"}`, 200, `{"connections":1}`},
		{`{"resume":"all"}`, 200, `{"connections":1}`},
		{`{"drop":"unknown"}`, 200, `{"connections":0}`},
		{`{"drop":"all","stall":"all"}`, 400, "one of drop, lose, stall and resume"},
		{`{}`, 400, "one of drop, lose, stall and resume"},
		{`{"lose":"all"}`, 200, `{"connections":1}`},
	} {
		if status, answer := control(http.MethodPost, c.body); status != c.status || answer != c.answer {
			t.Errorf("%s: %d %s", c.body, status, answer)
		}
	}
	if _, _, err := socket.Read(t.Context()); err == nil || websocket.CloseStatus(err) != -1 {
		t.Errorf("the client of a lost connection sees %v", err)
	}
	if status, list := control(http.MethodGet, ""); status != 200 || !strings.Contains(list, `"id":"`+id+`"`) ||
		!strings.Contains(list, `"lost":true`) {
		t.Errorf("connections: %d %s", status, list)
	}
}

func TestConnection_ServerEnds(t *testing.T) {
	t.Parallel()
	h := newHub(t, apigateway.Settings{})
	server := h.listen(t)
	var sockets []*websocket.Conn
	for range 3 {
		socket, _, err := websocket.Dial(t.Context(), server.URL+h.stage.Path(), nil)
		if err != nil {
			t.Fatal(err)
		}
		sockets = append(sockets, socket)
	}
	h.box.WebSockets().Shutdown()
	for _, socket := range slices.Backward(sockets) {
		_, _, err := socket.Read(t.Context())
		var closed websocket.CloseError
		if !errors.As(err, &closed) || closed.Code != websocket.StatusGoingAway || closed.Reason != "Going away" {
			t.Errorf("the end: %v", err)
		}
	}
}
