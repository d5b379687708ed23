package acceptance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// awsBucket is the state of an aws_s3_bucket as version 5 of the aws provider writes it (schema
// version 0), after reading a versioned bucket with a policy.
func awsBucket(label, bucket string) foreignObject {
	return foreignObject{"aws_s3_bucket", label, strings.ReplaceAll(`{
  "acceleration_status": "", "acl": null, "arn": "arn:aws:s3:::BUCKET", "bucket": "BUCKET",
  "bucket_domain_name": "BUCKET.s3.amazonaws.com", "bucket_prefix": "",
  "bucket_regional_domain_name": "BUCKET.s3.eu-west-1.amazonaws.com", "cors_rule": [], "force_destroy": true,
  "grant": [{"id": "79a5", "permissions": ["FULL_CONTROL"], "type": "CanonicalUser", "uri": ""}],
  "hosted_zone_id": "Z1BKCTXD74EZPE", "id": "BUCKET", "lifecycle_rule": [], "logging": [],
  "object_lock_configuration": [], "object_lock_enabled": false, "policy": "{\"Version\":\"2012-10-17\"}",
  "region": "eu-west-1", "replication_configuration": [], "request_payer": "BucketOwner",
  "server_side_encryption_configuration": [{"rule": [{"apply_server_side_encryption_by_default":
    [{"kms_master_key_id": "", "sse_algorithm": "AES256"}], "bucket_key_enabled": false}]}],
  "tags": {"team": "blue"}, "tags_all": {"team": "blue"}, "timeouts": null,
  "versioning": [{"enabled": true, "mfa_delete": false}], "website": [], "website_domain": null, "website_endpoint": null
}`, "BUCKET", bucket)}
}

// awsBucket6 is the same state as version 6 writes it: region is an argument of every resource, and
// bucket_region is where the bucket is. The schema version is still 0 (attribute names of the
// provider's schema, and its issue 27758).
func awsBucket6(label, bucket string) foreignObject {
	o := awsBucket(label, bucket)
	o.attributes = strings.Replace(o.attributes, `"region": "eu-west-1"`, `"region": "eu-west-1", "bucket_region": "eu-west-1",
  "bucket_namespace": "global"`, 1)
	return o
}

// identify gives a resource in the state an identity, as CLIs from 1.12 on write it.
func (s *workspace) identify(typ string, identity map[string]any) {
	s.t.Helper()
	content, err := os.ReadFile(filepath.Join(s.dir, "terraform.tfstate"))
	noError(s.t, err)
	var state map[string]any
	noError(s.t, json.Unmarshal(content, &state))
	resources, _ := state["resources"].([]any)
	for _, r := range resources {
		if r, _ := r.(map[string]any); r["type"] == typ {
			instances, _ := r["instances"].([]any)
			instance, _ := instances[0].(map[string]any)
			instance["identity_schema_version"], instance["identity"] = 0, identity
		}
	}
	content, err = json.Marshal(state)
	noError(s.t, err)
	s.put("terraform.tfstate", string(content))
}

func satellites(label, bucket string) []foreignObject {
	objects := []foreignObject{
		{"aws_s3_bucket_versioning", label, `{"bucket": "BUCKET", "expected_bucket_owner": "", "id": "BUCKET", "mfa": null,
  "versioning_configuration": [{"mfa_delete": "", "status": "Enabled"}]}`},
		{"aws_s3_bucket_public_access_block", label, `{"block_public_acls": true, "block_public_policy": true, "bucket": "BUCKET",
  "id": "BUCKET", "ignore_public_acls": true, "restrict_public_buckets": true}`},
		{"aws_s3_bucket_policy", label, `{"bucket": "BUCKET", "id": "BUCKET", "policy": "{\"Version\":\"2012-10-17\"}"}`},
		{"aws_s3_bucket_ownership_controls", label, `{"bucket": "BUCKET", "id": "BUCKET",
  "rule": [{"object_ownership": "BucketOwnerEnforced"}]}`},
		{"aws_s3_bucket_lifecycle_configuration", label, `{"bucket": "BUCKET", "expected_bucket_owner": "", "id": "BUCKET",
  "rule": [{"abort_incomplete_multipart_upload": [{"days_after_initiation": 3}], "id": "uploads", "status": "Enabled"}],
  "timeouts": null, "transition_default_minimum_object_size": "all_storage_classes_128K"}`},
		{"aws_s3_bucket_server_side_encryption_configuration", label, `{"bucket": "BUCKET", "expected_bucket_owner": "", "id": "BUCKET",
  "rule": [{"apply_server_side_encryption_by_default": [{"kms_master_key_id": "", "sse_algorithm": "AES256"}], "bucket_key_enabled": false}]}`},
	}
	for i := range objects {
		objects[i].attributes = strings.ReplaceAll(objects[i].attributes, "BUCKET", bucket)
	}
	return objects
}

