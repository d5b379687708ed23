package apigateway

import (
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// integration is a Lambda proxy integration.
type integration struct{ id, function string }

// integrationType is AWS::ApiGatewayV2::Integration: Ref gives the ID.
type integrationType struct{ s *Service }

type integrationProperties struct {
	ApiId, Description, IntegrationType, IntegrationUri, IntegrationMethod, PayloadFormatVersion string
}

// Schema is that of the CloudFormation registry's aws-apigatewayv2-integration, as far as modelled.
func (integrationType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"ApiId":                {Kind: cloud.KindString, CreateOnly: true},
			"Description":          {Kind: cloud.KindString},
			"IntegrationType":      {Kind: cloud.KindString},
			"IntegrationUri":       {Kind: cloud.KindString},
			"IntegrationMethod":    {Kind: cloud.KindString},
			"PayloadFormatVersion": {Kind: cloud.KindString},
		},
		Required:  []string{"ApiId", "IntegrationType"},
		PrimaryID: []string{"ApiId", "IntegrationId"}, Attributes: []string{"IntegrationId"},
	}
}

// decode reads and checks the properties of an integration (SDK model, CreateIntegration). Whether
// the function exists, and permits the calls, matters only when it is called.
func (t integrationType) decode(c cloud.Caller, desired map[string]any) (*api, *integration, error) {
	var p integrationProperties
	if err := properties.Decode(desired, &p); err != nil {
		return nil, nil, err
	}
	owner, err := t.s.api(c, p.ApiId)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case p.IntegrationType != "AWS_PROXY":
		return nil, nil, cloud.NotModelled("integrations of the type %s", p.IntegrationType)
	case p.IntegrationMethod != "" && p.IntegrationMethod != "POST":
		return nil, nil, cloud.NotModelled("the integration method %s", p.IntegrationMethod)
	case owner.webSocket && p.PayloadFormatVersion != "" && p.PayloadFormatVersion != "1.0":
		// The text is not AWS's.
		return nil, nil, badRequest("PayloadFormatVersion 1.0 is the only supported value of WEBSOCKET APIs")
	case !owner.webSocket && p.PayloadFormatVersion == "":
		return nil, nil, badRequest("PayloadFormatVersion is a required parameter for integration")
	case !owner.webSocket && p.PayloadFormatVersion != "2.0":
		return nil, nil, cloud.NotModelled("the payload format %s", p.PayloadFormatVersion)
	}
	function, err := owner.functionOf(p.IntegrationUri, !owner.webSocket)
	if err != nil {
		return nil, nil, err
	}
	return owner, &integration{function: function}, nil
}

// Create creates an integration.
func (t integrationType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	owner, made, err := t.decode(c, r.Properties)
	if err != nil {
		return cloud.Resource{}, err
	}
	if len(owner.integrations) >= maxIntegrations {
		return cloud.Resource{}, badRequest("Maximum number of Integrations for this API has been reached")
	}
	made.id = t.s.newID(7)
	owner.integrations[made.id] = made
	return made.resource(), nil
}

func (i *integration) resource() cloud.Resource {
	return cloud.Resource{PhysicalID: i.id, Attributes: map[string]any{"IntegrationId": i.id}}
}

// Update changes an integration in place.
func (t integrationType) Update(c cloud.Caller, physicalID string, _, desired map[string]any) (cloud.Resource, error) {
	owner, changed, err := t.decode(c, desired)
	if err != nil {
		return cloud.Resource{}, err
	}
	if owner.integrations[physicalID] == nil {
		return cloud.Resource{}, notFound("Invalid Integration identifier specified")
	}
	changed.id = physicalID
	owner.integrations[physicalID] = changed
	t.s.redeploy(owner)
	return changed.resource(), nil
}

// Delete removes an integration that no route uses. The refusal's text was published by users of
// AWS.
func (t integrationType) Delete(c cloud.Caller, physicalID string, p map[string]any) error {
	id, _ := p["ApiId"].(string)
	owner, err := t.s.api(c, id)
	if err != nil {
		return nil //nolint:nilerr // it is gone already
	}
	var users []string
	for _, r := range owner.sortedRoutes() {
		if r.integration == physicalID {
			users = append(users, r.id)
		}
	}
	if len(users) > 0 {
		return conflict("Cannot delete Integration because it is referenced by the following Routes with Ids: [%s]",
			strings.Join(users, ", "))
	}
	delete(owner.integrations, physicalID)
	return nil
}

// Exists is false: an integration has only a generated identifier.
func (integrationType) Exists(cloud.Caller, map[string]any) (string, bool) { return "", false }
