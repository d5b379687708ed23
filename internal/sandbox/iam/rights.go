package iam

import (
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// Rights are the policies of a user or a role.
type Rights struct {
	Identity []*policydoc.Document
	Boundary *policydoc.Document
	// Role is the ARN of a session's role; "" for users.
	Role string
	Tags map[string]string
}

// everything is the content of AWS's policies such as AdministratorAccess. AWS's other policies are
// not modelled and allow nothing.
const everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// Administrator returns all rights in the own account.
func Administrator() Rights {
	d, err := policydoc.Parse(everything, policydoc.Identity)
	if err != nil {
		panic("sandbox: " + err.Error())
	}
	return Rights{Identity: []*policydoc.Document{d}}
}

// Rights returns the policies of a principal by its ARN: a user, or a session of a role. ok is
// false for none.
func (s *Service) Rights(accountID, arn string) (r Rights, ok bool) {
	a := s.account(accountID)
	if name, isSession := strings.CutPrefix(arn, "arn:aws:sts::"+accountID+":assumed-role/"); isSession {
		name, _, _ = strings.Cut(name, "/")
		found, err := a.role(name)
		if err != nil {
			return r, false
		}
		r = a.rights(&found.entity)
		r.Role = found.arn
		return r, true
	}
	for _, u := range a.users {
		if u.arn != arn {
			continue
		}
		r = a.rights(&u.entity)
		for _, g := range a.groupsOf(u) {
			r.Identity = append(r.Identity, a.rights(&g.entity).Identity...)
		}
		return r, true
	}
	return r, false
}

// UserARN returns the ARN of a user; "" for none.
func (s *Service) UserARN(accountID, name string) string {
	if u, err := s.account(accountID).user(name); err == nil {
		return u.arn
	}
	return ""
}

// GroupARN returns the ARN of a group; "" for none.
func (s *Service) GroupARN(accountID, name string) string {
	if g, err := s.account(accountID).group(name); err == nil {
		return g.arn
	}
	return ""
}

// BoundaryOf returns the ARN of the permissions boundary of a user or role, by its ARN; "" for
// none.
func (s *Service) BoundaryOf(accountID, arn string) string {
	for _, e := range s.account(accountID).entities() {
		if e.arn == arn {
			return e.boundary
		}
	}
	return ""
}

func (a *account) rights(e *entity) Rights {
	r := Rights{Tags: map[string]string{}}
	for _, t := range e.tags {
		r.Tags[t.Key] = t.Value
	}
	add := func(text string) {
		if d, err := policydoc.Parse(text, policydoc.Identity); err == nil {
			r.Identity = append(r.Identity, d)
		}
	}
	for _, arn := range e.attached {
		add(a.document(arn))
	}
	for _, text := range e.inline {
		add(text)
	}
	if e.boundary != "" {
		r.Boundary = &policydoc.Document{} // an unreadable one allows nothing
		if d, err := policydoc.Parse(a.document(e.boundary), policydoc.Identity); err == nil {
			r.Boundary = d
		}
	}
	return r
}

// document returns the text of a policy's default version; "" for an unknown policy.
func (a *account) document(arn string) string {
	if name, ok := strings.CutPrefix(arn, managedPrefix); ok {
		return awsManaged[name]
	}
	p, err := a.policy(arn)
	if err != nil {
		return ""
	}
	for _, v := range p.versions {
		if v.id == p.standard {
			return v.document
		}
	}
	return ""
}