func moving(label string) string {
	return fmt.Sprintf("moved {\n  from = aws_s3_bucket.%s\n  to   = stowage_project_bucket.%s\n}\n", label, label)
}

func removing(objects ...foreignObject) string {
	text := ""
	for _, o := range objects {
		text += fmt.Sprintf("removed {\n  from = %s.%s\n  lifecycle {\n    destroy = false\n  }\n}\n", o.typ, o.name)
	}
	return text
}

func (s *workspace) types() string {
	s.t.Helper()
	content, err := os.ReadFile(filepath.Join(s.dir, "terraform.tfstate"))
	noError(s.t, err)
	var state struct{ Resources []struct{ Type string } }
	noError(s.t, json.Unmarshal(content, &state))
	var types []string
	for _, r := range state.Resources {
		types = append(types, r.Type)
	}
	return strings.Join(types, " ")
}

func migrating(t *testing.T) (*world, *workspace, *clients, *standIn) {
	t.Helper()
	return migratingFrom(t, awsBucket("reports", "legacy-reports"))
}

func migratingFrom(t *testing.T, bucket foreignObject) (*world, *workspace, *clients, *standIn) {
	t.Helper()
	w := newWorld(t)
	s := w.workspace(acmeProject)
	s.apply()
	c := w.clients()
	c.exist("before", existing{
		name: "legacy-reports",
		settings: versioned + `,"Tags":[{"Key":"team","Value":"blue"}],"LifecycleConfiguration":{"Rules":[{"Id":"uploads",` +
			`"Status":"Enabled","AbortIncompleteMultipartUpload":{"DaysAfterInitiation":3}}]}`,
		statements: strings.ReplaceAll(foreign, "legacy-policy", "legacy-reports"),
	})
	objects := append([]foreignObject{bucket}, satellites("reports", "legacy-reports")...)
	return w, s, c, s.written(objects...)
}

// migrated is the configuration that takes the place of those of the aws provider.
func migrated(arguments ...string) string {
	return acmeProject + bucketOf("reports", append(arguments, afterProject)...) + moving("reports") +
		removing(satellites("reports", "legacy-reports")...)
}

var keepReports = []string{keepAll, `tags = { team = "blue" }`}

// TestMigration moves a bucket of the aws provider: one plan shows what the adoption changes, and
// one apply adopts the bucket.
func TestMigration(t *testing.T) {
	t.Parallel()
	w, s, c, provider := migrating(t)
	before := c.contents("legacy-reports")
	s.write(migrated(keepReports...))
	calls := w.counted(func() {
		s.tryPlan().says(
			"0 to add, 1 to change, 0 to destroy", "moved from aws_s3_bucket.reports", "Project Bucket Will Be Adopted",
			"lifecycle_rules: abort_multipart_after_days is 3, and becomes 7", "LoggingConfiguration is nothing, not",
			"Unmodeled Settings of legacy-reports Will Be Kept", `"Sid":"Partner"`,
			"aws_s3_bucket_versioning.reports will no longer be managed by Terraform",
			"removed { from = aws_s3_bucket_versioning.", "destroy = false",
		)
	})
	w.wantNoWrite(calls)
	for call, want := range map[string]int{
		"cloudcontrolapi.GetResource": 2, "s3.GetBucketAcl": 1, "cloudformation.DescribeStackResources": 1,
	} {
		if calls[call] != want {
			t.Errorf("the plan calls %s %d times, not %d", call, calls[call], want)
		}
	}
	calls = w.counted(func() { s.apply().says("0 added, 1 changed, 0 destroyed") })
	if n := calls["cloudformation.ExecuteChangeSet"]; n != 2 {
		t.Errorf("%d commits instead of 2", n)
	}
	if after := c.contents("legacy-reports"); after != before {
		t.Errorf("the bucket held\n%s\nand holds\n%s", before, after)
	}
	if types := s.types(); strings.Contains(types, "aws_") {
		t.Errorf("the state has resources of the types %s", types)
	}
	if n := provider.destroyed.Load(); n != 0 {
		t.Errorf("%d resources of the aws provider were to be destroyed", n)
	}
	s.planIsEmpty()
	delete(s.env, "TF_REATTACH_PROVIDERS")
	s.write(acmeProject + bucketOf("reports", append(keepReports, afterProject)...)) // the blocks can go
	s.planIsEmpty()
}

