package kms

import (
	"encoding/json"
	"fmt"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

var (
	_ cloud.Readable = keyType{}
	_ cloud.Readable = aliasType{}
)

// Read returns the properties of a key. PendingWindowInDays is never returned (live reads of Cloud
// Control, published by cdk-real-drift in 2026). A key whose deletion is scheduled does not exist
// for CloudFormation.
func (t keyType) Read(c cloud.Caller, id string) (map[string]any, error) {
	k, err := t.s.find(c, id)
	if err != nil || !k.deletion.IsZero() {
		return nil, cloud.NotFound("AWS::KMS::Key", id)
	}
	var policy any
	if err := json.Unmarshal([]byte(k.policy), &policy); err != nil {
		return nil, fmt.Errorf("the policy of the key %s: %w", id, err)
	}
	p := map[string]any{
		"KeyId": k.id, "Arn": k.arn, "Description": k.description, "Enabled": k.enabled,
		"EnableKeyRotation": k.rotation, "KeyPolicy": policy, "KeySpec": "SYMMETRIC_DEFAULT",
		"KeyUsage": "ENCRYPT_DECRYPT", "MultiRegion": false, "Origin": "AWS_KMS",
	}
	var tags []any
	for _, t := range listOf(k.tags) {
		tags = append(tags, map[string]any{"Key": t.TagKey, "Value": t.TagValue})
	}
	if tags != nil {
		p["Tags"] = tags
	}
	return properties.Plain(p)
}

// Read returns the properties of an alias. TargetKeyId is the key's ID even if the template has its
// ARN (live reads of Cloud Control, published by cdk-real-drift in 2026).
func (t aliasType) Read(c cloud.Caller, name string) (map[string]any, error) {
	found := t.s.aliases[arnOf(c, name)]
	if found == nil {
		return nil, cloud.NotFound("AWS::KMS::Alias", name)
	}
	return map[string]any{"AliasName": found.name, "TargetKeyId": found.target}, nil
}
