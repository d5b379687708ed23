package acceptance_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// TestOneBadResourceDoesNotTakeTheOthersDown: each bad resource gets AWS's reason, the others are made by the same apply, and the
// next one, once the cause is mended, makes the rest.
func TestOneBadResourceDoesNotTakeTheOthersDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.workspace(acmeProject)
	s.apply()
	const taken = "somebody-was-here-before"
	member := w.clients()
	_, err := member.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: aws.String(taken), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.box.AddFaults(sandbox.Fault{
		ResourceType: "AWS::IAM::User", PhysicalID: "acme-unlucky", Phase: "create", Times: 1,
		Reason: "Resource handler returned message: \"The maximum number of users is exceeded\" (HandlerErrorCode: ServiceLimitExceeded)",
	}); err != nil {
		t.Fatal(err)
	}
	configuration := acmeProject + userOf("lucky", afterProject) + userOf("unlucky", afterProject) +
		bucketOf("inbox", afterProject) + bucketOf("outbox", afterProject, `bucket_name = "`+taken+`"`)
	s.write(configuration)
	o := s.tryApply("-parallelism=20")
	o.fails(
		`Unable to Create Project User`, `The project user "acme/unlucky" could not be created.`, `The maximum number of users is exceeded`,
		`Unable to Create Project Bucket`, `The project bucket "acme/outbox" could not be created.`, `An AWS resource of its name exists already`,
	)
	if n := strings.Count(o.text, "Error:"); n != 2 {
		t.Errorf("%d errors, want those of the 2 bad resources:\n%s", n, o.text)
	}
	s.write(strings.ReplaceAll(configuration, taken, "nobody-was-here-before"))
	s.apply().says("2 added, 0 changed, 0 destroyed")
	s.planIsEmpty()
}

// TestAFailedRollbackStopsNobody: the rollback fails twice; the same apply continues it, makes the good change, and leaves a stack
// that the next apply finds at rest.
func TestAFailedRollbackStopsNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.workspace(acmeProject + userOf("partner", afterProject) + bucketOf("inbox", afterProject) + permissionOf("p", "partner", "inbox", `access = "read"`,
		after("stowage_project_user.partner, stowage_project_bucket.inbox")))
	s.apply()
	if err := w.box.AddFaults(
		sandbox.Fault{ResourceType: "AWS::IAM::User", PhysicalID: "acme-bad", Phase: "create", Reason: "no such luck", Times: 1},
		sandbox.Fault{ResourceType: "AWS::IAM::ManagedPolicy", Phase: "rollback", Reason: "the policy can't be rolled back", Times: 2},
	); err != nil {
		t.Fatal(err)
	}
	s.write(acmeProject + userOf("partner", afterProject, `source_ips = ["203.0.113.0/24"]`) + bucketOf("inbox", afterProject) + permissionOf("p", "partner", "inbox", `access = "read"`,
		after("stowage_project_user.partner, stowage_project_bucket.inbox")) + userOf("bad", afterProject))
	s.tryApply().fails("no such luck")
	s.apply().says("1 added, 0 changed, 0 destroyed")
	s.planIsEmpty()
}
