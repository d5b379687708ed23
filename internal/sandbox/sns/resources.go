package sns

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// topicType is AWS::SNS::Topic.
type topicType struct{ s *SNS }

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

// topicPolicyType is AWS::SNS::TopicPolicy: it sets the policy of topics, and the default one when it goes.
type topicPolicyType struct{ s *SNS }

func (topicPolicyType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{"PolicyDocument": {Kind: cloud.KindJSON}, "Topics": {Kind: cloud.KindList}},
		Required:   []string{"PolicyDocument", "Topics"},
		PrimaryID:  []string{"Id"},
		Attributes: []string{"Id"},
	}
}

func (t topicPolicyType) Create(_ cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	if err := t.set(r.Properties); err != nil {
		return cloud.Resource{}, err
	}
	id := r.StackName + "-" + r.LogicalID + "-" + t.s.world.NewToken(12)
	return cloud.Resource{PhysicalID: id, Attributes: map[string]any{"Id": id}}, nil
}

func (t topicPolicyType) Update(_ cloud.Caller, physicalID string, old, desired map[string]any) (cloud.Resource, error) {
	t.unset(old)
	if err := t.set(desired); err != nil {
		return cloud.Resource{}, err
	}
	return cloud.Resource{PhysicalID: physicalID, Attributes: map[string]any{"Id": physicalID}}, nil
}

func (t topicPolicyType) Delete(_ cloud.Caller, _ string, properties map[string]any) error {
	t.unset(properties)
	return nil
}

// Exists is always false: a policy has no name that could be taken.
func (topicPolicyType) Exists(cloud.Caller, map[string]any) (string, bool) { return "", false }

func (t topicPolicyType) set(properties map[string]any) error {
	document, err := json.Marshal(properties["PolicyDocument"])
	if err != nil {
		return cloud.Errorf("InvalidParameter", "Invalid parameter: Policy Error: %v", err)
	}
	topics, _ := properties["Topics"].([]any)
	for _, item := range topics {
		arn, _ := item.(string)
		found := t.s.topics[arn]
		if found == nil {
			return &cloud.Error{Code: "NotFound", Message: "Topic does not exist", Status: 404}
		}
		found.attributes["Policy"] = string(document)
	}
	return nil
}

func (t topicPolicyType) unset(properties map[string]any) {
	topics, _ := properties["Topics"].([]any)
	for _, item := range topics {
		arn, _ := item.(string)
		if found := t.s.topics[arn]; found != nil {
			found.attributes["Policy"] = defaultPolicy(found.arn, found.owner)
		}
	}
}
