package sts_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/sts"
)

const account = "111122223333"

// roles is an account's roles by name, with their trust policies' only statements.
type roles map[string]map[string]any

func (r roles) Role(of, name string) (string, map[string]any, bool) {
	statement, ok := r[name]
	return "arn:aws:iam::" + of + ":role/" + name, map[string]any{"Statement": []any{statement}}, ok && of == account
}

func statement(principal any, condition any) map[string]any {
	s := map[string]any{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
	if condition != nil {
		s["Condition"] = condition
	}
	return s
}

func call(w *cloud.World, s *sts.Service, caller, operation string, form url.Values) (string, error) {
	w.Lock()
	defer w.Unlock()
	form.Set("Action", operation)
	form.Set("Version", "2011-06-15")
	answer, err := s.Handle(&cloud.Request{
		Service: "sts", Operation: operation, Form: form, HTTP: &http.Request{Header: http.Header{}},
		Caller: cloud.Caller{Account: strings.Split(caller, ":")[4], ARN: caller, Region: "eu-west-1"},
	})
	if err != nil {
		return "", err
	}
	return string(answer.Body), nil
}

func TestTrustPolicies(t *testing.T) {
	t.Parallel()
	const user, session = "arn:aws:iam::000000000000:user/a", "arn:aws:sts::000000000000:assumed-role/ci/run"
	w := cloud.New(1)
	s := sts.New(w)
	w.SetRoles(roles{
		"account": statement(map[string]any{"AWS": "arn:aws:iam::000000000000:root"}, nil),
		"number":  statement(map[string]any{"AWS": []any{"000000000000"}}, nil),
		"user":    statement(map[string]any{"AWS": user}, nil),
		"role":    statement(map[string]any{"AWS": "arn:aws:iam::000000000000:role/ci"}, nil),
		"other":   statement(map[string]any{"AWS": "arn:aws:iam::999999999999:root"}, nil),
		"service": statement(map[string]any{"Service": "lambda.amazonaws.com"}, nil),
		"external": statement(
			map[string]any{"AWS": "*"}, map[string]any{"StringEquals": map[string]any{"sts:ExternalId": "x1"}},
		),
		"exotic": statement(
			map[string]any{"AWS": "*"}, map[string]any{"IpAddress": map[string]any{"aws:SourceIp": "10.0.0.0/8"}},
		),
	})
	for _, test := range []struct{ caller, role, external, want string }{
		{user, "account", "", ""},
		{session, "account", "", ""},
		{user, "number", "", ""},
		{user, "user", "", ""},
		{session, "user", "", "AccessDenied"},
		{session, "role", "", ""},
		{user, "role", "", "AccessDenied"},
		{user, "other", "", "AccessDenied"},
		{user, "service", "", "AccessDenied"},
		{user, "external", "x1", ""},
		{user, "external", "x2", "AccessDenied"},
		{user, "external", "", "AccessDenied"},
		{user, "exotic", "", "SandboxNotModelled"},
		{user, "missing", "", "AccessDenied"},
		{"arn:aws:iam::000000000000:root", "account", "", "AccessDenied"},
	} {
		form := url.Values{"RoleArn": {"arn:aws:iam::" + account + ":role/" + test.role}, "RoleSessionName": {"run"}}
		if test.external != "" {
			form.Set("ExternalId", test.external)
		}
		_, err := call(w, s, test.caller, "AssumeRole", form)
		if code(err) != test.want {
			t.Errorf("%s assumes %s with external id %q: %v, want %q", test.caller, test.role, test.external, err, test.want)
		}
	}
}

// TestSessionAttributes assumes roles with tags and a source identity, and other roles with the
// sessions. Each role's trust policy must allow what is inherited.
func TestSessionAttributes(t *testing.T) {
	t.Parallel()
	w := cloud.New(1)
	s := sts.New(w)
	role := func(actions ...any) map[string]any {
		r := statement(map[string]any{"AWS": "*"}, nil)
		r["Action"] = actions
		return r
	}
	w.SetRoles(roles{
		"plain":    role("sts:AssumeRole"),
		"tags":     role("sts:AssumeRole", "sts:TagSession"),
		"identity": role("sts:AssumeRole", "sts:SetSourceIdentity"),
	})
	tags := url.Values{"Tags.member.1.Key": {"team"}, "Tags.member.1.Value": {"blue"}}
	transitive := url.Values{
		"Tags.member.1.Key": {"team"}, "Tags.member.1.Value": {"blue"}, "TransitiveTagKeys.member.1": {"team"},
	}
	identity := url.Values{"SourceIdentity": {"ann"}}
	for _, test := range []struct {
		first  string
		form   url.Values
		second string
		want   string
	}{
		{"plain", nil, "plain", ""},
		{"plain", tags, "", "sts:TagSession"},
		{"plain", identity, "", "sts:SetSourceIdentity"},
		{"tags", tags, "plain", ""},
		{"tags", transitive, "plain", "sts:TagSession"},
		{"tags", transitive, "tags", ""},
		{"identity", identity, "plain", "sts:SetSourceIdentity"},
		{"identity", identity, "identity", ""},
	} {
		key, err := assume(w, s, "arn:aws:iam::000000000000:user/a", "", test.first, test.form)
		if err == nil && test.second != "" {
			_, err = assume(w, s, "arn:aws:sts::"+account+":assumed-role/"+test.first+"/run", key, test.second, nil)
		}
		if test.want == "" && err != nil ||
			test.want != "" && (err == nil || !strings.Contains(err.Error(), "is not authorized to perform: "+test.want)) {
			t.Errorf("%s with %v, then %q: %v, want %q", test.first, test.form, test.second, err, test.want)
		}
	}
	key, err := assume(w, s, "arn:aws:iam::000000000000:user/a", "", "identity", identity)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = assume(
		w, s, "arn:aws:sts::"+account+":assumed-role/identity/run", key, "identity",
		url.Values{"SourceIdentity": {"bob"}},
	); code(err) != "AccessDenied" {
		t.Errorf("a session changes its source identity: %v", err)
	}
}

func assume(w *cloud.World, s *sts.Service, caller, key, role string, form url.Values) (string, error) {
	w.Lock()
	defer w.Unlock()
	all := url.Values{
		"Action": {"AssumeRole"}, "Version": {"2011-06-15"},
		"RoleArn": {"arn:aws:iam::" + account + ":role/" + role}, "RoleSessionName": {"run"},
	}
	maps.Copy(all, form)
	header := http.Header{}
	if key != "" {
		header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+key+"/20260101/eu-west-1/sts/aws4_request, Signature=x")
	}
	answer, err := s.Handle(&cloud.Request{
		Service: "sts", Operation: "AssumeRole", Form: all, HTTP: &http.Request{Header: header},
		Caller: cloud.Caller{Account: strings.Split(caller, ":")[4], ARN: caller, Region: "eu-west-1"},
	})
	if err != nil {
		return "", err
	}
	_, after, _ := strings.Cut(string(answer.Body), "<AccessKeyId>")
	key, _, _ = strings.Cut(after, "<")
	return key, nil
}

