package ssm

import (
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

var _ cloud.Readable = parameterType{}

// Read returns the properties of a parameter. Description and Tags are never returned (live reads
// of Cloud Control, published by cdk-real-drift in 2026).
func (t parameterType) Read(c cloud.Caller, name string) (map[string]any, error) {
	p := t.s.at(c)[name]
	if p == nil {
		return nil, cloud.NotFound("AWS::SSM::Parameter", name)
	}
	return properties.Plain(map[string]any{"Name": p.name, "Type": p.kind, "Value": p.value, "DataType": "text"})
}
