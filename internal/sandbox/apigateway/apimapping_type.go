package apigateway

import (
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// mapping serves a stage at a domain, without a key.
type mapping struct{ id, api, stage string }

// mappingType is AWS::ApiGatewayV2::ApiMapping: Ref gives the ID.
type mappingType struct{ s *Service }

type mappingProperties struct{ ApiId, DomainName, Stage string }

// Schema is that of the CloudFormation registry's aws-apigatewayv2-apimapping, as far as modelled.
func (mappingType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"ApiId":      {Kind: cloud.KindString},
			"DomainName": {Kind: cloud.KindString, CreateOnly: true},
			"Stage":      {Kind: cloud.KindString},
		},
		Required:  []string{"ApiId", "DomainName", "Stage"},
		PrimaryID: []string{"ApiMappingId", "DomainName"}, Attributes: []string{"ApiMappingId"},
	}
}

// decode reads and checks the properties of a mapping. The domain's other mapping has another key,
// and so cannot exist: keys are not modelled.
func (t mappingType) decode(c cloud.Caller, desired map[string]any) (*domainName, *mapping, error) {
	var p mappingProperties
	if err := properties.Decode(desired, &p); err != nil {
		return nil, nil, err
	}
	domain := t.s.at(placeOf(c)).domains[p.DomainName]
	if domain == nil {
		return nil, nil, notFound("Invalid domain name identifier specified")
	}
	owner, err := t.s.api(c, p.ApiId)
	if err != nil {
		return nil, nil, err
	}
	if owner.stages[p.Stage] == nil {
		return nil, nil, badRequest("Invalid stage identifier specified")
	}
	return domain, &mapping{api: p.ApiId, stage: p.Stage}, nil
}

// Create maps a stage to a domain.
func (t mappingType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	domain, made, err := t.decode(c, r.Properties)
	if err != nil {
		return cloud.Resource{}, err
	}
	if len(domain.mappings) > 0 { // the text is not AWS's
		return cloud.Resource{}, conflict("ApiMapping key already exists for this domain name")
	}
	made.id = t.s.newID(6)
	domain.mappings[made.id] = made
	t.s.mapHost(domain.name, made.api+"/"+made.stage)
	return made.resource(), nil
}

func (m *mapping) resource() cloud.Resource {
	return cloud.Resource{PhysicalID: m.id, Attributes: map[string]any{"ApiMappingId": m.id}}
}

// Update changes a mapping in place.
func (t mappingType) Update(c cloud.Caller, physicalID string, _, desired map[string]any) (cloud.Resource, error) {
	domain, changed, err := t.decode(c, desired)
	if err != nil {
		return cloud.Resource{}, err
	}
	if domain.mappings[physicalID] == nil {
		return cloud.Resource{}, notFound("Invalid API mapping identifier specified")
	}
	changed.id = physicalID
	domain.mappings[physicalID] = changed
	t.s.mapHost(domain.name, changed.api+"/"+changed.stage)
	return changed.resource(), nil
}

// Delete removes a mapping.
func (t mappingType) Delete(c cloud.Caller, physicalID string, p map[string]any) error {
	name, _ := p["DomainName"].(string)
	if domain := t.s.at(placeOf(c)).domains[name]; domain != nil && domain.mappings[physicalID] != nil {
		delete(domain.mappings, physicalID)
		t.s.mapHost(name, "")
	}
	return nil
}

// Exists is false: a mapping has only a generated identifier.
func (mappingType) Exists(cloud.Caller, map[string]any) (string, bool) { return "", false }
