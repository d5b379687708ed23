package evaluate

import (
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// Request is a request to authorize.
type Request struct {
	// Principal is the ARN of an IAM user, of a role's session
	// (arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION) or of an account's root.
	Principal string
	// Role is the ARN of a session's role; "" for other principals.
	Role string
	// Action is service:Name, in any case.
	Action string
	// Resource is the resource's ARN; "*" for an action without resources.
	Resource string
	// Context contains the condition keys with their values, keys in any case.
	Context map[string][]string
}

// Policies are all policies that apply to a request.
type Policies struct {
	// Identity contains the policies of the principal and its groups.
	Identity []*policydoc.Document
	// Boundary is the principal's; nil: none.
	Boundary *policydoc.Document
	// Session contains the session policies of the role's session; none: no limits.
	Session []*policydoc.Document
	// Resource is the resource's own; nil: none.
	Resource *policydoc.Document
	// ResourceAccount is the resource's account; "" for the principal's.
	ResourceAccount string
	// Sovereign reports that the account's policies count only if the resource's policy delegates
	// the decision to them, as for KMS keys.
	Sovereign bool
}

// Decision is the answer to a request.
type Decision struct {
	Allowed bool
	// Explicit reports that a Deny was the reason.
	Explicit bool
	// By is the reason in the words of AWS's errors, such as "no identity-based policy allows"; ""
	// when allowed.
	By string
}

// Evaluate returns the decision.
func Evaluate(r Request, p Policies) Decision {
	e := newEvaluation(r)
	for _, kind := range []struct {
		name      string
		documents []*policydoc.Document
	}{
		{"an identity-based policy", p.Identity}, {"a permissions boundary", one(p.Boundary)},
		{"a session policy", p.Session},
	} {
		for _, document := range kind.documents {
			if e.any(document, "Deny", nil) {
				return Decision{Explicit: true, By: "with an explicit deny in " + kind.name}
			}
		}
	}
	if p.Resource != nil && e.any(p.Resource, "Deny", e.concerns) {
		return Decision{Explicit: true, By: "with an explicit deny in a resource-based policy"}
	}
	var (
		identity = slices.ContainsFunc(p.Identity, func(d *policydoc.Document) bool { return e.any(d, "Allow", nil) })
		boundary = p.Boundary == nil || e.any(p.Boundary, "Allow", nil)
		session  = len(p.Session) == 0 ||
			slices.ContainsFunc(p.Session, func(d *policydoc.Document) bool { return e.any(d, "Allow", nil) })
		// Whether the resource's policy names the principal itself, its role, everyone, or its
		// account.
		self    = p.Resource != nil && e.any(p.Resource, "Allow", e.isSelf)
		named   = p.Resource != nil && e.any(p.Resource, "Allow", e.isNamed)
		account = p.Resource != nil && e.any(p.Resource, "Allow", e.isAccount)
	)
	own := identity && boundary && session
	here := p.ResourceAccount == "" || p.ResourceAccount == accountOf(r.Principal)
	switch {
	case !here:
		if own && (self || named || account) {
			return Decision{Allowed: true}
		}
		if own {
			return Decision{By: "because no resource-based policy allows the " + r.Action + " action"}
		}
	case self, named && boundary && session, own && (!p.Sovereign || account):
		return Decision{Allowed: true}
	}
	switch {
	case p.Sovereign && !account && !named:
		return Decision{By: "because no resource-based policy allows the " + r.Action + " action"}
	case !identity:
		return Decision{By: "because no identity-based policy allows the " + r.Action + " action"}
	case !boundary:
		return Decision{By: "because no permissions boundary allows the " + r.Action + " action"}
	default:
		return Decision{By: "because no session policy allows the " + r.Action + " action"}
	}
}

func one(d *policydoc.Document) []*policydoc.Document {
	if d == nil {
		return nil
	}
	return []*policydoc.Document{d}
}

// evaluation is a prepared request.
type evaluation struct {
	request Request
	action  string
	context map[string][]string // keys in lower case
}

func newEvaluation(r Request) *evaluation {
	e := &evaluation{request: r, action: strings.ToLower(r.Action), context: map[string][]string{}}
	for key, values := range r.Context {
		e.context[strings.ToLower(key)] = values
	}
	return e
}

// any reports whether a policy has a statement of an effect that matches the request. whom checks
// the principals of a resource's policy; nil for the policies of principals.
func (e *evaluation) any(d *policydoc.Document, effect string, whom func(policydoc.Statement) bool) bool {
	variables := d.Version == "2012-10-17"
	return slices.ContainsFunc(d.Statements, func(s policydoc.Statement) bool {
		return s.Effect == effect && (whom == nil || whom(s)) && e.meetsAction(s) && e.meetsResource(s, variables) &&
			e.meetsConditions(s, variables)
	})
}

func (e *evaluation) meetsAction(s policydoc.Statement) bool {
	matches := slices.ContainsFunc(
		s.Actions, func(pattern string) bool { return glob(strings.ToLower(pattern), e.action) },
	)
	return matches != s.NotAction
}

func (e *evaluation) meetsResource(s policydoc.Statement, variables bool) bool {
	if len(s.Resources) == 0 {
		return true // a trust policy has none
	}
	matches := slices.ContainsFunc(s.Resources, func(text string) bool {
		p, ok := e.pattern(text, variables)
		return ok && p.matches(e.request.Resource)
	})
	return matches != s.NotResource
}

// concerns reports whether a statement names the principal, including by its account or as
// everyone.
func (e *evaluation) concerns(s policydoc.Statement) bool {
	if s.NotPrincipal {
		s.NotPrincipal = false
		return !e.isSelf(s) && !e.isNamed(s) && !e.isAccount(s)
	}
	return e.isSelf(s) || e.isNamed(s) || e.isAccount(s)
}

// isSelf reports whether a statement names the principal itself.
func (e *evaluation) isSelf(s policydoc.Statement) bool {
	return !s.NotPrincipal && slices.Contains(s.Principals["AWS"], e.request.Principal)
}

// isNamed reports whether a statement names the principal's role, or everyone.
func (e *evaluation) isNamed(s policydoc.Statement) bool {
	if s.NotPrincipal {
		return s.Effect == "Allow" && e.concerns(s)
	}
	names := s.Principals["AWS"]
	return slices.Contains(names, "*") || e.request.Role != "" && slices.Contains(names, e.request.Role)
}

// isAccount reports whether a statement names the principal's account.
func (e *evaluation) isAccount(s policydoc.Statement) bool {
	account := accountOf(e.request.Principal)
	return !s.NotPrincipal && slices.ContainsFunc(s.Principals["AWS"], func(name string) bool {
		return name == account || strings.HasSuffix(name, ":iam::"+account+":root")
	})
}

func accountOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 5 {
		return ""
	}
	return parts[4]
}
