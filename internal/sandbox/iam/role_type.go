package iam

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

type roleType struct{ s *Service }

type roleProperties struct {
	RoleName                 string
	Path                     string
	Description              string
	AssumeRolePolicyDocument document
	MaxSessionDuration       json.Number
	ManagedPolicyArns        []string
	PermissionsBoundary      string
	Policies                 []inlineProperty
	Tags                     []tag
}

// Schema is that of the CloudFormation registry's aws-iam-role.
func (roleType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"RoleName":                 {Kind: cloud.KindString, CreateOnly: true},
			"Path":                     {Kind: cloud.KindString, CreateOnly: true},
			"Description":              {Kind: cloud.KindString},
			"AssumeRolePolicyDocument": {Kind: cloud.KindJSON},
			"MaxSessionDuration":       {Kind: cloud.KindInteger},
			"ManagedPolicyArns":        {Kind: cloud.KindList},
			"PermissionsBoundary":      {Kind: cloud.KindString},
			"Policies":                 {Kind: cloud.KindList},
			"Tags":                     {Kind: cloud.KindList},
		},
		Required: []string{"AssumeRolePolicyDocument"}, PrimaryID: []string{"RoleName"},
		Attributes: []string{"Arn", "RoleId"}, Tags: true, NamedIAM: true,
	}
}

func (p roleProperties) session() int {
	seconds, err := strconv.Atoi(string(p.MaxSessionDuration))
	if err != nil {
		return 3600 // the default of MaxSessionDuration
	}
	return seconds
}

// Create creates a role with all its properties, or nothing.
func (t roleType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	var p roleProperties
	if err := decodeProperties(r.Properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	if err := checkTags(p.Tags); err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	a := t.s.account(c.Account)
	name := p.RoleName
	if name == "" {
		name = t.s.generatedName(r, kindRole.nameMax)
	}
	role, err := t.s.createRole(a, newRole{
		name: name, path: orDefault(p.Path, "/"), trust: string(p.AssumeRolePolicyDocument), description: p.Description,
		boundary: p.PermissionsBoundary, maxSession: p.session(), tags: withStackTags(p.Tags, r.Tags),
	})
	if err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	err = t.s.check(
		func() error { return role.sync(a, roleProperties{}, p) },
		func() { delete(a.roles, strings.ToLower(name)) },
	)
	return roleResource(role), err
}

func roleResource(r *role) cloud.Resource {
	return cloud.Resource{PhysicalID: r.name, Attributes: map[string]any{"Arn": r.arn, "RoleId": r.id}}
}

func (r *role) sync(a *account, old, now roleProperties) error {
	if err := a.syncAttached(&r.entity, old.ManagedPolicyArns, now.ManagedPolicyArns); err != nil {
		return err
	}
	return r.syncInline(old.Policies, now.Policies)
}

// Update changes a role in place.
func (t roleType) Update(c cloud.Caller, physicalID string, old, properties map[string]any) (cloud.Resource, error) {
	var before, p roleProperties
	if err := decodeProperties(old, &before); err != nil {
		return cloud.Resource{}, err
	}
	if err := decodeProperties(properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	a := t.s.account(c.Account)
	r, err := a.role(physicalID)
	if err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	for _, check := range []func() error{
		func() error { return t.s.checkTrust(string(p.AssumeRolePolicyDocument)) },
		func() error { return checkSession(p.session()) },
		func() error { return checkTags(p.Tags) },
		func() error {
			if p.PermissionsBoundary == "" {
				return nil
			}
			return a.attachable(p.PermissionsBoundary)
		},
		func() error { return r.sync(a, before, p) },
	} {
		if err := check(); err != nil {
			return cloud.Resource{}, t.s.asReason(err)
		}
	}
	r.trust, r.description, r.maxSession = string(p.AssumeRolePolicyDocument), p.Description, p.session()
	r.boundary, r.tags = p.PermissionsBoundary, replaceTags(r.tags, before.Tags, p.Tags)
	return roleResource(r), nil
}

// Delete removes what the properties added to the role and deletes it.
func (t roleType) Delete(c cloud.Caller, physicalID string, properties map[string]any) error {
	var p roleProperties
	if err := decodeProperties(properties, &p); err != nil {
		return err
	}
	a := t.s.account(c.Account)
	r, err := a.role(physicalID)
	if gone(err) {
		return nil
	}
	if err := r.sync(a, p, roleProperties{}); err != nil {
		return t.s.asReason(err)
	}
	if err := a.deleteRole(r); err != nil {
		return t.s.asReason(err)
	}
	return nil
}

// Exists finds a role by name.
func (t roleType) Exists(c cloud.Caller, properties map[string]any) (string, bool) {
	r, err := t.s.account(c.Account).role(text(properties, "RoleName"))
	if err != nil {
		return "", false
	}
	return r.name, true
}
