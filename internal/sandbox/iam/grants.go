package iam

import (
	"fmt"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// Grants are the policies that say what a user may do.
type Grants struct {
	// UserName is the value of aws:username.
	UserName string
	// Identity are the user's own policies and those of its groups, inline and managed.
	Identity []*policydoc.Document
	// Boundary is the permissions boundary; nil: none.
	Boundary *policydoc.Document
}

// administratorAccess is the content of AWS's policy of that name (AWS Managed Policy Reference Guide).
const administratorAccess = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// UserGrants gives the policies of a user by its ARN; ok is false when there is no such user. It fails if one of them is a policy of AWS
// whose content isn't modelled.
func (s *Service) UserGrants(arn string) (g Grants, ok bool, err error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || s.accounts[parts[4]] == nil || !strings.HasPrefix(parts[5], "user/") {
		return Grants{}, false, nil
	}
	a := s.accounts[parts[4]]
	u := a.users[strings.ToLower(arn[strings.LastIndex(arn, "/")+1:])]
	if u == nil || u.arn != arn {
		return Grants{}, false, nil
	}
	g.UserName = u.name
	holders := []*entity{&u.entity}
	for _, joined := range a.groupsOf(u) {
		holders = append(holders, &joined.entity)
	}
	for _, holder := range holders {
		for _, name := range sortedNames(holder.inline) {
			document, err := policydoc.Parse(holder.inline[name], policydoc.Identity)
			if err != nil {
				return Grants{}, false, fmt.Errorf("inline policy %s of %s: %w", name, holder.arn, err)
			}
			g.Identity = append(g.Identity, document)
		}
		for _, attached := range holder.attached {
			document, err := a.managed(attached)
			if err != nil {
				return Grants{}, false, err
			}
			g.Identity = append(g.Identity, document)
		}
	}
	if u.boundary != "" {
		if g.Boundary, err = a.managed(u.boundary); err != nil {
			return Grants{}, false, err
		}
	}
	return g, true, nil
}

// managed is the default version of a managed policy.
func (a *account) managed(arn string) (*policydoc.Document, error) {
	text := administratorAccess
	if arn != "arn:aws:iam::aws:policy/AdministratorAccess" {
		if strings.HasPrefix(arn, "arn:aws:iam::aws:policy/") {
			return nil, cloud.NotModelled("the content of %s", arn)
		}
		p, err := a.policy(arn)
		if err != nil {
			return nil, err
		}
		v, err := p.version(p.standard)
		if err != nil {
			return nil, err
		}
		text = v.document
	}
	document, err := policydoc.Parse(text, policydoc.Identity)
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", arn, err)
	}
	return document, nil
}
