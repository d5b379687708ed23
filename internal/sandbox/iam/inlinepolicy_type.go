package iam

import (
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// inlinePolicyType is AWS::IAM::Policy: one inline policy in several groups, users and roles.
type inlinePolicyType struct{ s *Service }

type inlinePolicyProperties struct {
	PolicyName     string
	PolicyDocument document
	targets
}

// Schema is that of the CloudFormation Template Reference.
func (inlinePolicyType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"PolicyName": {Kind: cloud.KindString}, "PolicyDocument": {Kind: cloud.KindJSON},
			"Groups": {Kind: cloud.KindList}, "Users": {Kind: cloud.KindList}, "Roles": {Kind: cloud.KindList},
		},
		Required: []string{"PolicyName", "PolicyDocument"}, Attributes: []string{"Id"},
	}
}

// Create adds the policy to all of them; at least one must be named.
func (t inlinePolicyType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	return t.put(c, t.s.generatedName(r, 128), nil, r.Properties)
}

// Update puts the new policy and removes the old one from entities no longer named.
func (t inlinePolicyType) Update(
	c cloud.Caller, physicalID string, old, properties map[string]any,
) (cloud.Resource, error) {
	return t.put(c, physicalID, old, properties)
}

func (t inlinePolicyType) put(c cloud.Caller, id string, old, properties map[string]any) (cloud.Resource, error) {
	var before, p inlinePolicyProperties
	if err := decodeProperties(old, &before); err != nil {
		return cloud.Resource{}, err
	}
	if err := decodeProperties(properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	a := t.s.account(c.Account)
	entities, err := a.find(p.targets)
	if err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	if len(entities) == 0 { // AWS's stack ends in ROLLBACK_FAILED then (LocalStack's test_blocked_stack_deletion)
		return cloud.Resource{}, cloud.NotModelled("an AWS::IAM::Policy without groups, roles and users")
	}
	for i, e := range entities {
		if err := e.putInline(p.PolicyName, string(p.PolicyDocument)); err != nil {
			for _, done := range entities[:i] {
				if old == nil {
					delete(done.inline, p.PolicyName)
				}
			}
			return cloud.Resource{}, t.s.asReason(err)
		}
	}
	for _, e := range a.present(before.targets) {
		if before.PolicyName != p.PolicyName || !slices.Contains(entities, e) {
			delete(e.inline, before.PolicyName)
		}
	}
	return cloud.Resource{PhysicalID: id, Attributes: map[string]any{"Id": id}}, nil
}

// Delete removes the policy from all entities.
func (t inlinePolicyType) Delete(c cloud.Caller, _ string, properties map[string]any) error {
	var p inlinePolicyProperties
	if err := decodeProperties(properties, &p); err != nil {
		return err
	}
	for _, e := range t.s.account(c.Account).present(p.targets) {
		delete(e.inline, p.PolicyName)
	}
	return nil
}

// Exists is always false: the type cannot be imported and putting a policy again replaces it.
func (inlinePolicyType) Exists(cloud.Caller, map[string]any) (string, bool) { return "", false }
