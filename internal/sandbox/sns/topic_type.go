package sns

import (
	"fmt"
	"maps"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

type topicType struct{ s *Service }

func (topicType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"TopicName":      {Kind: cloud.KindString, CreateOnly: true},
			"DisplayName":    {Kind: cloud.KindString},
			"KmsMasterKeyId": {Kind: cloud.KindString},
			"Tags":           {Kind: cloud.KindList},
		},
		PrimaryID:  []string{"TopicArn"},
		Attributes: []string{"TopicArn", "TopicName"},
		Tags:       true,
	}
}

func (t topicType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	name, given := r.Properties["TopicName"].(string)
	if !given {
		name = r.StackName + "-" + r.LogicalID + "-" + t.s.world.NewToken(12)
	}
	if t.s.topics[arnOf(c, name)] != nil {
		return cloud.Resource{}, cloud.Errorf("AlreadyExists", "%s already exists", name)
	}
	tags := maps.Clone(r.Tags)
	if tags == nil {
		tags = make(map[string]string)
	}
	maps.Copy(tags, tagsOf(r.Properties))
	made, err := t.s.create(c, name, topicAttributes(r.Properties), tags)
	if err != nil {
		return cloud.Resource{}, err
	}
	return resourceOf(made.arn), nil
}

func (t topicType) Update(_ cloud.Caller, physicalID string, old, desired map[string]any) (cloud.Resource, error) {
	found := t.s.topics[physicalID]
	if found == nil {
		return cloud.Resource{}, &cloud.Error{Code: "NotFound", Message: "Topic does not exist", Status: 404}
	}
	for _, key := range []string{"DisplayName", "KmsMasterKeyId"} {
		delete(found.attributes, key)
	}
	found.attributes["DisplayName"] = ""
	maps.Copy(found.attributes, topicAttributes(desired))
	for key := range tagsOf(old) {
		delete(found.tags, key)
	}
	maps.Copy(found.tags, tagsOf(desired))
	return resourceOf(physicalID), nil
}

func (t topicType) Delete(_ cloud.Caller, physicalID string, _ map[string]any) error {
	t.s.remove(physicalID)
	return nil
}

func (t topicType) Exists(c cloud.Caller, properties map[string]any) (string, bool) {
	if arn, ok := properties["TopicArn"].(string); ok {
		return arn, t.s.topics[arn] != nil
	}
	name, ok := properties["TopicName"].(string)
	return arnOf(c, name), ok && t.s.topics[arnOf(c, name)] != nil
}

func resourceOf(arn string) cloud.Resource {
	name := arn[strings.LastIndexByte(arn, ':')+1:]
	return cloud.Resource{PhysicalID: arn, Attributes: map[string]any{"TopicArn": arn, "TopicName": name}}
}

func topicAttributes(properties map[string]any) map[string]string {
	attributes := make(map[string]string)
	for _, key := range []string{"DisplayName", "KmsMasterKeyId"} {
		if value, ok := properties[key].(string); ok {
			attributes[key] = value
		}
	}
	return attributes
}

func tagsOf(properties map[string]any) map[string]string {
	tags := make(map[string]string)
	list, _ := properties["Tags"].([]any)
	for _, item := range list {
		if tag, ok := item.(map[string]any); ok {
			tags[fmt.Sprint(tag["Key"])] = fmt.Sprint(tag["Value"])
		}
	}
	return tags
}
