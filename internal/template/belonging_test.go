package template

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// handmade returns a template in which a resource was edited by hand; another logical ID makes it a
// copy.
func handmade(t *testing.T, tpl *Template, from, to string, change func(resource map[string]any)) *Template {
	t.Helper()
	value, err := decodeValue(tpl.resources[from])
	if err != nil {
		t.Fatal(err)
	}
	resource, _ := value.(map[string]any)
	change(resource)
	next, err := Decode(tpl.with(map[string]json.RawMessage{to: encodeJSON(resource)}).Encode())
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// inside returns an object within a resource.
func inside(resource map[string]any, path ...string) map[string]any {
	for _, name := range path {
		resource, _ = resource[name].(map[string]any)
	}
	return resource
}

func unchanged(map[string]any) {}

func filled(t *testing.T) *Template {
	t.Helper()
	return edit(t, seed(), changesOf([]model.Entity{
		model.Project{Name: "acme", AccountID: testEnv().AccountID, Region: testEnv().Region, OnDelete: model.Refuse},
		model.User{Name: "partner"}, small("inbox"), small("archive"),
		model.Permission{User: "partner", Bucket: "inbox", Access: model.Read},
	}, "ws")...)
}

func small(name string) model.Bucket {
	return model.Bucket{
		Name: name, BucketName: "acme-" + name, Lifecycle: model.DefaultLifecycle(), OnDelete: model.Refuse,
	}
}

// A copy of one of our resources is foreign, so that no change of the entity it names touches it.
func TestCopies(t *testing.T) {
	original := filled(t)
	for from, to := range map[string]string{
		"Userpartner": "TheirUser", "Bucketinbox": "Bucketinbox2", "BucketPolicyinbox": "BucketPolicyother", "PolicypartnerN1": "PolicypartnerN11",
		"Grouppartner": "CopyOfGrouppartner", "Bucketarchive": "Archive", "KeyAlias": "KeyAlias2",
	} {
		t.Run(to, func(t *testing.T) {
			tpl := handmade(t, original, from, to, unchanged)
			before, contents := parse(t, original), parse(t, tpl)
			meta, _ := ownerMetadataOf(tpl.resources[from])
			if !slices.Equal(contents.Foreign, []string{to}) || !slices.Equal(contents.CopiesOf(meta.Of), []string{to}) {
				t.Errorf("foreign %v, copies %v", contents.Foreign, contents.Copies)
			}
			contents.Foreign, contents.Copies, contents.Usage = nil, nil, before.Usage
			if diff := cmp.Diff(before, contents); diff != "" {
				t.Errorf("the copy changes what is read:\n%s", diff)
			}
			permission := model.Permission{User: "partner", Bucket: "inbox", Access: model.Read}
			for name, changes := range map[string][]Change{
				"updates": {
					{Op: Update, Entity: model.User{Name: "partner", Tags: map[string]string{"a": "b"}}},
					{Op: Update, Entity: small("archive")}, {Op: Update, Entity: small("inbox")},
					{Op: Update, Entity: model.Permission{User: "partner", Bucket: "inbox", Access: model.Write}},
				},
				"deletions": {
					{Op: Delete, Entity: permission}, {Op: Delete, Entity: model.User{Name: "partner"}},
					{Op: Delete, Entity: small("archive")}, {Op: Delete, Entity: small("inbox")},
				},
			} {
				after := edit(t, tpl, changes...)
				if !slices.Equal(after.resources[to], tpl.resources[to]) {
					t.Errorf("the %s change the copy:\n%s", name, cmp.Diff(string(tpl.resources[to]), string(after.resources[to])))
				}
			}
		})
	}
}

// A resource of a newer compiler belongs to its entity, whatever its logical ID.
func TestCopies_newer(t *testing.T) {
	tpl := handmade(t, filled(t), "BucketPolicyinbox", "Metricsinbox", func(resource map[string]any) {
		inside(resource, "Metadata", "Stowage")["compiler"] = CompilerVersion + 1
	})
	if contents := parse(t, tpl); len(contents.Foreign) > 0 {
		t.Errorf("foreign %v", contents.Foreign)
	}
	permission := model.Permission{User: "partner", Bucket: "inbox", Access: model.Read}
	after := edit(t, tpl, Change{Op: Delete, Entity: permission}, Change{Op: Delete, Entity: small("inbox")})
	if _, left := after.resources["Metricsinbox"]; left {
		t.Error("the resource stays when its bucket is deleted")
	}
}

// Two resources with the settings of a project are an error that names them.
func TestSeveralProjects(t *testing.T) {
	for to, change := range map[string]func(map[string]any){
		"Key2": unchanged,
		"Key3": func(resource map[string]any) {
			meta := inside(resource, "Metadata", "Stowage")
			inside(meta, "of")["name"], inside(meta, "settings")["name"], inside(meta, "settings")["on_delete"] = "other", "other", "empty"
		},
		"KeyAlias": unchanged,
	} {
		tpl := handmade(t, filled(t), "Key", to, change)
		_, err := Parse(tpl, testEnv())
		var several *SeveralProjectsError
		if !errors.As(err, &several) || !slices.Equal(several.LogicalIDs, []string{"Key", to}) {
			t.Errorf("%s: %v", to, err)
		}
		if _, err := Edit(tpl, testEnv(), changesOf([]model.Entity{model.User{Name: "second"}}, "")); !errors.As(
			err, &several,
		) {
			t.Errorf("%s: the edit says %v", to, err)
		}
	}
}

// The logical ID determines the entity of a resource, and its properties the bucket. Metadata that
// differs is drift, which an update repairs.
func TestDamagedMetadata(t *testing.T) {
	original := filled(t)
	repair := []Change{
		{Op: Update, Entity: small("inbox")}, {Op: Update, Entity: model.User{Name: "partner"}},
		{Op: Update, Entity: model.Permission{User: "partner", Bucket: "inbox", Access: model.Read}},
		{Op: Update, Entity: *parse(t, original).Project},
	}
	for name, test := range map[string]struct {
		logicalID string
		damage    func(meta map[string]any)
		mismatch  bool
	}{
		"the physical name":  {"Bucketinbox", func(meta map[string]any) { inside(meta, "settings")["bucket_name"] = "acme-archive" }, true},
		"the name":           {"Bucketinbox", func(meta map[string]any) { inside(meta, "settings")["name"] = "archive" }, false},
		"the name of a user": {"Userpartner", func(meta map[string]any) { inside(meta, "settings")["name"] = "second" }, false},
		"the user of a permission": {"PolicypartnerN1", func(meta map[string]any) {
			grants, _ := meta["grants"].([]any)
			grant, _ := grants[0].(map[string]any)
			inside(grant, "permission")["user"] = "second"
		}, false},
		"the name of the project": {"Key", func(meta map[string]any) {
			inside(meta, "of")["name"], inside(meta, "settings")["name"] = "other", "other"
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			tpl := handmade(
				t, original, test.logicalID, test.logicalID,
				func(resource map[string]any) { test.damage(inside(resource, "Metadata", "Stowage")) },
			)
			want, have := parse(t, original), parse(t, tpl)
			if len(have.Drift) == 0 || have.Drift[0].LogicalID != test.logicalID {
				t.Errorf("drift: %v", have.Drift)
			}
			if test.mismatch != (len(have.Mismatches) == 1) {
				t.Errorf("mismatches: %v", have.Mismatches)
			}
			have.Drift, have.Mismatches, have.Usage = nil, nil, want.Usage
			if diff := cmp.Diff(want, have); diff != "" {
				t.Errorf("it reads differently:\n%s", diff)
			}
			if repaired := parse(t, edit(t, tpl, repair...)); len(repaired.Drift)+len(repaired.Mismatches) > 0 {
				t.Errorf("after updates: drift %v, mismatches %v", repaired.Drift, repaired.Mismatches)
			}
		})
	}
}

// An entity whose physical resources are uncertain is not deleted.
func TestMismatch(t *testing.T) {
	original := edit(t, filled(t), Change{Op: Delete, Entity: model.Permission{User: "partner", Bucket: "inbox"}})
	bucketName := func(name any) func(map[string]any) {
		return func(resource map[string]any) { inside(resource, "Properties")["BucketName"] = name }
	}
	for name, test := range map[string]struct {
		logicalID string
		damage    func(resource map[string]any)
		of        model.ID
	}{
		"metadata": {"Bucketinbox", func(resource map[string]any) {
			inside(resource, "Metadata", "Stowage", "settings")["bucket_name"] = "acme-archive"
		}, small("inbox").ID()},
		"properties":    {"Bucketinbox", bucketName("acme-archive"), small("inbox").ID()},
		"no property":   {"Bucketinbox", bucketName(nil), small("inbox").ID()},
		"a reference":   {"Bucketinbox", bucketName(map[string]any{"Ref": "Name"}), small("inbox").ID()},
		"another type":  {"Bucketinbox", func(resource map[string]any) { resource["Type"] = "AWS::SNS::Topic" }, small("inbox").ID()},
		"the logs":      {"LogBucket", bucketName("acme-archive"), model.Project{Name: "acme"}.ID()},
		"the templates": {"TemplateBucket", bucketName("acme-archive"), model.Project{Name: "acme"}.ID()},
	} {
		t.Run(name, func(t *testing.T) {
			tpl := handmade(t, original, test.logicalID, test.logicalID, test.damage)
			contents := parse(t, tpl)
			var mismatch *MismatchError
			if !errors.As(contents.MismatchOf(test.of), &mismatch) || mismatch.LogicalID != test.logicalID {
				t.Errorf("mismatches: %v", contents.Mismatches)
			}
			entity, _ := contents.Of(test.of)
			edited, err := Edit(
				tpl, testEnv(),
				[]Change{{Op: Delete, Entity: entity, AnyIncarnation: true}, {Op: Delete, Entity: small("archive")}},
			)
			if err != nil {
				t.Fatal(err)
			}
			if test.of.Kind == model.KindBucket && !errors.As(edited.Errors[0], &mismatch) || edited.Errors[1] != nil {
				t.Errorf("errors %v", edited.Errors)
			}
			if _, there := edited.Template.resources[test.logicalID]; !there {
				t.Error("it is deleted")
			}
		})
	}
	t.Run("the output of the key", func(t *testing.T) {
		body := strings.Replace(
			string(original.Encode()), `"Value":{"Fn::GetAtt":["Key","Arn"]}`, `"Value":"arn:of:another:key"`, 1,
		)
		tpl, err := Decode([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if err := parse(t, tpl).MismatchOf(model.Project{Name: "acme"}.ID()); err == nil {
			t.Error("no mismatch")
		}
	})
	t.Run("nothing was changed by hand", func(t *testing.T) {
		if contents := parse(t, original); len(contents.Mismatches) > 0 {
			t.Errorf("mismatches: %v", contents.Mismatches)
		}
	})
}

// A new entity does not overwrite a foreign resource with one of our logical IDs.
func TestOccupied(t *testing.T) {
	original := filled(t)
	forgotten := func(resource map[string]any) { delete(resource, "Metadata") }
	for name, tpl := range map[string]*Template{
		"a copy":             handmade(t, original, "Bucketarchive", "Bucketother", unchanged),
		"a copy of a policy": handmade(t, original, "BucketPolicyarchive", "BucketPolicyother", unchanged),
		"a foreign resource": handmade(t, original, "Bucketarchive", "Bucketother", forgotten),
	} {
		edited, err := Edit(
			tpl, testEnv(), []Change{{Op: Create, Entity: small("other")}, {Op: Create, Entity: small("good")}},
		)
		if err != nil {
			t.Fatal(err)
		}
		var occupied *OccupiedError
		if !errors.As(edited.Errors[0], &occupied) || edited.Errors[1] != nil {
			t.Errorf("%s: errors %v", name, edited.Errors)
		}
	}
	t.Run("a policy", func(t *testing.T) {
		tpl := handmade(t, original, "PolicypartnerN1", "PolicysecondN1", unchanged)
		tpl = edit(t, tpl, Change{Op: Create, Entity: model.User{Name: "second"}},
			Change{Op: Create, Entity: model.Permission{User: "second", Bucket: "inbox", Access: model.Read}})
		if numbers := parse(t, tpl).Policies["second"]; !slices.Equal(numbers, []int{2}) {
			t.Errorf("policies %v", numbers)
		}
	})
}
