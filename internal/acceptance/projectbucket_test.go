package acceptance_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
)

const (
	inbox  = "stowage_project_bucket.inbox"
	outbox = "stowage_project_bucket.outbox"
)

func TestAccProjectBucket_Basic(t *testing.T) {
	x := newTenant(t)
	physicalName := knownvalue.StringExact(x.in(physical("outbox")))
	// A plan knows all attributes once the project exists.
	known := map[string]knownvalue.Check{
		"id":                   knownvalue.StringExact(x.in("acme/outbox")),
		"bucket_name":          physicalName,
		"arn":                  knownvalue.StringExact("arn:aws:s3:::" + x.in(physical("outbox"))),
		"regional_domain_name": knownvalue.StringExact(x.in(physical("outbox")) + ".s3.eu-west-1.amazonaws.com"),
		"managed":              knownvalue.Bool(true),
		"versioning":           knownvalue.Bool(true),
		"kms_key_arn":          knownvalue.Null(),
		"object_lock":          knownvalue.Null(),
		"on_delete":            knownvalue.StringExact("refuse"),
		"cors":                 knownvalue.ListExact(nil),
		"lifecycle_rules": knownvalue.ObjectExact(map[string]knownvalue.Check{
			"expire_after_days":            knownvalue.Null(),
			"expire_noncurrent_after_days": knownvalue.Int64Exact(90),
			"abort_multipart_after_days":   knownvalue.Int64Exact(7),
		}),
		"tags":     knownvalue.Null(),
		"tags_all": knownvalue.MapExact(nil),
		"drift":    knownvalue.Null(),
	}
	planned := []plancheck.PlanCheck{plancheck.ExpectResourceAction(outbox, plancheck.ResourceActionCreate)}
	var stored []statecheck.StateCheck
	for attribute, check := range known {
		planned = append(planned, plancheck.ExpectKnownValue(outbox, at(attribute), check))
		stored = append(stored, statecheck.ExpectKnownValue(outbox, at(attribute), check))
	}
	first := x.in(acmeProject, bucketOf("inbox", afterProject))
	both := x.in(first, bucketOf("outbox", afterProject))
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{
			Config: first,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(inbox, plancheck.ResourceActionCreate),
				plancheck.ExpectUnknownValue(inbox, at("bucket_name")),
				plancheck.ExpectUnknownValue(inbox, at("arn")),
				plancheck.ExpectUnknownValue(inbox, at("regional_domain_name")),
			}},
		},
		resource.TestStep{
			Config:            both,
			ConfigPlanChecks:  resource.ConfigPlanChecks{PreApply: planned},
			ConfigStateChecks: stored,
		},
		resource.TestStep{ResourceName: outbox, ImportState: true, ImportStateVerify: true},
		resource.TestStep{ResourceName: outbox, ImportState: true, ImportStateKind: resource.ImportBlockWithID},
	))
}

func TestAccProjectBucket_Update(t *testing.T) {
	x := newTenant(t)
	other, err := kms.NewFromConfig(x.w.config(x.account)).CreateKey(t.Context(), &kms.CreateKeyInput{})
	key := aws.ToString(must(x.w, other, err).KeyMetadata.Arn)
	configuration := func(days int, arguments ...string) string {
		return x.in(acmeProject, bucketOf("inbox", append(arguments, afterProject)...),
			bucketOf("outbox", fmt.Sprintf(`object_lock = { mode = "GOVERNANCE", days = %d }`, days), afterProject))
	}
	updates := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
		plancheck.ExpectResourceAction(inbox, plancheck.ResourceActionUpdate),
		plancheck.ExpectResourceAction(outbox, plancheck.ResourceActionUpdate),
		plancheck.ExpectKnownValue(inbox, at("arn"), knownvalue.StringExact("arn:aws:s3:::"+x.in(physical("inbox")))),
	}}
	data := []string{
		"versioning = false", fmt.Sprintf("kms_key_arn = %q", key),
		"lifecycle_rules = { expire_after_days = 5, expire_noncurrent_after_days = 6, abort_multipart_after_days = 0 }",
	}
	all := slices.Concat(data, []string{
		`cors = [{ allowed_origins = ["https://example.com"], allowed_methods = ["GET", "PUT"], max_age_seconds = 60 }]`,
		`on_delete = "retain"`, `tags = { team = "blue", empty = "" }`,
	})
	testCase := x.testCase(
		resource.TestStep{Config: configuration(1)},
		resource.TestStep{Config: configuration(2, data...), ConfigPlanChecks: updates},
		resource.TestStep{
			Config:           configuration(3, all...),
			ConfigPlanChecks: updates,
			PostApplyFunc:    func() { x.wantUpdated(key) },
		},
		resource.TestStep{ResourceName: inbox, ImportState: true, ImportStateVerify: true},
		resource.TestStep{
			Config: configuration(4), ConfigPlanChecks: updates,
			PostApplyFunc: func() { x.wantHardened("inbox") },
		},
	)
	testCase.CheckDestroy = nil // the other key stays
	resource.ParallelTest(t, testCase)
}

