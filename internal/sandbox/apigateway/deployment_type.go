package apigateway

import (
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// deployment is a snapshot of an API.
type deployment struct {
	id string
	snapshot
}

// snapshot are an API's routes, with their integrations and authorizers, at some time.
type snapshot struct {
	selection string
	routes    map[string]string // function ARNs, by route key
	// authorizer is that of $connect; nil for none.
	authorizer *authorizer
}

// snapshot returns the API's current routes.
func (a *api) snapshot() snapshot {
	s := snapshot{selection: a.selection, routes: map[string]string{}}
	for _, r := range a.routes {
		s.routes[r.key] = a.integrations[r.integration].function
		if r.key == routeConnect && r.authorizer != "" {
			s.authorizer = a.authorizers[r.authorizer]
		}
	}
	return s
}

// deploymentType is AWS::ApiGatewayV2::Deployment: Ref gives the ID.
type deploymentType struct{ s *Service }

type deploymentProperties struct{ ApiId, Description string }

// Schema is that of the CloudFormation registry's aws-apigatewayv2-deployment, as far as modelled.
func (deploymentType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"ApiId": {Kind: cloud.KindString, CreateOnly: true}, "Description": {Kind: cloud.KindString},
		},
		Required:  []string{"ApiId"},
		PrimaryID: []string{"ApiId", "DeploymentId"}, Attributes: []string{"DeploymentId"},
	}
}

// Create deploys an API as it is now: later changes need another deployment. The refusals' texts
// were published by users of AWS.
func (t deploymentType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	var p deploymentProperties
	if err := properties.Decode(r.Properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	owner, err := t.s.api(c, p.ApiId)
	switch {
	case err != nil:
		return cloud.Resource{}, err
	case len(owner.routes) == 0 && owner.webSocket:
		return cloud.Resource{}, badRequest("At least one route is required before deploying the Api.")
	case len(owner.routes) == 0:
		return cloud.Resource{}, badRequest("Unable to deploy API because no routes exist in this API")
	}
	made := &deployment{t.s.newID(6), owner.snapshot()}
	owner.deployments[made.id] = made
	return made.resource(), nil
}

func (d *deployment) resource() cloud.Resource {
	return cloud.Resource{PhysicalID: d.id, Attributes: map[string]any{"DeploymentId": d.id}}
}

// Update changes the description, and nothing of the snapshot.
func (t deploymentType) Update(c cloud.Caller, physicalID string, _, desired map[string]any) (cloud.Resource, error) {
	var p deploymentProperties
	if err := properties.Decode(desired, &p); err != nil {
		return cloud.Resource{}, err
	}
	owner, err := t.s.api(c, p.ApiId)
	if err != nil {
		return cloud.Resource{}, err
	}
	found := owner.deployments[physicalID]
	if found == nil {
		return cloud.Resource{}, notFound("Invalid Deployment identifier specified")
	}
	return found.resource(), nil
}

// Delete removes a deployment that no stage serves.
func (t deploymentType) Delete(c cloud.Caller, physicalID string, p map[string]any) error {
	id, _ := p["ApiId"].(string)
	owner, err := t.s.api(c, id)
	if err != nil {
		return nil //nolint:nilerr // it is gone already
	}
	for _, st := range owner.stages {
		if st.deployment == physicalID {
			// published by users of AWS
			return badRequest("Active stages pointing to this deployment must be moved or deleted")
		}
	}
	delete(owner.deployments, physicalID)
	return nil
}

// Exists is false: a deployment has only a generated identifier.
func (deploymentType) Exists(cloud.Caller, map[string]any) (string, bool) { return "", false }
