package iam

import (
	"slices"
	"strings"
)

type user struct {
	entity
	keys  []*accessKey
	login bool // has a password
}

func (a *account) user(name string) (*user, error) {
	if u := a.users[strings.ToLower(name)]; u != nil {
		return u, nil
	}
	return nil, cannotBeFound(kindUser, name)
}

func (s *Service) createUser(a *account, name, path, boundary string, tags []tag) (*user, error) {
	if err := checkName("userName", name, kindUser.nameMax); err != nil {
		return nil, err
	}
	if err := checkPath(path); err != nil {
		return nil, err
	}
	if err := checkTags(tags); err != nil {
		return nil, err
	}
	if a.users[strings.ToLower(name)] != nil {
		return nil, alreadyExists("User with name %s already exists.", name)
	}
	if len(a.users) >= kindUser.quota {
		return nil, limitExceeded("Cannot exceed quota for %s: %d", kindUser.quotaName, kindUser.quota)
	}
	if boundary != "" {
		if err := a.attachable(boundary); err != nil {
			return nil, err
		}
	}
	u := &user{entity: s.newEntity(a, kindUser, name, path)}
	u.boundary, u.tags = boundary, tags
	a.users[strings.ToLower(name)] = u
	return u, nil
}

// deleteUser is DeleteUser: everything that depends on the user must be removed before (IAM API
// Reference, DeleteUser).
func (a *account) deleteUser(u *user) error {
	if len(a.groupsOf(u)) > 0 {
		return deleteConflict("Cannot delete entity, must remove users from group first.")
	}
	if len(u.keys) > 0 {
		return deleteConflict("Cannot delete entity, must delete access keys first.")
	}
	if u.login {
		return deleteConflict("Cannot delete entity, must delete login profile first.")
	}
	if err := u.deletable(); err != nil {
		return err
	}
	delete(a.users, strings.ToLower(u.name))
	return nil
}

func (a *account) groupsOf(u *user) []*group {
	var all []*group
	for _, name := range sortedNames(a.groups) {
		if slices.Contains(a.groups[name].members, u) {
			all = append(all, a.groups[name])
		}
	}
	return all
}
