package iam

import (
	"slices"
	"strings"
)

// maxGroupsPerUser is the maximum number of groups per user, not adjustable.
const maxGroupsPerUser = 10

type group struct {
	entity
	members []*user
}

func (a *account) group(name string) (*group, error) {
	if g := a.groups[strings.ToLower(name)]; g != nil {
		return g, nil
	}
	return nil, cannotBeFound(kindGroup, name)
}

func (s *Service) createGroup(a *account, name, path string) (*group, error) {
	if err := checkName("groupName", name, kindGroup.nameMax); err != nil {
		return nil, err
	}
	if err := checkPath(path); err != nil {
		return nil, err
	}
	if a.groups[strings.ToLower(name)] != nil {
		return nil, alreadyExists("Group with name %s already exists.", name)
	}
	if len(a.groups) >= kindGroup.quota {
		return nil, limitExceeded("Cannot exceed quota for %s: %d", kindGroup.quotaName, kindGroup.quota)
	}
	g := &group{entity: s.newEntity(a, kindGroup, name, path)}
	a.groups[strings.ToLower(name)] = g
	return g, nil
}

func (a *account) deleteGroup(g *group) error {
	if len(g.members) > 0 {
		return deleteConflict("Cannot delete entity, must remove users from group first.")
	}
	if err := g.deletable(); err != nil {
		return err
	}
	delete(a.groups, strings.ToLower(g.name))
	return nil
}

// join is AddUserToGroup; it succeeds for a member.
func (a *account) join(g *group, u *user) error {
	if slices.Contains(g.members, u) {
		return nil
	}
	if len(a.groupsOf(u)) >= maxGroupsPerUser {
		return limitExceeded("Cannot exceed quota for GroupsPerUser: %d", maxGroupsPerUser)
	}
	g.members = append(g.members, u)
	return nil
}

func (g *group) leave(u *user) error {
	i := slices.Index(g.members, u)
	if i < 0 {
		return noSuchEntity("User %s is not in group %s.", u.name, g.name)
	}
	g.members = slices.Delete(g.members, i, i+1)
	return nil
}
