package lambda

import (
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// permissionType is AWS::Lambda::Permission, a statement of a function's policy: Ref gives the
// statement's ID. Every change is a replacement.
type permissionType struct{ s *Service }

// Schema is that of the CloudFormation registry's aws-lambda-permission, as far as modelled.
func (permissionType) Schema() *cloud.TypeSchema {
	property := cloud.Property{Kind: cloud.KindString, CreateOnly: true}
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"Action": property, "FunctionName": property, "Principal": property, "PrincipalOrgID": property,
			"SourceAccount": property, "SourceArn": property,
		},
		Required: []string{"Action", "FunctionName", "Principal"}, PrimaryID: []string{"FunctionName", "Id"},
		Attributes: []string{"Id"},
	}
}

func permissionResource(id string) cloud.Resource {
	return cloud.Resource{PhysicalID: id, Attributes: map[string]any{"Id": id}}
}

// function finds the function of a resource by its properties.
func (s *Service) function(c cloud.Caller, properties map[string]any) (*function, error) {
	name, _ := properties["FunctionName"].(string)
	return s.find(arnOfName(place{c.Account, c.Region}, name))
}

// Create adds a statement.
func (t permissionType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	var p permission
	if err := properties.Decode(r.Properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	f, err := t.s.function(c, r.Properties)
	if err != nil {
		return cloud.Resource{}, err
	}
	id := r.StackName + "-" + r.LogicalID + "-" + t.s.world.NewToken(12)
	made, err := p.statement(id, f.arn)
	if err != nil {
		return cloud.Resource{}, err
	}
	if err := t.s.permit(f, made); err != nil {
		return cloud.Resource{}, err
	}
	return permissionResource(id), nil
}

// Update changes nothing: the type has no update handler, and every property is create-only.
func (permissionType) Update(_ cloud.Caller, physicalID string, _, _ map[string]any) (cloud.Resource, error) {
	return permissionResource(physicalID), nil
}

// Delete removes a statement.
func (t permissionType) Delete(c cloud.Caller, physicalID string, properties map[string]any) error {
	if f, err := t.s.function(c, properties); err == nil {
		f.statements = slices.DeleteFunc(f.statements, func(st statement) bool { return st.Sid == physicalID })
	}
	return nil
}

// Exists finds a statement by its function and ID.
func (t permissionType) Exists(c cloud.Caller, properties map[string]any) (string, bool) {
	id, _ := properties["Id"].(string)
	f, err := t.s.function(c, properties)
	if err != nil {
		return "", false
	}
	return id, slices.ContainsFunc(f.statements, func(st statement) bool { return st.Sid == id })
}
