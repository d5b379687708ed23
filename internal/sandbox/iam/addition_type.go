package iam

import (
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

type additionType struct{ s *Service }

type additionProperties struct {
	GroupName string
	Users     []string
}

// Schema is that of the CloudFormation registry's aws-iam-usertogroupaddition.
func (additionType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{"GroupName": {Kind: cloud.KindString}, "Users": {Kind: cloud.KindList}},
		Required:   []string{"GroupName", "Users"}, PrimaryID: []string{"Id"}, Attributes: []string{"Id"},
	}
}

// Create adds the users to the group, all or none.
func (t additionType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	id := t.s.generatedName(r, 128)
	return t.change(c, id, nil, r.Properties)
}

// Update removes the users that left the list, or the group's list, and adds the new ones.
func (t additionType) Update(
	c cloud.Caller, physicalID string, old, properties map[string]any,
) (cloud.Resource, error) {
	return t.change(c, physicalID, old, properties)
}

func (t additionType) change(c cloud.Caller, id string, old, properties map[string]any) (cloud.Resource, error) {
	var before, p additionProperties
	if err := decodeProperties(old, &before); err != nil {
		return cloud.Resource{}, err
	}
	if err := decodeProperties(properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	a := t.s.account(c.Account)
	g, err := a.group(p.GroupName)
	if err != nil {
		return cloud.Resource{}, t.s.asReason(err)
	}
	var users []*user
	for _, name := range p.Users {
		u, err := a.user(name)
		if err != nil {
			return cloud.Resource{}, t.s.asReason(err)
		}
		users = append(users, u)
	}
	members := slices.Clone(g.members)
	err = t.s.check(func() error {
		for _, u := range users {
			if err := a.join(g, u); err != nil {
				return err
			}
		}
		return nil
	}, func() { g.members = members })
	if err != nil {
		return cloud.Resource{}, err
	}
	a.removeMembers(before, func(u *user, from *group) bool { return from != g || !slices.Contains(users, u) })
	return cloud.Resource{PhysicalID: id, Attributes: map[string]any{"Id": id}}, nil
}

// removeMembers removes the users of an addition from its group that which selects; it ignores
// missing users.
func (a *account) removeMembers(p additionProperties, which func(*user, *group) bool) {
	g, err := a.group(p.GroupName)
	if err != nil {
		return
	}
	for _, name := range p.Users {
		if u, err := a.user(name); err == nil && which(u, g) {
			_ = g.leave(u)
		}
	}
}

// Delete removes the users from the group.
func (t additionType) Delete(c cloud.Caller, _ string, properties map[string]any) error {
	var p additionProperties
	if err := decodeProperties(properties, &p); err != nil {
		return err
	}
	t.s.account(c.Account).removeMembers(p, func(*user, *group) bool { return true })
	return nil
}

// Exists is always false: additions have no identity that could conflict.
func (additionType) Exists(cloud.Caller, map[string]any) (string, bool) { return "", false }
