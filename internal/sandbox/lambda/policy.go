package lambda

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/evaluate"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// maxPolicy is the maximum size of a function's policy in bytes (Lambda developer guide,
// gettingstarted-limits).
const maxPolicy = 20 << 10

var (
	validAction  = regexp.MustCompile(`^(lambda:[*]|lambda:[a-zA-Z]+|[*])$`)
	validAccount = regexp.MustCompile(`^[0-9]{12}$`)
	serviceName  = regexp.MustCompile(`^[a-z0-9.-]+\.amazonaws\.com$`)
)

// statement is a statement of a function's policy, as AddPermission writes it (recorded by
// LocalStack).
type statement struct {
	Sid       string
	Effect    string
	Principal any
	Action    string
	Resource  string
	Condition map[string]map[string]string `json:",omitempty"`
}

// permission is what AddPermission takes.
type permission struct {
	Action, FunctionName, Principal, SourceArn, SourceAccount, PrincipalOrgID string
}

// statement returns the statement of a permission on a function.
func (p permission) statement(id, function string) (statement, error) {
	made := statement{Sid: id, Effect: "Allow", Action: p.Action, Resource: function}
	switch {
	case !validAction.MatchString(p.Action):
		return made, cloud.Errorf("ValidationException", "The action %q is invalid.", p.Action)
	case p.Principal == "*":
		made.Principal = "*"
	case validAccount.MatchString(p.Principal):
		made.Principal = map[string]string{"AWS": "arn:aws:iam::" + p.Principal + ":root"}
	case strings.HasPrefix(p.Principal, "arn:"):
		made.Principal = map[string]string{"AWS": p.Principal}
	case serviceName.MatchString(p.Principal):
		made.Principal = map[string]string{"Service": p.Principal}
	default:
		return made, invalid("The provided principal was invalid. Please check the principal and try again.")
	}
	for _, c := range []struct{ operator, key, value string }{
		{"ArnLike", "AWS:SourceArn", p.SourceArn}, {"StringEquals", "AWS:SourceAccount", p.SourceAccount},
		{"StringEquals", "aws:PrincipalOrgID", p.PrincipalOrgID},
	} {
		if c.value == "" {
			continue
		}
		if made.Condition == nil {
			made.Condition = map[string]map[string]string{}
		}
		if made.Condition[c.operator] == nil {
			made.Condition[c.operator] = map[string]string{}
		}
		made.Condition[c.operator][c.key] = c.value
	}
	return made, nil
}

// permit adds a statement to a function's policy, or refuses it and leaves the policy.
func (s *Service) permit(f *function, made statement) error {
	if slices.ContainsFunc(f.statements, func(other statement) bool { return other.Sid == made.Sid }) {
		return &cloud.Error{
			Code: "ResourceConflictException", Status: http.StatusConflict, Message: fmt.Sprintf(
				"The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing "+
					"statement.", made.Sid,
			),
		}
	}
	next := *f
	next.statements = append(slices.Clone(f.statements), made)
	text := next.policy()
	if len(text) > maxPolicy {
		return cloud.Errorf(
			"PolicyLengthExceededException", "The final policy size (%d) is bigger than the limit (%d).", len(text), maxPolicy,
		)
	}
	parsed, err := policydoc.Parse(text, policydoc.Resource)
	if err == nil {
		err = parsed.CheckPrincipals(s.world.PrincipalExists)
	}
	var unmodelled *cloud.Error
	switch {
	case errors.As(err, &unmodelled):
		return unmodelled
	case err != nil:
		return invalid("The provided principal was invalid. Please check the principal and try again.")
	}
	f.statements = next.statements
	return nil
}

// policy returns a function's policy as JSON; "" for none.
func (f *function) policy() string {
	if len(f.statements) == 0 {
		return ""
	}
	text, err := json.Marshal(struct {
		Version, ID string
		Statement   []statement
	}{"2012-10-17", "default", f.statements})
	if err != nil {
		panic("sandbox: the policy of a function can't be encoded: " + err.Error())
	}
	return strings.Replace(string(text), `"ID"`, `"Id"`, 1)
}

// permits returns Lambda's refusal of a service's call, unless the function's policy allows it.
func (f *function) permits(call cloud.FunctionCall) error {
	if call.Service == "" {
		return nil
	}
	if policy, err := policydoc.Parse(f.policy(), policydoc.Resource); err == nil {
		parts := strings.SplitN(call.Source, ":", 6)
		request := evaluate.Request{
			Principal: call.Service, Action: "lambda:InvokeFunction", Resource: f.arn,
			Context: map[string][]string{
				"aws:SourceArn": {call.Source}, "aws:SourceAccount": {parts[min(4, len(parts)-1)]},
				"aws:SecureTransport": {"true"},
			},
		}
		if evaluate.ServiceMay(request, policy) {
			return nil
		}
	}
	return &cloud.Error{
		Code: "AccessDeniedException", Status: http.StatusForbidden,
		Message: "User: " + call.Service + " is not authorized to perform: lambda:InvokeFunction on resource: " + f.arn +
			" because no resource-based policy allows the lambda:InvokeFunction action",
	}
}
