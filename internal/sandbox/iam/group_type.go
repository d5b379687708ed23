package iam

import (
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

type groupType struct{ s *Service }

type groupProperties struct {
	GroupName         string
	Path              string
	ManagedPolicyArns []string
	Policies          []inlineProperty
}

// Schema is that of the CloudFormation registry's aws-iam-group.
func (groupType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"GroupName":         {Kind: cloud.KindString, CreateOnly: true},
			"Path":              {Kind: cloud.KindString},
			"ManagedPolicyArns": {Kind: cloud.KindList},
			"Policies":          {Kind: cloud.KindList},
		},
		PrimaryID: []string{"GroupName"}, Attributes: []string{"Arn"}, NamedIAM: true,
	}
}

// Create creates a group with all its properties, or nothing.
func (t groupType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	var p groupProperties
	if err := decodeProperties(r.Properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	a := t.s.account(c.Account)
	name := p.GroupName
	if name == "" {
		name = t.s.generatedName(r, kindGroup.nameMax)
	}
	g, err := t.s.createGroup(a, name, orDefault(p.Path, "/"))
	if err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	err = t.s.check(
		func() error { return g.sync(a, groupProperties{}, p) },
		func() { delete(a.groups, strings.ToLower(name)) },
	)
	return groupResource(g), err
}

func groupResource(g *group) cloud.Resource {
	return cloud.Resource{PhysicalID: g.name, Attributes: map[string]any{"Arn": g.arn}}
}

func (g *group) sync(a *account, old, now groupProperties) error {
	if err := a.syncAttached(&g.entity, old.ManagedPolicyArns, now.ManagedPolicyArns); err != nil {
		return err
	}
	return g.syncInline(old.Policies, now.Policies)
}

// Update changes a group in place.
func (t groupType) Update(c cloud.Caller, physicalID string, old, properties map[string]any) (cloud.Resource, error) {
	var before, p groupProperties
	if err := decodeProperties(old, &before); err != nil {
		return cloud.Resource{}, err
	}
	if err := decodeProperties(properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	a := t.s.account(c.Account)
	g, err := a.group(physicalID)
	if err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	path := orDefault(p.Path, "/")
	if err := checkPath(path); err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	if err := g.sync(a, before, p); err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	g.path, g.arn = path, "arn:aws:iam::"+a.id+":group"+path+g.name
	return groupResource(g), nil
}

// Delete removes the group's policies and deletes it; members are a DeleteConflict.
func (t groupType) Delete(c cloud.Caller, physicalID string, properties map[string]any) error {
	var p groupProperties
	if err := decodeProperties(properties, &p); err != nil {
		return err
	}
	a := t.s.account(c.Account)
	g, err := a.group(physicalID)
	if gone(err) {
		return nil
	}
	if err := g.sync(a, p, groupProperties{}); err != nil {
		return t.s.asReason(err)
	}
	if err := a.deleteGroup(g); err != nil {
		return t.s.asReason(err)
	}
	return nil
}

// Exists finds a group by name.
func (t groupType) Exists(c cloud.Caller, properties map[string]any) (string, bool) {
	g, err := t.s.account(c.Account).group(text(properties, "GroupName"))
	if err != nil {
		return "", false
	}
	return g.name, true
}
