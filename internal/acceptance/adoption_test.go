package acceptance_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

type existing struct {
	name, settings, statements string
	keep                       bool // made by a stack that still has it
}

// exist makes buckets of the project's account by a stack, and then deletes the stack but not the
// buckets. Each has two versions of an object, where it has versions.
func (c *clients) exist(stack string, buckets ...existing) {
	c.w.t.Helper()
	var resources []string
	kept := false
	for i, b := range buckets {
		resources = append(
			resources,
			fmt.Sprintf(
				`"B%d":{"Type":"AWS::S3::Bucket","DeletionPolicy":"Retain","Properties":{"BucketName":%q%s}}`, i, b.name,
				b.settings,
			),
		)
		if b.statements != "" {
			resources = append(
				resources,
				fmt.Sprintf(
					`"P%d":{"Type":"AWS::S3::BucketPolicy","DeletionPolicy":"Retain","DependsOn":["B%d"],"Properties":{"Bucket":%q,`+
						`"PolicyDocument":{"Version":"2012-10-17","Statement":[%s]}}}`,
					i,
					i,
					b.name,
					b.statements,
				),
			)
		}
		kept = kept || b.keep
	}
	ctx := c.w.t.Context()
	_, err := c.cfn.CreateStack(ctx, &cloudformation.CreateStackInput{
		StackName: aws.String(stack), TemplateBody: aws.String(`{"Resources":{` + strings.Join(resources, ",") + `}}`),
	})
	must(c.w, 0, err)
	for _, b := range buckets {
		if strings.Contains(b.settings, "KMSMasterKeyID") {
			continue // the key of another account does not exist here, so that nothing can be written
		}
		for _, text := range []string{"one", "two"} {
			_, err := c.s3.PutObject(
				ctx,
				&s3.PutObjectInput{Bucket: aws.String(b.name), Key: aws.String("data"), Body: strings.NewReader(text)},
			)
			must(c.w, 0, err)
		}
	}
	if !kept {
		_, err := c.cfn.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: aws.String(stack)})
		must(c.w, 0, err)
	}
}

func (c *clients) contents(bucket string) string {
	c.w.t.Helper()
	out, err := c.s3.ListObjectVersions(c.w.t.Context(), &s3.ListObjectVersionsInput{Bucket: aws.String(bucket)})
	var texts []string
	for _, v := range must(c.w, out, err).Versions {
		texts = append(
			texts,
			fmt.Sprint(
				aws.ToString(v.Key), " ", aws.ToString(v.VersionId), " ", aws.ToString(v.ETag), " ",
				aws.ToBool(v.IsLatest),
			),
		)
	}
	return strings.Join(texts, "\n")
}

func adopting(name, bucket string, arguments ...string) string {
	return bucketOf(name, append(arguments, fmt.Sprintf("bucket_name = %q", bucket), afterProject)...) +
		fmt.Sprintf("import {\n  to = stowage_project_bucket.%s\n  id = \"acme/%s/%s\"\n}\n", name, name, bucket)
}

const (
	keepAll   = `unmodeled_settings = "keep"`
	removeAll = `unmodeled_settings = "remove"`
	versioned = `,"VersioningConfiguration":{"Status":"Enabled"}`
	foreign   = `{"Sid":"Partner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::legacy-policy/*"}`
)