// wantUpdated compares bucket inbox, as S3 describes it, with the last update of
// TestAccProjectBucket_Update.
func (x *tenant) wantUpdated(key string) {
	x.t.Helper()
	ctx, bucket := x.t.Context(), aws.String(x.in(physical("inbox")))
	versioning, err := x.s3.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: bucket})
	if got := must(x.w, versioning, err).Status; got != "Suspended" {
		x.t.Errorf("versioning is %s", got)
	}
	encryption, err := x.s3.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: bucket})
	by := must(x.w, encryption, err).ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault
	if got := aws.ToString(by.KMSMasterKeyID); got != key {
		x.t.Errorf("key is %s, want %s", got, key)
	}
	lifecycle, err := x.s3.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: bucket})
	if got := len(must(x.w, lifecycle, err).Rules); got != 2 {
		x.t.Errorf("%d lifecycle rules, want 2", got)
	}
	cors, err := x.s3.GetBucketCors(ctx, &s3.GetBucketCorsInput{Bucket: bucket})
	if got := must(x.w, cors, err).CORSRules; len(got) != 1 || aws.ToInt32(got[0].MaxAgeSeconds) != 60 {
		x.t.Errorf("CORS: %+v", got)
	}
	want := map[string]string{"team": "blue", "empty": "", "stowage:project": x.project, "stowage:bucket": "inbox"}
	if diff := cmp.Diff(want, x.tags(*bucket)); diff != "" {
		x.t.Errorf("tags (-want +got):\n%s", diff)
	}
	lock, err := x.s3.GetObjectLockConfiguration(
		ctx, &s3.GetObjectLockConfigurationInput{Bucket: aws.String(x.in(physical("outbox")))},
	)
	if got := aws.ToInt32(must(x.w, lock, err).ObjectLockConfiguration.Rule.DefaultRetention.Days); got != 3 {
		x.t.Errorf("objects are locked for %d days", got)
	}
}

func TestAccProjectBucket_Replace(t *testing.T) {
	x := newTenant(t)
	configuration := func(arguments ...string) string {
		return x.in(
			acmeProject,
			block("stowage_project_bucket", "inbox", append(arguments, `project = "acme"`, afterProject)...),
		)
	}
	replaces := func(name string) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			plancheck.ExpectResourceAction(inbox, plancheck.ResourceActionDestroyBeforeCreate),
			plancheck.ExpectKnownValue(inbox, at("bucket_name"), knownvalue.StringExact(x.in(name))),
		}}
	}
	exists := func(name string, want bool) {
		t.Helper()
		if buckets := x.buckets(); slices.Contains(buckets, x.in(name)) != want {
			t.Errorf("bucket %s exists = %t, want %t: %v", x.in(name), !want, want, buckets)
		}
	}
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{Config: configuration(`name = "alpha"`)},
		// The explicit default name changes nothing.
		resource.TestStep{
			Config:   configuration(`name = "alpha"`, fmt.Sprintf("bucket_name = %q", physical("alpha"))),
			PlanOnly: true,
		},
		resource.TestStep{
			Config: configuration(`name = "beta"`), ConfigPlanChecks: replaces(physical("beta")),
			PostApplyFunc: func() { exists(physical("alpha"), false); exists(physical("beta"), true) },
		},
		resource.TestStep{
			Config:           configuration(`name = "beta"`, `bucket_name = "acme-by-another-name"`),
			ConfigPlanChecks: replaces("acme-by-another-name"),
			PostApplyFunc:    func() { exists(physical("beta"), false); exists("acme-by-another-name", true) },
		},
		// A name removed from the configuration stays.
		resource.TestStep{Config: configuration(`name = "beta"`), PlanOnly: true},
	))
}

