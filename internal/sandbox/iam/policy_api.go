package iam

import (
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

type xmlPolicy struct {
	PolicyName, PolicyId, Arn, Path, DefaultVersionId string
	AttachmentCount, PermissionsBoundaryUsageCount    int
	IsAttachable                                      bool
	Description                                       string `xml:",omitempty"`
	CreateDate, UpdateDate                            string
	Tags                                              []tag `xml:"Tags>member"`
}

type xmlVersion struct {
	Document         string `xml:",omitempty"`
	VersionId        string
	IsDefaultVersion bool
	CreateDate       string
}

func (c *call) policyOut(p *policy) xmlPolicy {
	return xmlPolicy{
		p.name, p.id, p.arn, p.path, p.standard, c.a.attachments(p.arn), c.a.boundaryUses(p.arn), true,
		p.description, protocol.Time(p.created), protocol.Time(p.updated), p.tags,
	}
}

func versionOut(p *policy, v *policyVersion) xmlVersion {
	return xmlVersion{VersionId: v.id, IsDefaultVersion: v.id == p.standard, CreateDate: protocol.Time(v.created)}
}

type policyResult struct{ Policy xmlPolicy }

func (c *call) createPolicy() (any, error) {
	p, err := c.Service.createPolicy(
		c.a, c.form.Get("PolicyName"), orDefault(c.form.Get("Path"), "/"), c.form.Get("Description"),
		c.form.Get("PolicyDocument"), c.tags(),
	)
	if err != nil {
		return nil, err
	}
	return policyResult{c.policyOut(p)}, nil
}

func (c *call) policyNamed() (*policy, error) { return c.a.policy(c.form.Get("PolicyArn")) }

func (c *call) getPolicy() (any, error) {
	p, err := c.policyNamed()
	if err != nil {
		return nil, err
	}
	return policyResult{c.policyOut(p)}, nil
}

func (c *call) deletePolicy() (any, error) {
	p, err := c.policyNamed()
	if err != nil {
		return nil, err
	}
	return nil, c.a.deletePolicy(p)
}

// listPolicies returns the account's own policies. AWS managed policies are not listed.
func (c *call) listPolicies() (any, error) {
	switch scope := c.form.Get("Scope"); scope {
	case "Local":
	case "", "All", "AWS":
		return nil, cloud.NotModelled("ListPolicies with AWS's policies: ask for Scope Local")
	default:
		return nil, cloud.Errorf("ValidationError", "Invalid scope %s", scope)
	}
	var all []xmlPolicy
	for _, arn := range sortedNames(c.a.policies) {
		out := c.policyOut(c.a.policies[arn])
		if c.form.Get("OnlyAttached") == "true" && out.AttachmentCount == 0 {
			continue
		}
		out.Tags, out.Description = nil, "" // IAM API Reference, ListPolicies
		all = append(all, out)
	}
	all, p, err := page(c, under(c, all, func(p xmlPolicy) string { return p.Path }))
	return struct {
		Policies []xmlPolicy `xml:"Policies>member"`
		paging
	}{all, p}, err
}

func (c *call) createPolicyVersion() (any, error) {
	p, err := c.policyNamed()
	if err != nil {
		return nil, err
	}
	v, err := c.addVersion(p, c.form.Get("PolicyDocument"), c.form.Get("SetAsDefault") == "true")
	if err != nil {
		return nil, err
	}
	return struct{ PolicyVersion xmlVersion }{versionOut(p, v)}, nil
}

func (c *call) getPolicyVersion() (any, error) {
	p, err := c.policyNamed()
	if err != nil {
		return nil, err
	}
	v, err := p.version(c.form.Get("VersionId"))
	if err != nil {
		return nil, err
	}
	out := versionOut(p, v)
	out.Document = encoded(v.document)
	return struct{ PolicyVersion xmlVersion }{out}, nil
}

func (c *call) listPolicyVersions() (any, error) {
	p, err := c.policyNamed()
	if err != nil {
		return nil, err
	}
	var all []xmlVersion
	for _, v := range slices.Backward(p.versions) {
		all = append(all, versionOut(p, v))
	}
	all, more, err := page(c, all)
	return struct {
		Versions []xmlVersion `xml:"Versions>member"`
		paging
	}{all, more}, err
}

func (c *call) deletePolicyVersion() (any, error) {
	p, err := c.policyNamed()
	if err != nil {
		return nil, err
	}
	return nil, p.removeVersion(c.form.Get("VersionId"))
}

func (c *call) setDefaultPolicyVersion() (any, error) {
	p, err := c.policyNamed()
	if err != nil {
		return nil, err
	}
	v, err := p.version(c.form.Get("VersionId"))
	if err != nil {
		return nil, err
	}
	p.standard, p.updated = v.id, c.world.Now()
	return nil, nil
}

func (c *call) listEntitiesForPolicy() (any, error) {
	arn := c.form.Get("PolicyArn")
	if err := c.a.attachable(arn); err != nil {
		return nil, err
	}
	var all []*entity
	for _, e := range c.a.entities() {
		if filter := c.form.Get("EntityFilter"); filter != "" && filter != e.kind.title {
			continue
		}
		if slices.Contains(e.attached, arn) {
			all = append(all, e)
		}
	}
	all, p, err := page(c, all)
	type namedUser struct{ UserName, UserId string }
	type namedGroup struct{ GroupName, GroupId string }
	type namedRole struct{ RoleName, RoleId string }
	result := struct {
		Groups []namedGroup `xml:"PolicyGroups>member"`
		Users  []namedUser  `xml:"PolicyUsers>member"`
		Roles  []namedRole  `xml:"PolicyRoles>member"`
		paging
	}{paging: p}
	for _, e := range all {
		switch e.kind {
		case kindGroup:
			result.Groups = append(result.Groups, namedGroup{e.name, e.id})
		case kindUser:
			result.Users = append(result.Users, namedUser{e.name, e.id})
		case kindRole:
			result.Roles = append(result.Roles, namedRole{e.name, e.id})
		}
	}
	return result, err
}

func (c *call) attachPolicy(k *kind) (any, error) {
	e, err := c.entityOf(k)
	if err != nil {
		return nil, err
	}
	return nil, c.a.attach(e, c.form.Get("PolicyArn"))
}

func (c *call) detachPolicy(k *kind) (any, error) {
	e, err := c.entityOf(k)
	if err != nil {
		return nil, err
	}
	return nil, e.detach(c.form.Get("PolicyArn"))
}

func (c *call) listAttached(k *kind) (any, error) {
	e, err := c.entityOf(k)
	if err != nil {
		return nil, err
	}
	type attached struct{ PolicyName, PolicyArn string }
	var all []attached
	for _, arn := range e.attached {
		all = append(all, attached{arn[strings.LastIndex(arn, "/")+1:], arn})
	}
	all, p, err := page(c, all)
	return struct {
		Attached []attached `xml:"AttachedPolicies>member"`
		paging
	}{all, p}, err
}

func (c *call) putInlinePolicy(k *kind) (any, error) {
	e, err := c.entityOf(k)
	if err != nil {
		return nil, err
	}
	return nil, e.putInline(c.form.Get("PolicyName"), c.form.Get("PolicyDocument"))
}

func (c *call) getInlinePolicy(k *kind) (any, error) {
	e, err := c.entityOf(k)
	if err != nil {
		return nil, err
	}
	name := c.form.Get("PolicyName")
	text, ok := e.inline[name]
	if !ok {
		return nil, noSuchEntity("The %s policy with name %s cannot be found.", k.noun, name)
	}
	result := struct {
		UserName       string `xml:",omitempty"`
		GroupName      string `xml:",omitempty"`
		RoleName       string `xml:",omitempty"`
		PolicyName     string
		PolicyDocument string
	}{PolicyName: name, PolicyDocument: encoded(text)}
	switch k {
	case kindUser:
		result.UserName = e.name
	case kindGroup:
		result.GroupName = e.name
	default:
		result.RoleName = e.name
	}
	return result, nil
}

func (c *call) deleteInlinePolicy(k *kind) (any, error) {
	e, err := c.entityOf(k)
	if err != nil {
		return nil, err
	}
	return nil, e.removeInline(c.form.Get("PolicyName"))
}

func (c *call) listInlinePolicies(k *kind) (any, error) {
	e, err := c.entityOf(k)
	if err != nil {
		return nil, err
	}
	all, p, err := page(c, sortedNames(e.inline))
	return struct {
		PolicyNames []string `xml:"PolicyNames>member"`
		paging
	}{all, p}, err
}