// TestMigration_Version6 moves a bucket whose state version 6 of the aws provider wrote, with an
// identity.
func TestMigration_Version6(t *testing.T) {
	t.Parallel()
	_, s, c, provider := migratingFrom(t, awsBucket6("reports", "legacy-reports"))
	s.identify("aws_s3_bucket", map[string]any{"account_id": account, "region": "eu-west-1", "bucket": "legacy-reports"})
	before := c.contents("legacy-reports")
	s.write(migrated(keepReports...))
	s.tryPlan().says("0 to add, 1 to change, 0 to destroy", "moved from aws_s3_bucket.reports", "Project Bucket Will Be Adopted")
	s.apply().says("0 added, 1 changed, 0 destroyed")
	if after := c.contents("legacy-reports"); after != before || provider.destroyed.Load() != 0 {
		t.Errorf("the bucket held\n%s\nand holds\n%s", before, after)
	}
	s.planIsEmpty()
}

func TestMigration_Refusals(t *testing.T) {
	t.Parallel()
	w, s, _, _ := migrating(t)
	w.box.ResetCalls()
	for _, test := range []struct {
		configuration string
		texts         []string
	}{
		{migrated(), []string{"Unable to Adopt Project Bucket", "the bucket policy's statement"}},
		{migrated(append(keepReports, `bucket_name = "another"`)...), []string{`The moved resource is the bucket "legacy-reports"`, `Set bucket_name = "legacy-reports"`}},
		{
			strings.ReplaceAll(migrated(keepReports...), `project = "acme"`, `project = "nowhere"`),
			[]string{`the project "nowhere" does not exist`, "Create the project first"},
		},
		{
			strings.ReplaceAll(migrated(keepReports...), `project = "acme"`, "project = terraform_data.name.output") +
				"resource \"terraform_data\" \"name\" {\n  input = \"acme\"\n}\n",
			[]string{"only known after the apply", "legacy-reports"},
		},
	} {
		s.write(test.configuration)
		s.tryPlan().fails(test.texts...)
	}
	w.wantNoWrite(w.calls())
}

// TestMigration_ChangedSinceThePlan changes the bucket between the plan and its apply, which fails
// before it changes anything.
func TestMigration_ChangedSinceThePlan(t *testing.T) {
	t.Parallel()
	w, s, c, _ := migrating(t)
	s.write(migrated(keepReports...))
	s.run("plan", "-input=false", "-no-color", "-out=saved").succeeds()
	_, err := c.s3.PutBucketTagging(context.WithoutCancel(t.Context()), &s3.PutBucketTaggingInput{
		Bucket:  aws.String("legacy-reports"),
		Tagging: &s3types.Tagging{TagSet: []s3types.Tag{{Key: aws.String("team"), Value: aws.String("red")}}},
	})
	must(w, 0, err)
	w.wantNoWrite(w.counted(func() {
		s.run("apply", "-input=false", "-no-color", "saved").fails("inconsistent final plan", ".incarnation")
	}))
	s.apply().says("0 added, 1 changed, 0 destroyed")
	s.planIsEmpty()
}

// TestMigration_Interrupted fails between the two commits. The next plan shows the rest.
func TestMigration_Interrupted(t *testing.T) {
	t.Parallel()
	w, s, c, _ := migrating(t)
	before := c.contents("legacy-reports")
	s.write(migrated(keepReports...))
	if err := w.box.AddFaults(
		sandbox.Fault{ResourceType: "AWS::S3::BucketPolicy", Phase: "update", After: 1, Reason: "it failed", Times: 1},
	); err != nil {
		t.Fatal(err)
	}
	s.tryApply().fails("it failed", "was imported into the stack of the project, with the settings that it had")
	s.tryPlan().says(
		"managed = false -> true", "LoggingConfiguration is nothing, not", "0 to add, 1 to change, 0 to destroy",
	)
	s.apply()
	s.planIsEmpty()
	if after := c.contents("legacy-reports"); after != before {
		t.Errorf("the bucket held\n%s\nand holds\n%s", before, after)
	}
}
