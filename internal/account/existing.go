package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Existing reads buckets that are to be adopted.
type Existing struct {
	Buckets
	Control        *cloudcontrol.Client
	CloudFormation *cloudformation.Client
}

// Description is a bucket as Cloud Control describes it.
type Description struct {
	// Bucket are the properties of AWS::S3::Bucket and Policy is the document of the bucket policy,
	// as JSON; "" when there is none.
	Bucket, Policy string
}

// UnadoptableError is returned for a bucket that cannot come into the model.
type UnadoptableError struct {
	Bucket string
	// Missing means that there is no such bucket.
	Missing bool
	Cause   string
	Remedy  string
}

func (e *UnadoptableError) Error() string {
	return fmt.Sprintf("the bucket %s cannot be adopted: %s", e.Bucket, e.Cause)
}

// Explain implements model.Explainer.
func (e *UnadoptableError) Explain() model.Explanation {
	return model.Explanation{Attribute: "bucket_name", Cause: e.Cause, Changed: model.ChangedNothing, Remedy: e.Remedy}
}

// Check returns an *UnadoptableError for a bucket that cannot be adopted: one that does not exist,
// or is in another account, another region or a stack, or grants access to others by its ACL, which
// S3 refuses to turn off then.
func (x Existing) Check(ctx context.Context, bucket string) error {
	acl, err := x.S3.GetBucketAcl(
		ctx, &s3.GetBucketAclInput{Bucket: aws.String(bucket), ExpectedBucketOwner: aws.String(x.AccountID)},
	)
	if err != nil {
		return x.unreachable(bucket, err)
	}
	owner := ""
	if acl.Owner != nil {
		owner = aws.ToString(acl.Owner.ID)
	}
	for _, grant := range acl.Grants {
		if grant.Grantee == nil || grant.Grantee.ID != nil && aws.ToString(grant.Grantee.ID) == owner {
			continue
		}
		to := aws.ToString(grant.Grantee.URI) + aws.ToString(grant.Grantee.ID) + aws.ToString(grant.Grantee.EmailAddress)
		return &UnadoptableError{
			Bucket: bucket,
			Cause: fmt.Sprintf(
				"The ACL of the bucket %s grants %s to %s. Buckets of projects have no ACLs, and S3 refuses to turn off one that grants "+
					"access to others.",
				bucket,
				grant.Permission,
				to,
			),
			Remedy: fmt.Sprintf(
				"If that access is no longer needed, reset the ACL: aws s3api put-bucket-acl --bucket %s --acl private. "+
					"Otherwise give the access by a bucket policy first.",
				bucket,
			),
		}
	}
	return x.unstacked(ctx, bucket)
}

// unreachable is the error for a bucket that S3 does not let us see.
func (x Existing) unreachable(bucket string, err error) error {
	region := x.S3.Options().Region
	switch {
	case noSuchBucket(err):
		return &UnadoptableError{
			Bucket: bucket, Missing: true,
			Cause:  fmt.Sprintf("There is no bucket %s.", bucket),
			Remedy: "Check the last part of the import ID, which is the name of the bucket in S3.",
		}
	case elsewhere(err):
		return &UnadoptableError{
			Bucket: bucket,
			Cause:  fmt.Sprintf("The bucket %s is not in the region of the project, %s.", bucket, region),
			Remedy: "Import it into a project of its region: a project has buckets of one region only.",
		}
	case code(err) == "AccessDenied":
		return &UnadoptableError{
			Bucket: bucket,
			Cause: fmt.Sprintf(
				"S3 refused to show the bucket %s: it belongs to another account than the project's, %s, or the role of the project may not read "+
					"it. AWS's reason: %s",
				bucket,
				x.AccountID,
				model.Sentences(err.Error()),
			),
			Remedy: "Import it into a project of its account. If it is in this account, apply the template of the guide \"Preparing accounts\" of this " +
				"provider version.",
		}
	}
	return fmt.Errorf("reading the ACL of the bucket %s: %w", bucket, err)
}

// unstacked returns an *UnadoptableError for a bucket of a stack.
func (x Existing) unstacked(ctx context.Context, bucket string) error {
	out, err := x.CloudFormation.DescribeStackResources(
		ctx, &cloudformation.DescribeStackResourcesInput{PhysicalResourceId: aws.String(bucket)},
	)
	var api smithy.APIError
	if errors.As(err, &api) && cfn.NoSuchStack(api.ErrorCode(), api.ErrorMessage()) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("finding the stack of the bucket %s: %w", bucket, err)
	}
	for _, resource := range out.StackResources {
		if aws.ToString(resource.PhysicalResourceId) != bucket {
			continue
		}
		return &UnadoptableError{
			Bucket: bucket,
			Cause: fmt.Sprintf(
				"The bucket %s is in the CloudFormation stack %s, as its resource %s. A resource can be in one stack only.",
				bucket, aws.ToString(resource.StackName), aws.ToString(resource.LogicalResourceId),
			),
			Remedy: "Give the resource DeletionPolicy: Retain there and update that stack. Then remove the resource from its template and update it again, " +
				"which leaves the bucket alone.",
		}
	}
	return nil
}

// Describe reads a bucket and its policy.
func (x Existing) Describe(ctx context.Context, bucket string) (Description, error) {
	properties, err := x.read(ctx, "AWS::S3::Bucket", bucket)
	if isMissing(err) {
		return Description{}, &UnadoptableError{
			Bucket: bucket, Missing: true, Cause: fmt.Sprintf("There is no bucket %s any more.", bucket),
			Remedy: "Run plan again.",
		}
	}
	if err != nil {
		return Description{}, err
	}
	policy, err := x.read(ctx, "AWS::S3::BucketPolicy", bucket)
	if err != nil && !isMissing(err) {
		return Description{}, err
	}
	return Description{Bucket: properties, Policy: policy}, nil
}

func isMissing(err error) bool {
	var missing *types.ResourceNotFoundException
	return errors.As(err, &missing)
}

func (x Existing) read(ctx context.Context, typeName, name string) (string, error) {
	out, err := x.Control.GetResource(
		ctx, &cloudcontrol.GetResourceInput{TypeName: aws.String(typeName), Identifier: aws.String(name)},
	)
	if err != nil {
		return "", fmt.Errorf("reading the %s %s: %w", typeName, name, err)
	}
	if out.ResourceDescription == nil {
		return "", fmt.Errorf("reading the %s %s: AWS answered without a description", typeName, name)
	}
	return aws.ToString(out.ResourceDescription.Properties), nil
}
