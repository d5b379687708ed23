package apigateway

import (
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// apiType is AWS::ApiGatewayV2::Api: Ref gives the ID.
type apiType struct{ s *Service }

type apiProperties struct {
	Name, Description, ProtocolType, RouteSelectionExpression string
	Tags                                                      map[string]string
}

// httpSelection is the only route selection expression of HTTP APIs (SDK model, CreateApi).
const httpSelection = "${request.method} ${request.path}"

// Schema is that of the CloudFormation registry's aws-apigatewayv2-api, as far as modelled.
func (apiType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"Name":                     {Kind: cloud.KindString},
			"Description":              {Kind: cloud.KindString},
			"ProtocolType":             {Kind: cloud.KindString, CreateOnly: true},
			"RouteSelectionExpression": {Kind: cloud.KindString},
			"Tags":                     {Kind: cloud.KindMap},
		},
		PrimaryID: []string{"ApiId"}, Attributes: []string{"ApiId", "ApiEndpoint", "ExecuteApiArn"}, Tags: true,
	}
}

// check refuses what CreateApi refuses (SDK model, CreateApi: name and protocolType are required,
// and routeSelectionExpression for WebSocket APIs). The texts are not AWS's.
func (p apiProperties) check() error {
	switch {
	case p.Name == "":
		return badRequest("Name is required for API creation")
	case p.ProtocolType != protocolWebSocket && p.ProtocolType != protocolHTTP:
		return badRequest("Invalid protocol type specified: %q", p.ProtocolType)
	case p.ProtocolType == protocolHTTP:
		if p.RouteSelectionExpression != "" && p.RouteSelectionExpression != httpSelection {
			return badRequest("The routeSelectionExpression of an HTTP API must be %s", httpSelection)
		}
	case selectionOf(p.RouteSelectionExpression) == nil:
		return badRequest("Invalid routeSelectionExpression specified: %q", p.RouteSelectionExpression)
	}
	return nil
}

// Create creates an API without routes.
func (t apiType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	var p apiProperties
	if err := properties.Decode(r.Properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	if err := p.check(); err != nil {
		return cloud.Resource{}, err
	}
	made := &api{
		place: placeOf(c), id: t.s.newID(10), webSocket: p.ProtocolType == protocolWebSocket,
		selection: p.RouteSelectionExpression, tags: taggedWith(r.Tags, p.Tags),
		authorizers: map[string]*authorizer{}, integrations: map[string]*integration{}, routes: map[string]*route{},
		deployments: map[string]*deployment{}, stages: map[string]*deployedStage{},
	}
	t.s.at(made.place).apis[made.id] = made
	return t.resource(made), nil
}

// resource returns the API's attributes. Its endpoint is an address of the sandbox, if it has one:
// see the package's documentation.
func (t apiType) resource(a *api) cloud.Resource {
	return cloud.Resource{PhysicalID: a.id, Attributes: map[string]any{
		"ApiId": a.id, "ApiEndpoint": t.s.endpoint(a),
		"ExecuteApiArn": "arn:aws:execute-api:" + a.region + ":" + a.account + ":" + a.id,
	}}
}

// Update changes an API in place.
func (t apiType) Update(c cloud.Caller, physicalID string, old, desired map[string]any) (cloud.Resource, error) {
	found, err := t.s.api(c, physicalID)
	if err != nil {
		return cloud.Resource{}, err
	}
	var before, p apiProperties
	if err := properties.Decode(old, &before); err != nil {
		return cloud.Resource{}, err
	}
	if err := properties.Decode(desired, &p); err != nil {
		return cloud.Resource{}, err
	}
	if err := p.check(); err != nil {
		return cloud.Resource{}, err
	}
	found.selection = p.RouteSelectionExpression
	retag(found.tags, before.Tags, p.Tags)
	t.s.redeploy(found)
	return t.resource(found), nil
}

// Delete removes an API with all its parts (unproven: api-mapped-deletion). The refusal's text is
// that of REST APIs.
func (t apiType) Delete(c cloud.Caller, physicalID string, _ map[string]any) error {
	found, err := t.s.api(c, physicalID)
	if err != nil {
		return nil //nolint:nilerr // it is gone already
	}
	for _, d := range t.s.at(found.place).domains {
		for _, m := range d.mappings {
			if m.api == found.id {
				return badRequest(
					"Please remove all base path mappings related to the API in your account before deleting the API.")
			}
		}
	}
	for _, st := range found.stages {
		t.s.retract(found, st)
	}
	delete(t.s.at(found.place).apis, found.id)
	return nil
}

// Exists finds an API by its ID. Names are not unique.
func (t apiType) Exists(c cloud.Caller, properties map[string]any) (string, bool) {
	id, _ := properties["ApiId"].(string)
	_, err := t.s.api(c, id)
	return id, err == nil
}
