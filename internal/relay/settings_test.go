package relay_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/examples/onboarding"
	"github.com/stowage/terraform-provider-stowage/internal/relay"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

func TestSettings_OpenAccessRefused(t *testing.T) {
	w := newWorld(t, false)
	for name, access := range map[string]relay.Access{
		"no audience":       {Issuer: "https://issuer.test"},
		"no issuer":         {Audiences: []string{"stowage"}},
		"not encrypted":     {Issuer: "http://issuer.test", Audiences: []string{"stowage"}},
		"not a URL":         {Issuer: "issuer", Audiences: []string{"stowage"}},
		"another scheme":    {Issuer: "file:///etc/passwd", Audiences: []string{"stowage"}},
		"an empty audience": {Issuer: "https://issuer.test", Audiences: []string{""}},
	} {
		if _, err := relay.New(
			t.Context(),
			relay.Config{Clients: w.clients(sandbox.HubAccount, simulate.NewTransport(w.box)), Hub: "stowage", Access: access},
		); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// TestFromEnvironment_ExternalID assumes the reader's role of an account that requires an external
// ID.
func TestFromEnvironment_ExternalID(t *testing.T) {
	template := strings.Replace(
		onboarding.Account, "    Default: ''\n    AllowedPattern: '|[a-zA-Z0-9_+=,.@:/-]{2,}'",
		"    Default: ext-1\n    AllowedPattern: '|[a-zA-Z0-9_+=,.@:/-]{2,}'", 1,
	)
	server := httptest.NewServer(sandbox.New(sandbox.Options{Seed: 1, Onboarding: template}))
	defer server.Close()
	access, secret := sandbox.StaticCredentials(sandbox.HubAccount)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": region, "AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret,
	} {
		t.Setenv(name, value)
	}
	for id, want := range map[string]bool{"ext-1": true, "ext-2": false, "": false} {
		t.Setenv("STOWAGE_EXTERNAL_ID", id)
		config, err := relay.FromEnvironment(t.Context(), "test")
		must(t, err)
		if _, err = config.Clients.Project(t.Context(), account, region, config.RoleName); (err == nil) != want {
			t.Errorf("external ID %q: %v", id, err)
		}
	}
}

// TestSettings_Environment checks that the relay handles events.
func TestSettings_Environment(t *testing.T) {
	w := newWorld(t, false)
	server := httptest.NewServer(w.box)
	defer server.Close()
	access, secret := sandbox.StaticCredentials(sandbox.HubAccount)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": region, "AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret,
		"STOWAGE_OIDC_ISSUER": "https://issuer.test", "STOWAGE_OIDC_AUDIENCE": "one, two", "STOWAGE_LOG_LEVEL": "ERROR",
	} {
		t.Setenv(name, value)
	}
	config, err := relay.FromEnvironment(t.Context(), "test")
	must(t, err)
	want := relay.Access{Issuer: "https://issuer.test", Audiences: []string{"one", "two"}}
	if diff := cmp.Diff(want, config.Access); diff != "" || config.Hub != "stowage" || config.RoleName != "StowageReader" {
		t.Errorf("hub %s, role %s\n%s", config.Hub, config.RoleName, diff)
	}
	r, err := relay.New(t.Context(), config)
	must(t, err)
	_, err = r.Invoke(
		t.Context(),
		bus(t, "arn:aws:cloudformation:"+region+":"+account+":stack/stowage-acme-0/1", "UPDATE_COMPLETE"),
	)
	must(t, err)

	t.Setenv("STOWAGE_EXTERNAL_ID", "two words")
	if _, err := relay.FromEnvironment(t.Context(), "test"); err == nil || !strings.Contains(err.Error(), "external") {
		t.Errorf("an impossible external ID: %v", err)
	}
	t.Setenv("STOWAGE_EXTERNAL_ID", "")
	t.Setenv("STOWAGE_LOG_LEVEL", "LOUD")
	if _, err := relay.FromEnvironment(t.Context(), "test"); err == nil {
		t.Error("an unknown log level was taken")
	}
}
