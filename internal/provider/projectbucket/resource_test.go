package projectbucket

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

type values = entitytest.Values

const typ = "stowage_project_bucket"

func start(t *testing.T) (*entitytest.Terraform, *entitytest.Projects) {
	t.Helper()
	p := entitytest.NewProjects()
	return entitytest.StartObjects(t, &entity.Services{Projects: p, Region: "eu-west-1"}, NewResource), p
}

func TestModel_SchemaAttributes(t *testing.T) {
	entitytest.Parity(t, NewResource(), Model{})
	nested := map[string]struct {
		of    any
		types any
	}{"lifecycle": {lifecycle{}, lifecycleTypes}, "object lock": {objectLock{}, objectLockTypes}, "cors": {corsRule{}, corsTypes}}
	for name, n := range nested {
		for _, field := range entitytest.Fields(reflect.TypeOf(n.of)) {
			if !reflect.ValueOf(n.types).MapIndex(reflect.ValueOf(field)).IsValid() {
				t.Errorf("%s: no type for %s", name, field)
			}
		}
	}
}

func TestFirstPlanKnowsEverything(t *testing.T) {
	tf, _ := start(t)
	plan, diagnostics := tf.Plan(typ, nil, values{"project": "acme", "name": "inbox"})
	entitytest.Must(t, diagnostics)
	want := values{
		"id":                   "acme/inbox",
		"bucket_name":          "acme-inbox-111122223333-eu-west-1-an",
		"arn":                  "arn:aws:s3:::acme-inbox-111122223333-eu-west-1-an",
		"regional_domain_name": "acme-inbox-111122223333-eu-west-1-an.s3.eu-west-1.amazonaws.com",
		"managed":              true,
		"versioning":           true,
		"kms_key_arn":          nil,
		"on_delete":            "refuse",
		"object_lock":          nil,
		"cors":                 []any{},
		"lifecycle_rules": values{
			"expire_after_days": nil, "expire_noncurrent_after_days": int64(90),
			"abort_multipart_after_days": int64(7),
		},
		"tags":     nil,
		"tags_all": values{},
		"drift":    nil,
	}
	for attribute, value := range want {
		if diff := cmp.Diff(value, plan.Planned(attribute)); diff != "" {
			t.Errorf("%s: %s", attribute, diff)
		}
	}
}

func TestPlan_NamesUnknownWithoutProject(t *testing.T) {
	tf, _ := start(t)
	for _, project := range []any{"later", entitytest.Unknown} {
		plan, diagnostics := tf.Plan(typ, nil, values{"project": project, "name": "inbox"})
		entitytest.Must(t, diagnostics)
		for _, attribute := range []string{"bucket_name", "arn", "regional_domain_name"} {
			if got := plan.Planned(attribute); got != entitytest.Unknown {
				t.Errorf("%v: %s is planned as %v", project, attribute, got)
			}
		}
	}
}

var full = values{
	"project": "acme", "name": "inbox", "bucket_name": "acme-inbox-explicit", "versioning": true,
	"kms_key_arn":     "arn:aws:kms:eu-west-1:111122223333:key/abc",
	"lifecycle_rules": values{"expire_after_days": int64(400), "expire_noncurrent_after_days": int64(0)},
	"object_lock":     values{"mode": "GOVERNANCE", "days": int64(30)},
	"cors": []any{
		values{"allowed_origins": []any{"https://b.example", "https://a.example"}, "allowed_methods": []any{"PUT", "GET"}},
		values{
			"allowed_origins": []any{"*"}, "allowed_methods": []any{"HEAD"}, "allowed_headers": []any{"*"},
			"max_age_seconds": int64(60),
		},
	},
	"on_delete": "empty", "tags": values{"client": "Acme"},
}

func TestApplyReadAndImportAgree(t *testing.T) {
	for name, config := range map[string]values{"smallest": {"project": "acme", "name": "inbox"}, "full": full} {
		t.Run(name, func(t *testing.T) {
			tf, p := start(t)
			object := tf.Created(typ, config)
			if action := tf.Action(object, config); action != "no-op" {
				t.Errorf("the second plan would %s", action)
			}
			byID, diagnostics := tf.Import(typ, "acme/inbox")
			entitytest.Must(t, diagnostics)
			byIdentity, diagnostics := tf.ImportIdentity(typ, values{"project": "acme", "name": "inbox"})
			entitytest.Must(t, diagnostics)
			for _, imported := range []*entitytest.Object{byID, byIdentity} {
				if action := tf.Action(imported, config); action != "no-op" {
					t.Errorf("the plan after an import would %s", action)
				}
			}
			want := values{"project": "acme", "name": "inbox", "bucket_name": nil}
			if diff := cmp.Diff(want, tf.Identity(byID)); diff != "" {
				t.Error(diff)
			}
			if n := len(p.Written()); n != 1 {
				t.Errorf("%d writes instead of one", n)
			}
		})
	}
}

