package conformance_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/conformance"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

func TestSandbox_Contracts(t *testing.T) {
	t.Parallel()
	// Resources take a while, so that operations can overlap.
	latency := cloud.Latency{ResourceMin: 100 * time.Millisecond, ResourceMax: 300 * time.Millisecond}
	server := httptest.NewServer(sandbox.New(sandbox.Options{Seed: 1, Latency: latency}))
	t.Cleanup(server.Close)
	access, secret := sandbox.StaticCredentials("111122223333")
	clients := conformance.NewClients(server.URL, access, secret)
	for _, contract := range conformance.All() {
		t.Run(contract.Name, func(t *testing.T) {
			t.Parallel()
			if err := contract.Check(t.Context(), clients); err != nil {
				t.Errorf("%s (%s)\n%v", contract.Rule, contract.Source, err)
			}
		})
	}
}
