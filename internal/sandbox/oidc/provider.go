package oidc

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// codeLife is the lifetime of an authorization code: at most ten minutes (RFC 6749, 4.1.2).
const codeLife = time.Minute

// Client is a registered public client: it has no secret and must use PKCE (RFC 9700, 2.1.1).
type Client struct {
	ID string
	// RedirectURIs and PostLogoutRedirectURIs are the addresses to which people return after they
	// have signed in and out. They are compared as strings (RFC 9700, 2.1).
	RedirectURIs           []string
	PostLogoutRedirectURIs []string
}

// person is a user who has signed in at the form.
type person struct {
	name      string
	projects  []string
	expiresIn int // seconds; lifetime of ID tokens
	since     time.Time
}

type grant struct {
	client, redirectURI, scope, nonce, challenge string

	session string
	person  person
	expires time.Time // of the code
	revoked bool
}

// provider is the state of the endpoints that sign people in.
type provider struct {
	mu       sync.Mutex // protects the fields below
	clients  map[string]Client
	sessions map[string]person
	codes    map[string]*grant // used ones included
	used     map[string]bool   // codes and refresh tokens
	refresh  map[string]*grant // by refresh token, used ones included
}

func newProvider() *provider {
	p := &provider{clients: map[string]Client{}}
	p.forget()
	return p
}

// forget ends all sessions. It requires the lock, except in newProvider.
func (p *provider) forget() {
	p.sessions, p.used = map[string]person{}, map[string]bool{}
	p.codes, p.refresh = map[string]*grant{}, map[string]*grant{}
}

// Register registers a client, or replaces the one with the same ID.
func (i *Issuer) Register(c Client) {
	i.provider.mu.Lock()
	defer i.provider.mu.Unlock()
	i.provider.clients[c.ID] = c
}

// EndSessions signs everybody out: codes and refresh tokens are refused from now on. Issued ID
// tokens stay valid until they expire.
func (i *Issuer) EndSessions() {
	i.provider.mu.Lock()
	defer i.provider.mu.Unlock()
	i.provider.forget()
}

// failure is an error response of the token endpoint (RFC 6749, 5.2).
type failure struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

// token answers a request of the token endpoint.
func (i *Issuer) token(w http.ResponseWriter, r *http.Request, issuer string) {
	i.allowOrigin(w, r, r.PostFormValue("client_id"))
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	answer, refused := i.exchange(r.PostForm, issuer)
	if refused != nil {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(refused) // the client may have disconnected
		return
	}
	_ = json.NewEncoder(w).Encode(answer) // the client may have disconnected
}

// allowOrigin allows scripts of the pages of a client to read the response, and no others.
func (i *Issuer) allowOrigin(w http.ResponseWriter, r *http.Request, client string) {
	i.provider.mu.Lock()
	defer i.provider.mu.Unlock()
	origin := r.Header.Get("Origin")
	for _, uri := range i.provider.clients[client].RedirectURIs {
		if u, err := url.Parse(uri); err == nil && origin == u.Scheme+"://"+u.Host {
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Vary", "Origin")
		}
	}
}

func (i *Issuer) exchange(form url.Values, issuer string) (map[string]any, *failure) {
	p := i.provider
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.clients[form.Get("client_id")]; !ok {
		return nil, &failure{"invalid_client", "the client is not registered"}
	}
	var g *grant
	var refused *failure
	switch form.Get("grant_type") {
	case "authorization_code":
		g, refused = p.redeemCode(form)
	case "refresh_token":
		g, refused = p.redeemRefreshToken(form)
	default:
		refused = &failure{"unsupported_grant_type", "expected authorization_code or refresh_token"}
	}
	if refused != nil {
		return nil, refused
	}
	return i.tokensOf(g, issuer, form.Get("grant_type") == "authorization_code")
}

