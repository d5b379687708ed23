package sts

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

type claims struct {
	Issuer   string      `json:"iss"`
	Subject  string      `json:"sub"`
	Audience any         `json:"aud"`
	Expires  json.Number `json:"exp"`
}

func (s *Service) assumeRoleWithWebIdentity(r *cloud.Request) (any, error) {
	if name := protocol.Unknown(r.Form, "RoleArn", "RoleSessionName", "DurationSeconds", "WebIdentityToken"); name != "" {
		return nil, cloud.NotModelled("parameter %s of sts AssumeRoleWithWebIdentity", name)
	}
	arn, name, seconds, err := checkInput(r)
	if err != nil {
		return nil, err
	}
	token, err := readToken(r.Form.Get("WebIdentityToken"))
	if err != nil {
		return nil, cloud.Errorf(
			"InvalidIdentityToken",
			"The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
		)
	}
	if seconds, err := token.Expires.Int64(); err != nil || seconds <= s.world.Now().Unix() {
		return nil, cloud.Errorf(
			"ExpiredTokenException", "Token expired: current date/time %d must be before the expiration date/time %s",
			s.world.Now().Unix(), token.Expires,
		)
	}
	issuer := strings.TrimPrefix(strings.TrimPrefix(token.Issuer, "https://"), "http://")
	if err := s.checkProvider(arn, issuer, token); err != nil {
		return nil, err
	}
	trusted, err := s.trusts(arn, func(statement map[string]any) (bool, error) {
		principal, ok := statement["Principal"].(map[string]any)
		if !ok || !contains(statement["Action"], "sts:AssumeRoleWithWebIdentity") {
			return false, nil
		}
		federated := false
		for _, item := range list(principal["Federated"]) {
			text, ok := item.(string)
			federated = federated || ok && strings.HasSuffix(text, ":oidc-provider/"+issuer)
		}
		if !federated {
			return false, nil
		}
		return tokenMatches(statement, issuer, token)
	})
	if err != nil {
		return nil, err
	}
	if !trusted {
		return nil, &cloud.Error{
			Code: "AccessDenied", Message: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
			Status: http.StatusForbidden,
		}
	}
	keys, user := s.issue(arn, name, seconds, inherited{})
	return struct {
		SubjectFromWebIdentityToken string
		Audience                    string
		AssumedRoleUser             assumedRoleUser
		Credentials                 credentials
		Provider                    string
	}{token.Subject, fmt.Sprint(list(token.Audience)...), user, keys, token.Issuer}, nil
}

// checkProvider refuses a token whose issuer is no OIDC provider of the role's account, or whose
// audience is none of its clients (IAM user guide, id_roles_providers_create_oidc). Users report the
// texts.
func (s *Service) checkProvider(role, issuer string, token claims) error {
	finder, parts := s.world.OIDCProviders(), roleARN.FindStringSubmatch(role)
	if finder == nil || parts == nil {
		return nil
	}
	clients, ok := finder.OIDCProvider(parts[1], issuer)
	if !ok {
		return cloud.Errorf(
			"InvalidIdentityToken", "No OpenIDConnect provider found in your account for %s", token.Issuer,
		)
	}
	for _, audience := range list(token.Audience) {
		if text, isText := audience.(string); isText && slices.Contains(clients, text) {
			return nil
		}
	}
	return cloud.Errorf("InvalidIdentityToken", "Incorrect token audience")
}

func readToken(text string) (claims, error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return claims{}, errToken
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return claims{}, fmt.Errorf("%w: %w", errToken, err)
	}
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return claims{}, fmt.Errorf("%w: %w", errToken, err)
	}
	if c.Issuer == "" || c.Subject == "" {
		return claims{}, errToken
	}
	return c, nil
}

// operators compare a value with those of a condition.
var operators = map[string]func(want any, value string) bool{"StringEquals": equals, "StringLike": like}

func equals(want any, value string) bool { return slices.Contains(list(want), any(value)) }

// like reports whether one of a condition's patterns matches a value.
func like(want any, value string) bool {
	return slices.ContainsFunc(list(want), func(item any) bool {
		pattern, ok := item.(string)
		expression := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
		return ok && regexp.MustCompile(`^(?s:`+expression+`)$`).MatchString(value)
	})
}

// tokenMatches evaluates the conditions on a token's audience and subject; others are not modelled.
func tokenMatches(statement map[string]any, issuer string, token claims) (bool, error) {
	conditions, ok := statement["Condition"].(map[string]any)
	if !ok {
		return true, nil
	}
	for operator, block := range conditions {
		keys, ok := block.(map[string]any)
		matches, known := operators[operator]
		if !ok || !known {
			return false, cloud.NotModelled("the condition %s in a trust policy for web identities", operator)
		}
		for key, want := range keys {
			matched := false
			switch key {
			case issuer + ":aud":
				for _, audience := range list(token.Audience) {
					text, ok := audience.(string)
					matched = matched || ok && matches(want, text)
				}
			case issuer + ":sub":
				matched = matches(want, token.Subject)
			default:
				return false, cloud.NotModelled("the condition key %s in a trust policy for web identities", key)
			}
			if !matched {
				return false, nil
			}
		}
	}
	return true, nil
}
