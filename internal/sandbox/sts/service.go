package sts

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

var (
	wire        = protocol.Query{Namespace: "https://sts.amazonaws.com/doc/2011-06-15/", Version: "2011-06-15"}
	roleARN     = regexp.MustCompile(`^arn:aws:iam::([0-9]{12}):role/(?:[!-~]*/)?([A-Za-z0-9_+=,.@-]{1,64})$`)
	sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
)

const (
	defaultDuration = 3600  // seconds
	minimumDuration = 900   // seconds
	maximumDuration = 43200 // seconds
	chainedDuration = 3600  // seconds, the maximum for a role that is assumed by a role
)

// Service is the simulated STS.
type Service struct {
	world    *cloud.World
	sessions map[string]session // by access key
}

type session struct {
	secret, token string
	caller        cloud.Caller
	ends          time.Time
	// inherited is what the sessions of roles assumed with this session inherit.
	inherited inherited
}

// New returns the service and registers it as an issuer of access keys.
func New(w *cloud.World) *Service {
	s := &Service{world: w, sessions: make(map[string]session)}
	w.AddKeys(s)
	w.SetSessions(s)
	return s
}

// AccessKey finds a temporary access key; it is inactive after the end of its session.
func (s *Service) AccessKey(id string) (secret string, caller cloud.Caller, active bool, ok bool) {
	found, ok := s.sessions[id]
	return found.secret, found.caller, ok && s.world.Now().Before(found.ends), ok
}

// SessionToken returns the required session token of a temporary access key; temporary is false for
// all others.
func (s *Service) SessionToken(accessKey string) (token string, temporary bool) {
	found, ok := s.sessions[accessKey]
	return found.token, ok
}

// WriteError encodes an error.
func (s *Service) WriteError(r *cloud.Request, e *cloud.Error) *cloud.Response {
	return wire.Error(r, e)
}

var operations = map[string]func(*Service, *cloud.Request) (any, error){
	"GetCallerIdentity":         (*Service).getCallerIdentity,
	"AssumeRole":                (*Service).assumeRole,
	"AssumeRoleWithWebIdentity": (*Service).assumeRoleWithWebIdentity,
}

var _ cloud.Service = (*Service)(nil)

// Handle answers one request.
func (s *Service) Handle(r *cloud.Request) (*cloud.Response, error) {
	if err := wire.CheckVersion(r); err != nil {
		return nil, err
	}
	return protocol.Answer(s, "sts", operations, r, wire)
}

func (*Service) getCallerIdentity(r *cloud.Request) (any, error) {
	return struct {
		Arn     string
		UserID  string `xml:"UserId"`
		Account string
	}{r.Caller.ARN, r.Caller.UserID, r.Caller.Account}, nil
}

type credentials struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
}

type assumedRoleUser struct {
	AssumedRoleID string `xml:"AssumedRoleId"`
	Arn           string
}

func (s *Service) assumeRole(r *cloud.Request) (any, error) {
	if name := protocol.Unknown(
		r.Form, "RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId", "Tags", "TransitiveTagKeys",
		"SourceIdentity",
	); name != "" {
		return nil, cloud.NotModelled("parameter %s of sts AssumeRole", name)
	}
	arn, name, seconds, err := checkInput(r)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(r.Caller.ARN, ":root") {
		return nil, &cloud.Error{
			Code: "AccessDenied", Message: "Roles may not be assumed by root accounts.", Status: http.StatusForbidden,
		}
	}
	if strings.Contains(r.Caller.ARN, ":assumed-role/") && seconds > chainedDuration {
		return nil, cloud.Errorf(
			"ValidationError",
			"The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
		)
	}
	session, actions, err := s.inherits(r)
	if err != nil {
		return nil, err
	}
	for _, action := range actions {
		trusted, err := s.trusts(arn, func(statement map[string]any) (bool, error) {
			if !contains(statement["Action"], action) || !trustsCaller(statement["Principal"], r.Caller) {
				return false, nil
			}
			return externalIDMatches(statement, r.Form.Get("ExternalId"))
		})
		if err != nil {
			return nil, err
		}
		if !trusted {
			return nil, denied("User: %s is not authorized to perform: %s on resource: %s", r.Caller.ARN, action, arn)
		}
	}
	keys, user := s.issue(arn, name, seconds, session)
	return struct {
		AssumedRoleUser assumedRoleUser
		Credentials     credentials
		SourceIdentity  string `xml:",omitempty"`
	}{user, keys, session.sourceIdentity}, nil
}

// checkInput checks the common parameters of both ways to assume a role.
func checkInput(r *cloud.Request) (arn, name string, seconds int, err error) {
	arn, name, seconds = r.Form.Get("RoleArn"), r.Form.Get("RoleSessionName"), defaultDuration
	switch {
	case len(arn) < 20:
		return "", "", 0, invalid(
			"Value '%s' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20",
			arn,
		)
	case !sessionName.MatchString(name):
		return "", "", 0, invalid(
			`Value '%s' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*`,
			name,
		)
	case !strings.HasPrefix(arn, "arn:"):
		return "", "", 0, cloud.Errorf("ValidationError", "%s is invalid", arn)
	}
	if text := r.Form.Get("DurationSeconds"); text != "" {
		seconds, err = strconv.Atoi(text)
		switch {
		case err != nil:
			return "", "", 0, cloud.Errorf("MalformedInput", "DurationSeconds is no number: %s", text)
		case seconds < minimumDuration:
			return "", "", 0, invalid(
				"Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to %d",
				seconds, minimumDuration,
			)
		case seconds > maximumDuration:
			return "", "", 0, invalid(
				"Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to %d",
				seconds, maximumDuration,
			)
		case seconds > defaultDuration:
			return "", "", 0, cloud.Errorf(
				"ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
			)
		}
	}
	return arn, name, seconds, nil
}

