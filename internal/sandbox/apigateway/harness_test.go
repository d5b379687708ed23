package apigateway_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/apigateway"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

const (
	region        = "eu-west-1"
	routesARN     = "arn:aws:lambda:eu-west-1:000000000000:function:routes"
	authorizerARN = "arn:aws:lambda:eu-west-1:000000000000:function:authorizer"
)

// hub is a world with a WebSocket API. A test can replace its functions; it records its routes'
// events.
type hub struct {
	box   *sandbox.Sandbox
	stage *apigateway.Stage

	mu     sync.Mutex
	events []events.APIGatewayWebsocketProxyRequest
	asked  []events.APIGatewayCustomAuthorizerRequestTypeRequest

	// authorizer and route are the functions; nil allows every client and answers 200.
	authorizer func(context.Context, events.APIGatewayCustomAuthorizerRequestTypeRequest) (any, error)
	route      func(context.Context, events.APIGatewayWebsocketProxyRequest) (any, error)
}

func newHub(t *testing.T, settings apigateway.Settings) *hub {
	t.Helper()
	h := &hub{box: sandbox.New(sandbox.Options{Seed: 1})}
	settings.API, settings.Stage, settings.Account, settings.Region = "live", "prod", sandbox.HubAccount, region
	if settings.Routes == nil {
		settings.Routes = map[string]string{"$connect": routesARN, "$default": routesARN, "$disconnect": routesARN}
	}
	stage, err := h.box.WebSockets().Deploy(settings)
	if err != nil {
		t.Fatal(err)
	}
	h.stage = stage
	h.box.RegisterFunction(routesARN, func(ctx context.Context, event []byte) ([]byte, error) {
		var e events.APIGatewayWebsocketProxyRequest
		if err := json.Unmarshal(event, &e); err != nil {
			return nil, err
		}
		h.mu.Lock()
		h.events = append(h.events, e)
		h.mu.Unlock()
		if h.route == nil {
			return []byte(`{"statusCode":200}`), nil
		}
		return encode(h.route(ctx, e))
	})
	h.box.RegisterFunction(authorizerARN, func(ctx context.Context, event []byte) ([]byte, error) {
		var e events.APIGatewayCustomAuthorizerRequestTypeRequest
		if err := json.Unmarshal(event, &e); err != nil {
			return nil, err
		}
		h.mu.Lock()
		h.asked = append(h.asked, e)
		h.mu.Unlock()
		if h.authorizer == nil {
			return encode(policy("Allow", e.MethodArn, nil), nil)
		}
		return encode(h.authorizer(ctx, e))
	})
	return h
}

func encode(v any, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// policy returns an authorizer's answer.
func policy(effect, resource string, values map[string]any) events.APIGatewayCustomAuthorizerResponse {
	return events.APIGatewayCustomAuthorizerResponse{
		PrincipalID: "somebody",
		PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{Version: "2012-10-17", Statement: []events.IAMPolicyStatement{
			{Effect: effect, Action: []string{"execute-api:Invoke"}, Resource: []string{resource}},
		}},
		Context: values,
	}
}

// noted returns the events of a kind so far.
func (h *hub) noted(kind string) []events.APIGatewayWebsocketProxyRequest {
	h.mu.Lock()
	defer h.mu.Unlock()
	var found []events.APIGatewayWebsocketProxyRequest
	for _, e := range h.events {
		if e.RequestContext.EventType == kind {
			found = append(found, e)
		}
	}
	return found
}

// client returns a client of the management API in an account, in process.
func (h *hub) client(account string) *apigatewaymanagementapi.Client {
	return management(account, "https://"+h.stage.Domain()+"/prod", &http.Client{Transport: simulate.NewTransport(h.box)})
}

// listen serves the world at an address of its own.
func (h *hub) listen(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(h.box)
	t.Cleanup(server.Close)
	t.Cleanup(h.box.WebSockets().Shutdown)
	return server
}

func management(account, endpoint string, client *http.Client) *apigatewaymanagementapi.Client {
	id, secret := sandbox.StaticCredentials(account)
	return apigatewaymanagementapi.NewFromConfig(aws.Config{
		Region: region, BaseEndpoint: &endpoint, RetryMaxAttempts: 1, HTTPClient: client,
		Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
	})
}

func post(ctx context.Context, client *apigatewaymanagementapi.Client, id string, data []byte) error {
	_, err := client.PostToConnection(ctx, &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: &id, Data: data})
	return err
}
