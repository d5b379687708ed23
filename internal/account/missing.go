package account

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// UnconfirmedError is returned when CloudFormation reports a resource as deleted and a read of the
// resource neither confirms nor disproves that.
type UnconfirmedError struct {
	Type string // AWS::S3::Bucket
	Name string // its physical ID
	Err  error  // of the read
}

func (e *UnconfirmedError) Error() string {
	return fmt.Sprintf("confirming that the %s %s was deleted: %v", e.Type, e.Name, e.Err)
}

// Unwrap returns the error of the read.
func (e *UnconfirmedError) Unwrap() error { return e.Err }

// Explain implements model.Explainer.
func (e *UnconfirmedError) Explain() model.Explanation {
	explanation := model.Explanation{
		Cause: fmt.Sprintf(
			"CloudFormation reports that the resource %s (%s) was deleted in AWS, which a read of the resource did not confirm. "+
				"AWS's reason: %s", e.Name, e.Type, model.Sentences(e.Err.Error()),
		),
		Changed: model.ChangedNothing,
		Remedy: "Allow the role StowageProvisioner to read the resource: apply the template of the guide \"Preparing accounts\" of this " +
			"provider version. Then apply again.",
	}
	if e.Type == "AWS::S3::Bucket" {
		explanation.Remedy = "Find out whether the bucket exists in the account and region of the project: aws s3api head-bucket --bucket " + e.Name +
			". A refusal (403) means that another account has taken the name, or that the role StowageProvisioner may not list the bucket " +
			"(s3:ListBucket). Then apply again."
	}
	return explanation
}

// Missing reports whether S3 answers that the bucket does not exist. Any other refusal is an
// *UnconfirmedError: the bucket may exist in another region or account, or be hidden from the
// caller.
func (b Buckets) Missing(ctx context.Context, bucket string) (bool, error) {
	_, err := b.S3.HeadBucket(
		ctx, &s3.HeadBucketInput{Bucket: aws.String(bucket), ExpectedBucketOwner: aws.String(b.AccountID)},
	)
	switch {
	case err == nil:
		return false, nil
	case code(err) == "NotFound" || noSuchBucket(err):
		return true, nil
	case ctx.Err() != nil:
		return false, ctx.Err()
	}
	return false, &UnconfirmedError{Type: "AWS::S3::Bucket", Name: bucket, Err: err}
}