// kinds are buckets of all kinds that can be adopted, with the arguments for it.
var kinds = []struct {
	existing
	arguments []string
}{
	{existing{name: "legacy-plain"}, nil},
	{
		existing{name: "legacy-versioned", settings: versioned + `,"Tags":[{"Key":"team","Value":"blue"}]`},
		[]string{`tags = { team = "blue" }`},
	},
	{
		existing{name: "legacy-suspended", settings: `,"VersioningConfiguration":{"Status":"Suspended"}`},
		[]string{"versioning = false"},
	},
	{
		existing{
			name: "legacy-kms",
			settings: `,"BucketEncryption":{"ServerSideEncryptionConfiguration":[{"ServerSideEncryptionByDefault":` +
				`{"SSEAlgorithm":"aws:kms","KMSMasterKeyID":"arn:aws:kms:eu-west-1:444455556666:key/1"}}]}`,
		},
		nil,
	},
	{existing{name: "legacy-policy", statements: foreign}, []string{keepAll}},
	{existing{name: "legacy-acls", settings: `,"OwnershipControls":{"Rules":[{"ObjectOwnership":"ObjectWriter"}]}`}, nil},
	{
		existing{
			name: "legacy-tiers",
			settings: versioned + `,"LifecycleConfiguration":{"Rules":[{"Id":"archive","Status":"Enabled","Transitions":` +
				`[{"StorageClass":"GLACIER","TransitionInDays":30}]},{"Id":"old","Status":"Enabled","ExpirationInDays":400}]}`,
		},
		[]string{keepAll, "lifecycle_rules = { expire_after_days = 400 }"},
	},
	{
		existing{
			name: "legacy-copied",
			settings: versioned + `,"ReplicationConfiguration":{"Role":"arn:aws:iam::111122223333:role/r","Rules":` +
				`[{"Status":"Enabled","Destination":{"Bucket":"arn:aws:s3:::elsewhere"}}]},"NotificationConfiguration":{"TopicConfigurations":` +
				`[{"Event":"s3:ObjectCreated:*","Topic":"arn:aws:sns:eu-west-1:111122223333:t"}]}`,
		},
		[]string{keepAll},
	},
	{
		existing{
			name: "legacy-site",
			settings: `,"WebsiteConfiguration":{"IndexDocument":"index.html"},"CorsConfiguration":{"CorsRules":` +
				`[{"AllowedMethods":["GET"],"AllowedOrigins":["https://example.com"]}]}`,
		},
		[]string{removeAll, `cors = [{ allowed_origins = ["https://example.com"], allowed_methods = ["GET"] }]`},
	},
	{
		existing{
			name: "legacy-locked",
			settings: `,"ObjectLockEnabled":true,"ObjectLockConfiguration":{"ObjectLockEnabled":"Enabled","Rule":` +
				`{"DefaultRetention":{"Mode":"GOVERNANCE","Days":5}}}`,
		},
		[]string{`object_lock = { mode = "GOVERNANCE", days = 5 }`},
	},
}

// TestAdoption_Kinds adopts buckets of all kinds in one apply. Their data stays.
func TestAdoption_Kinds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.workspace(acmeProject)
	s.apply()
	c := w.clients()
	configuration := acmeProject
	var buckets []existing
	before := map[string]string{}
	for _, kind := range kinds {
		buckets = append(buckets, kind.existing)
		configuration += adopting(strings.TrimPrefix(kind.name, "legacy-"), kind.name, kind.arguments...)
	}
	c.exist("before", buckets...)
	for _, kind := range kinds {
		before[kind.name] = c.contents(kind.name)
	}
	s.write(configuration)
	w.wantNoWrite(w.counted(func() {
		plan := s.tryPlan()
		plan.says(
			fmt.Sprintf("Plan: %d to import, 0 to add, %d to change, 0 to destroy.", len(kinds), len(kinds)),
			"Project Bucket Will Be Adopted", "Unmodeled Settings of legacy-tiers Will Be Kept",
			"replication (ReplicationConfiguration)", "event notifications to SNS topics", `"Id":"archive"`,
			`"Sid":"Partner"`, "The apply REMOVES them: - website hosting",
			"noncurrent versions after 90 days (new: the bucket deletes none of them now)",
			"objects 400 days after they were written (as now)", "LoggingConfiguration is nothing, not",
			"managed = false -> true",
		)
		if strings.Contains(plan.text, "Bucketcopied Properties.ReplicationConfiguration") {
			t.Error("what is kept is shown as drift")
		}
	}))
	calls := w.counted(func() { s.apply(fmt.Sprintf("-parallelism=%d", len(kinds))) })
	// Two, when all come at once, which a busy machine prevents: TestAdopt_ManyAtOnce of internal/projects counts exactly.
	if n := calls["cloudformation.ExecuteChangeSet"]; n < 2 || n > len(kinds) {
		t.Errorf("%d commits for %d buckets, not 2", n, len(kinds))
	}
	for _, kind := range kinds {
		if after := c.contents(kind.name); after != before[kind.name] {
			t.Errorf("%s held\n%s\nand holds\n%s", kind.name, before[kind.name], after)
		}
	}
	plan := w.counted(func() { s.planIsEmpty() })
	if plan["cloudcontrolapi.GetResource"] != 0 {
		t.Errorf("a plan of adopted buckets reads them: %v", plan)
	}
	s.write(acmeProject + strings.ReplaceAll(configuration, acmeProject, "")) // the import blocks may stay
	s.planIsEmpty()
}

