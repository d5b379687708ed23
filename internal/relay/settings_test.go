package relay_test

import (
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/relay"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

func TestAccessSettingsThatWouldLetAnybodyInAreRefused(t *testing.T) {
	w := newWorld(t, false)
	for name, access := range map[string]relay.Access{
		"no audience":       {Issuer: "https://issuer.test"},
		"no issuer":         {Audiences: []string{"stowage"}},
		"not encrypted":     {Issuer: "http://issuer.test", Audiences: []string{"stowage"}},
		"not a URL":         {Issuer: "issuer", Audiences: []string{"stowage"}},
		"another scheme":    {Issuer: "file:///etc/passwd", Audiences: []string{"stowage"}},
		"an empty audience": {Issuer: "https://issuer.test", Audiences: []string{""}},
	} {
		if _, err := relay.New(t.Context(), relay.Config{Clients: w.clients(sandbox.HubAccount, simulate.NewTransport(w.box)), Hub: "stowage", Access: access}); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
