package iam

import "github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"

// Demands returns the permissions that a request requires: the action of its name. Listing a user's
// keys is an action on the user, and setting a boundary one on the user or role, with the boundary
// as a condition key (Service authorization reference). A user or role that does not exist is named
// instead. All other actions are demanded on all resources.
func (s *Service) Demands(r *cloud.Request) []cloud.Demand {
	d := cloud.Demand{Action: "iam:" + r.Operation, Resource: "*"}
	switch r.Operation {
	case "PutUserPermissionsBoundary", "PutRolePermissionsBoundary":
		d.Context = map[string][]string{"iam:PermissionsBoundary": {r.Form.Get("PermissionsBoundary")}}
	case "ListAccessKeys", "DeleteUserPermissionsBoundary", "DeleteRolePermissionsBoundary":
	default:
		return []cloud.Demand{d}
	}
	if name := r.Form.Get("UserName"); name != "" {
		d.Resource = orDefault(s.UserARN(r.Caller.Account, name), "user "+name)
	}
	if name := r.Form.Get("RoleName"); name != "" {
		arn, _, _ := s.Role(r.Caller.Account, name)
		d.Resource = orDefault(arn, "role "+name)
	}
	return []cloud.Demand{d}
}