func TestEntity_FromConfiguration(t *testing.T) {
	tf, p := start(t)
	tf.Created(typ, full)
	want := model.Bucket{
		Name: "inbox", BucketName: "acme-inbox-explicit", KMSKeyARN: "arn:aws:kms:eu-west-1:111122223333:key/abc",
		Lifecycle:  model.Lifecycle{ExpireAfterDays: 400, AbortMultipartAfterDays: 7},
		ObjectLock: &model.ObjectLock{Mode: "GOVERNANCE", Days: 30},
		CORS: []model.CORSRule{
			{AllowedOrigins: []string{"https://a.example", "https://b.example"}, AllowedMethods: []string{"GET", "PUT"}},
			{AllowedOrigins: []string{"*"}, AllowedMethods: []string{"HEAD"}, AllowedHeaders: []string{"*"}, MaxAgeSeconds: 60},
		},
		OnDelete: model.Empty, Tags: map[string]string{"client": "Acme"},
	}
	if diff := cmp.Diff([]model.Entity{want}, p.Written()); diff != "" {
		t.Error(diff)
	}
}

func TestUpdateInPlace(t *testing.T) {
	tf, p := start(t)
	object := tf.Created(typ, values{"project": "acme", "name": "inbox"})
	changed := values{
		"project": "acme", "name": "inbox", "versioning": false, "on_delete": "retain",
		"lifecycle_rules": values{"expire_after_days": int64(5)},
	}
	plan, diagnostics := tf.Plan(typ, object, changed)
	entitytest.Must(t, diagnostics)
	if plan.Action != "update" || plan.Planned("arn") != object.Get("arn") {
		t.Errorf("the plan is to %s, with the ARN %v", plan.Action, plan.Planned("arn"))
	}
	object, diagnostics = tf.Apply(plan)
	entitytest.Must(t, diagnostics)
	if action := tf.Action(object, changed); action != "no-op" {
		t.Errorf("the next plan would %s", action)
	}
	written := p.Written()
	if b, _ := written[len(written)-1].(model.Bucket); !b.Unversioned || b.Lifecycle.ExpireNoncurrentAfterDays != 90 {
		t.Errorf("written: %+v", b)
	}
}

func TestReplacement(t *testing.T) {
	base := values{"project": "acme", "name": "inbox", "on_delete": "retain"}
	for _, c := range []struct {
		attribute string
		value     any
		replaced  []string
	}{
		{"name", "outbox", []string{"name"}},
		{"bucket_name", "acme-another", []string{"bucket_name"}},
		{"bucket_name", "acme-inbox-111122223333-eu-west-1-an", nil}, // the default
		{"project", entitytest.Unknown, []string{"project"}},
	} {
		tf, _ := start(t)
		object := tf.Created(typ, base)
		config := values{c.attribute: c.value}
		for k, v := range base {
			if _, ok := config[k]; !ok {
				config[k] = v
			}
		}
		plan, diagnostics := tf.Plan(typ, object, config)
		entitytest.Must(t, diagnostics)
		if diff := cmp.Diff(c.replaced, plan.Replaced); diff != "" {
			t.Errorf("%s = %v: %s", c.attribute, c.value, diff)
		}
		if len(c.replaced) > 0 &&
			(len(plan.Warnings) != 1 || !strings.Contains(plan.Warnings[0].Detail, "The new bucket begins empty; with on_delete = \"retain\", the old bucket stays")) {
			t.Errorf("%s = %v: warnings %v", c.attribute, c.value, plan.Warnings)
		}
	}
}

// TestReplacement_Retained plans -replace: Terraform plans a second time, without a state.
func TestReplacement_Retained(t *testing.T) {
	for onDelete, warned := range map[string]bool{"retain": true, "refuse": false, "empty": false} {
		tf, _ := start(t)
		config := values{"project": "acme", "name": "inbox", "on_delete": onDelete}
		object := tf.Created(typ, config)
		plan, diagnostics := tf.Replace(typ, object, config)
		entitytest.Must(t, diagnostics)
		found := slices.ContainsFunc(plan.Warnings, func(w *tfprotov6.Diagnostic) bool {
			return w.Summary == "Retained Bucket Prevents Its Replacement" &&
				strings.Contains(w.Detail, "acme-inbox-111122223333-eu-west-1-an")
		})
		if found != warned {
			t.Errorf("on_delete = %s: warnings %v", onDelete, plan.Warnings)
		}
	}
}

