package apigateway

import (
	"net/http"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

// Control is API Gateway's own API, at the signing name "apigateway": GetAccount alone. All else is
// created by CloudFormation.
type Control struct{ s *Service }

// Control returns API Gateway's own API.
func (s *Service) Control() *Control { return &Control{s} }

const accountPath = "/account"

// Operation returns the operation of a request.
func (c *Control) Operation(r *cloud.Request) string {
	if r.HTTP.URL.Path == accountPath && r.HTTP.Method == http.MethodGet {
		return "GetAccount"
	}
	return ""
}

// Demands returns the permissions that a request requires: the HTTP method on the resource's path
// (API Gateway developer guide, api-gateway-control-access-using-iam-policies-to-invoke-api).
func (c *Control) Demands(r *cloud.Request) []cloud.Demand {
	return []cloud.Demand{{
		Action: "apigateway:" + r.HTTP.Method, Resource: "arn:aws:apigateway:" + r.Caller.Region + "::" + r.HTTP.URL.Path,
	}}
}

// Handle answers one request (API Gateway API Reference, GetAccount).
func (c *Control) Handle(r *cloud.Request) (*cloud.Response, error) {
	account := map[string]any{
		"apiKeyVersion": "4", "features": []string{"UsagePlans"},
		"throttleSettings": map[string]any{"burstLimit": 5000, "rateLimit": 10000},
	}
	if role := c.s.at(placeOf(r.Caller)).logRole; role != "" {
		account["cloudwatchRoleArn"] = role
	}
	return protocol.JSON{}.Result(r, account)
}

// WriteError encodes an error.
func (c *Control) WriteError(r *cloud.Request, e *cloud.Error) *cloud.Response {
	return c.s.WriteError(r, e)
}
