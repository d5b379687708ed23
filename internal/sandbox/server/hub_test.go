package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	lambda "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/coder/websocket"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/apigateway"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/events"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/server"
)

const relayARN = "arn:aws:lambda:eu-west-1:000000000000:function:relay"

// start runs a server until the test ends, and returns its ready line.
func start(t *testing.T, setup server.Setup) server.Ready {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := server.Main(ctx, []string{"--listen", "127.0.0.1:0"}, "", writer, io.Discard, setup)
		_ = writer.CloseWithError(io.EOF)
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the end: %v", err)
		}
	})
	line, err := bufio.NewReader(reader).ReadBytes('\n')
	if err != nil {
		t.Fatalf("no ready line: %v", err)
	}
	var ready server.Ready
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatal(err)
	}
	return ready
}

func tokenOf(t *testing.T, endpoint string) string {
	t.Helper()
	response, err := http.Post(endpoint+"/_sandbox/tokens", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var made struct{ Token string }
	if err := json.NewDecoder(response.Body).Decode(&made); err != nil {
		t.Fatal(err)
	}
	return made.Token
}

// configOf returns an SDK's configuration from the environment.
func configOf(env map[string]string) aws.Config {
	return aws.Config{
		Region: env["AWS_REGION"], BaseEndpoint: aws.String(env["AWS_ENDPOINT_URL"]),
		Credentials: credentials.NewStaticCredentialsProvider(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], ""),
	}
}

// toy is a minimal relay: it accepts clients with a token as second subprotocol, and sends all
// clients the changes of stacks.
type toy struct {
	push *apigatewaymanagementapi.Client

	mu      sync.Mutex
	clients []string
}

func (r *toy) handle(ctx context.Context, event []byte) ([]byte, error) {
	var shape struct {
		Type   string `json:"type"`
		Source string `json:"source"`
	}
	if err := json.Unmarshal(event, &shape); err != nil {
		return nil, err
	}
	switch {
	case shape.Type == "REQUEST":
		return r.authorize(event)
	case shape.Source == "aws.cloudformation":
		return nil, r.tell(ctx, event)
	default:
		return r.route(event)
	}
}

func (*toy) authorize(event []byte) ([]byte, error) {
	var e lambda.APIGatewayCustomAuthorizerRequestTypeRequest
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, err
	}
	protocol, token, _ := strings.Cut(e.Headers["Sec-WebSocket-Protocol"], ",") // with or without a space
	if protocol != "toy" || strings.Count(token, ".") != 2 {
		return nil, errors.New("Unauthorized")
	}
	return json.Marshal(lambda.APIGatewayCustomAuthorizerResponse{
		PrincipalID: "somebody",
		PolicyDocument: lambda.APIGatewayCustomAuthorizerPolicy{Version: "2012-10-17", Statement: []lambda.IAMPolicyStatement{
			{Effect: "Allow", Action: []string{"execute-api:Invoke"}, Resource: []string{e.MethodArn}},
		}},
	})
}

func (r *toy) route(event []byte) ([]byte, error) {
	var e lambda.APIGatewayWebsocketProxyRequest
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, err
	}
	if e.RequestContext.RouteKey == "$connect" {
		r.mu.Lock()
		r.clients = append(r.clients, e.RequestContext.ConnectionID)
		r.mu.Unlock()
	}
	return json.Marshal(
		lambda.APIGatewayProxyResponse{StatusCode: 200, Headers: map[string]string{"Sec-WebSocket-Protocol": "toy"}},
	)
}

func (r *toy) tell(ctx context.Context, event []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range r.clients {
		if _, err := r.push.PostToConnection(
			ctx, &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: &id, Data: event},
		); err != nil {
			return err
		}
	}
	return nil
}

