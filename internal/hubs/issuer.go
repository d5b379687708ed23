package hubs

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	smithytime "github.com/aws/smithy-go/time"
)

const (
	issuerAttribute = "live.oidc_issuer"
	discoveryPath   = "/.well-known/openid-configuration"
	// issuerBound limits one request, and issuerTries are the requests to an issuer that does not
	// answer.
	issuerBound = 10 * time.Second
	issuerTries = 3
	// maxDiscovery is the maximum size of a discovery document.
	maxDiscovery = 1 << 20
)

// discovery is what a sign-in at the board needs of an issuer (OpenID Connect Discovery 1.0, 3).
type discovery struct {
	Issuer   string   `json:"issuer"`
	Auth     string   `json:"authorization_endpoint"`
	Token    string   `json:"token_endpoint"`
	Keys     string   `json:"jwks_uri"`
	Methods  []string `json:"code_challenge_methods_supported"`
	Response []string `json:"response_types_supported"`
}

// checkIssuer refuses an issuer at which no web client could sign in.
func (d *deployment) checkIssuer(ctx context.Context, issuer string) error {
	address := strings.TrimSuffix(issuer, "/") + discoveryPath
	refuse := func(err error, cause string) error {
		return &PrerequisiteError{
			Attribute: issuerAttribute, Cause: cause, Err: err,
			Remedy: "Check the URL: it is the claim iss of the issuer's tokens, and " + address + " must answer.",
		}
	}
	body, err := d.discover(ctx, address)
	if err != nil {
		return refuse(err, fmt.Sprintf("The issuer %s has no discovery document that can be read.", issuer))
	}
	var found discovery
	if err := json.Unmarshal(body, &found); err != nil {
		return refuse(err, fmt.Sprintf("The discovery document of the issuer %s is not JSON.", issuer))
	}
	switch {
	case found.Issuer != issuer:
		return refuse(nil, fmt.Sprintf("The discovery document of the issuer %s is that of %q.", issuer, found.Issuer))
	case found.Auth == "" || found.Token == "" || found.Keys == "":
		return refuse(nil, fmt.Sprintf(
			"The issuer %s does not support the authorization code flow: its discovery document lacks an endpoint.", issuer))
	case found.Methods != nil && !slices.Contains(found.Methods, "S256"):
		return refuse(nil, fmt.Sprintf("The issuer %s does not support PKCE with S256.", issuer))
	case found.Response != nil && !slices.Contains(found.Response, "code"):
		return refuse(nil, fmt.Sprintf("The issuer %s does not support the authorization code flow.", issuer))
	}
	return nil
}

// discover returns the discovery document at an address. It repeats requests that get no answer.
func (d *deployment) discover(ctx context.Context, address string) ([]byte, error) {
	for try := 1; ; try++ {
		body, final, err := d.get(ctx, address)
		if err == nil || final || try == issuerTries {
			return body, err
		}
		if err := smithytime.SleepWithContext(ctx, time.Duration(try)*time.Second); err != nil {
			return nil, err
		}
	}
}

// get makes one request. final means that repeating it does not help.
func (d *deployment) get(ctx context.Context, address string) (body []byte, final bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, issuerBound)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, true, err
	}
	response, err := d.config.Issuers.Do(request)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, response.StatusCode < http.StatusInternalServerError, fmt.Errorf("GET %s: %s", address, response.Status)
	}
	body, err = io.ReadAll(io.LimitReader(response.Body, maxDiscovery))
	return body, false, err
}
