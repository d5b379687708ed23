package logs

import (
	"maps"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

var _ cloud.Readable = groupType{}

// Read returns the properties of a log group, with the defaults that CloudWatch Logs adds (live
// reads of Cloud Control, published by cdk-real-drift in 2026).
func (t groupType) Read(c cloud.Caller, name string) (map[string]any, error) {
	g := t.s.at(c)[name]
	if g == nil {
		return nil, cloud.NotFound("AWS::Logs::LogGroup", name)
	}
	p := map[string]any{
		"LogGroupName": g.name, "Arn": g.arn, "LogGroupClass": g.class,
		"BearerTokenAuthenticationEnabled": false, "DeletionProtectionEnabled": false,
	}
	if g.retention != 0 {
		p["RetentionInDays"] = g.retention
	}
	if g.key != "" {
		p["KmsKeyId"] = g.key
	}
	var tags []any
	for _, key := range slices.Sorted(maps.Keys(g.tags)) {
		tags = append(tags, map[string]any{"Key": key, "Value": g.tags[key]})
	}
	if tags != nil {
		p["Tags"] = tags
	}
	return properties.Plain(p)
}