// TestHub_EndToEnd covers the whole path: a browser opens the board, connects with a token of the
// issuer, and sees a new stack.
func TestHub_EndToEnd(t *testing.T) {
	t.Parallel()
	ready := start(t, func(ctx context.Context, hub *server.Hub) error {
		relay := &toy{}
		hub.Sandbox.RegisterFunction(relayARN, relay.handle)
		management, err := hub.WebSocket(apigateway.Settings{
			Authorizer: relayARN, IdentitySources: []string{"route.request.header.Sec-WebSocket-Protocol"},
			Routes: map[string]string{"$connect": relayARN, "$default": relayARN, "$disconnect": relayARN},
		})
		if err != nil {
			return err
		}
		config := configOf(hub.Env)
		relay.push = apigatewaymanagementapi.NewFromConfig(
			config, func(o *apigatewaymanagementapi.Options) { o.BaseEndpoint = &management },
		)
		hub.Board(http.FileServerFS(fstest.MapFS{"index.html": {Data: []byte("<title>Board</title>")}}))
		if err := hub.Sandbox.AddRule(events.Rule{Name: "stacks", Stacks: "stowage-*", Target: relayARN}); err != nil {
			return err
		}
		if err := hub.Sandbox.SetHubSettings(map[string]any{"push_endpoint": management}); err != nil {
			return err
		}
		got, err := ssm.NewFromConfig(config).GetParameter(
			ctx, &ssm.GetParameterInput{Name: aws.String("/stowage/hub/stowage")},
		)
		if err != nil || !strings.Contains(*got.Parameter.Value, `"push_endpoint":"http://`) ||
			!strings.Contains(*got.Parameter.Value, `"table":"stowage"`) {
			return fmt.Errorf("the hub's settings are %+v, %w", got, err)
		}
		return nil
	})

	page, err := url.Parse(ready.Board)
	if err != nil {
		t.Fatal(err)
	}
	if page.Path != "/board/" || page.Fragment != "" {
		t.Fatalf("the board's address is %s", ready.Board)
	}
	for _, path := range []string{"/", "/board", "/board/", "/board/index.html"} {
		response, err := http.Get(ready.Endpoint + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || string(body) != "<title>Board</title>" {
			t.Errorf("%s: %s %v", path, body, err)
		}
	}

	socket, _, err := websocket.Dial(t.Context(), ready.WebSocket, &websocket.DialOptions{
		Subprotocols: []string{"toy", tokenOf(t, ready.Endpoint)}, HTTPHeader: http.Header{"Origin": {ready.Endpoint}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = socket.CloseNow() }()
	if _, err := cloudformation.NewFromConfig(configOf(ready.Env)).CreateStack(
		t.Context(),
		&cloudformation.CreateStackInput{
			StackName: aws.String("stowage-acme-0"),
			TemplateBody: aws.String(
				`{"Resources":{"P":{"Type":"AWS::SSM::Parameter","Properties":{"Type":"String","Value":"1"}}}}`,
			),
		},
	); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, message, err := socket.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(message), "stowage-acme-0") ||
			!strings.Contains(string(message), "CloudFormation Stack Status Change") {
			t.Errorf("told %s", message)
		}
	}
	if _, _, err := websocket.Dial(
		t.Context(), ready.WebSocket, &websocket.DialOptions{Subprotocols: []string{"toy"}},
	); err == nil { //nolint:bodyclose // the library closes it
		t.Error("a client without a token was let in")
	}
}

func TestServe_FailedSetup(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	err := server.Main(
		t.Context(),
		[]string{"--listen", "127.0.0.1:0"},
		"",
		io.Discard,
		io.Discard,
		func(_ context.Context, hub *server.Hub) error {
			if _, err := hub.WebSocket(apigateway.Settings{}); err != nil {
				return err
			}
			if _, err := hub.WebSocket(apigateway.Settings{}); err == nil {
				t.Error("a hub got two WebSocket APIs")
			}
			return boom
		},
	)
	if !errors.Is(err, boom) {
		t.Errorf("the end: %v", err)
	}
}