// TestAccProjectBucket_NotEmpty tries every way to delete a bucket with an object.
func TestAccProjectBucket_NotEmpty(t *testing.T) {
	x := newTenant(t)
	refusal := x.says(
		"Unable to Delete Project Bucket",
		"The bucket "+physical("inbox")+" is not empty: it holds 1 object, "+
			"for example \"incoming/report.csv\". on_delete is \"refuse\".",
		`first apply on_delete = "empty"`,
	)
	configuration := x.in(acmeProject, bucketOf("inbox", afterProject))
	var revision string
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{Config: configuration, PostApplyFunc: func() {
			x.put(x.in(physical("inbox")), "incoming/report.csv")
			revision = x.revision(x.project)
		}},
		resource.TestStep{Config: configuration, Destroy: true, ExpectError: refusal},
		resource.TestStep{
			Config:      x.in(acmeProject, bucketOf("inbox", `bucket_name = "acme-another-name"`, afterProject)),
			ExpectError: refusal,
		},
		// The last applied value counts, not the configuration.
		resource.TestStep{Config: x.in(acmeProject), ExpectError: refusal},
		resource.TestStep{Config: configuration, PlanOnly: true, PostApplyFunc: func() {
			if now := x.revision(x.project); now != revision {
				t.Errorf("the refusals changed the stack: revision %s, then %s", revision, now)
			}
		}},
		// A tainted bucket is replaced, for which it must be empty.
		resource.TestStep{Config: configuration, Taint: []string{inbox}, ExpectError: refusal},
		resource.TestStep{
			PreConfig: func() { x.empty(x.in(physical("inbox"))) },
			Config:    configuration,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(inbox, plancheck.ResourceActionDestroyBeforeCreate),
			}},
		},
		// To delete data, on_delete must be applied first.
		resource.TestStep{Config: x.in(acmeProject, bucketOf("inbox", `on_delete = "empty"`, afterProject))},
		resource.TestStep{
			PreConfig: func() { x.put(x.in(physical("inbox")), "incoming/report.csv") },
			Config:    x.in(acmeProject),
			PostApplyFunc: func() {
				if buckets := x.buckets(); slices.Contains(buckets, x.in(physical("inbox"))) {
					t.Errorf("bucket is still there: %v", buckets)
				}
			},
		},
	))
}

// TestAccProjectBucket_Retain leaves a bucket in the account, and the key without which its data
// cannot be read.
func TestAccProjectBucket_Retain(t *testing.T) {
	x := newTenant(t)
	var revision string
	testCase := x.testCase(
		resource.TestStep{
			Config:        x.in(acmeProject, bucketOf("inbox", `on_delete = "retain"`, afterProject)),
			PostApplyFunc: func() { x.put(x.in(physical("inbox")), "incoming/report.csv") },
		},
		resource.TestStep{Config: x.in(acmeProject), PostApplyFunc: func() {
			if buckets := x.buckets(); !slices.Contains(buckets, x.in(physical("inbox"))) {
				t.Errorf("retained bucket is gone: %v", buckets)
			}
			if strings.Contains(x.template(x.project), x.in(physical("inbox"))) {
				t.Error("retained bucket is still in the template")
			}
			revision = x.revision(x.project)
		}},
		resource.TestStep{
			Config: x.in(acmeProject), Destroy: true,
			ExpectError: x.says("Unable to Delete Project", "is still encrypted with the project's key", `on_delete = "retain"`),
		},
		resource.TestStep{
			PreConfig: func() {
				if now := x.revision(x.project); now != revision {
					t.Errorf("the refusal changed the stack: revision %s, then %s", revision, now)
				}
			},
			Config: x.in(strings.Replace(acmeProject, "name ", "on_delete = \"retain\"\n  name ", 1)),
		},
	)
	testCase.CheckDestroy = func(*terraform.State) error {
		want := []string{x.in("stowage-acme-logs-" + account + "-" + region + "-an"), x.in(physical("inbox"))}
		if diff := cmp.Diff(want, x.buckets()); diff != "" {
			return fmt.Errorf("buckets (-want +got):\n%s", diff)
		}
		if len(x.keys()) != 1 || len(x.stacks()) != 0 {
			return fmt.Errorf("keys %v, stacks %v", x.keys(), x.stacks())
		}
		return nil
	}
	resource.ParallelTest(t, testCase)
}

