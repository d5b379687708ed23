package oidc_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/oidc"
)

const (
	clientID = "board"
	callback = "https://board.test/"
	verifier = "verifier-with-at-least-forty-three-characters-"
)

// browser is a browser at a sandbox's issuer, and the client that sends people there.
type browser struct {
	t      *testing.T
	issuer string
	http   *http.Client
}

func newBrowser(t *testing.T) (*browser, *oidc.Issuer) {
	t.Helper()
	box := sandbox.New(sandbox.Options{Seed: 3})
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	box.Issuer().Register(oidc.Client{
		ID: clientID, RedirectURIs: []string{callback}, PostLogoutRedirectURIs: []string{callback},
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &browser{t: t, issuer: oidc.URL(server.URL), http: client}, box.Issuer()
}

// request returns an authorization request with changes; "" removes a parameter.
func (b *browser) request(changed map[string]string) string {
	hash := sha256.Sum256([]byte(verifier))
	query := url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {callback},
		"scope": {"openid offline_access"}, "state": {"s"}, "nonce": {"n"}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(hash[:])},
	}
	for name, value := range changed {
		query.Set(name, value)
		if value == "" {
			query.Del(name)
		}
	}
	return b.issuer + "/authorize?" + query.Encode()
}

type answer struct {
	status int
	to     url.Values // the parameters with which the person returns to the client; nil for a page
	body   string
}

func (b *browser) take(response *http.Response, err error) answer {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	a := answer{status: response.StatusCode, body: string(body)}
	if location := response.Header.Get("Location"); location != "" {
		to, ok := strings.CutPrefix(location, callback)
		if !ok {
			b.t.Fatalf("a redirect to %s", location)
		}
		if a.to, err = url.ParseQuery(strings.TrimPrefix(to, "?")); err != nil {
			b.t.Fatal(err)
		}
	}
	return a
}

func (b *browser) get(address string) answer { b.t.Helper(); return b.take(b.http.Get(address)) }

func (b *browser) post(address string, form url.Values) answer {
	b.t.Helper()
	return b.take(b.http.PostForm(address, form))
}

var alice = url.Values{"user": {"alice"}, "projects": {"acme globex"}, "expires_in": {"60"}, "action": {"sign-in"}}

func (b *browser) code() string {
	b.t.Helper()
	got := b.post(b.request(nil), alice)
	if got.to.Get("code") == "" || got.to.Get("state") != "s" || got.to.Get("iss") != b.issuer {
		b.t.Fatalf("%+v", got)
	}
	return got.to.Get("code")
}

func (b *browser) redeem(changed map[string]string) (tokens map[string]any, problem string) {
	b.t.Helper()
	form := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {clientID}, "redirect_uri": {callback},
		"code_verifier": {verifier},
	}
	for name, value := range changed {
		form.Set(name, value)
	}
	got := b.post(b.issuer+"/token", form)
	if err := json.Unmarshal([]byte(got.body), &tokens); err != nil {
		b.t.Fatalf("%s: %v", got.body, err)
	}
	problem, _ = tokens["error"].(string)
	if (got.status == http.StatusOK) != (problem == "") {
		b.t.Errorf("status %d: %s", got.status, got.body)
	}
	return tokens, problem
}

func (b *browser) refresh(token any) (tokens map[string]any, problem string) {
	b.t.Helper()
	text, _ := token.(string)
	return b.redeem(map[string]string{"grant_type": "refresh_token", "refresh_token": text})
}

func TestProvider_SignIn(t *testing.T) {
	t.Parallel()
	b, _ := newBrowser(t)
	if got := b.get(b.request(nil)); got.status != http.StatusOK || !strings.Contains(got.body, `name="user"`) {
		t.Fatalf("no form: %+v", got)
	}
	tokens, problem := b.redeem(map[string]string{"code": b.code()})
	if problem != "" {
		t.Fatal(problem)
	}
	idToken, _ := tokens["id_token"].(string)
	got, err := read(t, b.http, b.issuer, idToken)
	if err != nil || got.Subject != "alice" || got.Audience != clientID || strings.Join(got.Projects, " ") != "acme globex" ||
		got.Expires-got.Issued != 60 || got.Nonce != "n" {
		t.Errorf("%+v, %v", got, err)
	}
	// The session continues, and ends by a sign-out.
	if again := b.get(b.request(map[string]string{"prompt": "none"})); again.to.Get("code") == "" {
		t.Errorf("the session is not used: %+v", again)
	}
	if forced := b.get(b.request(map[string]string{"prompt": "login"})); forced.to != nil {
		t.Errorf("prompt=login shows no form: %+v", forced)
	}
	out := b.get(b.issuer + "/logout?" + url.Values{
		"client_id": {clientID}, "post_logout_redirect_uri": {callback}, "state": {"x"},
	}.Encode())
	if out.to.Get("state") != "x" {
		t.Errorf("%+v", out)
	}
	if after := b.get(b.request(map[string]string{"prompt": "none"})); after.to.Get("error") != "login_required" {
		t.Errorf("the session has not ended: %+v", after)
	}
	if _, problem := b.refresh(tokens["refresh_token"]); problem != "invalid_grant" {
		t.Errorf("a refresh token outlives its session: %q", problem)
	}
}

