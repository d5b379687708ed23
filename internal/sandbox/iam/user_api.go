package iam

import (
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

type xmlUser struct {
	Path, UserName, UserId, Arn, CreateDate string
	Boundary                                *xmlBoundary `xml:"PermissionsBoundary"`
	Tags                                    []tag        `xml:"Tags>member"`
}

type xmlBoundary struct{ PermissionsBoundaryType, PermissionsBoundaryArn string }

func boundaryOf(e *entity) *xmlBoundary {
	if e.boundary == "" {
		return nil
	}
	return &xmlBoundary{"Policy", e.boundary}
}

func userOut(u *user) xmlUser {
	return xmlUser{u.path, u.name, u.id, u.arn, protocol.Time(u.created), boundaryOf(&u.entity), u.tags}
}

type userResult struct{ User xmlUser }

func (c *call) createUser() (any, error) {
	u, err := c.Service.createUser(
		c.a, c.form.Get("UserName"), orDefault(c.form.Get("Path"), "/"), c.form.Get("PermissionsBoundary"),
		c.tags(),
	)
	if err != nil {
		return nil, err
	}
	return userResult{userOut(u)}, nil
}

// userOrCaller returns the user that a request names, or the caller.
func (c *call) userOrCaller() (*user, error) {
	name := c.form.Get("UserName")
	if name == "" {
		path, ok := strings.CutPrefix(c.r.Caller.ARN, "arn:aws:iam::"+c.a.id+":user/")
		if !ok {
			return nil, cloud.Errorf("ValidationError", "Must specify userName when calling with non-User credentials")
		}
		name = path[strings.LastIndex(path, "/")+1:]
	}
	return c.a.user(name)
}

func (c *call) getUser() (any, error) {
	u, err := c.userOrCaller()
	if err != nil {
		return nil, err
	}
	return userResult{userOut(u)}, nil
}

func (c *call) deleteUser() (any, error) {
	u, err := c.a.user(c.form.Get("UserName"))
	if err != nil {
		return nil, err
	}
	return nil, c.a.deleteUser(u)
}

func (c *call) listUsers() (any, error) {
	var all []xmlUser
	for _, name := range sortedNames(c.a.users) {
		out := userOut(c.a.users[name])
		out.Tags, out.Boundary = nil, nil // IAM API Reference, ListUsers: without them
		all = append(all, out)
	}
	all, p, err := page(c, under(c, all, func(u xmlUser) string { return u.Path }))
	return struct {
		Users []xmlUser `xml:"Users>member"`
		paging
	}{all, p}, err
}

type tagsResult struct {
	Tags []tag `xml:"Tags>member"`
	paging
}

func (c *call) listUserTags() (any, error) { return c.listTags(kindUser) }
func (c *call) listRoleTags() (any, error) { return c.listTags(kindRole) }

func (c *call) listTags(k *kind) (any, error) {
	e, err := c.entityOf(k)
	if err != nil {
		return nil, err
	}
	all, p, err := page(c, e.tags)
	return tagsResult{all, p}, err
}

func (c *call) tagUser() (any, error) {
	u, err := c.a.user(c.form.Get("UserName"))
	if err != nil {
		return nil, err
	}
	if err := checkTags(c.tags()); err != nil {
		return nil, err
	}
	all := replaceTags(u.tags, nil, c.tags())
	if err := checkTags(all); err != nil {
		return nil, err
	}
	u.tags = all
	return nil, nil
}

func (c *call) untagUser() (any, error) {
	u, err := c.a.user(c.form.Get("UserName"))
	if err != nil {
		return nil, err
	}
	keys := protocol.Strings(c.form, "TagKeys")
	u.tags = slices.DeleteFunc(u.tags, func(t tag) bool { return containsFold(keys, t.Key) })
	return nil, nil
}
