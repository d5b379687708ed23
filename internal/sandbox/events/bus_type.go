package events

import (
	"encoding/json"
	"maps"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// busType is AWS::Events::EventBus: Ref gives the name.
type busType struct{ s *Service }

type busProperties struct {
	Name, Description string
	Tags              []cloud.Tag
}

// Schema is that of the CloudFormation registry's aws-events-eventbus, as far as modelled.
func (busType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"Name":        {Kind: cloud.KindString, CreateOnly: true},
			"Description": {Kind: cloud.KindString},
			"Tags":        {Kind: cloud.KindList},
		},
		Required: []string{"Name"}, PrimaryID: []string{"Name"}, Attributes: []string{"Arn", "Name"}, Tags: true,
	}
}

func (b *bus) resource() cloud.Resource {
	return cloud.Resource{PhysicalID: b.name, Attributes: map[string]any{"Arn": b.arn, "Name": b.name}}
}

// Create creates a bus.
func (t busType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	var p busProperties
	if err := properties.Decode(r.Properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	at := place{c.Account, c.Region}
	arn := busARN(at, p.Name)
	switch {
	case !busName.MatchString(p.Name):
		return cloud.Resource{}, cloud.Errorf("ValidationException", "The name %q is invalid.", p.Name)
	case p.Name == defaultBus || strings.HasPrefix(p.Name, "aws.") || strings.Contains(p.Name, "/"):
		// Names with a slash are those of partners (EventBridge API reference, CreateEventBus).
		return cloud.Resource{}, cloud.Errorf("ValidationException", "The name %q is reserved.", p.Name)
	case t.s.buses[arn] != nil:
		return cloud.Resource{}, cloud.Errorf("ResourceAlreadyExistsException", "Event bus %s already exists.", p.Name)
	}
	b := &bus{
		place: at, name: p.Name, arn: arn, description: p.Description, statements: map[string]json.RawMessage{},
		tags: map[string]string{},
	}
	maps.Copy(b.tags, r.Tags)
	cloud.Retag(b.tags, nil, p.Tags)
	t.s.buses[arn] = b
	return b.resource(), nil
}

// Update changes a bus's description and tags.
func (t busType) Update(c cloud.Caller, physicalID string, old, desired map[string]any) (cloud.Resource, error) {
	b, err := t.s.bus(place{c.Account, c.Region}, physicalID)
	if err != nil {
		return cloud.Resource{}, err
	}
	var before, p busProperties
	if err := properties.Decode(old, &before); err != nil {
		return cloud.Resource{}, err
	}
	if err := properties.Decode(desired, &p); err != nil {
		return cloud.Resource{}, err
	}
	b.description = p.Description
	cloud.Retag(b.tags, before.Tags, p.Tags)
	return b.resource(), nil
}

// Delete removes a bus, which must have no rules (EventBridge API reference, DeleteEventBus).
func (t busType) Delete(c cloud.Caller, physicalID string, _ map[string]any) error {
	arn := busARN(place{c.Account, c.Region}, physicalID)
	for _, r := range t.s.deployed {
		if r.bus == arn {
			return cloud.Errorf("ValidationException", "Event bus %s has rules and can't be deleted.", physicalID)
		}
	}
	delete(t.s.buses, arn)
	return nil
}

// Exists finds a bus by its name.
func (t busType) Exists(c cloud.Caller, properties map[string]any) (string, bool) {
	name, _ := properties["Name"].(string)
	return name, t.s.buses[busARN(place{c.Account, c.Region}, name)] != nil
}
