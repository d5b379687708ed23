package apigateway

import (
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

const routeConnect, routeDisconnect, routeDefault = "$connect", "$disconnect", "$default"

// route is a route of an API. authorizer is "" for open access.
type route struct{ id, key, integration, authorizer string }

// routeType is AWS::ApiGatewayV2::Route: Ref gives the ID.
type routeType struct{ s *Service }

type routeProperties struct {
	ApiId, RouteKey, Target, AuthorizationType, AuthorizerId, OperationName string
}

// Schema is that of the CloudFormation registry's aws-apigatewayv2-route, as far as modelled.
func (routeType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"ApiId":             {Kind: cloud.KindString, CreateOnly: true},
			"RouteKey":          {Kind: cloud.KindString},
			"Target":            {Kind: cloud.KindString},
			"AuthorizationType": {Kind: cloud.KindString},
			"AuthorizerId":      {Kind: cloud.KindString, WriteOnly: true},
			"OperationName":     {Kind: cloud.KindString},
		},
		Required:  []string{"ApiId", "RouteKey"},
		PrimaryID: []string{"ApiId", "RouteId"}, Attributes: []string{"RouteId"},
	}
}

// decode reads and checks the properties of a route (SDK model, CreateRoute). Refusals without
// another note have no text of AWS.
func (t routeType) decode(c cloud.Caller, desired map[string]any) (*api, *route, error) {
	var p routeProperties
	if err := properties.Decode(desired, &p); err != nil {
		return nil, nil, err
	}
	owner, err := t.s.api(c, p.ApiId)
	if err != nil {
		return nil, nil, err
	}
	made := &route{key: p.RouteKey}
	switch {
	case p.RouteKey == "":
		return nil, nil, badRequest("The provided route key is not formatted properly")
	case !owner.webSocket && p.RouteKey != routeDefault:
		return nil, nil, cloud.NotModelled("the route key %s of an HTTP API", p.RouteKey)
	case p.Target == "":
		return nil, nil, cloud.NotModelled("a route without a target")
	}
	made.integration = strings.TrimPrefix(p.Target, "integrations/")
	if made.integration == p.Target || owner.integrations[made.integration] == nil {
		return nil, nil, badRequest("Invalid integration target: %s", p.Target)
	}
	switch p.AuthorizationType {
	case "", "NONE":
		// An authorizer beside NONE is stored and not used.
		return owner, made, nil
	case "CUSTOM":
	default:
		return nil, nil, cloud.NotModelled("the authorization type %s of a route", p.AuthorizationType)
	}
	switch {
	case p.RouteKey != routeConnect:
		// Authorization is for $connect only (API Gateway developer guide, "Control and manage access
		// to WebSocket APIs"); the text is from memory.
		return nil, nil, badRequest("Currently, authorization is restricted to the $connect route only")
	case owner.authorizers[p.AuthorizerId] == nil:
		return nil, nil, badRequest("Invalid authorizer ID specified: %q", p.AuthorizerId)
	}
	made.authorizer = p.AuthorizerId
	return owner, made, nil
}

// Create creates a route. Stages serve it after a deployment.
func (t routeType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	owner, made, err := t.decode(c, r.Properties)
	if err != nil {
		return cloud.Resource{}, err
	}
	if len(owner.routes) >= maxRoutes {
		return cloud.Resource{}, badRequest("Maximum number of Routes for this API has been reached")
	}
	if err := owner.unusedKey(made.key, ""); err != nil {
		return cloud.Resource{}, err
	}
	made.id = t.s.newID(7)
	owner.routes[made.id] = made
	t.s.redeploy(owner)
	return made.resource(), nil
}

// unusedKey refuses a key of another route. The text was published by users of AWS.
func (a *api) unusedKey(key, own string) error {
	for id, r := range a.routes {
		if r.key == key && id != own {
			return conflict("Route with key %s already exists for this API", key)
		}
	}
	return nil
}

func (r *route) resource() cloud.Resource {
	return cloud.Resource{PhysicalID: r.id, Attributes: map[string]any{"RouteId": r.id}}
}

// Update changes a route in place. Removing AuthorizationType and AuthorizerId alone leaves the
// authorizer attached (AWS's coverage roadmap, issue 2184).
func (t routeType) Update(c cloud.Caller, physicalID string, _, desired map[string]any) (cloud.Resource, error) {
	owner, changed, err := t.decode(c, desired)
	if err != nil {
		return cloud.Resource{}, err
	}
	found := owner.routes[physicalID]
	if found == nil {
		return cloud.Resource{}, notFound("Invalid Route identifier specified")
	}
	if err := owner.unusedKey(changed.key, physicalID); err != nil {
		return cloud.Resource{}, err
	}
	changed.id = physicalID
	if desired["AuthorizationType"] == nil {
		changed.authorizer = found.authorizer
	}
	owner.routes[physicalID] = changed
	t.s.redeploy(owner)
	return changed.resource(), nil
}

// Delete removes a route. Deployments keep it.
func (t routeType) Delete(c cloud.Caller, physicalID string, p map[string]any) error {
	id, _ := p["ApiId"].(string)
	owner, err := t.s.api(c, id)
	if err != nil {
		return nil //nolint:nilerr // it is gone already
	}
	delete(owner.routes, physicalID)
	t.s.redeploy(owner)
	return nil
}

// Exists is false: a route has only a generated identifier.
func (routeType) Exists(cloud.Caller, map[string]any) (string, bool) { return "", false }
