package acceptance_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
)

// TestBucketIsUpdatedInPlace changes each argument of a bucket by itself, and at last takes all of them away again.
func TestBucketIsUpdatedInPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other, err := kms.NewFromConfig(w.config(account)).CreateKey(t.Context(), &kms.CreateKeyInput{})
	key := aws.ToString(must(w, other, err).KeyMetadata.Arn)
	s, c := w.workspace(""), w.clients()
	configuration := func(arguments ...string) string {
		return acmeProject + bucketOf("inbox", append(arguments, afterProject)...) + bucketOf("locked", lockDays(len(arguments)), afterProject)
	}
	s.applied(configuration())

	var arguments []string
	for _, argument := range []string{
		"versioning = false",
		fmt.Sprintf("kms_key_arn = %q", key),
		"lifecycle_rules = { expire_after_days = 5, expire_noncurrent_after_days = 6, abort_multipart_after_days = 0 }",
		`cors = [{ allowed_origins = ["https://example.com"], allowed_methods = ["GET", "PUT"], max_age_seconds = 60 }]`,
		`on_delete = "retain"`,
		`tags = { team = "blue", empty = "" }`,
	} {
		arguments = append(arguments, argument)
		s.applied(configuration(arguments...)).says("0 added, 2 changed, 0 destroyed")
	}

	bucket := aws.String(physical("inbox"))
	versioning, err := c.s3.GetBucketVersioning(t.Context(), &s3.GetBucketVersioningInput{Bucket: bucket})
	if got := must(w, versioning, err).Status; got != "Suspended" {
		t.Errorf("versioning is %s", got)
	}
	encryption, err := c.s3.GetBucketEncryption(t.Context(), &s3.GetBucketEncryptionInput{Bucket: bucket})
	if got := aws.ToString(must(w, encryption, err).ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.KMSMasterKeyID); got != key {
		t.Errorf("the key is %s, want %s", got, key)
	}
	lifecycle, err := c.s3.GetBucketLifecycleConfiguration(t.Context(), &s3.GetBucketLifecycleConfigurationInput{Bucket: bucket})
	if got := len(must(w, lifecycle, err).Rules); got != 2 {
		t.Errorf("there are %d lifecycle rules, want 2", got)
	}
	cors, err := c.s3.GetBucketCors(t.Context(), &s3.GetBucketCorsInput{Bucket: bucket})
	if got := must(w, cors, err).CORSRules; len(got) != 1 || aws.ToInt32(got[0].MaxAgeSeconds) != 60 {
		t.Errorf("CORS: %+v", got)
	}
	want := map[string]string{"team": "blue", "empty": "", "stowage:project": "acme", "stowage:bucket": "inbox"}
	if diff := cmp.Diff(want, c.tags(physical("inbox"))); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	lock, err := c.s3.GetObjectLockConfiguration(t.Context(), &s3.GetObjectLockConfigurationInput{Bucket: aws.String(physical("locked"))})
	if got := aws.ToInt32(must(w, lock, err).ObjectLockConfiguration.Rule.DefaultRetention.Days); got != int32(len(arguments)+1) {
		t.Errorf("objects are locked for %d days", got)
	}

	s.applied(configuration()).says("0 added, 2 changed, 0 destroyed")
	c.wantHardened("inbox", *bucket)
}

// lockDays is an object lock that is another one for each n.
func lockDays(n int) string {
	return fmt.Sprintf(`object_lock = { mode = "GOVERNANCE", days = %d }`, n+1)
}

// TestTheOthersAreUpdatedInPlace changes the arguments of a project, a user and a permission.
func TestTheOthersAreUpdatedInPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, c := w.workspace(""), w.clients()
	configuration := func(project, user, permission string) string {
		return block("stowage_project", "acme", `name = "acme"`, `account_id = "`+account+`"`, project) +
			bucketOf("inbox", afterProject) + userOf("partner", user, afterProject) +
			permissionOf("p", "partner", "inbox", permission, "depends_on = [stowage_project_bucket.inbox, stowage_project_user.partner]")
	}
	s.applied(configuration("", "", `access = "read"`))
	for _, step := range [][3]string{
		{`tags = { client = "Acme" }`, `source_ips = ["203.0.113.0/24"]`, `access = "read_write"`},
		{`on_delete = "empty"`, `tags = { person = "Ada" }`, "access = \"write\"\nallow_delete = true"},
		{"", "", `access = "read"`},
	} {
		s.applied(configuration(step[0], step[1], step[2])).says("0 added, 3 changed, 0 destroyed")
	}
	c.wantGroupOnly("acme-partner", []string{physical("inbox") + "/*"})
}

// TestReplacement changes what identifies objects: each is deleted and created.
func TestReplacement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, c := w.workspace(""), w.clients()
	configuration := func(bucket, user, permission string) string {
		ready := "depends_on = [stowage_project_bucket.one, stowage_project_bucket.two, stowage_project_user.one, stowage_project_user.two]"
		return acmeProject + bucketOf("one", afterProject) + bucketOf("two", afterProject) + userOf("one", afterProject) + userOf("two", afterProject) +
			block("stowage_project_bucket", "b", `project = "acme"`, bucket, afterProject) +
			block("stowage_project_user", "u", `project = "acme"`, user, afterProject) +
			block("stowage_user_permission", "p", `project = "acme"`, `access = "read"`, permission, ready)
	}
	s.applied(configuration(`name = "alpha"`, `name = "ann"`, "user = \"one\"\nbucket = \"one\""))
	s.applied(configuration(`name = "beta"`, `name = "bob"`, "user = \"one\"\nbucket = \"one\"\nprefix = \"in/\"")).says("3 added, 0 changed, 3 destroyed")
	if buckets := strings.Join(c.buckets(), " "); strings.Contains(buckets, "acme-alpha-") || !strings.Contains(buckets, "acme-beta-") {
		t.Errorf("after a change of name the buckets are %s", buckets)
	}
	s.applied(configuration("name = \"beta\"\nbucket_name = \"beta-by-another-name\"", `name = "bob"`, "user = \"one\"\nbucket = \"two\"\nprefix = \"in/\"")).
		says("2 added, 0 changed, 2 destroyed")
	if buckets := strings.Join(c.buckets(), " "); strings.Contains(buckets, "acme-beta-") || !strings.Contains(buckets, "beta-by-another-name") {
		t.Errorf("after a change of bucket_name the buckets are %s", buckets)
	}
	s.applied(configuration("name = \"beta\"\nbucket_name = \"beta-by-another-name\"", `name = "bob"`, "user = \"two\"\nbucket = \"two\"\nprefix = \"in/\"")).
		says("1 added, 0 changed, 1 destroyed")
	c.wantGroupOnly("acme-two", []string{physical("two") + "/in/*"})
}
