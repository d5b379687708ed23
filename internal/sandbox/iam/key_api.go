package iam

import (
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

type xmlKey struct {
	UserName, AccessKeyId, Status string
	SecretAccessKey               string `xml:",omitempty"`
	CreateDate                    string
}

func keyOut(k *accessKey) xmlKey {
	return xmlKey{UserName: k.user.name, AccessKeyId: k.id, Status: k.status, CreateDate: protocol.Time(k.created)}
}

func (c *call) createAccessKey() (any, error) {
	u, err := c.userOrCaller()
	if err != nil {
		return nil, err
	}
	k, err := c.createKey(c.a, u, statusActive)
	if err != nil {
		return nil, err
	}
	out := keyOut(k)
	out.SecretAccessKey = k.secret
	return struct{ AccessKey xmlKey }{out}, nil
}

func (c *call) listAccessKeys() (any, error) {
	u, err := c.userOrCaller()
	if err != nil {
		return nil, err
	}
	var all []xmlKey
	for _, k := range u.keys {
		all = append(all, keyOut(k))
	}
	all, p, err := page(c, all)
	return struct {
		UserName string
		Keys     []xmlKey `xml:"AccessKeyMetadata>member"`
		paging
	}{u.name, all, p}, err
}

func (c *call) keyNamed() (*accessKey, error) {
	u, err := c.userOrCaller()
	if err != nil {
		return nil, err
	}
	return u.key(c.form.Get("AccessKeyId"))
}

func (c *call) updateAccessKey() (any, error) {
	k, err := c.keyNamed()
	if err != nil {
		return nil, err
	}
	if err := checkStatus(c.form.Get("Status")); err != nil {
		return nil, err
	}
	k.status = c.form.Get("Status")
	return nil, nil
}

func (c *call) deleteAccessKey() (any, error) {
	k, err := c.keyNamed()
	if err != nil {
		return nil, err
	}
	c.deleteKey(k)
	return nil, nil
}

func (c *call) getAccountSummary() (any, error) {
	type item struct {
		Key   string `xml:"key"`
		Value int    `xml:"value"`
	}
	values := map[string]int{
		"Users":                         len(c.a.users),
		"UsersQuota":                    kindUser.quota,
		"Groups":                        len(c.a.groups),
		"GroupsQuota":                   kindGroup.quota,
		"Roles":                         len(c.a.roles),
		"RolesQuota":                    kindRole.quota,
		"Policies":                      len(c.a.policies),
		"PoliciesQuota":                 maxPolicies,
		"PolicySizeQuota":               maxPolicySize,
		"VersionsPerPolicyQuota":        maxPolicyVersions,
		"AccessKeysPerUserQuota":        maxKeys,
		"GroupsPerUserQuota":            maxGroupsPerUser,
		"AttachedPoliciesPerUserQuota":  maxAttached,
		"AttachedPoliciesPerGroupQuota": maxAttached,
		"AttachedPoliciesPerRoleQuota":  maxAttached,
		"UserPolicySizeQuota":           kindUser.inlineMax,
		"GroupPolicySizeQuota":          kindGroup.inlineMax,
		"RolePolicySizeQuota":           kindRole.inlineMax,
		"AssumeRolePolicySizeQuota":     maxTrust,
	}
	var all []item
	for _, name := range sortedNames(values) {
		all = append(all, item{name, values[name]})
	}
	return struct {
		SummaryMap []item `xml:"SummaryMap>entry"`
	}{all}, nil
}
