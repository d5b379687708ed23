package oidc_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/oidc"
)

type claims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience string   `json:"aud"`
	Expires  int64    `json:"exp"`
	Issued   int64    `json:"iat"`
	Projects []string `json:"stowage_projects"`
	Nonce    string   `json:"nonce"`
}

func read(t *testing.T, client *http.Client, issuer, token string) (claims, error) {
	t.Helper()
	get := func(url string, v any) {
		t.Helper()
		response, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		if err := json.NewDecoder(response.Body).Decode(v); err != nil {
			t.Fatal(err)
		}
	}
	decode := func(text string) []byte {
		t.Helper()
		b, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var discovery struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	get(issuer+"/.well-known/openid-configuration", &discovery)
	if discovery.Issuer != issuer {
		t.Fatalf("%s calls itself %s", issuer, discovery.Issuer)
	}
	var set struct {
		Keys []struct{ Kid, N, E string }
	}
	get(discovery.Keys, &set)
	key := rsa.PublicKey{
		N: new(big.Int).SetBytes(decode(set.Keys[0].N)),
		E: int(new(big.Int).SetBytes(decode(set.Keys[0].E)).Int64()),
	}
	parts := strings.Split(token, ".")
	var header struct{ Alg, Kid string }
	var c claims
	if err := json.Unmarshal(decode(parts[0]), &header); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(decode(parts[1]), &c); err != nil {
		t.Fatal(err)
	}
	if header.Alg != "RS256" || header.Kid != set.Keys[0].Kid {
		return c, fmt.Errorf("header %+v", header)
	}
	hash := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	return c, rsa.VerifyPKCS1v15(&key, crypto.SHA256, hash[:], decode(parts[2]))
}

func TestTokens_Issued(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(sandbox.New(sandbox.Options{Seed: 3}))
	t.Cleanup(server.Close)
	for _, c := range []struct {
		name, body string
		signed     bool
		want       claims
		lives      int64 // seconds from now
	}{
		{"all defaults", `{}`, true, claims{Subject: "somebody", Audience: "stowage", Projects: []string{"*"}}, 3600},
		{"some projects", `{"projects":["a","b"],"subject":"me","expires_in":60}`, true, claims{Subject: "me", Audience: "stowage", Projects: []string{"a", "b"}}, 60},
		{"no project", `{"projects":[]}`, true, claims{Subject: "somebody", Audience: "stowage", Projects: []string{}}, 3600},
		{"expired", `{"expires_in":-1}`, true, claims{Subject: "somebody", Audience: "stowage", Projects: []string{"*"}}, -1},
		{"another audience", `{"audience":"elsewhere"}`, true, claims{Subject: "somebody", Audience: "elsewhere", Projects: []string{"*"}}, 3600},
		{"claims of one's own", `{"claims":{"sub":"other"},"claim":"custom:projects"}`, true, claims{Subject: "other", Audience: "stowage"}, 3600},
		{"forged", `{"forged":true}`, false, claims{Subject: "somebody", Audience: "stowage", Projects: []string{"*"}}, 3600},
		{"unsigned", `{"unsigned":true}`, false, claims{Subject: "somebody", Audience: "stowage", Projects: []string{"*"}}, 3600},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			response, err := server.Client().Post(server.URL+"/_sandbox/tokens", "application/json", strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			var made struct{ Token, Issuer string }
			if err := json.NewDecoder(response.Body).Decode(&made); err != nil || made.Issuer != oidc.URL(server.URL) {
				t.Fatalf("%+v, %v", made, err)
			}
			got, err := read(t, server.Client(), made.Issuer, made.Token)
			if (err == nil) != c.signed {
				t.Errorf("signature: %v", err)
			}
			if lives := got.Expires - time.Now().Unix(); lives < c.lives-5 || lives > c.lives || got.Issued > got.Expires {
				t.Errorf("it lives %d seconds: %+v", lives, got)
			}
			if got.Issuer != made.Issuer || got.Subject != c.want.Subject || got.Audience != c.want.Audience ||
				!slices.Equal(got.Projects, c.want.Projects) {
				t.Errorf("%+v, want %+v", got, c.want)
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

func TestKeys_Deterministic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		token := func(seed uint64) string {
			text, err := sandbox.New(sandbox.Options{Seed: seed}).Issuer().Token("https://issuer.test", oidc.TokenRequest{})
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		first, again := token(3), token(3)
		if first != again {
			t.Error("the same seed gives another token")
		}
		if first == token(4) {
			t.Error("another seed gives the same token")
		}
	})
}