// TestAccProjectBucket_Drift edits a bucket in the template of the stack, and adds a resource
// there.
func TestAccProjectBucket_Drift(t *testing.T) {
	x := newTenant(t)
	configuration := x.in(acmeProject, bucketOf("inbox", afterProject), bucketOf("outbox", afterProject))
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{Config: configuration},
		resource.TestStep{
			PreConfig: func() {
				x.editResources(x.project, func(resources map[string]editedResource) {
					resources["Bucketinbox"].set(t, "VersioningConfiguration", map[string]string{"Status": "Suspended"})
					resources["Theirs"] = editedResource{
						"Type":       encoded(t, "AWS::SSM::Parameter"),
						"Properties": encoded(t, map[string]string{"Type": "String", "Value": "by hand"}),
					}
				})
			},
			RefreshState: true, ExpectNonEmptyPlan: true,
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(
					inbox, "drift", `Bucketinbox Properties.VersioningConfiguration.Status is "Suspended", not "Enabled"`,
				),
				resource.TestCheckNoResourceAttr(outbox, "drift"),
			),
			RefreshPlanChecks: resource.RefreshPlanChecks{PostRefresh: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(inbox, plancheck.ResourceActionUpdate),
				plancheck.ExpectResourceAction(outbox, plancheck.ResourceActionNoop),
				plancheck.ExpectKnownValue(inbox, at("drift"), knownvalue.Null()),
			}},
		},
		resource.TestStep{
			Config: configuration,
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(inbox, at("drift"), knownvalue.Null()),
			},
			PostApplyFunc: func() {
				x.wantHardened("inbox")
				if !strings.Contains(x.template(x.project), "by hand") {
					t.Error("resource that was added to the template by hand is gone")
				}
				x.editResources(x.project, func(resources map[string]editedResource) { delete(resources, "Theirs") })
			},
		},
	))
}

func TestAccProjectBucket_ObjectLock(t *testing.T) {
	x := newTenant(t)
	configuration := func(inbox, outbox string) string {
		return x.in(acmeProject, bucketOf("inbox", inbox, afterProject), bucketOf("outbox", outbox, afterProject))
	}
	const lock = `object_lock = { mode = "COMPLIANCE", days = 1 }`
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{Config: configuration(lock, "")},
		resource.TestStep{
			Config: configuration(lock, lock), PlanOnly: true,
			ExpectError: x.says("Unable to Change Object Lock", "can't be added to the project bucket \"acme/outbox\""),
		},
		resource.TestStep{
			Config: configuration("", ""), PlanOnly: true,
			ExpectError: x.says("Unable to Change Object Lock", "can't be removed from the project bucket \"acme/inbox\""),
		},
		resource.TestStep{Config: configuration(strings.Replace(lock, "1", "2", 1), "")},
	))
}

// TestAccProjectBucket_Exists refuses a second resource for a bucket while planning.
func TestAccProjectBucket_Exists(t *testing.T) {
	x := newTenant(t)
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{Config: x.in(acmeProject, bucketOf("inbox", afterProject))},
		resource.TestStep{
			Config: x.in(acmeProject, bucketOf("inbox", afterProject),
				block("stowage_project_bucket", "second", `project = "acme"`, `name = "inbox"`, afterProject)),
			ExpectError: x.says(
				"Duplicate Project Bucket",
				"Two resources of this configuration manage the project bucket \"acme/inbox\"",
			),
		},
		resource.TestStep{Config: x.in(acmeProject, bucketOf("inbox", afterProject)), PlanOnly: true},
	))
}
