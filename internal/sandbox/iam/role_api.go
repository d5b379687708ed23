package iam

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

type xmlRole struct {
	Path, RoleName, RoleId, Arn, CreateDate string
	Trust                                   string `xml:"AssumeRolePolicyDocument"`
	Description                             string `xml:",omitempty"`
	MaxSessionDuration                      int
	Boundary                                *xmlBoundary `xml:"PermissionsBoundary"`
	Tags                                    []tag        `xml:"Tags>member"`
}

// encoded returns a policy document as IAM returns it: percent-encoded by RFC 3986.
func encoded(document string) string {
	return strings.ReplaceAll(url.QueryEscape(document), "+", "%20")
}

func roleOut(r *role) xmlRole {
	return xmlRole{
		r.path, r.name, r.id, r.arn, protocol.Time(r.created), encoded(r.trust), r.description, r.maxSession,
		boundaryOf(&r.entity), r.tags,
	}
}

type roleResult struct{ Role xmlRole }

func (c *call) createRole() (any, error) {
	session := 3600
	if text := c.form.Get("MaxSessionDuration"); text != "" {
		session, _ = strconv.Atoi(text) // an invalid number is out of range
	}
	r, err := c.Service.createRole(c.a, newRole{
		name:        c.form.Get("RoleName"),
		path:        orDefault(c.form.Get("Path"), "/"),
		trust:       c.form.Get("AssumeRolePolicyDocument"),
		description: c.form.Get("Description"),
		boundary:    c.form.Get("PermissionsBoundary"),
		maxSession:  session,
		tags:        c.tags(),
	})
	if err != nil {
		return nil, err
	}
	return roleResult{roleOut(r)}, nil
}

func (c *call) getRole() (any, error) {
	r, err := c.a.role(c.form.Get("RoleName"))
	if err != nil {
		return nil, err
	}
	return roleResult{roleOut(r)}, nil
}

func (c *call) deleteRole() (any, error) {
	r, err := c.a.role(c.form.Get("RoleName"))
	if err != nil {
		return nil, err
	}
	return nil, c.a.deleteRole(r)
}

func (c *call) listRoles() (any, error) {
	var all []xmlRole
	for _, name := range sortedNames(c.a.roles) {
		out := roleOut(c.a.roles[name])
		out.Tags, out.Boundary = nil, nil // IAM API Reference, ListRoles
		all = append(all, out)
	}
	all, p, err := page(c, under(c, all, func(r xmlRole) string { return r.Path }))
	return struct {
		Roles []xmlRole `xml:"Roles>member"`
		paging
	}{all, p}, err
}

func (c *call) updateAssumeRolePolicy() (any, error) {
	r, err := c.a.role(c.form.Get("RoleName"))
	if err != nil {
		return nil, err
	}
	if err := c.checkTrust(c.form.Get("PolicyDocument")); err != nil {
		return nil, err
	}
	r.trust = c.form.Get("PolicyDocument")
	return nil, nil
}
