package iam

import "github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"

type xmlGroup struct{ Path, GroupName, GroupId, Arn, CreateDate string }

func groupOut(g *group) xmlGroup {
	return xmlGroup{g.path, g.name, g.id, g.arn, protocol.Time(g.created)}
}

func (c *call) createGroup() (any, error) {
	g, err := c.Service.createGroup(c.a, c.form.Get("GroupName"), orDefault(c.form.Get("Path"), "/"))
	if err != nil {
		return nil, err
	}
	return struct{ Group xmlGroup }{groupOut(g)}, nil
}

func (c *call) getGroup() (any, error) {
	g, err := c.a.group(c.form.Get("GroupName"))
	if err != nil {
		return nil, err
	}
	var members []xmlUser
	for _, u := range g.members {
		members = append(members, userOut(u))
	}
	members, p, err := page(c, members)
	return struct {
		Group xmlGroup
		Users []xmlUser `xml:"Users>member"`
		paging
	}{groupOut(g), members, p}, err
}

func (c *call) deleteGroup() (any, error) {
	g, err := c.a.group(c.form.Get("GroupName"))
	if err != nil {
		return nil, err
	}
	return nil, c.a.deleteGroup(g)
}

type groupsResult struct {
	Groups []xmlGroup `xml:"Groups>member"`
	paging
}

func (c *call) listGroups() (any, error) {
	var all []xmlGroup
	for _, name := range sortedNames(c.a.groups) {
		all = append(all, groupOut(c.a.groups[name]))
	}
	all, p, err := page(c, under(c, all, func(g xmlGroup) string { return g.Path }))
	return groupsResult{all, p}, err
}

func (c *call) listGroupsForUser() (any, error) {
	u, err := c.a.user(c.form.Get("UserName"))
	if err != nil {
		return nil, err
	}
	var all []xmlGroup
	for _, g := range c.a.groupsOf(u) {
		all = append(all, groupOut(g))
	}
	all, p, err := page(c, all)
	return groupsResult{all, p}, err
}

func (c *call) groupAndUser() (*group, *user, error) {
	g, err := c.a.group(c.form.Get("GroupName"))
	if err != nil {
		return nil, nil, err
	}
	u, err := c.a.user(c.form.Get("UserName"))
	return g, u, err
}

func (c *call) addUserToGroup() (any, error) {
	g, u, err := c.groupAndUser()
	if err != nil {
		return nil, err
	}
	return nil, c.a.join(g, u)
}

func (c *call) removeUserFromGroup() (any, error) {
	g, u, err := c.groupAndUser()
	if err != nil {
		return nil, err
	}
	return nil, g.leave(u)
}
