package sandbox

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/evaluate"
)

// SourceIPHeader makes a request one from another address (aws:SourceIp), so that a test can be anywhere. AWS knows no such header.
const SourceIPHeader = "X-Stowage-Source-Ip"

// authorize judges a call of S3 by an IAM user with an access key, by the user's policies, its boundary and the bucket's policy. Everybody and
// everything else is let through so far: administrators, roles' sessions, other services, and what S3 needs of KMS.
func (s *Sandbox) authorize(r *cloud.Request) error {
	if r.Service != "s3" || !strings.Contains(r.Caller.ARN, ":user/") || r.Caller.ARN == administrator(r.Caller.Account) {
		return nil
	}
	grants, ok, err := s.iam.UserGrants(r.Caller.ARN)
	if err != nil {
		return fmt.Errorf("the policies of %s: %w", r.Caller.ARN, err)
	}
	if !ok {
		return refuseKey.of(r.Service) // the user has gone
	}
	access, known, err := s.s3.Access(r)
	if err != nil || !known {
		return err //nolint:wrapcheck // already in S3's words
	}
	context := circumstances(r, s.world.Now())
	context["aws:PrincipalType"], context["aws:username"] = []string{"User"}, []string{grants.UserName}
	context["aws:ResourceAccount"] = []string{cmp.Or(access.Account, r.Caller.Account)}
	maps.Copy(context, access.Context)
	for n, action := range access.Actions {
		decision := evaluate.Evaluate(
			evaluate.Request{Principal: r.Caller.ARN, Action: action, Resource: access.Resources[n], Context: context},
			evaluate.Policies{Identity: grants.Identity, Boundary: grants.Boundary, Resource: access.Policy, ResourceAccount: access.Account},
		)
		if !decision.Allowed {
			return &cloud.Error{
				Code: "AccessDenied", Status: http.StatusForbidden,
				Message: fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %q %s", r.Caller.ARN, action, access.Resources[n], decision.By),
			}
		}
	}
	return nil
}

func administrator(account string) string { return "arn:aws:iam::" + account + ":user/administrator" }

// circumstances are the condition keys that every call has. Whatever reaches the sandbox counts as having come by TLS 1.3.
func circumstances(r *cloud.Request, now time.Time) map[string][]string {
	address, _, _ := net.SplitHostPort(r.HTTP.RemoteAddr) // "" for a call in process
	return map[string][]string{
		"aws:SecureTransport":  {"true"},
		"s3:TlsVersion":        {"1.3"},
		"aws:SourceIp":         {cmp.Or(r.HTTP.Header.Get(SourceIPHeader), address, "127.0.0.1")},
		"aws:PrincipalArn":     {r.Caller.ARN},
		"aws:PrincipalAccount": {r.Caller.Account},
		"aws:RequestedRegion":  {r.Caller.Region},
		"aws:CurrentTime":      {now.UTC().Format(time.RFC3339)},
	}
}
