package sqs

import (
	"maps"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// queueType is AWS::SQS::Queue: Ref gives the URL.
type queueType struct{ s *Service }

type queueProperties struct {
	QueueName              string
	MaximumMessageSize     *int
	MessageRetentionPeriod *int
	VisibilityTimeout      *int
	SqsManagedSseEnabled   *bool
	Tags                   []cloud.Tag
}

// Schema is that of the CloudFormation registry's aws-sqs-queue, as far as modelled.
func (queueType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"QueueName":              {Kind: cloud.KindString, CreateOnly: true},
			"MaximumMessageSize":     {Kind: cloud.KindInteger},
			"MessageRetentionPeriod": {Kind: cloud.KindInteger},
			"VisibilityTimeout":      {Kind: cloud.KindInteger},
			"SqsManagedSseEnabled":   {Kind: cloud.KindBool},
			"Tags":                   {Kind: cloud.KindList},
		},
		PrimaryID: []string{"QueueUrl"}, Attributes: []string{"Arn", "QueueName", "QueueUrl"}, Tags: true,
	}
}

// settings returns the attributes that the properties set.
func (p queueProperties) settings() (settings, error) {
	s := defaults()
	for from, to := range map[*int]*int{
		p.MaximumMessageSize: &s.maxSize, p.MessageRetentionPeriod: &s.retention, p.VisibilityTimeout: &s.visibility,
	} {
		if from != nil {
			*to = *from
		}
	}
	if p.SqsManagedSseEnabled != nil {
		s.managedSSE = *p.SqsManagedSseEnabled
	}
	return s, s.check()
}

// Create creates a queue.
func (t queueType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	var p queueProperties
	if err := properties.Decode(r.Properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	chosen, err := p.settings()
	if err != nil {
		return cloud.Resource{}, err
	}
	name := p.QueueName
	if name == "" {
		stem, random := r.StackName+"-"+r.LogicalID, t.s.world.NewToken(12)
		name = stem[:min(len(stem), maxName-1-len(random))] + "-" + random
	}
	arn := arnOf(c, name)
	deleted, once := t.s.deleted[arn]
	switch now := t.s.world.Now(); {
	case !validName.MatchString(name):
		return cloud.Resource{}, cloud.Errorf(
			"InvalidParameterValue", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
		)
	case t.s.queues[arn] != nil:
		// The handler refuses what CreateQueue would return.
		return cloud.Resource{}, cloud.Errorf("QueueNameExists", "A queue already exists with the same name: %s", name)
	case once && now.Sub(deleted) < reuse:
		return cloud.Resource{}, cloud.Errorf(
			"QueueDeletedRecently",
			"You must wait 60 seconds after deleting a queue before you can create another with the same name.",
		)
	default:
		made := &queue{
			name: name, arn: arn, url: urlOf(c, name), account: c.Account, settings: chosen, created: now, changed: now,
			tags: map[string]string{},
		}
		maps.Copy(made.tags, r.Tags)
		cloud.Retag(made.tags, nil, p.Tags)
		t.s.queues[arn] = made
		return made.resource(), nil
	}
}

func (q *queue) resource() cloud.Resource {
	return cloud.Resource{
		PhysicalID: q.url, Attributes: map[string]any{"Arn": q.arn, "QueueName": q.name, "QueueUrl": q.url},
	}
}

// Update changes a queue's attributes and keeps its messages.
func (t queueType) Update(c cloud.Caller, physicalID string, old, desired map[string]any) (cloud.Resource, error) {
	found, err := t.s.at(c, physicalID)
	if err != nil {
		return cloud.Resource{}, err
	}
	var before, p queueProperties
	if err := properties.Decode(old, &before); err != nil {
		return cloud.Resource{}, err
	}
	if err := properties.Decode(desired, &p); err != nil {
		return cloud.Resource{}, err
	}
	chosen, err := p.settings()
	if err != nil {
		return cloud.Resource{}, err
	}
	found.settings, found.changed = chosen, t.s.world.Now()
	cloud.Retag(found.tags, before.Tags, p.Tags)
	return found.resource(), nil
}

// Delete removes a queue with its messages.
func (t queueType) Delete(c cloud.Caller, physicalID string, _ map[string]any) error {
	if found, err := t.s.at(c, physicalID); err == nil {
		delete(t.s.queues, found.arn)
		t.s.deleted[found.arn] = t.s.world.Now()
	}
	return nil
}

// Exists finds a queue by its URL or name.
func (t queueType) Exists(c cloud.Caller, properties map[string]any) (string, bool) {
	if url, ok := properties["QueueUrl"].(string); ok {
		_, err := t.s.at(c, url)
		return url, err == nil
	}
	name, ok := properties["QueueName"].(string)
	return urlOf(c, name), ok && t.s.queues[arnOf(c, name)] != nil
}
