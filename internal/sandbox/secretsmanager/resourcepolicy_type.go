package secretsmanager

import (
	"fmt"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// policyType is AWS::SecretsManager::ResourcePolicy: Ref gives the ARN of the secret, which can
// have one policy.
type policyType struct{ s *Service }

func (policyType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"SecretId":          {Kind: cloud.KindString, CreateOnly: true},
			"ResourcePolicy":    {Kind: cloud.KindJSON},
			"BlockPublicPolicy": {Kind: cloud.KindBool, WriteOnly: true},
		},
		Required:   []string{"SecretId", "ResourcePolicy"},
		PrimaryID:  []string{"Id"},
		Attributes: []string{"Id"},
	}
}

func (t policyType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	id, _ := r.Properties["SecretId"].(string)
	found, err := t.s.findLive(c, id)
	if err != nil {
		return cloud.Resource{}, err
	}
	if found.policy != "" {
		return cloud.Resource{}, cloud.Errorf(
			"ResourceExistsException", "The secret %s already has a resource policy.", found.arn,
		)
	}
	return t.set(found, r.Properties)
}

func (t policyType) Update(c cloud.Caller, physicalID string, _, desired map[string]any) (cloud.Resource, error) {
	found, err := t.s.findLive(c, physicalID)
	if err != nil {
		return cloud.Resource{}, err
	}
	return t.set(found, desired)
}

func (t policyType) set(on *secret, properties map[string]any) (cloud.Resource, error) {
	document, err := policydoc.Text(properties["ResourcePolicy"])
	if err != nil {
		return cloud.Resource{}, malformedPolicy()
	}
	block := fmt.Sprint(properties["BlockPublicPolicy"]) == "true"
	if err := t.s.setPolicy(on, document, block); err != nil {
		return cloud.Resource{}, err
	}
	return resourceOf(on.arn), nil
}

func (t policyType) Delete(_ cloud.Caller, physicalID string, _ map[string]any) error {
	if found := t.s.secrets[physicalID]; found != nil {
		found.policy = ""
	}
	return nil
}

func (t policyType) Exists(c cloud.Caller, properties map[string]any) (string, bool) {
	id, _ := properties["SecretId"].(string)
	found, err := t.s.find(c, id)
	if err != nil {
		return "", false
	}
	return found.arn, found.policy != ""
}
