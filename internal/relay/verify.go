package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
)

// issuer verifies the tokens of an OIDC issuer. It requests the keys for the first token, and again
// for a token signed by an unknown key.
type issuer struct {
	url    string
	client *http.Client

	mu       sync.Mutex // protects the fields below; never held during a call
	verifier *oidc.IDTokenVerifier
	tokens   string // URL of the token endpoint
}

func newVerifier(url string, client *http.Client) verifier { return &issuer{url: url, client: client} }

// signatures are the accepted algorithms: those with public keys.
var signatures = []string{
	oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512,
	oidc.EdDSA,
}

// open fetches the issuer's keys. A failure is not cached: the next token tries again.
func (i *issuer) open(ctx context.Context) (*oidc.IDTokenVerifier, error) {
	i.mu.Lock()
	verifier := i.verifier
	i.mu.Unlock()
	if verifier != nil {
		return verifier, nil
	}
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, i.client), i.url)
	if err != nil {
		return nil, fmt.Errorf("the issuer %s could not be asked for its keys: %w", i.url, err)
	}
	// The gate checks the audience, since not all issuers use "aud".
	verifier = provider.VerifierContext(oidc.ClientContext(context.WithoutCancel(ctx), i.client), &oidc.Config{
		SkipClientIDCheck: true, SupportedSigningAlgs: signatures,
	})
	i.mu.Lock()
	defer i.mu.Unlock()
	i.verifier, i.tokens = verifier, provider.Endpoint().TokenURL
	return verifier, nil
}

func (i *issuer) tokenEndpoint(ctx context.Context) (string, error) {
	if _, err := i.open(ctx); err != nil {
		return "", err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.tokens, nil
}

func (i *issuer) verify(ctx context.Context, token string) (*claims, error) {
	v, err := i.open(ctx)
	if err != nil {
		return nil, err
	}
	verified, err := v.Verify(ctx, token)
	if err != nil {
		return nil, i.refused(err)
	}
	all := map[string]json.RawMessage{}
	if err := verified.Claims(&all); err != nil {
		return nil, &refusal{reason: "the token's claims are no object"}
	}
	return &claims{verified.Subject, verified.Audience, verified.Expiry, all}, nil
}

// refused rewords a verification error without content of the token; the library's errors quote
// claims.
func (i *issuer) refused(err error) error {
	var expired *oidc.TokenExpiredError
	switch text := err.Error(); {
	case errors.As(err, &expired):
		return &refusal{reason: "the token has expired"}
	case strings.Contains(text, "fetching keys"):
		return fmt.Errorf("the keys of the issuer %s could not be read", i.url)
	case strings.Contains(text, "different provider"):
		return &refusal{reason: "the token is of another issuer"}
	case strings.Contains(text, "malformed jwt"):
		return &refusal{reason: "it is not a signed token"}
	case strings.Contains(text, "nbf"):
		return &refusal{reason: "the token is not valid yet"}
	}
	return &refusal{reason: "the token's signature or claims are not valid"}
}
