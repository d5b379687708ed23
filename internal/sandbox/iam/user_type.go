package iam

import (
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

type userType struct{ s *Service }

type userProperties struct {
	UserName            string
	Path                string
	Groups              []string
	ManagedPolicyArns   []string
	PermissionsBoundary string
	Policies            []inlineProperty
	Tags                []tag
}

// Schema is that of the CloudFormation registry's aws-iam-user, without LoginProfile.
func (userType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"UserName":            {Kind: cloud.KindString, CreateOnly: true},
			"Path":                {Kind: cloud.KindString},
			"Groups":              {Kind: cloud.KindList},
			"ManagedPolicyArns":   {Kind: cloud.KindList},
			"PermissionsBoundary": {Kind: cloud.KindString},
			"Policies":            {Kind: cloud.KindList},
			"Tags":                {Kind: cloud.KindList},
		},
		PrimaryID: []string{"UserName"}, Attributes: []string{"Arn"}, Tags: true, NamedIAM: true,
	}
}

// Create creates a user with all its properties, or nothing.
func (t userType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	var p userProperties
	if err := decodeProperties(r.Properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	if err := checkTags(p.Tags); err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	a := t.s.account(c.Account)
	name := p.UserName
	if name == "" {
		name = t.s.generatedName(r, kindUser.nameMax)
	}
	u, err := t.s.createUser(a, name, orDefault(p.Path, "/"), p.PermissionsBoundary, withStackTags(p.Tags, r.Tags))
	if err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	err = t.s.check(func() error { return t.sync(a, u, userProperties{}, p) }, func() {
		a.leaveAll(u)
		delete(a.users, strings.ToLower(name))
	})
	return userResource(u), err
}

func userResource(u *user) cloud.Resource {
	return cloud.Resource{PhysicalID: u.name, Attributes: map[string]any{"Arn": u.arn}}
}

func (t userType) sync(a *account, u *user, old, now userProperties) error {
	for _, name := range old.Groups {
		g, err := a.group(name)
		if err == nil && !containsFold(now.Groups, name) {
			_ = g.leave(u) // the user may not be a member
		}
	}
	for _, name := range now.Groups {
		g, err := a.group(name)
		if err != nil {
			return err
		}
		if err := a.join(g, u); err != nil {
			return err
		}
	}
	if err := a.syncAttached(&u.entity, old.ManagedPolicyArns, now.ManagedPolicyArns); err != nil {
		return err
	}
	return u.syncInline(old.Policies, now.Policies)
}

// Update changes a user in place.
func (t userType) Update(c cloud.Caller, physicalID string, old, properties map[string]any) (cloud.Resource, error) {
	var before, p userProperties
	if err := decodeProperties(old, &before); err != nil {
		return cloud.Resource{}, err
	}
	if err := decodeProperties(properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	a := t.s.account(c.Account)
	u, err := a.user(physicalID)
	if err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	if err := checkTags(p.Tags); err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	if p.PermissionsBoundary != "" {
		if err := a.attachable(p.PermissionsBoundary); err != nil {
			return cloud.Resource{}, t.s.asReason(err)
		}
	}
	path := orDefault(p.Path, "/")
	if err := checkPath(path); err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	if err := t.sync(a, u, before, p); err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	u.boundary, u.tags = p.PermissionsBoundary, replaceTags(u.tags, before.Tags, p.Tags)
	u.path, u.arn = path, "arn:aws:iam::"+a.id+":user"+path+u.name
	return userResource(u), nil
}

// Delete removes what the properties added to the user and deletes it; additions by others are a
// DeleteConflict.
func (t userType) Delete(c cloud.Caller, physicalID string, properties map[string]any) error {
	var p userProperties
	if err := decodeProperties(properties, &p); err != nil {
		return err
	}
	a := t.s.account(c.Account)
	u, err := a.user(physicalID)
	if gone(err) {
		return nil
	}
	if err := t.sync(a, u, p, userProperties{}); err != nil {
		return t.s.asReason(err)
	}
	if err := a.deleteUser(u); err != nil {
		return t.s.asReason(err)
	}
	return nil
}

// Exists finds a user by name.
func (t userType) Exists(c cloud.Caller, properties map[string]any) (string, bool) {
	u, err := t.s.account(c.Account).user(text(properties, "UserName"))
	if err != nil {
		return "", false
	}
	return u.name, true
}
