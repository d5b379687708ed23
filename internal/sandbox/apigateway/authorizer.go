package apigateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

var (
	errUnauthorized = errors.New("apigateway: the authorizer says Unauthorized")
	errDenied       = errors.New("apigateway: the authorizer denies")
	errNotAllowed   = errors.New("apigateway: the authorizer doesn't allow")
)

// authorize calls the authorizer and returns the context for later events.
func (s *Stage) authorize(ctx context.Context, c *connection, h Handshake) (map[string]string, error) {
	event := authorizerEvent{
		Type: "REQUEST", MethodARN: s.arn("$connect"), StageVariables: map[string]string{},
		RequestContext: c.context("$connect", "CONNECT", c.requestID(0)),
	}
	event.Headers, event.MultiValueHeaders = headersOf(h.Header)
	event.QueryStringParameters, event.MultiValueQueryStringParameters = queryOf(h.Query)
	body, err := s.gateway.call(ctx, s.settings.Authorizer, s.apiARN()+"/authorizers/"+s.settings.AuthorizerID, event)
	switch {
	case err != nil && err.Error() == "Unauthorized":
		return nil, errUnauthorized
	case err != nil:
		return nil, err
	case len(body) > maxAuthorizer:
		return nil, fmt.Errorf("apigateway: the authorizer's answer has %d bytes, more than %d", len(body), maxAuthorizer)
	}
	var answer struct {
		PrincipalID    string          `json:"principalId"`
		PolicyDocument json.RawMessage `json:"policyDocument"`
		Context        map[string]any  `json:"context"`
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil {
		return nil, fmt.Errorf("apigateway: the authorizer's answer: %w", err)
	}
	if answer.PrincipalID == "" {
		return nil, errors.New("apigateway: the authorizer names no principalId")
	}
	policy, err := policydoc.Parse(string(answer.PolicyDocument), policydoc.Identity)
	if err != nil {
		return nil, fmt.Errorf("apigateway: the authorizer's policy: %w", err)
	}
	if err := judge(policy, s.arn("$connect")); err != nil {
		return nil, err
	}
	// Events carry all values as strings: API Gateway Developer Guide, "Output from an API Gateway
	// Lambda authorizer", for REST APIs (unproven: websocket-authorizer-context).
	values := map[string]string{"principalId": answer.PrincipalID, "integrationLatency": "0"}
	for name, value := range answer.Context {
		switch v := value.(type) {
		case string:
			values[name] = v
		case json.Number:
			values[name] = v.String()
		case bool:
			values[name] = strconv.FormatBool(v)
		default:
			return nil, fmt.Errorf("apigateway: %s of the authorizer's context is neither string, number nor boolean", name)
		}
	}
	return values, nil
}

// judge returns an error unless a policy allows execute-api:Invoke on a resource.
func judge(policy *policydoc.Document, resource string) error {
	allowed := false
	for _, s := range policy.Statements {
		if len(s.Conditions) > 0 {
			return errors.New("apigateway: the sandbox does not model conditions in an authorizer's policy")
		}
		action := slices.ContainsFunc(s.Actions, func(pattern string) bool {
			return matches(strings.ToLower(pattern), "execute-api:invoke")
		})
		on := slices.ContainsFunc(s.Resources, func(pattern string) bool { return matches(pattern, resource) })
		if action == s.NotAction || on == s.NotResource {
			continue
		}
		if s.Effect == "Deny" {
			return errDenied
		}
		allowed = true
	}
	if !allowed {
		return errNotAllowed
	}
	return nil
}

// matches reports whether a text matches a pattern with * and ?.
func matches(pattern, text string) bool {
	if pattern == "" {
		return text == ""
	}
	if pattern[0] == '*' {
		return matches(pattern[1:], text) || text != "" && matches(pattern, text[1:])
	}
	return text != "" && (pattern[0] == '?' || pattern[0] == text[0]) && matches(pattern[1:], text[1:])
}
