package projectbucket

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

func TestNameFor(t *testing.T) {
	taken := []string{"exports", "exports-2"}
	for physical, want := range map[string]string{
		"legacy-reports": "legacy-reports", "acme-reports": "reports", "acme-exports": "exports-3", "a.b.c": "a-b-c",
		"acme-x": "x-2", "OLD_Names": "old-names", "___": "bucket",
		"a-very-long-name-that-is-cut-at-32-characters": "a-very-long-name-that-is-cut-at",
	} {
		got := nameFor("acme", physical, func(name string) bool { return slices.Contains(taken, name) })
		if got != want || !allowed(got) {
			t.Errorf("%s becomes %q, not %q", physical, got, want)
		}
	}
}

func TestDataSource_Unmanaged(t *testing.T) {
	p := entitytest.NewProjects()
	inbox := model.Bucket{Name: "inbox", BucketName: "acme-mine", OnDelete: model.Refuse}
	if err := p.Create(t.Context(), "acme", inbox); err != nil {
		t.Fatal(err)
	}
	p.Exist = map[string]*template.Live{"legacy-one": nil, "acme-inbox": nil}
	tf := entitytest.StartLookups(t, &entity.Services{Projects: p, Region: "eu-west-1"}, NewDataSource)
	found, diagnostics := tf.Lookup("stowage_project_buckets", values{"project": "acme"})
	entitytest.Must(t, diagnostics)
	if diff := cmp.Diff([]any{}, found["unmanaged_buckets"]); diff != "" {
		t.Error(diff)
	}
	found, diagnostics = tf.Lookup("stowage_project_buckets", values{"project": "acme", "unmanaged": true})
	entitytest.Must(t, diagnostics)
	want := []any{
		values{"bucket_name": "acme-inbox", "name": "inbox-2", "import_id": "acme/inbox-2/acme-inbox"},
		values{"bucket_name": "legacy-one", "name": "legacy-one", "import_id": "acme/legacy-one/legacy-one"},
	}
	if diff := cmp.Diff(want, found["unmanaged_buckets"]); diff != "" {
		t.Error(diff)
	}
}
