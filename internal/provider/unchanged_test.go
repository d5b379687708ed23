package provider_test

import (
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
	"github.com/stowage/terraform-provider-stowage/internal/provider"
	"github.com/stowage/terraform-provider-stowage/internal/provider/hub"
	"github.com/stowage/terraform-provider-stowage/internal/unchanged"
)

// TestUnchanged_Supported fails when a schema uses something that package unchanged does not
// support. Every plan of that resource would be as slow as with the framework. Add support to the
// package, and compare. Hubs are the exception: a configuration has one.
func TestUnchanged_Supported(t *testing.T) {
	for _, newResource := range new(provider.Stowage).Resources(t.Context()) {
		r := newResource()
		if _, isHub := r.(*entity.StandaloneResource[hub.Model, *hub.Model]); isHub {
			continue
		}
		if err := unchanged.Unsupported(t.Context(), r); err != nil {
			t.Errorf("%T: %v", r, err)
		}
	}
}

// TestUnchanged_Answered checks which calls package unchanged answers. Every test of an object
// checks that the answers equal the framework's.
func TestUnchanged_Answered(t *testing.T) {
	tf, p, created := globex(t)
	answered := func(typ string, want map[string]bool, do func()) {
		t.Helper()
		tf.Outcomes()
		do()
		have := map[string]bool{}
		for _, o := range tf.Outcomes() {
			have[o.RPC] = o.Answered
		}
		for rpc, want := range want {
			if have, asked := have[rpc]; !asked || have != want {
				t.Errorf("%s of %s: asked %t, answered without the framework %t, want %t", rpc, typ, asked, have, want)
			}
		}
	}
	for _, s := range stored {
		object := created[s.typ]
		answered(s.typ, map[string]bool{"UpgradeResourceState": true}, func() { tf.Upgrade(s.typ, 1, tf.State(object)) })
		answered(s.typ, map[string]bool{"ReadResource": true}, func() { tf.Read(object) })
		answered(s.typ, map[string]bool{"ValidateResourceConfig": true, "PlanResourceChange": true}, func() {
			if action := tf.Action(object, s.config); action != "no-op" {
				t.Errorf("the plan of %s would %s", s.typ, action)
			}
		})
		answered(s.typ, map[string]bool{"PlanResourceChange": true}, func() { tf.Plan(s.typ, object, nil) })
		answered(s.typ, map[string]bool{"PlanResourceChange": false}, func() { tf.Plan(s.typ, nil, s.config) })
		if imported, _ := tf.Import(s.typ, object.Get("id").(string)); imported != nil {
			answered(s.typ, map[string]bool{"ReadResource": true}, func() { tf.Read(imported) })
		}
	}
	if err := p.Rewrite("globex", `"RestrictPublicBuckets":true`, `"RestrictPublicBuckets":false`); err != nil {
		t.Fatal(err)
	}
	const bucket = "stowage_project_bucket"
	drifted := created[bucket]
	answered(bucket, map[string]bool{"ReadResource": false}, func() { drifted, _ = tf.Read(drifted) })
	answered(bucket, map[string]bool{"ReadResource": true}, func() { tf.Read(drifted) })
	answered(bucket, map[string]bool{"PlanResourceChange": false}, func() { tf.Plan(bucket, drifted, stored[1].config) })
	object, diagnostics := tf.Read(created["stowage_project_user"])
	entitytest.Must(t, diagnostics)
	answered("stowage_project_user", map[string]bool{"PlanResourceChange": false}, func() {
		tf.Plan(
			"stowage_project_user", object,
			values{"project": "globex", "name": "partner", "source_ips": []any{"203.0.113.0/24"}},
		)
	})
}
