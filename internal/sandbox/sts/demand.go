package sts

import (
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// Demands returns the permissions that a request requires of its caller, besides the trust of the
// role. A caller needs none in its own account if the trust policy names it, and not the account
// (IAM user guide, "Roles terms and concepts" and reference_policies_evaluation-logic). The other
// operations need none (Service authorization reference).
func (s *Service) Demands(r *cloud.Request) []cloud.Demand {
	if r.Operation != "AssumeRole" {
		return nil
	}
	arn := r.Form.Get("RoleArn")
	parts := roleARN.FindStringSubmatch(arn)
	if parts == nil || s.names(arn, parts[1], r.Caller) {
		return nil
	}
	context := map[string][]string{"aws:ResourceAccount": {parts[1]}}
	demands := []cloud.Demand{{Action: "sts:AssumeRole", Resource: arn, Context: context}}
	if r.Form.Get("SourceIdentity") != "" {
		demands = append(demands, cloud.Demand{Action: "sts:SetSourceIdentity", Resource: arn, Context: context})
	}
	for name := range r.Form {
		if strings.HasPrefix(name, "Tags.") {
			return append(demands, cloud.Demand{Action: "sts:TagSession", Resource: arn, Context: context})
		}
	}
	return demands
}

// names reports whether a role of the caller's own account trusts the caller by name.
func (s *Service) names(arn, account string, c cloud.Caller) bool {
	if account != c.Account {
		return false
	}
	named, err := s.trusts(arn, func(statement map[string]any) (bool, error) {
		principal, _ := statement["Principal"].(map[string]any)
		for _, item := range list(principal["AWS"]) {
			if item == c.ARN || item == roleOf(c.ARN) {
				return true, nil
			}
		}
		return false, nil
	})
	return err == nil && named
}