// redeemCode returns the grant of an authorization code. A code that is used again revokes what was
// issued for it (RFC 6749, 4.1.2).
func (p *provider) redeemCode(form url.Values) (*grant, *failure) {
	code := form.Get("code")
	g := p.codes[code]
	switch verifier := form.Get("code_verifier"); {
	case g == nil || g.client != form.Get("client_id"):
		return nil, &failure{"invalid_grant", "the code is unknown"}
	case p.used[code]:
		g.revoked = true
		return nil, &failure{"invalid_grant", "the code was used before"}
	case !time.Now().Before(g.expires):
		return nil, &failure{"invalid_grant", "the code has expired"}
	case g.redirectURI != form.Get("redirect_uri"):
		return nil, &failure{"invalid_grant", "redirect_uri differs from that of the authorization request"}
	case len(verifier) < 43 || len(verifier) > 128: // RFC 7636, 4.1
		return nil, &failure{"invalid_request", "code_verifier must have 43 to 128 characters"}
	case challengeOf(verifier) != g.challenge:
		return nil, &failure{"invalid_grant", "code_verifier does not match code_challenge"}
	}
	p.used[code] = true
	return g, nil
}

// redeemRefreshToken returns the grant of a refresh token. Refresh tokens are rotated: one that is
// used again revokes the grant (RFC 9700, 4.14.2).
func (p *provider) redeemRefreshToken(form url.Values) (*grant, *failure) {
	token := form.Get("refresh_token")
	g := p.refresh[token]
	switch {
	case g == nil || g.client != form.Get("client_id") || g.revoked:
		return nil, &failure{"invalid_grant", "the refresh token is unknown or revoked"}
	case p.used[token]:
		g.revoked = true
		return nil, &failure{"invalid_grant", "the refresh token was used before"}
	}
	p.used[token] = true
	return g, nil
}

// challengeOf returns the S256 challenge of a verifier (RFC 7636, 4.2).
func challengeOf(verifier string) string {
	hash := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(hash[:])
}

// tokensOf issues the tokens of a grant. Only the first ID token has the nonce (OpenID Connect Core
// 1.0, 12.2). A refresh token is issued for the scope offline_access (11). It requires the lock.
func (i *Issuer) tokensOf(g *grant, issuer string, first bool) (map[string]any, *failure) {
	extra := map[string]any{"auth_time": g.person.since.Unix(), "name": g.person.name}
	if first && g.nonce != "" {
		extra["nonce"] = g.nonce
	}
	projects := g.person.projects
	if projects == nil {
		projects = []string{}
	}
	idToken, err := i.Token(issuer, TokenRequest{
		Subject: g.person.name, Audience: g.client, Projects: projects, ExpiresIn: g.person.expiresIn, Claims: extra,
	})
	if err != nil {
		return nil, &failure{"server_error", err.Error()}
	}
	answer := map[string]any{
		"access_token": rand.Text(), "token_type": "Bearer", "expires_in": g.person.expiresIn, "id_token": idToken,
		"scope": g.scope,
	}
	if hasScope(g.scope, "offline_access") {
		token := rand.Text()
		i.provider.refresh[token] = g
		answer["refresh_token"] = token
	}
	return answer, nil
}

func hasScope(scope, name string) bool { return slices.Contains(strings.Fields(scope), name) }

// revoke answers a request of the revocation endpoint (RFC 7009): also for an unknown token, success.
func (i *Issuer) revoke(w http.ResponseWriter, r *http.Request) {
	i.allowOrigin(w, r, r.PostFormValue("client_id"))
	p := i.provider
	p.mu.Lock()
	defer p.mu.Unlock()
	if g := p.refresh[r.PostFormValue("token")]; g != nil && g.client == r.PostFormValue("client_id") {
		g.revoked = true
	}
}

// endSession answers a request of the end-session endpoint (OpenID Connect RP-Initiated Logout 1.0):
// it ends the session and returns to a registered address.
func (i *Issuer) endSession(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	p := i.provider
	p.mu.Lock()
	id := sessionOf(r)
	delete(p.sessions, id)
	for g := range maps.Values(p.refresh) {
		if id != "" && g.session == id {
			g.revoked = true
		}
	}
	client := p.clients[query.Get("client_id")]
	p.mu.Unlock()
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Path: Path, MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	uri := query.Get("post_logout_redirect_uri")
	if uri == "" {
		showText(w, http.StatusOK, "You are signed out.")
		return
	}
	if !slices.Contains(client.PostLogoutRedirectURIs, uri) {
		showText(w, http.StatusBadRequest, "post_logout_redirect_uri is not registered for the client.")
		return
	}
	returnTo(w, r, uri, url.Values{"state": query["state"]})
}