func invalid(format string, args ...any) *cloud.Error {
	return cloud.Errorf("ValidationError", "1 validation error detected: "+format, args...)
}

func denied(format string, args ...any) *cloud.Error {
	return &cloud.Error{Code: "AccessDenied", Message: fmt.Sprintf(format, args...), Status: http.StatusForbidden}
}

// trusts reports whether a statement of the role's trust policy matches allows and none denies it.
// A role that does not exist trusts no caller: AWS does not show the difference.
func (s *Service) trusts(arn string, allows func(statement map[string]any) (bool, error)) (bool, error) {
	parts := roleARN.FindStringSubmatch(arn)
	if parts == nil || s.world.Roles() == nil {
		return false, nil
	}
	s.world.Open(parts[1])
	found, trust, ok := s.world.Roles().Role(parts[1], parts[2])
	if !ok || found != arn {
		return false, nil
	}
	trusted := false
	for _, item := range list(trust["Statement"]) {
		statement, ok := item.(map[string]any)
		if !ok {
			return false, fmt.Errorf("the trust policy of %s holds a statement that is no object", arn)
		}
		matches, err := allows(statement)
		if err != nil {
			return false, err
		}
		if matches && statement["Effect"] == "Deny" {
			return false, nil
		}
		trusted = trusted || matches
	}
	return trusted, nil
}

// trustsCaller reports whether a trust policy's principal is the caller, or its account.
func trustsCaller(principal any, c cloud.Caller) bool {
	if principal == "*" {
		return true
	}
	m, ok := principal.(map[string]any)
	if !ok {
		return false
	}
	for _, item := range list(m["AWS"]) {
		switch item {
		case "*", c.Account, "arn:aws:iam::" + c.Account + ":root", c.ARN, roleOf(c.ARN):
			return true
		}
	}
	return false
}

// roleOf returns the role of an assumed role's session, by the session's ARN; "" for other
// principals.
func roleOf(arn string) string {
	prefix, rest, ok := strings.Cut(arn, ":assumed-role/")
	if !ok {
		return ""
	}
	role, _, _ := strings.Cut(rest, "/")
	return strings.Replace(prefix, ":sts:", ":iam:", 1) + ":role/" + role
}

// externalIDMatches evaluates a statement's conditions; only sts:ExternalId is modelled.
func externalIDMatches(statement map[string]any, given string) (bool, error) {
	conditions, ok := statement["Condition"].(map[string]any)
	if !ok {
		return true, nil
	}
	for operator, block := range conditions {
		keys, ok := block.(map[string]any)
		if !ok || operator != "StringEquals" {
			return false, cloud.NotModelled("the condition %s in a trust policy", operator)
		}
		for key, want := range keys {
			if !strings.EqualFold(key, "sts:ExternalId") {
				return false, cloud.NotModelled("the condition key %s in a trust policy", key)
			}
			if given == "" || !contains(want, given) {
				return false, nil
			}
		}
	}
	return true, nil
}

func (s *Service) issue(arn, name string, seconds int, hands inherited) (credentials, assumedRoleUser) {
	parts := roleARN.FindStringSubmatch(arn)
	accountID, role := parts[1], parts[2]
	id, unique := "ASIA"+s.world.NewToken(16), "AROA"+s.world.NewToken(17)
	made := session{
		secret: s.world.NewToken(40),
		token:  "FwoGZXIvYXdz" + s.world.NewToken(100),
		ends:   s.world.Now().Add(time.Duration(seconds) * time.Second), inherited: hands,
		caller: cloud.Caller{
			Account: accountID,
			ARN:     "arn:aws:sts::" + accountID + ":assumed-role/" + role + "/" + name,
			UserID:  unique + ":" + name,
		},
	}
	s.sessions[id] = made
	return credentials{
		id,
		made.secret,
		made.token,
		made.ends.Format(time.RFC3339),
	}, assumedRoleUser{made.caller.UserID, made.caller.ARN}
}

// IssueSession implements cloud.SessionIssuer.
func (s *Service) IssueSession(role, name string, life time.Duration) cloud.SessionCredentials {
	keys, _ := s.issue(role, name, int(life.Seconds()), inherited{})
	return cloud.SessionCredentials{
		AccessKeyID: keys.AccessKeyID, SecretAccessKey: keys.SecretAccessKey, SessionToken: keys.SessionToken,
	}
}

func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		return []any{v}
	}
}

// contains reports whether a policy element contains a value; it supports wildcards for whole
// services.
func contains(v any, want string) bool {
	service, _, _ := strings.Cut(want, ":")
	for _, item := range list(v) {
		text, ok := item.(string)
		if ok && (text == "*" || strings.EqualFold(text, want) || strings.EqualFold(text, service+":*")) {
			return true
		}
	}
	return false
}

var errToken = errors.New("not a JSON Web Token")
