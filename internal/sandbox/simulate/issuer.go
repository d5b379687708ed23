package simulate

import (
	"net/http"
	"net/http/httptest"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/oidc"
)

// IssuerTransport answers the requests of token verifiers to the sandbox's issuer, as if the
// sandbox were at endpoint.
type IssuerTransport struct {
	issuer   *oidc.Issuer
	endpoint string
}

// NewIssuerTransport returns the transport of an issuer, whose URL is oidc.URL(endpoint).
func NewIssuerTransport(issuer *oidc.Issuer, endpoint string) *IssuerTransport {
	return &IssuerTransport{issuer, endpoint}
}

// RoundTrip answers one request. It never fails.
func (t *IssuerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	t.issuer.Serve(recorder, r, t.endpoint)
	response := recorder.Result()
	response.Request = r
	return response, nil
}