func TestPlan_ReplacementGetsNewName(t *testing.T) {
	tf, _ := start(t)
	object := tf.Created(typ, values{"project": "acme", "name": "inbox"})
	object = tf.Applied(typ, object, values{"project": "acme", "name": "outbox"})
	if got := object.Get("bucket_name"); got != "acme-outbox-111122223333-eu-west-1-an" {
		t.Errorf("the bucket is called %v", got)
	}
}

func TestPlan_NameKept(t *testing.T) {
	tf, _ := start(t)
	object := tf.Created(typ, values{"project": "acme", "name": "inbox", "bucket_name": "acme-explicit"})
	if action := tf.Action(object, values{"project": "acme", "name": "inbox"}); action != "no-op" {
		t.Errorf("the plan would %s", action)
	}
}

func TestDrift_HandEditRepaired(t *testing.T) {
	tf, p := start(t)
	config := values{"project": "acme", "name": "inbox"}
	object := tf.Created(typ, config)
	for from, to := range map[string]string{
		`"VersioningConfiguration":{"Status":"Enabled"}`: `"VersioningConfiguration":{"Status":"Suspended"}`,
		`"RestrictPublicBuckets":true`:                   `"RestrictPublicBuckets":false`,
	} {
		if err := p.Rewrite("acme", from, to); err != nil {
			t.Fatal(err)
		}
	}
	object, diagnostics := tf.Read(object)
	entitytest.Must(t, diagnostics)
	const want = `Bucketinbox Properties.PublicAccessBlockConfiguration.RestrictPublicBuckets is false, not true
Bucketinbox Properties.VersioningConfiguration.Status is "Suspended", not "Enabled"`
	if drift := object.Get("drift"); drift != want {
		t.Fatalf("drift: %v", drift)
	}
	plan, diagnostics := tf.Plan(typ, object, config)
	entitytest.Must(t, diagnostics)
	if plan.Action != "update" {
		t.Fatalf("the plan would %s", plan.Action)
	}
	object, diagnostics = tf.Apply(plan)
	entitytest.Must(t, diagnostics)
	if action := tf.Action(object, config); action != "no-op" {
		t.Errorf("after the repair the plan would %s", action)
	}
}

func TestPlan_ObjectLockIsFixed(t *testing.T) {
	tf, _ := start(t)
	without := values{"project": "acme", "name": "inbox"}
	with := values{"project": "acme", "name": "inbox", "object_lock": values{"mode": "COMPLIANCE", "days": int64(1)}}
	longer := values{"project": "acme", "name": "inbox", "object_lock": values{"mode": "COMPLIANCE", "days": int64(2)}}
	_, diagnostics := tf.Plan(typ, tf.Created(typ, without), with)
	wantError(
		t, diagnostics, "Unable to Change Object Lock", `can't be added to the project bucket "acme/inbox"`,
		"object_lock",
	)

	tf, _ = start(t)
	object := tf.Created(typ, with)
	_, diagnostics = tf.Plan(typ, object, without)
	wantError(t, diagnostics, "Unable to Change Object Lock", "can't be removed from", "object_lock")
	tf.Applied(typ, object, longer)
}

func TestBadInput(t *testing.T) {
	for _, c := range []struct {
		argument string
		value    any
		text, at string
	}{
		{"name", "In box", `"In box" may hold only a-z, 0-9 and single hyphens between them`, "name"},
		{"bucket_name", "a.b", `"a.b" may hold only a-z, 0-9 and hyphens`, "bucket_name"},
		{"kms_key_arn", "alias/x", "must be the ARN of a KMS key", "kms_key_arn"},
		{"on_delete", "destroy", `must be "refuse", "retain" or "empty"`, "on_delete"},
		{"tags", values{"aws:x": "y"}, `the key "aws:x" begins with a reserved prefix`, "tags"},
		{"lifecycle_rules", values{"expire_after_days": int64(99999)}, "must be between 1 and 36500 days", "lifecycle_rules.expire_after_days"},
		{"object_lock", values{"mode": "NONE", "days": int64(1)}, `must be "GOVERNANCE" or "COMPLIANCE"`, "object_lock.mode"},
		{"cors", []any{values{"allowed_origins": []any{"*"}, "allowed_methods": []any{"PATCH"}}}, `"PATCH" is none of GET`, "cors[0].allowed_methods"},
		{"cors", []any{values{"allowed_origins": []any{"*"}, "allowed_methods": []any{"GET", nil}}}, "null value", "cors[0].allowed_methods"},
		{"cors", []any{values{"allowed_origins": []any{"*"}, "allowed_methods": []any{"GET"}, "expose_headers": []any{"*"}}}, "name each header", "cors[0].expose_headers"},
		{"cors", []any{nil}, "null value", "cors"},
		{"tags", values{"note": "R&D"}, `the tag "note" holds '&'`, "tags"},
		{"kms_key_arn", "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555", "the key is in us-east-1", "kms_key_arn"},
		{"kms_key_arn", "arn:aws:kms:eu-west-1:444455556666:key/11111111-2222-3333-4444-555555555555", "belongs to the account 444455556666", "kms_key_arn"},
		{"bucket_name", "x-999999999999-eu-west-1-an", "the namespace of the account 999999999999", "bucket_name"},
		{"cors", []any{values{"allowed_origins": []any{}, "allowed_methods": entitytest.Unknown}}, "must name at least one origin", "cors[0].allowed_origins"},
	} {
		tf, p := start(t)
		config := values{"project": "acme", "name": "inbox"}
		config[c.argument] = c.value
		_, diagnostics := tf.Plan(typ, nil, config)
		wantError(t, diagnostics, "", c.text, c.at)
		if len(p.Written()) != 0 {
			t.Errorf("%s: something was written", c.argument)
		}
	}
}

