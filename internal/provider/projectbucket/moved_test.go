package projectbucket

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
)

const awsAddress = "registry.terraform.io/hashicorp/aws"

// moved moves the state of the bucket legacy from another provider.
func moved(t *testing.T, tf *entitytest.Terraform) *entitytest.Object {
	t.Helper()
	object, diagnostics := tf.Move(typ, awsAddress, "aws_s3_bucket", `{"id":"legacy","bucket":"legacy","force_destroy":true,"tags":null}`)
	entitytest.Must(t, diagnostics)
	return object
}

func TestMoved(t *testing.T) {
	tf, p := legacy(t, `,"VersioningConfiguration":{"Status":"Suspended"},"Tags":[{"Key":"team","Value":"blue"}]`+website)
	object := moved(t, tf)
	for attribute, want := range map[string]any{
		"bucket_name": "legacy", "managed": false, "project": nil, "name": nil, "id": nil, "versioning": nil, "on_delete": nil,
	} {
		if got := object.Get(attribute); got != want {
			t.Errorf("%s is %v, not %v", attribute, got, want)
		}
	}
	config := values{"project": "acme", "name": "old", "unmodeled_settings": "keep"}
	plan, diagnostics := tf.Plan(typ, object, config)
	entitytest.Must(t, diagnostics)
	if plan.Action != "update" || plan.Planned("id") != "acme/old" || plan.Planned("bucket_name") != "legacy" ||
		plan.Planned("managed") != true || plan.Planned("on_delete") != "refuse" {
		t.Errorf("planned is %s of %v, managed = %v", plan.Action, plan.Planned("id"), plan.Planned("managed"))
	}
	for _, text := range []string{
		"- versioning is false, and becomes true", `- tags_all: team is "blue", and is removed`,
		"- Bucketold Properties.LoggingConfiguration is nothing, not", "removed {\n",
	} {
		if !warned(plan.Warnings, "Project Bucket Will Be Adopted", text) {
			t.Errorf("no warning contains %q: %v", text, plan.Warnings)
		}
	}
	object, diagnostics = tf.Apply(plan)
	entitytest.Must(t, diagnostics)
	if action := tf.Action(object, config); action != "no-op" || object.Get("managed") != true ||
		object.Get("incarnation") != plan.Planned("incarnation") {
		t.Errorf("after the adoption the plan would %s", action)
	}
	if n := len(p.Written()); n != 2 {
		t.Errorf("%d writes instead of two", n)
	}
}

// TestMoved_Digest plans twice, as Terraform does. A bucket that has changed in between has another
// planned incarnation, which Terraform refuses.
func TestMoved_Digest(t *testing.T) {
	tf, p := legacy(t, "")
	object := moved(t, tf)
	config := values{"project": "acme", "name": "old"}
	incarnation := func() any {
		t.Helper()
		plan, diagnostics := tf.Plan(typ, object, config)
		entitytest.Must(t, diagnostics)
		return plan.Planned("incarnation")
	}
	first := incarnation()
	if again := incarnation(); again != first {
		t.Errorf("the incarnation is %v, then %v", first, again)
	}
	p.Exist["legacy"].Bucket["Tags"] = []any{map[string]any{"Key": "a", "Value": "b"}}
	if again := incarnation(); again == first {
		t.Error("a changed bucket has the same incarnation")
	}
}

func TestMoved_Sources(t *testing.T) {
	tf, _ := legacy(t, "")
	for _, c := range []struct{ provider, typ, state, want string }{
		{awsAddress, "aws_s3_bucket", `{"id":"legacy"}`, ""},
		{"registry.opentofu.org/hashicorp/aws", "aws_s3_bucket", `{"bucket":"legacy"}`, ""},
		{"registry.terraform.io/hashicorp/awscc", "awscc_s3_bucket", `{"bucket_name":"legacy","id":"legacy","tags":[]}`, ""},
		{awsAddress, "aws_s3_bucket", `{"bucket":null,"id":""}`, "does not name its bucket"},
		{awsAddress, "aws_s3_bucket_versioning", `{"bucket":"legacy"}`, "does not include support for the given source resource"},
		{"registry.terraform.io/other/aws", "aws_s3_bucket", `{"bucket":"legacy"}`, "does not include support for the given source resource"},
	} {
		object, diagnostics := tf.Move(typ, c.provider, c.typ, c.state)
		errors := entitytest.Errors(diagnostics)
		switch {
		case c.want == "" && (len(errors) > 0 || object.Get("bucket_name") != "legacy"):
			t.Errorf("%s %s: %v", c.typ, c.state, diagnostics)
		case c.want != "" && (len(errors) != 1 || !strings.Contains(errors[0].Detail, c.want)):
			t.Errorf("%s of %s: the errors are %v", c.typ, c.provider, errors)
		}
	}
}

