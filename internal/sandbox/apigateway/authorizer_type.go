package apigateway

import (
	"maps"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// authorizer is a REQUEST authorizer of a WebSocket API.
type authorizer struct {
	id, name, function string
	sources            []string
}

// authorizerType is AWS::ApiGatewayV2::Authorizer: Ref gives the ID.
type authorizerType struct{ s *Service }

type authorizerProperties struct {
	ApiId, Name, AuthorizerType, AuthorizerUri string
	IdentitySource                             []string
}

// Schema is that of the CloudFormation registry's aws-apigatewayv2-authorizer, as far as modelled.
func (authorizerType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"ApiId":          {Kind: cloud.KindString, CreateOnly: true},
			"Name":           {Kind: cloud.KindString},
			"AuthorizerType": {Kind: cloud.KindString},
			"AuthorizerUri":  {Kind: cloud.KindString, WriteOnly: true},
			"IdentitySource": {Kind: cloud.KindList},
		},
		Required:  []string{"ApiId", "AuthorizerType", "Name"},
		PrimaryID: []string{"AuthorizerId", "ApiId"}, Attributes: []string{"AuthorizerId"},
	}
}

// decode reads and checks the properties of an authorizer (SDK model, CreateAuthorizer).
func (t authorizerType) decode(c cloud.Caller, desired map[string]any) (*api, *authorizer, error) {
	var p authorizerProperties
	if err := properties.Decode(desired, &p); err != nil {
		return nil, nil, err
	}
	owner, err := t.s.api(c, p.ApiId)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case !owner.webSocket:
		return nil, nil, cloud.NotModelled("authorizers of HTTP APIs")
	case p.AuthorizerType != "REQUEST":
		// JWT is for HTTP APIs only (SDK model). The text is not AWS's.
		return nil, nil, badRequest("Authorizer type %s is not supported for WEBSOCKET APIs", p.AuthorizerType)
	}
	function, err := owner.functionOf(p.AuthorizerUri, false)
	if err != nil {
		return nil, nil, err
	}
	for _, source := range p.IdentitySource {
		switch kind, name := splitSource(source); {
		case strings.HasPrefix(source, "stageVariables.") || strings.HasPrefix(source, "context."):
			return nil, nil, cloud.NotModelled("the identity source %s", source)
		case kind == "" || name == "":
			return nil, nil, badRequest("Invalid mapping expression specified: Validation Result: warnings : [], errors : "+
				"[Invalid mapping expression specified: %s]", source)
		}
	}
	return owner, &authorizer{name: p.Name, function: function, sources: p.IdentitySource}, nil
}

// Create creates an authorizer.
func (t authorizerType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	owner, made, err := t.decode(c, r.Properties)
	if err != nil {
		return cloud.Resource{}, err
	}
	if len(owner.authorizers) >= maxAuthorizers {
		return cloud.Resource{}, badRequest("Maximum number of Authorizers for this API has been reached")
	}
	for _, other := range owner.authorizers {
		if other.name == made.name { // the text is that of REST APIs
			return cloud.Resource{}, badRequest("Authorizer name must be unique. Authorizer %s already exists", made.name)
		}
	}
	made.id = t.s.newID(6)
	owner.authorizers[made.id] = made
	return made.resource(), nil
}

func (a *authorizer) resource() cloud.Resource {
	return cloud.Resource{PhysicalID: a.id, Attributes: map[string]any{"AuthorizerId": a.id}}
}

// Update changes an authorizer in place.
func (t authorizerType) Update(c cloud.Caller, physicalID string, _, desired map[string]any) (cloud.Resource, error) {
	owner, changed, err := t.decode(c, desired)
	if err != nil {
		return cloud.Resource{}, err
	}
	if owner.authorizers[physicalID] == nil {
		return cloud.Resource{}, notFound("Invalid Authorizer identifier specified")
	}
	changed.id = physicalID
	owner.authorizers[physicalID] = changed
	t.s.redeploy(owner)
	return changed.resource(), nil
}

// Delete removes an authorizer that no route uses. The refusal's text was published by users of
// AWS.
func (t authorizerType) Delete(c cloud.Caller, physicalID string, p map[string]any) error {
	id, _ := p["ApiId"].(string)
	owner, err := t.s.api(c, id)
	if err != nil || owner.authorizers[physicalID] == nil {
		return nil //nolint:nilerr // it is gone already
	}
	for _, r := range owner.sortedRoutes() {
		if r.authorizer == physicalID {
			return conflict("Cannot delete authorizer '%s', is referenced in route: %s",
				owner.authorizers[physicalID].name, r.key)
		}
	}
	delete(owner.authorizers, physicalID)
	return nil
}

// Exists is false: an authorizer has only a generated identifier.
func (authorizerType) Exists(cloud.Caller, map[string]any) (string, bool) { return "", false }

// sortedRoutes returns an API's routes by their keys.
func (a *api) sortedRoutes() []*route {
	return slices.SortedFunc(maps.Values(a.routes), func(x, y *route) int { return strings.Compare(x.key, y.key) })
}