func TestProvider_InvalidRequests(t *testing.T) {
	t.Parallel()
	b, _ := newBrowser(t)
	for name, c := range map[string]struct {
		changed map[string]string
		want    string // the error; "" when the person must not be sent back
	}{
		"another client":       {map[string]string{"client_id": "other"}, ""},
		"another address":      {map[string]string{"redirect_uri": callback + "x"}, ""},
		"no slash at the end":  {map[string]string{"redirect_uri": strings.TrimSuffix(callback, "/")}, ""},
		"the implicit flow":    {map[string]string{"response_type": "id_token"}, "unsupported_response_type"},
		"no PKCE":              {map[string]string{"code_challenge": ""}, "invalid_request"},
		"a plain challenge":    {map[string]string{"code_challenge_method": "plain"}, "invalid_request"},
		"not OpenID Connect":   {map[string]string{"scope": "email"}, "invalid_scope"},
		"nobody is signed in":  {map[string]string{"prompt": "none"}, "login_required"},
		"an object of request": {map[string]string{"request": "eyJ"}, "request_not_supported"},
	} {
		got := b.get(b.request(c.changed))
		if c.want == "" && (got.status != http.StatusBadRequest || got.to != nil) || got.to.Get("error") != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	cancelled := b.post(b.request(nil), url.Values{"action": {"cancel"}})
	if cancelled.to.Get("error") != "access_denied" || cancelled.to.Get("state") != "s" {
		t.Errorf("%+v", cancelled)
	}
	for _, form := range []url.Values{{"user": {" "}}, {"user": {"a"}, "expires_in": {"soon"}}} {
		if got := b.post(b.request(nil), form); got.status != http.StatusBadRequest || got.to != nil {
			t.Errorf("%v: %+v", form, got)
		}
	}
	out := b.get(b.issuer + "/logout?client_id=board&post_logout_redirect_uri=https://elsewhere.test/")
	if out.status != http.StatusBadRequest {
		t.Errorf("a sign-out leads anywhere: %+v", out)
	}
}

func TestProvider_Codes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		changed map[string]string
		want    string
	}{
		"another verifier": {map[string]string{"code_verifier": strings.Repeat("x", 43)}, "invalid_grant"},
		"a short verifier": {map[string]string{"code_verifier": "x"}, "invalid_request"},
		"another address":  {map[string]string{"redirect_uri": callback + "x"}, "invalid_grant"},
		"another client":   {map[string]string{"client_id": "other"}, "invalid_client"},
		"another grant":    {map[string]string{"grant_type": "password"}, "unsupported_grant_type"},
		"an unknown code":  {map[string]string{"code": "x"}, "invalid_grant"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, _ := newBrowser(t)
			request := map[string]string{"code": b.code()}
			for name, value := range c.changed {
				request[name] = value
			}
			if _, problem := b.redeem(request); problem != c.want {
				t.Errorf("%q, not %q", problem, c.want)
			}
		})
	}
	t.Run("a code is used twice", func(t *testing.T) {
		t.Parallel()
		b, _ := newBrowser(t)
		code := b.code()
		tokens, _ := b.redeem(map[string]string{"code": code})
		if _, problem := b.redeem(map[string]string{"code": code}); problem != "invalid_grant" {
			t.Errorf("the second time: %q", problem)
		}
		if _, problem := b.refresh(tokens["refresh_token"]); problem != "invalid_grant" {
			t.Errorf("its refresh token: %q", problem)
		}
	})
}

func TestProvider_RefreshTokens(t *testing.T) {
	t.Parallel()
	b, issuer := newBrowser(t)
	first, _ := b.redeem(map[string]string{"code": b.code()})
	second, problem := b.refresh(first["refresh_token"])
	if problem != "" || second["refresh_token"] == first["refresh_token"] {
		t.Fatalf("%v %s", second, problem)
	}
	idToken, _ := second["id_token"].(string)
	if got, err := read(t, b.http, b.issuer, idToken); err != nil || got.Subject != "alice" || got.Nonce != "" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, problem := b.refresh(first["refresh_token"]); problem != "invalid_grant" {
		t.Errorf("a used one: %q", problem)
	}
	if _, problem := b.refresh(second["refresh_token"]); problem != "invalid_grant" {
		t.Errorf("one of a family with a used one: %q", problem)
	}
	revoked, _ := b.redeem(map[string]string{"code": b.code()})
	token, _ := revoked["refresh_token"].(string)
	b.post(b.issuer+"/revoke", url.Values{"client_id": {clientID}, "token": {token}})
	if _, problem := b.refresh(token); problem != "invalid_grant" {
		t.Errorf("a revoked one: %q", problem)
	}
	third, _ := b.redeem(map[string]string{"code": b.code()})
	issuer.EndSessions()
	if _, problem := b.refresh(third["refresh_token"]); problem != "invalid_grant" {
		t.Errorf("after the end of all sessions: %q", problem)
	}
	got := b.post(b.request(map[string]string{"scope": "openid"}), alice)
	if tokens, _ := b.redeem(map[string]string{"code": got.to.Get("code")}); tokens["refresh_token"] != nil {
		t.Error("a refresh token without offline_access")
	}
}

func TestProvider_Origins(t *testing.T) {
	t.Parallel()
	b, _ := newBrowser(t)
	for origin, want := range map[string]string{"https://board.test": "https://board.test", "https://elsewhere.test": ""} {
		form := url.Values{"client_id": {clientID}, "grant_type": {"authorization_code"}}
		request, err := http.NewRequest(http.MethodPost, b.issuer+"/token", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Origin", origin)
		response, err := b.http.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if got := response.Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%s: %q", origin, got)
		}
	}
}