func TestAdoption_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.workspace(acmeProject + bucketOf("inbox", afterProject))
	s.apply()
	c := w.clients()
	c.exist(
		"before",
		existing{name: "legacy-site", settings: `,"WebsiteConfiguration":{"IndexDocument":"i"}`},
		existing{
			name:     "legacy-open",
			settings: `,"OwnershipControls":{"Rules":[{"ObjectOwnership":"ObjectWriter"}]},"AccessControl":"PublicRead"`,
		},
		existing{
			name: "legacy-years",
			settings: `,"ObjectLockEnabled":true,"ObjectLockConfiguration":{"ObjectLockEnabled":"Enabled","Rule":` +
				`{"DefaultRetention":{"Mode":"COMPLIANCE","Years":1}}}`,
		},
		existing{name: "legacy.dots"},
	)
	c.exist("theirs", existing{name: "legacy-theirs", keep: true})
	w.clientsOf("444455556666").exist("before", existing{name: "legacy-foreign"})
	w.box.ResetCalls()
	for _, test := range []struct {
		bucket    string
		arguments []string
		texts     []string
	}{
		{"legacy-site", nil, []string{"Unable to Adopt Project Bucket", "- website hosting (WebsiteConfiguration) Nothing was changed.", `unmodeled_settings = "keep"`}},
		{"legacy-site", []string{keepAll, `on_delete = "empty"`}, []string{"Unable to Adopt Project Bucket", `would let the next destroy delete its data`}},
		{"legacy-years", []string{removeAll}, []string{"Object lock can never be removed"}},
		{"legacy-open", nil, []string{"grants READ to http://acs.amazonaws.com/groups/global/AllUsers", "put-bucket-acl --bucket legacy-open"}},
		{"legacy.dots", nil, []string{"no dots"}},
		{"legacy-theirs", nil, []string{"is in the CloudFormation stack theirs, as its resource B0", "DeletionPolicy: Retain"}},
		{"legacy-foreign", nil, []string{"belongs to another account"}},
		{"legacy-none", nil, []string{"There is no bucket legacy-none"}},
		{physical("inbox"), nil, []string{`it is the project bucket "acme/inbox"`, `Import it with the ID "acme/inbox"`}},
	} {
		s.write(acmeProject + bucketOf("inbox", afterProject) + adopting("old", test.bucket, test.arguments...))
		s.tryPlan().fails(test.texts...)
	}
	w.wantNoWrite(w.calls())
}

// TestAdoption_InterruptedAndForgotten fails between the two commits. Another plan shows the rest;
// destroying only forgets.
func TestAdoption_InterruptedAndForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.workspace(acmeProject)
	s.apply()
	c := w.clients()
	c.exist("before", existing{name: "legacy-plain", settings: versioned})
	before := c.contents("legacy-plain")
	fail := func() {
		t.Helper()
		if err := w.box.AddFaults(
			sandbox.Fault{ResourceType: "AWS::S3::BucketPolicy", Phase: "create", Reason: "it failed", Times: 1},
		); err != nil {
			t.Fatal(err)
		}
	}
	s.write(acmeProject + adopting("old", "legacy-plain"))
	fail()
	s.tryApply().fails("it failed", "was imported into the stack of the project, with the settings that it had")
	s.tryPlan().says(
		"managed = false -> true", "LoggingConfiguration is nothing, not", "0 to add, 1 to change, 0 to destroy",
	)
	s.applied(acmeProject + adopting("old", "legacy-plain"))
	s.run("state", "rm", "stowage_project_bucket.old").succeeds()

	c.exist("more", existing{name: "legacy-second"})
	s.write(acmeProject + adopting("second", "legacy-second"))
	fail()
	s.tryApply().fails("it failed")
	s.write(acmeProject)
	s.apply().says("1 destroyed")
	c.exist("third", existing{name: "legacy-third"})
	s.write(acmeProject + bucketOf("third", `bucket_name = "legacy-third"`, afterProject))
	s.run("import", "-input=false", "-no-color", "stowage_project_bucket.third", "acme/third/legacy-third").succeeds()
	s.write(acmeProject)
	w.wantNoWrite(w.counted(func() { s.apply().says("1 destroyed") }))
	for _, bucket := range []string{"legacy-second", "legacy-third"} {
		if c.contents(bucket) == "" {
			t.Errorf("the data of %s is gone", bucket)
		}
	}
	if c.contents("legacy-plain") != before {
		t.Error("the adopted bucket's data has changed")
	}
}

