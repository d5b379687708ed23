package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func failures() []Contract {
	return []Contract{
		{
			Name:   "rollback-restores",
			Rule:   "A failed update brings back the template and leaves what was there before.",
			Source: cfnGuide + "Stack failure options",
			Check:  rollbackRestores,
		},
		{
			Name:   "bucket-name-taken",
			Rule:   "A bucket whose name is taken can't be made: the first creation is rolled back.",
			Source: "S3 API reference, CreateBucket",
			Check:  bucketNameTaken,
		},
		{
			Name:   "non-empty-bucket",
			Rule:   "A stack whose bucket holds anything can't be deleted.",
			Source: cfnGuide + "Troubleshooting, Delete stack fails",
			Check:  nonEmptyBucket,
		},
		{
			Name:   "retain",
			Rule:   "A resource with DeletionPolicy Retain outlives its stack.",
			Source: cfnGuide + "DeletionPolicy attribute",
			Check: func(ctx context.Context, c *Clients) error {
				return c.outlives(ctx, "Retain")
			},
		},
		{
			Name:   "retain-except-on-create",
			Rule:   "A resource with DeletionPolicy RetainExceptOnCreate outlives its stack.",
			Source: cfnGuide + "DeletionPolicy attribute",
			Check: func(ctx context.Context, c *Clients) error {
				return c.outlives(ctx, "RetainExceptOnCreate")
			},
		},
		{
			Name:   "missing-stack",
			Rule:   "A missing stack is a ValidationError with a text of its own.",
			Source: recorded + "Stack with id X does not exist",
			Check:  missingStack,
		},
		{
			Name:   "continue-rollback",
			Rule:   "Only a failed rollback can be continued.",
			Source: cfnReference + "ContinueUpdateRollback",
			Check:  continueRollback,
		},
	}
}

func bucketNameTaken(ctx context.Context, c *Clients) error {
	bucket := unique("bucket")
	if err := c.bucket(ctx, bucket); err != nil {
		return err
	}
	_, status, err := c.create(ctx, bucketTemplate(bucket, ""))
	return errors.Join(
		err,
		equal("the stack's status", status, types.StackStatusRollbackComplete),
		equal("the bucket is there", c.hasBucket(ctx, bucket), true),
	)
}

func nonEmptyBucket(ctx context.Context, c *Clients) error {
	bucket := unique("bucket")
	stack, err := c.created(ctx, bucketTemplate(bucket, ""))
	if err != nil {
		return err
	}
	if _, err := c.S3.PutObject(
		ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("a"), Body: bytes.NewReader([]byte("x"))},
	); err != nil {
		return err
	}
	return errors.Join(
		c.deleted(ctx, stack, types.StackStatusDeleteFailed),
		equal("the bucket is there", c.hasBucket(ctx, bucket), true),
	)
}

func missingStack(ctx context.Context, c *Clients) error {
	name := unique("none")
	_, err := c.CloudFormation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	return refused(err, "ValidationError", "Stack with id "+name+" does not exist")
}

func continueRollback(ctx context.Context, c *Clients) error {
	stack, err := c.created(ctx, bucketTemplate(unique("bucket"), ""))
	if err != nil {
		return err
	}
	_, err = c.CloudFormation.ContinueUpdateRollback(
		ctx, &cloudformation.ContinueUpdateRollbackInput{StackName: &stack},
	)
	return refused(err, "ValidationError", "")
}

func rollbackRestores(ctx context.Context, c *Clients) error {
	kept, taken := unique("bucket"), unique("bucket")
	if err := c.bucket(ctx, taken); err != nil {
		return err
	}
	body := bucketTemplate(kept, "")
	stack, err := c.created(ctx, body)
	if err != nil {
		return err
	}
	more := fmt.Sprintf(
		`{"Resources":{"Bucket":{"Type":"AWS::S3::Bucket","Properties":{"BucketName":%q}},"Taken":{"Type":"AWS::S3::Bucket","Properties":{"BucketName":%q}}}}`,
		kept,
		taken,
	)
	// By a direct update: a change set would be refused earlier, as the name is taken.
	if _, err = c.CloudFormation.UpdateStack(
		ctx, &cloudformation.UpdateStackInput{StackName: &stack, TemplateBody: &more},
	); err != nil {
		return err
	}
	status, err := c.stable(ctx, stack)
	if err != nil {
		return err
	}
	have, err := c.template(ctx, stack)
	return errors.Join(
		err,
		equal("the stack's status", status, types.StackStatusUpdateRollbackComplete),
		equal("the template is the one before", have == body, true),
		equal("the bucket is there", c.hasBucket(ctx, kept), true),
	)
}

// deleted deletes a stack and checks its last status.
func (c *Clients) deleted(ctx context.Context, stack string, want types.StackStatus) error {
	if _, err := c.CloudFormation.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &stack}); err != nil {
		return err
	}
	status, err := c.stable(ctx, stack)
	return errors.Join(err, equal("the stack's status", status, want))
}

func (c *Clients) outlives(ctx context.Context, policy string) error {
	bucket := unique("bucket")
	stack, err := c.created(ctx, bucketTemplate(bucket, fmt.Sprintf(`,"DeletionPolicy":%q`, policy)))
	if err != nil {
		return err
	}
	return errors.Join(
		c.deleted(ctx, stack, types.StackStatusDeleteComplete),
		equal("the bucket is there", c.hasBucket(ctx, bucket), true),
	)
}
