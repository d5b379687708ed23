package acceptance_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// TestErrors_ReplaceNeeded replaces objects that a permission needs. The error names two solutions,
// and both work.
func TestErrors_ReplaceNeeded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	configuration := func(lifecycle string) string {
		return acmeProject + bucketOf("inbox", afterProject) + userOf("partner", afterProject) +
			block("stowage_user_permission", "p", "project = stowage_project.acme.name", `access = "read"`,
				"user = stowage_project_user.partner.name", "bucket = stowage_project_bucket.inbox.name", lifecycle)
	}
	s := w.workspace(configuration(""))
	s.apply()
	for _, resource := range []string{"stowage_project_bucket.inbox", "stowage_project_user.partner"} {
		typ, _, _ := strings.Cut(resource, ".")
		s.tryApply("-replace="+resource).fails(
			"It is still needed by: permission partner/inbox",
			"add -replace=ADDRESS for each of them (stowage_user_permission)",
			"lifecycle { replace_triggered_by = ["+typ+".<NAME>] }",
		)
		s.planIsEmpty()
		s.apply("-replace="+resource, "-replace=stowage_user_permission.p").says("2 added, 0 changed, 2 destroyed")
		s.applied(configuration("lifecycle {\n    replace_triggered_by = [" + resource + "]\n  }"))
		s.apply("-replace=" + resource).says("2 added, 0 changed, 2 destroyed")
		s.applied(configuration(""))
	}
}

func TestErrors_BucketName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shared := `bucket_name = "shared-name"`
	s := w.workspace(acmeProject + bucketOf("inbox", shared, afterProject))
	s.apply()
	s.write(acmeProject + bucketOf("inbox", shared, afterProject) + bucketOf("second", shared, afterProject))
	o := s.tryApply().fails(`The S3 bucket shared-name exists already: it is the bucket "inbox" of this project.`,
		"with stowage_project_bucket.second", shared, "Set another bucket_name")
	if strings.Contains(o.raw, "outside of the stack") {
		t.Errorf("a bucket of the project is called one outside of it:\n%s", o.raw)
	}
}

func TestErrors_CredentialsWithoutKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	configuration := func(enabled string) string {
		return acmeProject + userOf("partner", "access_key = { enabled = "+enabled+" }", afterProject) +
			"ephemeral \"stowage_user_credentials\" \"partner\" {\n  secret_arn = stowage_project_user.partner.secret_arn\n}\n"
	}
	s := w.workspace(configuration("true"))
	s.apply()
	s.write(configuration("false"))
	if opensLater {
		s.apply()
	}
	s.tryApply().fails("Missing Secret ARN", "secret_arn of stowage_user_credentials is null",
		"while the user has no access key", "access_key = { enabled = true }", "count")
}

// TestErrors_ObjectLock removes a bucket with on_delete = "empty" whose only object is locked, and
// hidden by a delete marker.
func TestErrors_ObjectLock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, c := w.workspace(
		acmeProject+bucketOf("inbox", `on_delete = "empty"`, `object_lock = { mode = "GOVERNANCE", days = 2 }`, afterProject),
	), w.clients()
	s.apply()
	bucket := aws.String(physical("inbox"))
	put, err := c.s3.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket:            bucket,
		Key:               aws.String("offer.pdf"),
		Body:              strings.NewReader("hi"),
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
	})
	must(w, put, err)
	deleted, err := c.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String("offer.pdf")})
	must(w, deleted, err)
	s.write(acmeProject)
	s.tryApply().fails(
		"Unable to Delete Project Bucket", "S3 refused to delete 1 version.", "object protected by object lock",
		"Nothing was changed", "Object lock protects them",
	)
	listed, err := c.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: bucket})
	if n := len(must(w, listed, err).Contents); n != 0 {
		t.Errorf("a reader sees %d objects again", n)
	}
}

// TestErrors_InterruptedWaiting presses Ctrl-C while all resources of a run wait for another run's
// commit.
func TestErrors_InterruptedWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, r := interrupted(t, w, "")
	waiting := w.workspace(bucketOf("four") + bucketOf("five") + bucketOf("six"))
	waits := waiting.start("apply", "-auto-approve", "-input=false", "-no-color")
	for _, name := range []string{"four", "five", "six"} {
		waits.awaitText("stowage_project_bucket." + name + ": Creating...")
	}
	waits.send(syscall.SIGINT)
	o := waits.wait()
	if strings.Contains(o.raw, "unexpected error") || !strings.Contains(o.raw, "The run was interrupted") {
		t.Errorf("an interrupted apply says:\n%s", o.raw)
	}
	r.wait()
	s.planIsEmpty()
	waiting.apply()
	waiting.planIsEmpty()
}
