package projects_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
)

// TestUnmanaged lists the buckets of the account and region that no project has, also when the
// account has two projects.
func TestUnmanaged(t *testing.T) {
	w := newWorld(t, false)
	ctx := t.Context()
	beta := acme()
	beta.Name = "beta"
	w.must(w.process().CreateProject(ctx, acme()))
	w.must(w.process().CreateProject(ctx, beta))
	w.must(w.process().Create(ctx, "acme", bucket("inbox")))
	other := bucket("outbox")
	other.BucketName = "beta-outbox"
	w.must(w.process().Create(ctx, "beta", other))
	w.legacy(account, "", "")
	client := w.memberOf(account).S3
	abroad := s3.New(client.Options(), func(o *s3.Options) { o.Region = "us-west-2" })
	_, err := abroad.CreateBucket(ctx, &s3.CreateBucketInput{
		Bucket:                    aws.String("american"),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "us-west-2"},
	})
	w.must(err)
	s := w.process()
	_, err = s.Read(ctx, "acme")
	w.must(err)
	w.resetCalls()
	got, err := s.Unmanaged(ctx, "acme")
	w.must(err)
	if diff := cmp.Diff([]string{"legacy"}, got); diff != "" {
		t.Error(diff)
	}
	want := map[string]int{"s3.ListBuckets": 1, "cloudformation.DescribeStacks": 2, "dynamodb.Query": 2}
	if diff := cmp.Diff(want, w.calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}
