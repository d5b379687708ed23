package relay

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Access configures which tokens allow a connection.
type Access struct {
	// Issuer is the URL of the OIDC issuer, the "iss" of its tokens. With "" every connection is
	// refused.
	Issuer string
	// Audiences are the accepted audiences; at least one.
	Audiences []string
	// ProjectsClaim is the claim that lists the visible projects; "" means DefaultProjectsClaim.
	ProjectsClaim string
	// HTTPClient calls the issuer; nil means a client with a timeout.
	HTTPClient *http.Client
}

// DefaultProjectsClaim is the default of Access.ProjectsClaim.
const DefaultProjectsClaim = "stowage_projects"

// Everything is the name that means all projects.
const Everything = mirror.Everything

const issuerTimeout = 5 * time.Second

func (a Access) check() error {
	if a.Issuer == "" {
		if len(a.Audiences) > 0 || a.ProjectsClaim != "" {
			return errors.New("the issuer of the tokens is missing")
		}
		return nil
	}
	if len(a.Audiences) == 0 || slices.Contains(a.Audiences, "") {
		return errors.New(
			"the audience of the tokens is missing: without it, a token for any application of the issuer would do",
		)
	}
	u, err := url.Parse(a.Issuer)
	if err != nil || u.Host == "" {
		return fmt.Errorf("the issuer %q is not a URL", a.Issuer)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u)) {
		return fmt.Errorf("the issuer %q must be an https URL", a.Issuer)
	}
	return nil
}

// isLoopback reports whether a URL is one of this machine.
func isLoopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// refusal is the reason why a connection is refused. It contains nothing of the token.
type refusal struct {
	reason string
	known  bool // the subject is known, but has no access to any project
}

func (r *refusal) Error() string { return r.reason }

// visitor is the holder of a valid token.
type visitor struct {
	subject  string
	projects []string // names, or Everything alone
	expires  time.Time
}

// claims are the claims of a token whose signature, issuer and times are valid.
type claims struct {
	subject  string
	audience []string
	expires  time.Time
	all      map[string]json.RawMessage
}

// verifier checks the signature, issuer and times of a token. It returns a *refusal for an invalid
// token, and any other error when the check was not possible.
//
// tokenEndpoint returns the URL of the issuer's token endpoint.
type verifier interface {
	tokenEndpoint(ctx context.Context) (string, error)
	verify(ctx context.Context, token string) (*claims, error)
}

type gate struct {
	access   Access
	verifier verifier
}

func newGate(access Access) (*gate, error) {
	if err := access.check(); err != nil {
		return nil, err
	}
	if access.ProjectsClaim == "" {
		access.ProjectsClaim = DefaultProjectsClaim
	}
	client := access.HTTPClient
	if client == nil {
		client = &http.Client{Timeout: issuerTimeout}
	}
	return &gate{access: access, verifier: newVerifier(access.Issuer, client)}, nil
}

// admit returns the token's subject and visible projects. It returns a *refusal for an insufficient
// token, and any other error when the check was not possible.
func (g *gate) admit(ctx context.Context, token string) (*visitor, error) {
	if g.access.Issuer == "" {
		return nil, &refusal{reason: "the hub has no issuer of tokens"}
	}
	verified, err := g.verifier.verify(ctx, token)
	if err != nil {
		return nil, err
	}
	if !g.isForUs(verified) {
		return nil, &refusal{reason: "the token is for another audience"}
	}
	if verified.subject == "" {
		return nil, &refusal{reason: "the token has no subject"}
	}
	names, err := projectsOf(verified.all[g.access.ProjectsClaim])
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, &refusal{reason: "the token names no project", known: true}
	}
	return &visitor{subject: verified.subject, projects: names, expires: verified.expires}, nil
}

// isForUs reports whether a token has one of the accepted audiences. Cognito's access tokens have
// no audience and name the client in another claim.
func (g *gate) isForUs(c *claims) bool {
	audience := c.audience
	if len(audience) == 0 && stringOf(c.all["token_use"]) == "access" {
		audience = []string{stringOf(c.all["client_id"])}
	}
	return slices.ContainsFunc(audience, func(a string) bool { return a != "" && slices.Contains(g.access.Audiences, a) })
}

// stringOf returns a claim's text; "" when it has another type.
func stringOf(claim json.RawMessage) string {
	var s string
	if json.Unmarshal(claim, &s) != nil {
		return ""
	}
	return s
}

// projectsOf returns the projects that a claim lists: a list of names, names separated by spaces,
// or Everything. It omits what cannot be a project's name, since the claim may list groups of all
// kinds.
func projectsOf(claim json.RawMessage) ([]string, error) {
	if len(claim) == 0 {
		return nil, nil
	}
	var names []string
	var text *string
	var list []*string
	switch {
	case json.Unmarshal(claim, &text) == nil && text != nil:
		names = strings.Fields(*text)
	case json.Unmarshal(claim, &list) == nil && list != nil && !slices.Contains(list, nil):
		for _, name := range list {
			names = append(names, *name)
		}
	default:
		return nil, &refusal{reason: "the claim that names the projects is neither a list of names nor a string"}
	}
	if slices.Contains(names, Everything) {
		return []string{Everything}, nil
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !isProjectName(name) })
	slices.Sort(names)
	return slices.Compact(names), nil
}

func isProjectName(name string) bool {
	return len(model.DirectoryEntry{Name: name, AccountID: "000000000000", Region: "eu-west-1"}.Problems()) == 0
}

const (
	subprotocolHeader = "Sec-WebSocket-Protocol"
	// subprotocol is the protocol of the messages, and the only one that the server answers.
	subprotocol = "stowage.v1"
	// tokenProtocol precedes the token, since browsers cannot send custom headers.
	tokenProtocol = "stowage.token."
)

// tokenOf finds the token among the subprotocols that a client offers, raw or in base64url.
func tokenOf(headers map[string]string, all map[string][]string) (string, error) {
	offered := subprotocolsOf(headers, all)
	var tokens []string
	for _, p := range offered {
		if token, ok := strings.CutPrefix(p, tokenProtocol); ok {
			tokens = append(tokens, token)
		}
	}
	switch {
	case !slices.Contains(offered, subprotocol):
		return "", &refusal{reason: "the client doesn't offer the protocol " + subprotocol}
	case len(tokens) != 1 || tokens[0] == "":
		return "", &refusal{reason: "the client brings no token, or several"}
	case strings.Contains(tokens[0], "."):
		return tokens[0], nil
	}
	decoded, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(tokens[0], "="))
	if err != nil {
		return "", &refusal{reason: "it is not a signed token"}
	}
	return string(decoded), nil
}

// subprotocolsOf returns the subprotocols that a client offers, from all headers of that name in
// any case.
func subprotocolsOf(headers map[string]string, all map[string][]string) []string {
	var lines []string
	for name, values := range all {
		if strings.EqualFold(name, subprotocolHeader) {
			lines = append(lines, values...)
		}
	}
	if lines == nil {
		for name, value := range headers {
			if strings.EqualFold(name, subprotocolHeader) {
				lines = append(lines, value)
			}
		}
	}
	var offered []string
	for _, line := range lines {
		for p := range strings.SplitSeq(line, ",") {
			offered = append(offered, strings.TrimSpace(p))
		}
	}
	return offered
}