// TestAdoption_Retained takes a bucket back in that a destroy has retained.
func TestAdoption_Retained(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.workspace(acmeProject + bucketOf("inbox", `on_delete = "retain"`, afterProject))
	s.apply()
	c := w.clients()
	_, err := c.s3.PutObject(
		t.Context(),
		&s3.PutObjectInput{Bucket: aws.String(physical("inbox")), Key: aws.String("data"), Body: strings.NewReader("x")},
	)
	must(w, 0, err)
	before := c.contents(physical("inbox"))
	s.applied(acmeProject)
	s.write(acmeProject + bucketOf("inbox", `on_delete = "retain"`, afterProject))
	s.tryApply().fails(`id = "acme/inbox/` + physical("inbox") + `"`)
	s.applied(
		acmeProject + adopting("inbox", physical("inbox"), `on_delete = "retain"`),
	).says("1 imported, 0 added, 1 changed, 0 destroyed")
	if c.contents(physical("inbox")) != before {
		t.Error("its data has changed")
	}
}

// TestAdoption_ForEach imports by one block the buckets that the data source finds, and keeps what CloudFormation does not
// manage: who pays for requests.
func TestAdoption_ForEach(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.workspace(acmeProject)
	s.apply()
	c := w.clients()
	c.exist("before", existing{name: "legacy-one"}, existing{name: "legacy-two", settings: versioned})
	ctx, one := t.Context(), aws.String("legacy-one")
	_, err := c.s3.PutBucketRequestPayment(ctx, &s3.PutBucketRequestPaymentInput{
		Bucket: one, RequestPaymentConfiguration: &s3types.RequestPaymentConfiguration{Payer: s3types.PayerRequester},
	})
	must(w, 0, err)
	before := c.contents("legacy-one") + c.contents("legacy-two")
	s.write(acmeProject + `
data "stowage_project_buckets" "existing" {
  project    = "acme"
  unmanaged  = true
}

import {
  for_each = { for b in data.stowage_project_buckets.existing.unmanaged_buckets : b.name => b.import_id }
  to       = stowage_project_bucket.all[each.key]
  id       = each.value
}

resource "stowage_project_bucket" "all" {
  for_each   = toset(["legacy-one", "legacy-two"])
  project    = "acme"
  name       = each.key
  depends_on = [stowage_project.acme]
}
`)
	s.apply().says("2 imported, 0 added, 2 changed, 0 destroyed")
	s.planIsEmpty()
	if after := c.contents("legacy-one") + c.contents("legacy-two"); after != before {
		t.Errorf("the buckets held\n%s\nand hold\n%s", before, after)
	}
	payment, err := c.s3.GetBucketRequestPayment(ctx, &s3.GetBucketRequestPaymentInput{Bucket: one})
	if payer := must(w, payment, err).Payer; payer != s3types.PayerRequester {
		t.Errorf("requests are paid by %s", payer)
	}
}

// TestAdoption_GeneratedConfiguration has the CLI write the configuration of existing buckets,
// which can be applied as it is.
func TestAdoption_GeneratedConfiguration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.workspace(acmeProject)
	s.apply()
	w.clients().exist(
		"before", existing{name: "legacy-one", settings: versioned + `,"Tags":[{"Key":"team","Value":"blue"}]`},
		existing{name: "legacy-two"},
	)
	imports := ""
	for _, name := range []string{"one", "two"} {
		imports += fmt.Sprintf(
			"import {\n  to = stowage_project_bucket.%s\n  id = \"acme/%s/legacy-%s\"\n}\n", name, name, name,
		)
	}
	s.write(acmeProject + imports)
	s.tryPlan("-generate-config-out=generated.tf").says("2 to import, 0 to add, 2 to change, 0 to destroy")
	text, err := os.ReadFile(filepath.Join(s.dir, "generated.tf"))
	must(w, 0, err)
	for _, want := range []string{`bucket_name`, `"legacy-one"`, `team = "blue"`, `"retain"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is not in the generated configuration:\n%s", want, text)
		}
	}
	s.apply().says("2 imported, 0 added, 2 changed, 0 destroyed")
	s.planIsEmpty()
}
