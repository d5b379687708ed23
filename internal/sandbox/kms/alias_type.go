package kms

import (
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// aliasType is AWS::KMS::Alias: Ref gives its name, alias/ included.
type aliasType struct{ s *Service }

func (aliasType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"AliasName":   {Kind: cloud.KindString, CreateOnly: true},
			"TargetKeyId": {Kind: cloud.KindString},
		},
		Required:  []string{"AliasName", "TargetKeyId"},
		PrimaryID: []string{"AliasName"},
	}
}

func (t aliasType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	name, _ := r.Properties["AliasName"].(string)
	if !strings.HasPrefix(name, "alias/") || strings.HasPrefix(name, "alias/aws/") {
		return cloud.Resource{}, cloud.Errorf("ValidationException", "Invalid identifier")
	}
	arn := arnOf(c, name)
	if t.s.aliases[arn] != nil {
		return cloud.Resource{}, cloud.Errorf("AlreadyExistsException", "An alias with the name %s already exists", arn)
	}
	return t.point(c, name, r.Properties, t.s.world.Now())
}

func (t aliasType) Update(c cloud.Caller, physicalID string, _, desired map[string]any) (cloud.Resource, error) {
	existing := t.s.aliases[arnOf(c, physicalID)]
	if existing == nil {
		return cloud.Resource{}, cloud.Errorf("NotFoundException", "Alias %s is not found.", arnOf(c, physicalID))
	}
	return t.point(c, physicalID, desired, existing.created)
}

func (t aliasType) point(
	c cloud.Caller, name string, properties map[string]any, created time.Time,
) (cloud.Resource, error) {
	target, _ := properties["TargetKeyId"].(string)
	found, err := t.s.find(c, target)
	if err != nil {
		return cloud.Resource{}, err
	}
	if !found.deletion.IsZero() {
		return cloud.Resource{}, cloud.Errorf("KMSInvalidStateException", "%s is pending deletion.", found.arn)
	}
	arn := arnOf(c, name)
	t.s.aliases[arn] = &alias{name: name, arn: arn, target: found.id, created: created}
	return cloud.Resource{PhysicalID: name}, nil
}

func (t aliasType) Delete(c cloud.Caller, physicalID string, _ map[string]any) error {
	delete(t.s.aliases, arnOf(c, physicalID))
	return nil
}

func (t aliasType) Exists(c cloud.Caller, properties map[string]any) (string, bool) {
	name, _ := properties["AliasName"].(string)
	return name, t.s.aliases[arnOf(c, name)] != nil
}
