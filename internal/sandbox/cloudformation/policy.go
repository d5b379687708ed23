package cloudformation

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// stackPolicy protects the resources of a stack from updates (AWS CloudFormation User Guide,
// "Prevent updates to stack resources"). Once set, it denies what no statement allows, and Deny
// wins.
type stackPolicy struct {
	body       string
	statements []policyStatement
}

type policyStatement struct {
	Effect      string
	Action      any
	NotAction   any
	Principal   any
	Resource    any
	NotResource any
	Condition   map[string]map[string]any
}

// parsePolicy parses a stack policy; an empty text is no policy. The refusal of other texts is
// recorded from AWS; an empty object is accepted and denies nothing (recorded from AWS).
func parsePolicy(body string) (*stackPolicy, error) {
	if strings.TrimSpace(body) == "" {
		return nil, nil
	}
	refused := invalid("Error validating stack policy: Invalid stack policy")
	var document struct{ Statement []policyStatement }
	d := json.NewDecoder(strings.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&document); err != nil {
		return nil, refused
	}
	for _, st := range document.Statement {
		if st.Effect != "Allow" && st.Effect != "Deny" || st.Principal != "*" {
			return nil, refused
		}
		for _, action := range append(listOf(st.Action), listOf(st.NotAction)...) {
			if !slices.Contains([]string{"Update:Modify", "Update:Replace", "Update:Delete", "Update:*"}, action) {
				return nil, refused
			}
		}
		if (st.Action == nil) == (st.NotAction == nil) || (st.Resource == nil) == (st.NotResource == nil) {
			return nil, refused
		}
		for operator := range st.Condition {
			if operator != "StringEquals" && operator != "StringLike" {
				return nil, refused
			}
		}
	}
	return &stackPolicy{body: body, statements: document.Statement}, nil
}

// denial returns the reason for which a policy denies an action on a resource, "" for none. AWS's
// users report the first text; of the second only the first half (unproven: stack-policy-refusal).
func (p *stackPolicy) denial(action, logicalID, resourceType string) string {
	if p == nil || len(p.statements) == 0 {
		return ""
	}
	id := "LogicalResourceId/" + logicalID
	permitted := false
	for i, st := range p.statements {
		if !st.covers(action, id, resourceType) {
			continue
		}
		if st.Effect == "Deny" {
			return fmt.Sprintf(
				"Action denied by stack policy: Statement [#%d] does not allow [%s] for resource [%s]", i+1, action, id,
			)
		}
		permitted = true
	}
	if !permitted {
		return fmt.Sprintf("Action not allowed by stack policy: No statement allows [%s] for resource [%s]", action, id)
	}
	return ""
}

func (st policyStatement) covers(action, id, resourceType string) bool {
	match := func(patterns []string, value string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return like(p, value) })
	}
	if st.Action != nil && !match(listOf(st.Action), action) ||
		st.NotAction != nil && match(listOf(st.NotAction), action) {
		return false
	}
	if st.Resource != nil && !match(listOf(st.Resource), id) ||
		st.NotResource != nil && match(listOf(st.NotResource), id) {
		return false
	}
	for operator, keys := range st.Condition {
		for key, values := range keys {
			if key != "ResourceType" {
				return false
			}
			if operator == "StringEquals" && !slices.Contains(listOf(values), resourceType) ||
				operator == "StringLike" && !match(listOf(values), resourceType) {
				return false
			}
		}
	}
	return true
}

// like matches * and ?, which include slashes.
func like(pattern, value string) bool {
	const other = "\x00"
	ok, err := path.Match(strings.ReplaceAll(pattern, "/", other), strings.ReplaceAll(value, "/", other))
	return err == nil && ok
}

func listOf(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var l []string
		for _, e := range v {
			l = append(l, fmt.Sprint(e))
		}
		return l
	}
	return nil
}

// policyOf reads a policy from a request, as text or by URL; given is false when the request has
// neither.
func (s *Service) policyOf(r *cloud.Request, body, location string) (policy *stackPolicy, given bool, err error) {
	hasBody, hasURL := r.Form.Has(body), r.Form.Has(location)
	switch {
	case hasBody && hasURL:
		return nil, false, invalid("You cannot specify both %s and %s", location, body)
	case hasBody:
		policy, err = parsePolicy(r.Form.Get(body))
		return policy, true, err
	case hasURL:
		text, err := s.fetch(r, r.Form.Get(location))
		if err != nil {
			return nil, false, err
		}
		policy, err = parsePolicy(text)
		return policy, true, err
	}
	return nil, false, nil
}

func (s *Service) setStackPolicy(r *cloud.Request) (any, error) {
	st, err := s.existing(r, r.Form.Get("StackName"))
	if err != nil {
		return nil, err
	}
	policy, _, err := s.policyOf(r, "StackPolicyBody", "StackPolicyURL")
	if err != nil {
		return nil, err
	}
	st.policy = policy
	return nil, nil
}

func (s *Service) getStackPolicy(r *cloud.Request) (any, error) {
	st, err := s.existing(r, r.Form.Get("StackName"))
	if err != nil {
		return nil, err
	}
	var result struct {
		StackPolicyBody string `xml:",omitempty"`
	}
	policy := st.policy
	if st.running != nil && st.running.temporaryPolicy {
		policy = st.running.policy // recorded from AWS: the temporary policy is visible during the update
	}
	if policy != nil {
		result.StackPolicyBody = policy.body
	}
	return result, nil
}

func (s *Service) updateTerminationProtection(r *cloud.Request) (any, error) {
	st, err := s.existing(r, r.Form.Get("StackName"))
	if err != nil {
		return nil, err
	}
	st.protected = r.Form.Get("EnableTerminationProtection") == "true"
	return struct {
		StackID string `xml:"StackId"`
	}{st.id}, nil
}
