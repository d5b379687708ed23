package sqs

import (
	"errors"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// queuePolicyType is AWS::SQS::QueuePolicy: it sets the policy of queues, and removes it on
// deletion.
type queuePolicyType struct{ s *Service }

// Schema is that of the CloudFormation registry's aws-sqs-queuepolicy.
func (queuePolicyType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{"PolicyDocument": {Kind: cloud.KindJSON}, "Queues": {Kind: cloud.KindList}},
		Required:   []string{"PolicyDocument", "Queues"},
		PrimaryID:  []string{"Id"},
		Attributes: []string{"Id"},
	}
}

// Create sets the policy of all queues.
func (t queuePolicyType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	if err := t.set(c, r.Properties); err != nil {
		return cloud.Resource{}, err
	}
	id := r.StackName + "-" + r.LogicalID + "-" + t.s.world.NewToken(12)
	return cloud.Resource{PhysicalID: id, Attributes: map[string]any{"Id": id}}, nil
}

// Update sets the policy of all queues, and removes it from those that are no longer listed.
func (t queuePolicyType) Update(
	c cloud.Caller, physicalID string, old, desired map[string]any,
) (cloud.Resource, error) {
	t.unset(c, old)
	if err := t.set(c, desired); err != nil {
		_ = t.set(c, old) // it was valid
		return cloud.Resource{}, err
	}
	return cloud.Resource{PhysicalID: physicalID, Attributes: map[string]any{"Id": physicalID}}, nil
}

// Delete removes the policy of all queues.
func (t queuePolicyType) Delete(c cloud.Caller, _ string, properties map[string]any) error {
	t.unset(c, properties)
	return nil
}

// Exists is always false: a policy has no name that could conflict.
func (queuePolicyType) Exists(cloud.Caller, map[string]any) (string, bool) { return "", false }

func (t queuePolicyType) set(c cloud.Caller, properties map[string]any) error {
	text, err := t.s.checkPolicy(properties["PolicyDocument"])
	if err != nil {
		return err
	}
	queues, err := t.queues(c, properties)
	if err != nil {
		return err
	}
	for _, q := range queues {
		q.policy, q.changed = text, t.s.world.Now()
	}
	return nil
}

func (t queuePolicyType) unset(c cloud.Caller, properties map[string]any) {
	list, _ := properties["Queues"].([]any)
	for _, item := range list {
		url, _ := item.(string)
		if q, err := t.s.at(c, url); err == nil {
			q.policy = ""
		}
	}
}

func (t queuePolicyType) queues(c cloud.Caller, properties map[string]any) ([]*queue, error) {
	list, _ := properties["Queues"].([]any)
	var queues []*queue
	for _, item := range list {
		url, _ := item.(string)
		q, err := t.s.at(c, url)
		if err != nil {
			return nil, err
		}
		queues = append(queues, q)
	}
	return queues, nil
}

// checkPolicy refuses the policies that SQS refuses.
func (s *Service) checkPolicy(document any) (string, error) {
	refusal := cloud.Errorf("InvalidAttributeValue", "Invalid value for the parameter Policy.")
	text, err := policydoc.Text(document)
	if err != nil {
		return "", refusal
	}
	parsed, err := policydoc.Parse(text, policydoc.Resource)
	if err != nil {
		return "", refusal
	}
	if err := parsed.CheckPrincipals(s.world.PrincipalExists); err != nil {
		var unmodelled *cloud.Error
		if errors.As(err, &unmodelled) {
			return "", err //nolint:wrapcheck // it is the sandbox's own
		}
		return "", refusal
	}
	return text, nil
}
