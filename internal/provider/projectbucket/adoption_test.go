package projectbucket

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// legacy is a project without buckets, and a bucket that exists, with some settings.
func legacy(t *testing.T, settings string) (*entitytest.Terraform, *entitytest.Projects) {
	t.Helper()
	tf, p := start(t)
	live, err := template.DecodeLive(`{"BucketName":"legacy"`+settings+`}`, "")
	if err != nil {
		t.Fatal(err)
	}
	p.Exist = map[string]*template.Live{"legacy": live}
	return tf, p
}

// imported imports the bucket.
func imported(t *testing.T, tf *entitytest.Terraform) *entitytest.Object {
	t.Helper()
	object, diagnostics := tf.Import(typ, "acme/old/legacy")
	entitytest.Must(t, diagnostics)
	return object
}

// warned reports whether a warning has a summary and a text in its detail.
func warned(warnings []*tfprotov6.Diagnostic, summary, text string) bool {
	for _, w := range warnings {
		if w.Summary == summary && strings.Contains(w.Detail, text) {
			return true
		}
	}
	return false
}

const website = `,"WebsiteConfiguration":{"IndexDocument":"i"}`

func TestAdoption(t *testing.T) {
	tf, p := legacy(t, `,"VersioningConfiguration":{"Status":"Enabled"},"Tags":[{"Key":"team","Value":"blue"}]`+website)
	object := imported(t, tf)
	for attribute, want := range map[string]any{
		"id": "acme/old", "managed": false, "bucket_name": "legacy", "versioning": true, "on_delete": "retain", "unmodeled_settings": nil,
	} {
		if got := object.Get(attribute); got != want {
			t.Errorf("%s is %v, not %v", attribute, got, want)
		}
	}
	if drift := fmt.Sprint(object.Get("drift")); !strings.Contains(drift, "LoggingConfiguration") ||
		strings.Contains(drift, "Website") {
		t.Errorf("drift: %s", drift)
	}
	config := values{
		"project": "acme", "name": "old", "bucket_name": "legacy", "tags": values{"team": "blue"},
		"unmodeled_settings": "remove",
	}
	plan, diagnostics := tf.Plan(typ, object, config)
	entitytest.Must(t, diagnostics)
	if plan.Action != "update" || plan.Planned("managed") != true || plan.Planned("drift") != nil ||
		plan.Planned("incarnation") != object.Get("incarnation") {
		t.Errorf("planned is %s, managed = %v, drift = %v", plan.Action, plan.Planned("managed"), plan.Planned("drift"))
	}
	if !warned(plan.Warnings, "Unmodeled Settings of legacy Will Be Removed", "REMOVES them:\n- website hosting") ||
		!warned(plan.Warnings, "Lifecycle Rules of legacy Will Delete Data", "noncurrent versions after 90 days (new") ||
		!warned(plan.Warnings, "Project Bucket Will Be Adopted", "The bucket legacy exists") {
		t.Errorf("warnings: %v", plan.Warnings)
	}
	object, diagnostics = tf.Apply(plan)
	entitytest.Must(t, diagnostics)
	if action := tf.Action(object, config); action != "no-op" || object.Get("managed") != true {
		t.Errorf("after the adoption the plan would %s", action)
	}
	if n := len(p.Written()); n != 2 {
		t.Errorf("%d writes instead of two", n)
	}
}

func TestAdoption_Refusals(t *testing.T) {
	const lock = `,"ObjectLockEnabled":true,"ObjectLockConfiguration":{"ObjectLockEnabled":"Enabled"}`
	for _, c := range []struct {
		settings   string
		arguments  values
		text, path string
	}{
		{website, values{}, "- website hosting (WebsiteConfiguration)", "unmodeled_settings"},
		{website, values{"unmodeled_settings": "refuse"}, "- website hosting (WebsiteConfiguration)", "unmodeled_settings"},
		{lock, values{"unmodeled_settings": "remove"}, "Object lock can never be removed", "unmodeled_settings"},
		{lock, values{"unmodeled_settings": "keep", "versioning": false}, "versioning cannot be suspended", "versioning"},
		{"", values{"on_delete": "empty"}, "would let the next destroy delete its data", "on_delete"},
		{"", values{"bucket_name": "another"}, `The import is of the bucket "legacy" as "acme/old"`, "bucket_name"},
	} {
		tf, p := legacy(t, c.settings)
		config := values{"project": "acme", "name": "old", "bucket_name": "legacy"}
		for name, value := range c.arguments {
			config[name] = value
		}
		_, diagnostics := tf.Plan(typ, imported(t, tf), config)
		wantError(t, diagnostics, "Unable to Adopt Project Bucket", c.text, c.path)
		if len(p.Written()) > 0 {
			t.Errorf("%v: something was written", c.arguments)
		}
	}
}

// TestAdoption_TakenName finds at the apply that another writer has created a bucket of the name.
func TestAdoption_TakenName(t *testing.T) {
	tf, p := legacy(t, "")
	object := imported(t, tf)
	plan, diagnostics := tf.Plan(typ, object, values{"project": "acme", "name": "old", "bucket_name": "legacy"})
	entitytest.Must(t, diagnostics)
	other := model.Bucket{Name: "old", BucketName: "other", OnDelete: model.Refuse}
	if err := p.Create(t.Context(), "acme", other); err != nil {
		t.Fatal(err)
	}
	if _, diagnostics = tf.Apply(plan); len(entitytest.Errors(diagnostics)) == 0 {
		t.Error("another bucket was changed")
	}
}

func TestAdoption_ForgottenWhenItIsGone(t *testing.T) {
	tf, p := legacy(t, "")
	object := imported(t, tf)
	delete(p.Exist, "legacy")
	object, diagnostics := tf.Read(object)
	entitytest.Must(t, diagnostics)
	if object != nil {
		t.Error("a bucket that is gone stays in the state")
	}
	_, diagnostics = tf.Import(typ, "acme/old/legacy")
	wantError(t, diagnostics, "Unable to Import Project Bucket", "There is no bucket legacy.", "bucket_name")
}

// TestAdoption_ByIdentity imports by identity, which has the physical name of a bucket that is to be
// adopted. Once the bucket is adopted, the identity is that of any other.
func TestAdoption_ByIdentity(t *testing.T) {
	tf, _ := legacy(t, "")
	identity := values{"project": "acme", "name": "old", "bucket_name": "legacy"}
	object, diagnostics := tf.ImportIdentity(typ, identity)
	entitytest.Must(t, diagnostics)
	if object.Get("id") != "acme/old" || object.Get("managed") != false {
		t.Errorf("imported is %v, managed = %v", object.Get("id"), object.Get("managed"))
	}
	if diff := cmp.Diff(identity, tf.Identity(object)); diff != "" {
		t.Error(diff)
	}
	object = tf.Applied(typ, object, values{"project": "acme", "name": "old"})
	identity["bucket_name"] = nil
	if diff := cmp.Diff(identity, tf.Identity(object)); diff != "" {
		t.Error(diff)
	}
	again, diagnostics := tf.ImportIdentity(typ, identity)
	entitytest.Must(t, diagnostics)
	if action := tf.Action(again, values{"project": "acme", "name": "old", "bucket_name": "legacy"}); action != "no-op" {
		t.Errorf("the plan after an import from the model would %s", action)
	}
	_, diagnostics = tf.ImportIdentity(typ, values{"project": "acme", "name": "other", "bucket_name": "nothing"})
	wantError(t, diagnostics, "Unable to Import Project Bucket", "There is no bucket nothing.", "bucket_name")
}
