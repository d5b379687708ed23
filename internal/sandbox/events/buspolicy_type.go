package events

import (
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// busPolicyType is AWS::Events::EventBusPolicy: one statement of a bus's policy.
type busPolicyType struct{ s *Service }

type busPolicyProperties struct {
	EventBusName, StatementId string
	Statement                 statement
}

// statement is decoded without checks, as policydoc checks it.
type statement map[string]any

// Schema is that of the CloudFormation registry's aws-events-eventbuspolicy, without the older
// properties that make a statement up.
func (busPolicyType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"EventBusName": {Kind: cloud.KindString, CreateOnly: true},
			"StatementId":  {Kind: cloud.KindString, CreateOnly: true},
			"Statement":    {Kind: cloud.KindJSON},
		},
		Required: []string{"StatementId"}, PrimaryID: []string{"EventBusName", "StatementId"},
	}
}

// Create adds a statement.
func (t busPolicyType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	return t.set(c, r.Properties, false)
}

// Update replaces a statement.
func (t busPolicyType) Update(c cloud.Caller, _ string, _, desired map[string]any) (cloud.Resource, error) {
	return t.set(c, desired, true)
}

func (t busPolicyType) set(c cloud.Caller, from map[string]any, exists bool) (cloud.Resource, error) {
	var p busPolicyProperties
	if err := properties.Decode(from, &p); err != nil {
		return cloud.Resource{}, err
	}
	b, err := t.s.bus(place{c.Account, c.Region}, p.EventBusName)
	if err != nil {
		return cloud.Resource{}, err
	}
	if _, there := b.statements[p.StatementId]; there && !exists {
		return cloud.Resource{}, cloud.Errorf("ResourceAlreadyExistsException", "Statement %s already exists.", p.StatementId)
	}
	if err := t.s.permit(b, p.StatementId, p.Statement); err != nil {
		return cloud.Resource{}, err
	}
	return cloud.Resource{PhysicalID: b.name + "|" + p.StatementId}, nil
}

// Delete removes a statement.
func (t busPolicyType) Delete(c cloud.Caller, physicalID string, _ map[string]any) error {
	name, id, _ := strings.Cut(physicalID, "|")
	if b, err := t.s.bus(place{c.Account, c.Region}, name); err == nil {
		delete(b.statements, id)
	}
	return nil
}

// Exists finds a statement by its ID.
func (t busPolicyType) Exists(c cloud.Caller, properties map[string]any) (string, bool) {
	name, _ := properties["EventBusName"].(string)
	id, _ := properties["StatementId"].(string)
	b, err := t.s.bus(place{c.Account, c.Region}, name)
	if err != nil {
		return "", false
	}
	_, there := b.statements[id]
	return b.name + "|" + id, there
}
