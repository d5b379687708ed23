package sns

import (
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// topicPolicyType is AWS::SNS::TopicPolicy: it sets the policy of topics, and restores the default
// one on deletion.
type topicPolicyType struct{ s *Service }

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

func (t topicPolicyType) Update(
	_ cloud.Caller, physicalID string, old, desired map[string]any,
) (cloud.Resource, error) {
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

// Exists is always false: a policy has no name that could conflict.
func (topicPolicyType) Exists(cloud.Caller, map[string]any) (string, bool) { return "", false }

func (t topicPolicyType) set(properties map[string]any) error {
	document, err := t.s.checkPolicy(properties["PolicyDocument"])
	if err != nil {
		return err
	}
	topics, _ := properties["Topics"].([]any)
	for _, item := range topics {
		arn, _ := item.(string)
		found := t.s.topics[arn]
		if found == nil {
			return &cloud.Error{Code: "NotFound", Message: "Topic does not exist", Status: 404}
		}
		found.attributes["Policy"] = document
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