func TestContradictionOfTwoArguments(t *testing.T) {
	tf, _ := start(t)
	_, diagnostics := tf.Plan(
		typ,
		nil,
		values{
			"project": "acme", "name": "inbox", "versioning": false,
			"object_lock": values{"mode": "COMPLIANCE", "days": int64(1)},
		},
	)
	wantError(t, diagnostics, "Invalid Project Bucket", "a bucket with object lock is always versioned", "object_lock")
}

func TestValidate_UnknownValues(t *testing.T) {
	tf, _ := start(t)
	_, diagnostics := tf.Plan(typ, nil, values{
		"project":         entitytest.Unknown,
		"name":            entitytest.Unknown,
		"bucket_name":     entitytest.Unknown,
		"versioning":      entitytest.Unknown,
		"kms_key_arn":     entitytest.Unknown,
		"lifecycle_rules": entitytest.Unknown,
		"object_lock":     entitytest.Unknown,
		"cors":            entitytest.Unknown,
		"on_delete":       entitytest.Unknown,
		"tags":            entitytest.Unknown,
	})
	entitytest.Must(t, diagnostics)
	_, diagnostics = tf.Plan(typ, nil, values{
		"project":         "acme",
		"name":            "inbox",
		"lifecycle_rules": values{"expire_after_days": entitytest.Unknown},
		"object_lock":     values{"mode": entitytest.Unknown, "days": entitytest.Unknown},
		"tags":            values{"a": entitytest.Unknown},
		"cors":            []any{values{"allowed_origins": entitytest.Unknown, "allowed_methods": []any{entitytest.Unknown}}},
	})
	entitytest.Must(t, diagnostics)
}

// wantError fails the test unless the diagnostics have an error with this summary, text in the
// detail, and path.
func wantError(t *testing.T, diagnostics []*entitytest.Diagnostic, summary, text, at string) {
	t.Helper()
	if problem := entitytest.Lacks(diagnostics, summary, text, at); problem != "" {
		t.Error(problem)
	}
}

func TestFillRefusesAnotherKind(t *testing.T) {
	if diags := fill(context.Background(), &Model{}, nil, model.User{}); !diags.HasError() {
		t.Error("a user passed for a bucket")
	}
}

func TestBuckets_DataSource(t *testing.T) {
	p := entitytest.NewProjects()
	for _, name := range []string{"outbox", "inbox"} {
		b := model.Bucket{Name: name, BucketName: "acme-" + name, OnDelete: model.Refuse, Lifecycle: model.DefaultLifecycle()}
		if err := p.Create(t.Context(), "acme", b); err != nil {
			t.Fatal(err)
		}
	}
	tf := entitytest.StartLookups(t, &entity.Services{Projects: p}, NewDataSource)
	got, diagnostics := tf.Lookup("stowage_project_buckets", values{"project": "acme"})
	entitytest.Must(t, diagnostics)
	var names []any
	buckets, _ := got["buckets"].([]any)
	for _, b := range buckets {
		bucket, _ := b.(values)
		names = append(names, bucket["name"], bucket["kms_key_arn"])
	}
	key := "arn:aws:kms:eu-west-1:111122223333:key/1"
	if diff := cmp.Diff([]any{"inbox", key, "outbox", key}, names); diff != "" {
		t.Error(diff)
	}
	_, diagnostics = tf.Lookup("stowage_project_buckets", values{"project": "nobody"})
	wantError(t, diagnostics, "Unable to Read Project Buckets", `The directory has no project "nobody".`, "project")
}
