package ssm

import (
	"fmt"
	"maps"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// parameterType is AWS::SSM::Parameter: Ref gives the name.
type parameterType struct{ s *Service }

func (parameterType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"Name":        {Kind: cloud.KindString, CreateOnly: true},
			"Type":        {Kind: cloud.KindString},
			"Value":       {Kind: cloud.KindString},
			"Description": {Kind: cloud.KindString, WriteOnly: true},
			"Tags":        {Kind: cloud.KindMap, WriteOnly: true},
		},
		Required:   []string{"Type", "Value"},
		PrimaryID:  []string{"Name"},
		Attributes: []string{"Type", "Value"},
		Tags:       true,
	}
}

func (t parameterType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	name, given := r.Properties["Name"].(string)
	if !given {
		name = "CFN-" + r.LogicalID + "-" + t.s.world.NewToken(12)
	}
	if t.s.at(c)[name] != nil {
		return cloud.Resource{}, cloud.Errorf(
			"ParameterAlreadyExists",
			"The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
		)
	}
	tags := maps.Clone(r.Tags)
	if tags == nil {
		tags = make(map[string]string)
	}
	maps.Copy(tags, tagsOf(r.Properties))
	return t.put(c, name, r.Properties, tags)
}

func (t parameterType) Update(c cloud.Caller, physicalID string, old, desired map[string]any) (cloud.Resource, error) {
	existing := t.s.at(c)[physicalID]
	if existing == nil {
		return cloud.Resource{}, cloud.Errorf(
			"ParameterNotFound", "The parameter couldn't be found. Verify the name and try again.",
		)
	}
	tags := maps.Clone(existing.tags)
	for key := range tagsOf(old) {
		delete(tags, key)
	}
	maps.Copy(tags, tagsOf(desired))
	return t.put(c, physicalID, desired, tags)
}

func (t parameterType) put(
	c cloud.Caller, name string, properties map[string]any, tags map[string]string,
) (cloud.Resource, error) {
	text := func(key string) string {
		value, _ := properties[key].(string)
		return value
	}
	if text("Type") == "SecureString" {
		return cloud.Resource{}, cloud.Errorf(
			"ValidationException", "SecureString parameters can't be created by CloudFormation.",
		)
	}
	p, err := t.s.put(
		c,
		parameter{name: name, kind: text("Type"), value: text("Value"), description: text("Description"), tags: tags},
	)
	if err != nil {
		return cloud.Resource{}, err
	}
	return cloud.Resource{PhysicalID: p.name, Attributes: map[string]any{"Type": p.kind, "Value": p.value}}, nil
}

func (t parameterType) Delete(c cloud.Caller, physicalID string, _ map[string]any) error {
	delete(t.s.at(c), physicalID)
	return nil
}

func (t parameterType) Exists(c cloud.Caller, properties map[string]any) (string, bool) {
	name, _ := properties["Name"].(string)
	return name, t.s.at(c)[name] != nil
}

func tagsOf(properties map[string]any) map[string]string {
	tags := make(map[string]string)
	m, _ := properties["Tags"].(map[string]any)
	for key, value := range m {
		tags[key] = fmt.Sprint(value)
	}
	return tags
}
