package iam

import (
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// maxTrust is the default size of a trust policy in characters without white space.
const maxTrust = 2048

type role struct {
	entity
	trust       string
	description string
	maxSession  int // seconds
}

func (a *account) role(name string) (*role, error) {
	if r := a.roles[strings.ToLower(name)]; r != nil {
		return r, nil
	}
	return nil, cannotBeFound(kindRole, name)
}

type newRole struct {
	name, path, trust, description, boundary string
	maxSession                               int
	tags                                     []tag
}

func (s *Service) createRole(a *account, n newRole) (*role, error) {
	if err := checkName("roleName", n.name, kindRole.nameMax); err != nil {
		return nil, err
	}
	if err := checkPath(n.path); err != nil {
		return nil, err
	}
	if err := checkTags(n.tags); err != nil {
		return nil, err
	}
	if a.roles[strings.ToLower(n.name)] != nil {
		return nil, alreadyExists("Role with name %s already exists.", n.name)
	}
	if len(a.roles) >= kindRole.quota {
		return nil, limitExceeded("Cannot exceed quota for %s: %d", kindRole.quotaName, kindRole.quota)
	}
	if err := s.checkTrust(n.trust); err != nil {
		return nil, err
	}
	if err := checkSession(n.maxSession); err != nil {
		return nil, err
	}
	if n.boundary != "" {
		if err := a.attachable(n.boundary); err != nil {
			return nil, err
		}
	}
	r := &role{
		entity: s.newEntity(a, kindRole, n.name, n.path), trust: n.trust, description: n.description,
		maxSession: n.maxSession,
	}
	r.boundary, r.tags = n.boundary, n.tags
	a.roles[strings.ToLower(n.name)] = r
	return r, nil
}

// checkSession checks MaxSessionDuration: 3600 to 43200 seconds (IAM API Reference, CreateRole).
func checkSession(seconds int) error {
	if seconds < 3600 || seconds > 43200 {
		return cloud.Errorf(
			"ValidationError",
			"1 validation error detected: Value '%d' at 'maxSessionDuration' failed to satisfy constraint: Member must have value between 3600 and 43200",
			seconds,
		)
	}
	return nil
}

// checkTrust checks a trust policy. The text for invalid JSON is recorded from AWS (LocalStack's
// test_iam).
func (s *Service) checkTrust(text string) error {
	if err := checkCharacters(text); err != nil {
		return err
	}
	doc, err := policydoc.Parse(text, policydoc.Trust)
	if err != nil {
		if policydoc.NotJSON(err) {
			return cloud.Errorf("MalformedPolicyDocument", "This policy contains invalid Json")
		}
		return malformed(err)
	}
	if size := policydoc.Size(text); size > maxTrust {
		return limitExceeded("Cannot exceed quota for ACLSizePerRole: %d", maxTrust)
	}
	if err := doc.CheckPrincipals(s.world.PrincipalExists); err != nil {
		return malformed(err)
	}
	return nil
}

func (a *account) deleteRole(r *role) error {
	if err := r.deletable(); err != nil {
		return err
	}
	delete(a.roles, strings.ToLower(r.name))
	return nil
}