// TestMoved_Versions moves states as versions of the aws and awscc providers write them: the attribute
// names of their schemas, with and without an identity. Version 6.0 of the aws provider wrote
// identities without values. Schema versions that do not exist yet are accepted, too.
func TestMoved_Versions(t *testing.T) {
	const (
		common = `"id":"legacy","bucket":"legacy","arn":"arn:aws:s3:::legacy","bucket_prefix":"","force_destroy":false,` +
			`"hosted_zone_id":"Z1BKCTXD74EZPE","tags":{},"tags_all":{},"versioning":[{"enabled":true,"mfa_delete":false}],"timeouts":null,`
		version5 = "{" + common + `"region":"eu-west-1"}`
		version6 = "{" + common + `"region":"eu-west-1","bucket_region":"eu-west-1","bucket_namespace":"global"}`
		awscc    = `{"id":"legacy","bucket_name":"legacy","arn":"arn:aws:s3:::legacy","abac_status":null,"bucket_encryption":null,` +
			`"tags":[{"key":"team","value":"blue"}],"versioning_configuration":{"status":"Enabled"}}`
	)
	for name, c := range map[string]struct {
		provider, typ, state string
		version              int64
		identity             string
	}{
		"aws 5.100":                {awsAddress, "aws_s3_bucket", version5, 0, ""},
		"aws 6.0":                  {awsAddress, "aws_s3_bucket", version6, 0, `{"account_id":null,"bucket":null,"region":null}`},
		"aws 6":                    {awsAddress, "aws_s3_bucket", version6, 0, `{"account_id":"111122223333","bucket":"legacy","region":"eu-west-1"}`},
		"a schema version to come": {awsAddress, "aws_s3_bucket", version6, 7, `{"arn":"arn:aws:s3:::legacy"}`},
		"awscc":                    {"registry.terraform.io/hashicorp/awscc", "awscc_s3_bucket", awscc, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			tf, _ := legacy(t, "")
			req := &tfprotov6.MoveResourceStateRequest{
				SourceProviderAddress: c.provider, SourceTypeName: c.typ, TargetTypeName: typ, SourceSchemaVersion: c.version,
				SourceState: &tfprotov6.RawState{JSON: []byte(c.state)},
			}
			if c.identity != "" {
				req.SourceIdentity = &tfprotov6.RawState{JSON: []byte(c.identity)}
			}
			object, diagnostics := tf.MoveFrom(req)
			entitytest.Must(t, diagnostics)
			plan, diagnostics := tf.Plan(typ, object, values{"project": "acme", "name": "old"})
			entitytest.Must(t, diagnostics)
			if plan.Action != "update" || plan.Planned("bucket_name") != "legacy" {
				t.Errorf("planned is %s of the bucket %v", plan.Action, plan.Planned("bucket_name"))
			}
		})
	}
}

func TestMoved_Refusals(t *testing.T) {
	for _, c := range []struct {
		config     values
		text, path string
	}{
		{values{"project": "acme", "name": "old", "bucket_name": "another"}, `Set bucket_name = "legacy"`, "bucket_name"},
		{values{"project": entitytest.Unknown, "name": "old"}, "only known after the apply", "name"},
		{values{"project": "nowhere", "name": "old"}, `the project "nowhere" does not exist`, "project"},
		{values{"project": "acme", "name": "old", "on_delete": "empty"}, "would let the next destroy delete its data", "on_delete"},
	} {
		tf, p := legacy(t, "")
		_, diagnostics := tf.Plan(typ, moved(t, tf), c.config)
		wantError(t, diagnostics, "Unable to Adopt Project Bucket", c.text, c.path)
		if len(p.Written()) > 0 {
			t.Errorf("%v: something was written", c.config)
		}
	}
	tf, p := legacy(t, "")
	object := moved(t, tf)
	delete(p.Exist, "legacy")
	_, diagnostics := tf.Plan(typ, object, values{"project": "acme", "name": "old"})
	wantError(t, diagnostics, "Unable to Adopt Project Bucket", "does not exist", "bucket_name")
}

// TestMoved_Failed fails the apply of a move: the state then names the project, and goes on as after
// an import.
func TestMoved_Failed(t *testing.T) {
	tf, p := legacy(t, "")
	config := values{"project": "acme", "name": "old"}
	plan, diagnostics := tf.Plan(typ, moved(t, tf), config)
	entitytest.Must(t, diagnostics)
	p.Fail = func(_ context.Context, method string) error {
		if method == "Adopt" {
			return errors.New("it failed")
		}
		return nil
	}
	object, diagnostics := tf.Apply(plan)
	if len(entitytest.Errors(diagnostics)) == 0 {
		t.Fatal("the apply did not fail")
	}
	p.Fail = nil
	object, diagnostics = tf.Read(object)
	entitytest.Must(t, diagnostics)
	if object.Get("id") != "acme/old" || object.Get("managed") != false || object.Get("versioning") != false ||
		object.Get("incarnation") != plan.Planned("incarnation") {
		t.Errorf("the state is of %v, managed = %v", object.Get("id"), object.Get("managed"))
	}
	object = tf.Applied(typ, object, config)
	if object.Get("managed") != true {
		t.Error("it was not adopted")
	}
}

// TestMoved_Forgotten destroys a moved bucket that was not adopted.
func TestMoved_Forgotten(t *testing.T) {
	tf, p := legacy(t, "")
	plan, diagnostics := tf.Plan(typ, moved(t, tf), nil)
	entitytest.Must(t, diagnostics)
	if object, diagnostics := tf.Apply(plan); object != nil || len(diagnostics) > 0 || len(p.Written()) > 0 {
		t.Errorf("destroying it: %v", diagnostics)
	}
}
