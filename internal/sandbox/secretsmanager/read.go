package secretsmanager

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

var (
	_ cloud.Readable = secretType{}
	_ cloud.Readable = policyType{}
)

// Read returns the properties of a secret, never its value. A secret in its recovery window does
// not exist for CloudFormation.
func (t secretType) Read(c cloud.Caller, arn string) (map[string]any, error) {
	found, err := t.s.findLive(c, arn)
	if err != nil {
		return nil, cloud.NotFound("AWS::SecretsManager::Secret", arn)
	}
	tags := []any{}
	for _, key := range slices.Sorted(maps.Keys(found.tags)) {
		tags = append(tags, map[string]any{"Key": key, "Value": found.tags[key]})
	}
	p := map[string]any{"Id": found.arn, "Name": found.name, "Tags": tags, "ReplicaRegions": []any{}}
	if found.description != "" {
		p["Description"] = found.description
	}
	if found.kmsKey != "" {
		p["KmsKeyId"] = found.kmsKey
	}
	return properties.Plain(p)
}

// Read returns the policy of a secret.
func (t policyType) Read(c cloud.Caller, arn string) (map[string]any, error) {
	found, err := t.s.findLive(c, arn)
	if err != nil || found.policy == "" {
		return nil, cloud.NotFound("AWS::SecretsManager::ResourcePolicy", arn)
	}
	var document any
	if err := json.Unmarshal([]byte(found.policy), &document); err != nil {
		return nil, fmt.Errorf("the policy of the secret %s: %w", arn, err)
	}
	return properties.Plain(map[string]any{"Id": found.arn, "SecretId": found.arn, "ResourcePolicy": document})
}
