package sandbox

import (
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"sort"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/evaluate"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// SourceIPHeader is a header with which a test sets a request's source address, in place of the
// connection's.
const SourceIPHeader = "X-Stowage-Source-Ip"

// PlainHeader is a header with which a test marks a request as sent without TLS. The sandbox has no
// TLS, and treats all others as sent with it.
const PlainHeader = "X-Stowage-Plain-Http"

// authorize refuses a call without permission. Administrators have all rights in their own account.
func (s *Sandbox) authorize(service cloud.Service, r *cloud.Request, client *http.Request) *cloud.Error {
	var demands []cloud.Demand
	if demanding, ok := service.(cloud.Demanding); ok {
		demands = demanding.Demands(r)
	} else {
		demands = demandOf(r)
	}
	if len(demands) == 0 {
		return nil
	}
	context := map[string][]string{
		"aws:SecureTransport": {
			"true",
		},
		"s3:TlsVersion":       {"1.3"},
		"aws:SourceIp":        {sourceOf(client)},
		"aws:RequestedRegion": {r.Caller.Region},
		"aws:CurrentTime":     {s.world.Now().UTC().Format("2006-01-02T15:04:05Z")},
	}
	if client.Header.Get(PlainHeader) != "" {
		context["aws:SecureTransport"] = []string{"false"}
		delete(context, "s3:TlsVersion")
	}
	return s.permit(r.Service, r.Caller, demands, context)
}

func sourceOf(r *http.Request) string {
	if source := r.Header.Get(SourceIPHeader); source != "" {
		return source
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return "127.0.0.1"
}

// permit evaluates demands, and records those that are granted.
func (s *Sandbox) permit(
	service string, c cloud.Caller, demands []cloud.Demand, common map[string][]string,
) *cloud.Error {
	administrator := administers(c)
	rights, ok := s.iam.Rights(c.Account, c.ARN)
	switch {
	case administrator:
		rights = iam.Administrator()
	case !ok:
		return refuseKey.of(service)
	}
	for _, d := range demands {
		policy := s.resourcePolicy(&d)
		if administrator && (d.Account == "" || d.Account == c.Account) {
			continue
		}
		request := evaluate.Request{
			Principal: c.ARN, Role: rights.Role, Action: d.Action, Resource: d.Resource,
			Context: s.context(c, rights, d, common),
		}
		policies := evaluate.Policies{
			Identity: rights.Identity, Boundary: rights.Boundary, Resource: policy, ResourceAccount: d.Account,
			Sovereign: strings.HasPrefix(d.Action, "kms:") && strings.Contains(d.Resource, ":key/"),
		}
		if decision := evaluate.Evaluate(request, policies); !decision.Allowed {
			return denied(service, c, d, decision)
		}
		s.used.note(c, d, len(common["aws:CalledVia"]) > 0)
	}
	return nil
}

// administers reports whether a caller is the fixed administrator of its account.
func administers(c cloud.Caller) bool {
	return c.ARN == "arn:aws:iam::"+c.Account+":user/administrator"
}

// resourcePolicy returns the policy of a demand's resource. For a key it sets the demand's owner,
// policy and tags.
func (s *Sandbox) resourcePolicy(d *cloud.Demand) *policydoc.Document {
	if account, policy, tags, ok := s.kms.Key(d.Resource); ok {
		d.Account, d.Policy = account, policy
		for key, value := range tags {
			if d.Context == nil {
				d.Context = map[string][]string{}
			}
			d.Context["aws:ResourceTag/"+key] = []string{value}
		}
	}
	if d.Policy == "" {
		return nil
	}
	document, err := policydoc.Parse(d.Policy, policydoc.Resource)
	if err != nil {
		return &policydoc.Document{} // an unreadable policy allows nothing
	}
	return document
}

func (s *Sandbox) context(
	c cloud.Caller, rights iam.Rights, d cloud.Demand, common map[string][]string,
) map[string][]string {
	account := d.Account
	if account == "" {
		account = c.Account
	}
	context := map[string][]string{
		"aws:PrincipalArn": {
			c.ARN,
		},
		"aws:PrincipalAccount": {c.Account},
		"aws:PrincipalType":    {"User"},
		"aws:ResourceAccount":  {account},
		"aws:PrincipalOrgID":   {OrganizationID},
		"aws:ResourceOrgID":    {OrganizationID},
		"aws:userid":           {c.UserID},
	}
	if rights.Role != "" {
		context["aws:PrincipalArn"], context["aws:PrincipalType"] = []string{rights.Role}, []string{"AssumedRole"}
	} else {
		context["aws:username"] = []string{c.ARN[strings.LastIndexByte(c.ARN, '/')+1:]}
	}
	for key, value := range rights.Tags {
		context["aws:PrincipalTag/"+key] = []string{value}
	}
	_, _, tags, _ := s.kms.Key(d.Resource)
	for key, value := range tags {
		context["aws:ResourceTag/"+key] = []string{value}
	}
	for _, more := range []map[string][]string{common, d.Context} {
		for key, values := range more {
			context[key] = values
		}
	}
	return context
}

// denied returns the error of a call without permission (IAM user guide,
// troubleshoot_access-denied).
func denied(service string, c cloud.Caller, d cloud.Demand, decision evaluate.Decision) *cloud.Error {
	e := &cloud.Error{
		Code:   "AccessDenied",
		Status: http.StatusForbidden,
		Message: "User: " + c.ARN + " is not authorized to perform: " + d.Action + " on resource: " + d.Resource + " " +
			decision.By,
	}
	if familyOf(service) == familyJSON {
		e.Code, e.Status = "AccessDeniedException", http.StatusBadRequest
	}
	if service == "sns" {
		e.Code = "AuthorizationError"
		e.Message = strings.ReplaceAll(e.Message, d.Action, "SNS:"+strings.TrimPrefix(d.Action, "sns:"))
	}
	if service == "s3" {
		e.Message = "User: " + c.ARN + " is not authorized to perform: " + d.Action + " on resource: \"" + d.Resource +
			"\" " + decision.By
	}
	return e
}

// demandOf returns the demand of services whose actions have the names of their operations.
func demandOf(r *cloud.Request) []cloud.Demand {
	d := cloud.Demand{Action: r.Service + ":" + r.Operation, Resource: "*"}
	at := func(service string) string {
		return "arn:aws:" + service + ":" + r.Caller.Region + ":" + r.Caller.Account + ":"
	}
	var in struct{ Name, Path string }
	_ = json.Unmarshal(r.Body, &in)
	switch {
	case r.Service == "ssm" && in.Name != "":
		d.Resource = at("ssm") + "parameter/" + strings.TrimPrefix(in.Name, "/")
	case r.Service == "ssm" && in.Path != "":
		d.Resource = at("ssm") + "parameter/" + strings.TrimPrefix(in.Path, "/")
	}
	return []cloud.Demand{d}
}

// Permission is a used permission.
type Permission struct {
	Action   string `json:"action"`
	Resource string `json:"resource"`
	// Via reports that CloudFormation used it on behalf of the caller.
	Via bool `json:"via,omitempty"`
}

// usage maps principals to their used permissions: users by their ARN, sessions by that of their
// role's name.
type usage map[string]map[Permission]bool

func (u usage) note(c cloud.Caller, d cloud.Demand, via bool) {
	who := c.ARN
	if at := strings.LastIndexByte(who, '/'); strings.Contains(who, ":assumed-role/") {
		who = who[:at]
	}
	if u[who] == nil {
		u[who] = map[Permission]bool{}
	}
	u[who][Permission{d.Action, d.Resource, via}] = true
}

// Permissions returns the permissions used since the last ForgetPermissions, by principal.
func (s *Sandbox) Permissions() map[string][]Permission {
	s.world.Lock()
	defer s.unlock()
	all := map[string][]Permission{}
	for who, used := range s.used {
		for p := range used {
			all[who] = append(all[who], p)
		}
		sort.Slice(all[who], func(i, j int) bool {
			a, b := all[who][i], all[who][j]
			return slices.Compare([]string{a.Action, a.Resource}, []string{b.Action, b.Resource}) < 0
		})
	}
	return all
}

// ForgetPermissions resets the used permissions.
func (s *Sandbox) ForgetPermissions() {
	s.world.Lock()
	defer s.unlock()
	clear(s.used)
}
