package sandbox

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// roleMay reports why a service that assumes a role lacks a permission; it is cloud.World.RoleMay.
func (s *Sandbox) roleMay(role, service, region string, d cloud.Demand) error {
	if err := s.roleTrusts(role, service); err != nil {
		return err
	}
	account, name := roleOf(role)
	caller := cloud.Caller{
		Account: account, Region: region,
		ARN: "arn:aws:sts::" + account + ":assumed-role/" + name + "/" + strings.TrimSuffix(service, ".amazonaws.com"),
	}
	context := map[string][]string{"aws:SecureTransport": {"true"}, "aws:RequestedRegion": {region}}
	if refused := s.permit("events", caller, []cloud.Demand{d}, context); refused != nil {
		return refused
	}
	return nil
}

// roleTrusts reports why a service cannot assume a role; it is cloud.World.RoleTrusts.
func (s *Sandbox) roleTrusts(role, service string) error {
	account, name := roleOf(role)
	if account == "" {
		return cloud.Errorf("AccessDenied", "%q is not the ARN of a role", role)
	}
	arn, trust, ok := s.iam.Role(account, name)
	if !ok || arn != role || !trustsService(trust, service) {
		return cloud.Errorf("AccessDenied", "%s cannot assume the role %s", service, role)
	}
	return nil
}

// roleOf returns the account and name of a role, by its ARN; "" for another text.
func roleOf(arn string) (account, name string) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 {
		return "", ""
	}
	return parts[4], arn[strings.LastIndexByte(arn, '/')+1:]
}

// trustsService reports whether a trust policy lets a service assume its role. Conditions are not
// modelled and refuse it.
func trustsService(trust map[string]any, service string) bool {
	statements, ok := trust["Statement"].([]any)
	if !ok {
		statements = []any{trust["Statement"]}
	}
	for _, one := range statements {
		statement, _ := one.(map[string]any)
		principal, _ := statement["Principal"].(map[string]any)
		if statement["Effect"] == "Allow" && statement["Condition"] == nil &&
			slices.Contains(texts(statement["Action"]), "sts:AssumeRole") &&
			slices.Contains(texts(principal["Service"]), service) {
			return true
		}
	}
	return false
}

// texts returns the strings of a list, or of a single value.
func texts(value any) []string {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	all := make([]string, len(list))
	for i, one := range list {
		all[i] = fmt.Sprint(one)
	}
	return all
}