func code(err error) string {
	var e *cloud.Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestInput_Checked(t *testing.T) {
	t.Parallel()
	w := cloud.New(1)
	s := sts.New(w)
	w.SetRoles(roles{"r": statement(map[string]any{"AWS": "*"}, nil)})
	for _, test := range []struct{ field, value, want string }{
		{"RoleArn", "r", "ValidationError: 1 validation error detected: Value 'r' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20"},
		{"RoleSessionName", "a b", `ValidationError: 1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*`},
		{"DurationSeconds", "899", "ValidationError: 1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"},
		{"DurationSeconds", "7200", "ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
		{"Policy", "{}", "SandboxNotModelled: the sandbox does not model parameter Policy of sts AssumeRole"},
	} {
		form := url.Values{"RoleArn": {"arn:aws:iam::" + account + ":role/r"}, "RoleSessionName": {"run"}}
		form.Set(test.field, test.value)
		if _, err := call(w, s, "arn:aws:iam::000000000000:user/a", "AssumeRole", form); err == nil ||
			err.Error() != test.want {
			t.Errorf("%s = %s\n got %v\nwant %s", test.field, test.value, err, test.want)
		}
	}
}

// providers are the clients of OIDC providers, by their hosts.
type providers map[string][]string

func (p providers) OIDCProvider(_, host string) ([]string, bool) {
	clients, ok := p[host]
	return clients, ok
}

// TestWebIdentities_Subject checks the patterns of a trust policy and the account's provider.
func TestWebIdentities_Subject(t *testing.T) {
	t.Parallel()
	w := cloud.New(1)
	s := sts.New(w)
	w.SetOIDCProviders(providers{"app.terraform.io": {"aws.workload.identity"}})
	w.SetRoles(roles{"web": {
		"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
		"Principal": map[string]any{"Federated": "arn:aws:iam::" + account + ":oidc-provider/app.terraform.io"},
		"Condition": map[string]any{
			"StringEquals": map[string]any{"app.terraform.io:aud": "aws.workload.identity"},
			"StringLike": map[string]any{
				"app.terraform.io:sub": []any{"organization:acme:project:*:workspace:storage-?u:run_phase:plan"},
			},
		},
	}})
	for name, test := range map[string]struct{ issuer, audience, subject, want string }{
		"good":         {"app.terraform.io", "aws.workload.identity", "organization:acme:project:a b:workspace:storage-eu:run_phase:plan", ""},
		"apply":        {"app.terraform.io", "aws.workload.identity", "organization:acme:project:a:workspace:storage-eu:run_phase:apply", "AccessDenied"},
		"organization": {"app.terraform.io", "aws.workload.identity", "organization:acme-evil:project:a:workspace:storage-eu:run_phase:plan", "AccessDenied"},
		"audience":     {"app.terraform.io", "other", "organization:acme:project:a:workspace:storage-eu:run_phase:plan", "InvalidIdentityToken"},
		"no provider":  {"other.example", "aws.workload.identity", "me", "InvalidIdentityToken"},
	} {
		payload := fmt.Sprintf(
			`{"iss":%q,"sub":%q,"aud":%q,"exp":%d}`, "https://"+test.issuer, test.subject, test.audience,
			time.Now().Add(time.Hour).Unix(),
		)
		_, err := call(w, s, "::::", "AssumeRoleWithWebIdentity", url.Values{
			"RoleArn": {"arn:aws:iam::" + account + ":role/web"}, "RoleSessionName": {"run"},
			"WebIdentityToken": {"e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln"},
		})
		if code(err) != test.want {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

func TestWebIdentities(t *testing.T) {
	t.Parallel()
	w := cloud.New(1)
	s := sts.New(w)
	w.SetRoles(roles{"web": {
		"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
		"Principal": map[string]any{"Federated": "arn:aws:iam::" + account + ":oidc-provider/issuer.example"},
		"Condition": map[string]any{"StringEquals": map[string]any{"issuer.example:aud": "sts.amazonaws.com"}},
	}})
	token := func(issuer, audience string, expires int64) string {
		payload := fmt.Sprintf(`{"iss":%q,"sub":"me","aud":%q,"exp":%d}`, issuer, audience, expires)
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln"
	}
	later := time.Now().Add(time.Hour).Unix()
	for name, test := range map[string]struct{ token, want string }{
		"good":           {token("https://issuer.example", "sts.amazonaws.com", later), ""},
		"other issuer":   {token("https://other.example", "sts.amazonaws.com", later), "AccessDenied"},
		"other audience": {token("https://issuer.example", "else", later), "AccessDenied"},
		"expired":        {token("https://issuer.example", "sts.amazonaws.com", 1), "ExpiredTokenException"},
		"no token":       {"nonsense", "InvalidIdentityToken"},
	} {
		body, err := call(w, s, "::::", "AssumeRoleWithWebIdentity", url.Values{
			"RoleArn": {"arn:aws:iam::" + account + ":role/web"}, "RoleSessionName": {"run"}, "WebIdentityToken": {test.token},
		})
		if code(err) != test.want {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if test.want == "" && !strings.Contains(body, "<SubjectFromWebIdentityToken>me</SubjectFromWebIdentityToken>") {
			t.Errorf("%s: %s", name, body)
		}
	}
}
