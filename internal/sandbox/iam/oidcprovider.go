package iam

import (
	"crypto/sha1" //nolint:gosec // IAM's thumbprints
	"encoding/hex"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// Limits of OIDC providers (IAM API Reference, CreateOpenIDConnectProvider; IAM quotas).
const (
	maxClients       = 100
	maxThumbprints   = 5
	maxOIDCProviders = 100
)

var thumbprint = regexp.MustCompile(`^[0-9A-Fa-f]{40}$`)

// oidcProvider is an OpenID Connect provider. The name of its ARN is its URL without the scheme.
type oidcProvider struct {
	host, arn   string
	clients     []string
	thumbprints []string
	tags        []tag
	created     time.Time
}

func (a *account) oidcARN(host string) string {
	return "arn:aws:iam::" + a.id + ":oidc-provider/" + host
}

func (a *account) oidcProvider(arn string) (*oidcProvider, error) {
	if p := a.oidc[arn]; p != nil {
		return p, nil
	}
	return nil, noSuchEntity("OpenIDConnect Provider not found for arn %s", arn)
}

// newOIDCProvider are the inputs of CreateOpenIDConnectProvider.
type newOIDCProvider struct {
	url                  string
	clients, thumbprints []string
	tags                 []tag
}

func (s *Service) createOIDCProvider(a *account, in newOIDCProvider) (*oidcProvider, error) {
	parsed, err := url.Parse(in.url)
	host, https := strings.CutPrefix(in.url, "https://")
	host = strings.TrimSuffix(host, "/")
	if err != nil || !https || parsed.Host == "" || parsed.RawQuery != "" || len(in.url) > 255 {
		return nil, cloud.Errorf("ValidationError", "Invalid Open ID Connect Provider URL")
	}
	if err := checkClients(in.clients); err != nil {
		return nil, err
	}
	if err := checkThumbprints(in.thumbprints); err != nil {
		return nil, err
	}
	if err := checkTags(in.tags); err != nil {
		return nil, err
	}
	arn := a.oidcARN(host)
	switch {
	case a.oidc[arn] != nil:
		return nil, alreadyExists("Provider with url %s already exists.", in.url)
	case len(a.oidc) >= maxOIDCProviders:
		return nil, limitExceeded("Cannot exceed quota for OpenIdConnectProvidersPerAccount: %d", maxOIDCProviders)
	}
	if len(in.thumbprints) == 0 { // IAM retrieves one from the provider
		sum := sha1.Sum([]byte(host)) //nolint:gosec // IAM's thumbprints
		in.thumbprints = []string{hex.EncodeToString(sum[:])}
	}
	p := &oidcProvider{
		host: host, arn: arn, clients: slices.Clone(in.clients), thumbprints: in.thumbprints, tags: in.tags,
		created: s.world.Now(),
	}
	a.oidc[arn] = p
	return p, nil
}

func checkClients(clients []string) error {
	if len(clients) > maxClients {
		return limitExceeded("Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: %d", maxClients)
	}
	for _, client := range clients {
		if client == "" || len(client) > 255 {
			return cloud.Errorf(
				"ValidationError",
				"1 validation error detected: Value at 'clientIDList' failed to satisfy constraint: Member must have length between 1 and 255",
			)
		}
	}
	return nil
}

func checkThumbprints(thumbprints []string) error {
	if len(thumbprints) > maxThumbprints {
		return cloud.Errorf("InvalidInput", "Thumbprint list must contain fewer than %d entries.", maxThumbprints)
	}
	for _, t := range thumbprints {
		if !thumbprint.MatchString(t) {
			return cloud.Errorf(
				"ValidationError",
				"1 validation error detected: Value '%s' at 'thumbprintList' failed to satisfy constraint: Member must have length 40",
				t,
			)
		}
	}
	return nil
}

// OIDCProvider implements cloud.OIDCProviderFinder.
func (s *Service) OIDCProvider(accountID, host string) (clients []string, ok bool) {
	a := s.account(accountID)
	p := a.oidc[a.oidcARN(host)]
	if p == nil {
		return nil, false
	}
	return p.clients, true
}
