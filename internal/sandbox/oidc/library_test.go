//go:build oidc

package oidc_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	goidc "github.com/coreos/go-oidc/v3/oidc"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/oidc"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

// verifier returns the verifier of a library that is independent of the sandbox.
func verifier(
	t *testing.T, ctx context.Context, endpoint string, client *http.Client,
) *goidc.IDTokenVerifier {
	t.Helper()
	provider, err := goidc.NewProvider(goidc.ClientContext(ctx, client), oidc.URL(endpoint))
	if err != nil {
		t.Fatal(err)
	}
	return provider.Verifier(&goidc.Config{ClientID: oidc.Audience})
}

func TestALibraryVerifiesTokens(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(sandbox.New(sandbox.Options{Seed: 3}))
	t.Cleanup(server.Close)
	verify := verifier(t, t.Context(), server.URL, server.Client())
	for _, c := range []struct {
		name, body string
		refused    string // part of the error; "" when the token is good
	}{
		{"all defaults", `{}`, ""},
		{"some projects", `{"projects":["a","b"],"subject":"me","expires_in":60}`, ""},
		{"expired", `{"expires_in":-1}`, "expired"},
		{"another audience", `{"audience":"elsewhere"}`, "audience"},
		{"another issuer", `{"claims":{"iss":"https://elsewhere.example"}}`, "issue"},
		{"forged", `{"forged":true}`, "signature"},
		{"unsigned", `{"unsigned":true}`, "malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			response, err := server.Client().Post(server.URL+"/_sandbox/tokens", "application/json", strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			var got struct{ Token, Issuer string }
			if err := json.NewDecoder(response.Body).Decode(&got); err != nil || got.Issuer != oidc.URL(server.URL) {
				t.Fatalf("%+v, %v", got, err)
			}
			token, err := verify.Verify(t.Context(), got.Token)
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("%v, want %q", err, c.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var claims struct {
				Projects []string `json:"stowage_projects"`
			}
			if err := token.Claims(&claims); err != nil {
				t.Fatal(err)
			}
			if c.name == "all defaults" && (!slices.Equal(claims.Projects, []string{"*"}) || token.Subject != "somebody") ||
				c.name == "some projects" && (!slices.Equal(claims.Projects, []string{"a", "b"}) || token.Subject != "me") {
				t.Errorf("%+v of %s", claims, token.Subject)
			}
		})
	}
	for _, body := range []string{`{"forged":true,"unsigned":true}`, `{"scope":"x"}`} {
		response, err := server.Client().Post(server.URL+"/_sandbox/tokens", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", body, response.StatusCode)
		}
	}
}

func TestTokens_VirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box := sandbox.New(sandbox.Options{Seed: 3})
		const endpoint = "https://sandbox.test"
		verify := verifier(t, t.Context(), endpoint, &http.Client{Transport: simulate.NewTransport(box)})
		token, err := box.Issuer().Token(oidc.URL(endpoint), oidc.TokenRequest{ExpiresIn: 120, Claim: "custom:projects"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verify.Verify(t.Context(), token); err != nil {
			t.Error(err)
		}
		again, err := oidc.New(3).Token(oidc.URL(endpoint), oidc.TokenRequest{ExpiresIn: 120, Claim: "custom:projects"})
		if err != nil || again != token {
			t.Errorf("the same seed gives another token: %v", err)
		}
		other, err := oidc.New(4).Token(oidc.URL(endpoint), oidc.TokenRequest{ExpiresIn: 120, Claim: "custom:projects"})
		if err != nil || other == token {
			t.Errorf("another seed gives the same token: %v", err)
		}
		time.Sleep(2*time.Minute + time.Second)
		if _, err := verify.Verify(t.Context(), token); err == nil {
			t.Error("a token outlives its time")
		}
	})
}
