package iam

import (
	"encoding/base64"
	"net/url"
	"strconv"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

var wire = protocol.Query{Namespace: "https://iam.amazonaws.com/doc/2010-05-08/", Version: "2010-05-08"}

type call struct {
	*Service
	a    *account
	r    *cloud.Request
	form url.Values
}

// operations are the simulated operations. Each returns the result to encode, nil for operations
// without output.
var operations = map[string]func(*call) (any, error){
	"CreateUser":   (*call).createUser,
	"GetUser":      (*call).getUser,
	"ListUsers":    (*call).listUsers,
	"DeleteUser":   (*call).deleteUser,
	"ListUserTags": (*call).listUserTags,
	"TagUser":      (*call).tagUser,
	"UntagUser":    (*call).untagUser,

	"CreateGroup":                             (*call).createGroup,
	"GetGroup":                                (*call).getGroup,
	"ListGroups":                              (*call).listGroups,
	"DeleteGroup":                             (*call).deleteGroup,
	"AddUserToGroup":                          (*call).addUserToGroup,
	"RemoveUserFromGroup":                     (*call).removeUserFromGroup,
	"ListGroupsForUser":                       (*call).listGroupsForUser,
	"CreateRole":                              (*call).createRole,
	"GetRole":                                 (*call).getRole,
	"ListRoles":                               (*call).listRoles,
	"DeleteRole":                              (*call).deleteRole,
	"UpdateAssumeRolePolicy":                  (*call).updateAssumeRolePolicy,
	"ListRoleTags":                            (*call).listRoleTags,
	"CreatePolicy":                            (*call).createPolicy,
	"GetPolicy":                               (*call).getPolicy,
	"ListPolicies":                            (*call).listPolicies,
	"DeletePolicy":                            (*call).deletePolicy,
	"CreatePolicyVersion":                     (*call).createPolicyVersion,
	"GetPolicyVersion":                        (*call).getPolicyVersion,
	"ListPolicyVersions":                      (*call).listPolicyVersions,
	"DeletePolicyVersion":                     (*call).deletePolicyVersion,
	"SetDefaultPolicyVersion":                 (*call).setDefaultPolicyVersion,
	"ListEntitiesForPolicy":                   (*call).listEntitiesForPolicy,
	"CreateAccessKey":                         (*call).createAccessKey,
	"ListAccessKeys":                          (*call).listAccessKeys,
	"UpdateAccessKey":                         (*call).updateAccessKey,
	"DeleteAccessKey":                         (*call).deleteAccessKey,
	"CreateOpenIDConnectProvider":             (*call).createOIDCProvider,
	"GetOpenIDConnectProvider":                (*call).getOIDCProvider,
	"ListOpenIDConnectProviders":              (*call).listOIDCProviders,
	"DeleteOpenIDConnectProvider":             (*call).deleteOIDCProvider,
	"AddClientIDToOpenIDConnectProvider":      (*call).addClientID,
	"RemoveClientIDFromOpenIDConnectProvider": (*call).removeClientID,
	"GetAccountSummary":                       (*call).getAccountSummary,
}

func init() { //nolint:gochecknoinits // the same operations for each kind of entity
	for _, k := range []*kind{kindUser, kindGroup, kindRole} {
		operations["Attach"+k.title+"Policy"] = func(c *call) (any, error) { return c.attachPolicy(k) }
		operations["Detach"+k.title+"Policy"] = func(c *call) (any, error) { return c.detachPolicy(k) }
		operations["ListAttached"+k.title+"Policies"] = func(c *call) (any, error) { return c.listAttached(k) }
		operations["Put"+k.title+"Policy"] = func(c *call) (any, error) { return c.putInlinePolicy(k) }
		operations["Get"+k.title+"Policy"] = func(c *call) (any, error) { return c.getInlinePolicy(k) }
		operations["Delete"+k.title+"Policy"] = func(c *call) (any, error) { return c.deleteInlinePolicy(k) }
		operations["List"+k.title+"Policies"] = func(c *call) (any, error) { return c.listInlinePolicies(k) }
	}
	for _, k := range []*kind{kindUser, kindRole} {
		operations["Put"+k.title+"PermissionsBoundary"] = func(c *call) (any, error) { return c.putBoundary(k) }
		operations["Delete"+k.title+"PermissionsBoundary"] = func(c *call) (any, error) { return c.deleteBoundary(k) }
	}
}

var _ cloud.Service = (*Service)(nil)

// Handle answers one request.
func (s *Service) Handle(r *cloud.Request) (*cloud.Response, error) {
	run := operations[r.Operation]
	if run == nil {
		return nil, cloud.NotModelled("the IAM operation %s", r.Operation)
	}
	result, err := run(&call{Service: s, a: s.account(r.Caller.Account), r: r, form: r.Form})
	if err != nil {
		return nil, err
	}
	return wire.Result(r, result)
}

// WriteError encodes an error as the query protocol does.
func (s *Service) WriteError(r *cloud.Request, e *cloud.Error) *cloud.Response {
	return wire.Error(r, e)
}

type paging struct {
	IsTruncated bool
	Marker      string `xml:",omitempty"`
}

// page returns the part of a list that Marker and MaxItems select: IAM API Reference, ListUsers:
// MaxItems is 1 to 1000, 100 by default.
func page[T any](c *call, all []T) ([]T, paging, error) {
	limit := 100
	if text := c.form.Get("MaxItems"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return nil, paging{}, cloud.Errorf(
				"ValidationError",
				"1 validation error detected: Value '%s' at 'maxItems' failed to satisfy constraint: Member must have value between 1 and 1000",
				text,
			)
		}
		limit = n
	}
	start := 0
	if marker := c.form.Get("Marker"); marker != "" {
		plain, err := base64.StdEncoding.DecodeString(marker)
		if err == nil {
			start, err = strconv.Atoi(string(plain))
		}
		if err != nil || start < 0 {
			return nil, paging{}, cloud.Errorf("ValidationError", "Invalid Marker.")
		}
	}
	start = min(start, len(all))
	end := min(start+limit, len(all))
	if end == len(all) {
		return all[start:], paging{}, nil
	}
	return all[start:end], paging{true, base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(end)))}, nil
}

// under returns the elements below the request's PathPrefix.
func under[T any](c *call, all []T, path func(T) string) []T {
	prefix := c.form.Get("PathPrefix")
	if prefix == "" {
		return all
	}
	var kept []T
	for _, one := range all {
		if p := path(one); len(p) >= len(prefix) && p[:len(prefix)] == prefix {
			kept = append(kept, one)
		}
	}
	return kept
}

func (c *call) tags() []tag {
	var all []tag
	for _, m := range protocol.Members(c.form, "Tags") {
		all = append(all, tag{m.Get("Key"), m.Get("Value")})
	}
	return all
}

// entityOf finds the entity that a request names by UserName, GroupName or RoleName.
func (c *call) entityOf(k *kind) (*entity, error) {
	name := c.form.Get(k.title + "Name")
	switch k {
	case kindUser:
		u, err := c.a.user(name)
		if err != nil {
			return nil, err
		}
		return &u.entity, nil
	case kindGroup:
		g, err := c.a.group(name)
		if err != nil {
			return nil, err
		}
		return &g.entity, nil
	}
	r, err := c.a.role(name)
	if err != nil {
		return nil, err
	}
	return &r.entity, nil
}
