package oidc

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	// Path is the issuer's path below the sandbox's address.
	Path = "/_sandbox/oidc"
	// Audience is the default audience of tokens.
	Audience = "stowage"
	// ProjectsClaim is the default claim that names the projects.
	ProjectsClaim = "stowage_projects"

	keyID = "sandbox-1"
	// lifetime is the default lifetime of tokens in seconds.
	lifetime = 3600
)

// Issuer creates tokens and serves the requests of their verifiers. It is safe for concurrent use.
type Issuer struct {
	signing, forging func() *rsa.PrivateKey
	provider         *provider
}

// New returns an issuer whose keys are a function of the seed.
func New(seed uint64) *Issuer {
	key := func(which byte) func() *rsa.PrivateKey {
		return sync.OnceValue(func() *rsa.PrivateKey { return newKey(seed, which) })
	}
	return &Issuer{signing: key('s'), forging: key('f'), provider: newProvider()}
}

// URL returns the issuer's URL for a sandbox endpoint such as http://127.0.0.1:4599.
func URL(endpoint string) string { return strings.TrimSuffix(endpoint, "/") + Path }

// TokenRequest describes a token; the zero value requests one hour, all projects and the default
// audience.
type TokenRequest struct {
	Projects  []string       `json:"projects"`   // nil means all: "*"
	Audience  string         `json:"audience"`   // "" means Audience
	Subject   string         `json:"subject"`    // "" means "somebody"
	ExpiresIn int            `json:"expires_in"` // seconds; 0 means 3600, a negative number an expired token
	Claim     string         `json:"claim"`      // "" means ProjectsClaim
	Claims    map[string]any `json:"claims"`     // further claims, which override the others
	Forged    bool           `json:"forged"`
	Unsigned  bool           `json:"unsigned"`
}

// Token returns the requested token, in the name of an issuer's URL.
func (i *Issuer) Token(issuer string, r TokenRequest) (string, error) {
	now := time.Now()
	if r.ExpiresIn == 0 {
		r.ExpiresIn = lifetime
	}
	expires := now.Add(time.Duration(r.ExpiresIn) * time.Second)
	issued := now
	if expires.Before(issued) {
		issued = expires.Add(-lifetime * time.Second)
	}
	claims := map[string]any{
		"iss": issuer, "sub": "somebody", "aud": Audience, ProjectsClaim: []string{"*"},
		"iat": issued.Unix(), "exp": expires.Unix(),
	}
	if r.Subject != "" {
		claims["sub"] = r.Subject
	}
	if r.Audience != "" {
		claims["aud"] = r.Audience
	}
	projects := claims[ProjectsClaim]
	if r.Projects != nil {
		projects = r.Projects
	}
	delete(claims, ProjectsClaim)
	if r.Claim == "" {
		r.Claim = ProjectsClaim
	}
	claims[r.Claim] = projects
	maps.Copy(claims, r.Claims)
	switch {
	case r.Forged && r.Unsigned:
		return "", fmt.Errorf("a token is either forged or unsigned")
	case r.Forged:
		return i.Forge(claims)
	case r.Unsigned:
		return Unsigned(claims)
	default:
		return i.Sign(claims)
	}
}

// Sign returns a token with exactly these claims.
func (i *Issuer) Sign(claims map[string]any) (string, error) { return sign(i.signing(), claims) }

// Forge is Sign with a key that is not the issuer's, under the name of the issuer's key.
func (i *Issuer) Forge(claims map[string]any) (string, error) { return sign(i.forging(), claims) }

// Unsigned returns a token that claims to need no signature. No library creates such tokens.
func Unsigned(claims map[string]any) (string, error) {
	text, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("oidc: encode a token: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + encode(text) + ".", nil
}

func sign(key *rsa.PrivateKey, claims map[string]any) (string, error) {
	signingKey := jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: keyID}}
	signer, err := jose.NewSigner(signingKey, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("oidc: create a signer: %w", err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		return "", fmt.Errorf("oidc: sign a token: %w", err)
	}
	return token, nil
}

// Serve answers a request below Path; endpoint is the sandbox's address in that request. Pages of any
// origin may read the discovery document and the keys.
func (i *Issuer) Serve(w http.ResponseWriter, r *http.Request, endpoint string) {
	issuer := URL(endpoint)
	var answer any
	switch r.Method + " " + strings.TrimPrefix(r.URL.Path, Path) {
	case "GET /authorize", "POST /authorize":
		i.authorize(w, r, issuer)
		return
	case "POST /token":
		i.token(w, r, issuer)
		return
	case "POST /revoke":
		i.revoke(w, r)
		return
	case "GET /logout":
		i.endSession(w, r)
		return
	case "GET /.well-known/openid-configuration":
		answer = map[string]any{
			"issuer":                                         issuer,
			"jwks_uri":                                       issuer + "/jwks.json",
			"authorization_endpoint":                         issuer + "/authorize",
			"token_endpoint":                                 issuer + "/token",
			"revocation_endpoint":                            issuer + "/revoke",
			"end_session_endpoint":                           issuer + "/logout",
			"scopes_supported":                               []string{"openid", "offline_access"},
			"response_types_supported":                       []string{"code"},
			"response_modes_supported":                       []string{"query"},
			"grant_types_supported":                          []string{"authorization_code", "refresh_token"},
			"subject_types_supported":                        []string{"public"},
			"id_token_signing_alg_values_supported":          []string{"RS256"},
			"token_endpoint_auth_methods_supported":          []string{"none"},
			"revocation_endpoint_auth_methods_supported":     []string{"none"},
			"code_challenge_methods_supported":               []string{"S256"},
			"authorization_response_iss_parameter_supported": true,
		}
	case "GET /jwks.json":
		answer = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{
			Key: &i.signing().PublicKey, KeyID: keyID, Algorithm: string(jose.RS256), Use: "sig",
		}}}
	default:
		http.Error(w, "the sandbox's issuer has the endpoints of /.well-known/openid-configuration", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	_ = json.NewEncoder(w).Encode(answer) // the client may have disconnected
}

// newKey generates a key from the seed. The standard library's generators accept no seed.
func newKey(seed uint64, which byte) *rsa.PrivateKey {
	var start [32]byte
	binary.BigEndian.PutUint64(start[:], seed)
	start[8] = which
	source := rand.NewChaCha8(start)
	e := big.NewInt(65537)
	one := big.NewInt(1)
	for {
		p, q := prime(source), prime(source)
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		d := new(big.Int).ModInverse(e, phi)
		if d == nil || p.Cmp(q) == 0 {
			continue
		}
		key := &rsa.PrivateKey{
			PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: int(e.Int64())},
			D:         d, Primes: []*big.Int{p, q},
		}
		key.Precompute()
		if err := key.Validate(); err != nil {
			panic(fmt.Sprintf("sandbox: the key of the OIDC issuer: %v", err))
		}
		return key
	}
}

// prime returns a prime of 1024 bits whose two highest bits are set, so that the product of two has
// 2048 bits.
func prime(source *rand.ChaCha8) *big.Int {
	var b [128]byte
	_, _ = source.Read(b[:]) // never fails
	b[0] |= 0xc0
	b[len(b)-1] |= 1
	p, two := new(big.Int).SetBytes(b[:]), big.NewInt(2)
	for !p.ProbablyPrime(20) {
		p.Add(p, two)
	}
	return p
}
