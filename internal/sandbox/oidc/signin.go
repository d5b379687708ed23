package oidc

import (
	"crypto/rand"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sessionCookie is the name of the cookie with the session's ID.
const sessionCookie = "stowage_sandbox_session"

// sessionOf returns the ID of a browser's session; "" for none.
func sessionOf(r *http.Request) string {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// authorize answers a request of the authorization endpoint: the form, or the person's return to
// the client.
func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request, issuer string) {
	query := r.URL.Query()
	p := i.provider
	p.mu.Lock()
	defer p.mu.Unlock()
	client, known := p.clients[query.Get("client_id")]
	uri := query.Get("redirect_uri")
	if !known || !slices.Contains(client.RedirectURIs, uri) {
		// Such a request is never answered with a redirect (RFC 6749, 4.1.2.1).
		showText(w, http.StatusBadRequest, "The client is not registered, or not with this redirect_uri.")
		return
	}
	answer := url.Values{"state": query["state"], "iss": {issuer}} // iss: RFC 9207
	refuse := func(code, description string) {
		answer.Set("error", code)
		answer.Set("error_description", description)
		returnTo(w, r, uri, answer)
	}
	if code, description := problemOf(query); code != "" {
		refuse(code, description)
		return
	}
	session := sessionOf(r)
	visitor, signedIn := p.sessions[session]
	prompt := query.Get("prompt")
	switch {
	case r.Method == http.MethodPost && r.PostFormValue("action") == "cancel":
		refuse("access_denied", "The person has cancelled the sign-in.")
		return
	case r.Method == http.MethodPost:
		var err error
		if visitor, err = personOf(r.PostForm); err != nil {
			showForm(w, http.StatusBadRequest, query.Get("client_id"), err.Error())
			return
		}
		session = rand.Text()
		p.sessions[session] = visitor
		http.SetCookie(w, &http.Cookie{
			Name: sessionCookie, Value: session, Path: Path, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
	case prompt == "none" && !signedIn:
		refuse("login_required", "Nobody is signed in.")
		return
	case !signedIn || prompt == "login":
		showForm(w, http.StatusOK, query.Get("client_id"), "")
		return
	}
	code := rand.Text()
	p.codes[code] = &grant{
		client: client.ID, redirectURI: uri, scope: query.Get("scope"), nonce: query.Get("nonce"),
		challenge: query.Get("code_challenge"), session: session, person: visitor, expires: time.Now().Add(codeLife),
	}
	answer.Set("code", code)
	returnTo(w, r, uri, answer)
}

// problemOf returns the error of an authorization request; "" for a valid one.
func problemOf(query url.Values) (code, description string) {
	switch {
	case query.Get("response_type") != "code":
		return "unsupported_response_type", "Expected response_type=code."
	case !hasScope(query.Get("scope"), "openid"):
		return "invalid_scope", "Expected the scope openid."
	case query.Get("code_challenge_method") != "S256" || query.Get("code_challenge") == "":
		return "invalid_request", "Expected a code_challenge with code_challenge_method=S256."
	case query.Has("request") || query.Has("request_uri"):
		return "request_not_supported", "Request objects are not supported."
	}
	return "", ""
}

func personOf(form url.Values) (person, error) {
	p := person{
		name: strings.TrimSpace(form.Get("user")), projects: strings.Fields(form.Get("projects")), expiresIn: lifetime,
		since: time.Now(),
	}
	if p.name == "" {
		return p, fmt.Errorf("Enter a name.") //nolint:staticcheck // shown to people
	}
	if text := form.Get("expires_in"); text != "" {
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds < 1 {
			return p, fmt.Errorf("Enter a number of seconds.") //nolint:staticcheck // shown to people
		}
		p.expiresIn = seconds
	}
	return p, nil
}

// returnTo sends the person back to the client. Empty values are left out.
func returnTo(w http.ResponseWriter, r *http.Request, uri string, values url.Values) {
	u, err := url.Parse(uri)
	if err != nil {
		showText(w, http.StatusBadRequest, "The registered address is not a URL.")
		return
	}
	query := u.Query()
	for name := range values {
		if value := values.Get(name); value != "" {
			query.Set(name, value)
		}
	}
	u.RawQuery = query.Encode()
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer") // the code must not appear in a header (RFC 9700, 4.2.4)
	http.Redirect(w, r, u.String(), http.StatusSeeOther)
}

func showText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, text, status)
}

var signInForm = template.Must(template.New("form").Parse(`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Sign in to the sandbox</title>
  <style>
    :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
    body { max-width: 24rem; margin: 12vh auto; padding: 0 1rem; }
    label { display: block; margin: 1rem 0; }
    input { display: block; width: 100%; box-sizing: border-box; font: inherit; padding: .4rem .6rem; }
    button { font: inherit; padding: .4rem 1rem; margin-right: .5rem; }
  </style>
</head>
<body>
  <main>
    <h1>Sign in to the sandbox</h1>
    <p>This is the identity provider of the simulated AWS. There are no passwords. {{.Client}} asks who you are.</p>
    {{with .Problem}}<p role="alert">{{.}}</p>{{end}}
    <form method="post">
      <label>Name <input name="user" value="alice" autocomplete="off" required></label>
      <label>Projects, separated by spaces; * for all <input name="projects" value="*" autocomplete="off"></label>
      <label>Seconds until the token expires
        <input name="expires_in" value="3600" inputmode="numeric" autocomplete="off"></label>
      <button name="action" value="sign-in">Sign in</button>
      <button name="action" value="cancel" formnovalidate>Cancel</button>
    </form>
  </main>
</body>
</html>
`))

func showForm(w http.ResponseWriter, status int, client, problem string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_ = signInForm.Execute(w, map[string]string{"Client": client, "Problem": problem}) // the client may have disconnected
}
