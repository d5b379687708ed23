package provider_test

import (
	"strings"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// driftOfPartner is drift of the user in AWS.
func driftOfPartner() map[model.ID][]template.LiveDifference {
	return map[model.ID][]template.LiveDifference{partner: {{
		Of: []model.ID{partner}, LogicalID: "Userpartner", Type: "AWS::IAM::User", Path: "Groups", Want: `["acme-partner"]`,
	}}}
}

// TestDrift_Repaired reads drift in AWS. The apply repairs it, and the next one finds nothing to
// repair.
func TestDrift_Repaired(t *testing.T) {
	tf, p := start(t, entity.Services{})
	object := tf.Created(typ, config(nil))
	p.Drifted = driftOfPartner()
	object, diagnostics := tf.Read(object)
	entitytest.Must(t, diagnostics)
	if text, _ := object.Get("drift").(string); !strings.Contains(text, "Userpartner Groups is nothing in AWS") {
		t.Errorf("the drift is %q", text)
	}
	object = tf.Applied(typ, object, config(nil))
	if len(p.Drifted) > 0 || object.Get("drift") != nil {
		t.Errorf("after the apply: %v, %v", p.Drifted, object.Get("drift"))
	}
	p.Drifted = driftOfPartner()
	tf.Applied(typ, object, config(values{"source_ips": []any{"203.0.113.0/24"}}))
	if len(p.Drifted) == 0 {
		t.Error("the next apply repaired drift that no plan showed")
	}
}

// TestDrift_NotInPlan applies plans that show no drift in AWS, though a text that reads like it: the
// apply repairs nothing that was found since.
func TestDrift_NotInPlan(t *testing.T) {
	tf, p := start(t, entity.Services{})
	object := tf.Created(typ, config(values{"tags": values{"place": "here"}}))
	if err := p.Rewrite("acme", `"Value":"here"`, `"Value":"gone in AWS"`); err != nil {
		t.Fatal(err)
	}
	object, diagnostics := tf.Read(object)
	entitytest.Must(t, diagnostics)
	if text, _ := object.Get("drift").(string); !strings.Contains(text, " in AWS") {
		t.Fatalf("the drift of the template is %q", text)
	}
	plan, diagnostics := tf.Plan(typ, object, config(values{"tags": values{"place": "here"}}))
	entitytest.Must(t, diagnostics)
	p.Drifted = driftOfPartner()
	if object, diagnostics = tf.Apply(plan); object == nil {
		t.Fatal(entitytest.Errors(diagnostics))
	}
	if len(p.Drifted) == 0 {
		t.Error("the apply repaired drift that its plan did not show")
	}
}
