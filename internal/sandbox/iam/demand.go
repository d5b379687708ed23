package iam

import "github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"

// Demands returns the permissions that a request requires: the action of its name. Listing a user's
// keys is an action on the user (Service authorization reference). A user that does not exist is
// named instead. All other actions are demanded on all resources.
func (s *Service) Demands(r *cloud.Request) []cloud.Demand {
	d := cloud.Demand{Action: "iam:" + r.Operation, Resource: "*"}
	if name := r.Form.Get("UserName"); r.Operation == "ListAccessKeys" && name != "" {
		if d.Resource = s.UserARN(r.Caller.Account, name); d.Resource == "" {
			d.Resource = "user " + name
		}
	}
	return []cloud.Demand{d}
}
