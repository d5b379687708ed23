package hub

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

func TestDataSource(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		relay   *mirror.Health
		healthy bool
	}{
		"never swept":  {nil, false},
		"swept":        {&mirror.Health{RelayVersion: "0.3.0", Swept: now.Add(-9 * time.Minute), Failed: now.Add(-time.Hour)}, true},
		"swept late":   {&mirror.Health{RelayVersion: "0.3.0", Swept: now.Add(-11 * time.Minute)}, false},
		"failed sweep": {&mirror.Health{RelayVersion: "0.3.0", Swept: now, Failures: 1, Failure: "no", Failed: now}, false},
	} {
		p := entitytest.NewProjects()
		p.Relay = c.relay
		tf := entitytest.StartLookups(t, &entity.Services{Projects: p}, NewDataSource)
		got, diagnostics := tf.Lookup("stowage_hub", values{})
		entitytest.Must(t, diagnostics)
		if got["healthy"] != c.healthy || (got["health"] == nil) != (c.relay == nil) {
			t.Errorf("%s: %v", name, got)
		}
	}

	p := entitytest.NewProjects()
	at := time.Date(2026, 11, 28, 20, 0, 0, 0, time.UTC)
	p.Relay = &mirror.Health{
		RelayVersion: "0.3.0", Swept: at, Compared: at.Add(-time.Minute), Projects: 7, Repaired: 1,
		Connections: 5, Failures: 2, Failure: "comparing the project acme", Failed: at,
	}
	tf := entitytest.StartLookups(t, &entity.Services{Projects: p}, NewDataSource)
	got, diagnostics := tf.Lookup("stowage_hub", values{})
	entitytest.Must(t, diagnostics)
	want := values{
		"id": "stowage", "name": "stowage", "account_id": "000000000000", "region": "eu-west-1", "table_name": "stowage",
		"healthy": false,
		"health": values{
			"relay_version": "0.3.0", "last_sweep": "2026-11-28T20:00:00Z", "last_comparison": "2026-11-28T19:59:00Z",
			"last_event": nil, "connections": int64(5), "projects": int64(7), "repaired_projects": int64(1),
			"failures": int64(2), "last_failure": "2026-11-28T20:00:00Z", "last_failure_reason": "comparing the project acme",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	p.Fail = func(_ context.Context, _ string) error {
		return &projects.HubError{Hub: "stowage", Parameter: "/stowage/hub/stowage", At: p.Location, Err: projects.ErrNoHub}
	}
	_, diagnostics = tf.Lookup("stowage_hub", values{})
	if problem := entitytest.Lacks(diagnostics, "Unable to Read Hub", `There is no hub "stowage"`, ""); problem != "" {
		t.Error(problem)
	}
}
