package conformance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithytime "github.com/aws/smithy-go/time"
)

const (
	cfnReference = "CloudFormation API reference, "
	cfnGuide     = "CloudFormation user guide, "
	recorded     = "recorded from AWS: "
)

// bucketTemplate returns a template with one bucket and further attributes of it.
func bucketTemplate(bucket, attributes string) string {
	return fmt.Sprintf(
		`{"Resources":{"Bucket":{"Type":"AWS::S3::Bucket","Properties":{"BucketName":%q}%s}}}`, bucket, attributes,
	)
}

func (c *Clients) create(ctx context.Context, body string) (stack string, status types.StackStatus, err error) {
	stack = unique("stack")
	if _, err := c.CloudFormation.CreateStack(
		ctx, &cloudformation.CreateStackInput{StackName: &stack, TemplateBody: &body},
	); err != nil {
		return "", "", fmt.Errorf("creating a stack: %w", err)
	}
	status, err = c.stable(ctx, stack)
	return stack, status, err
}

// created creates a stack that must succeed.
func (c *Clients) created(ctx context.Context, body string) (string, error) {
	stack, status, err := c.create(ctx, body)
	return stack, errors.Join(err, equal("the stack's status", status, types.StackStatusCreateComplete))
}

// stable waits until a stack is at rest. A stack that does not exist is DELETE_COMPLETE.
func (c *Clients) stable(ctx context.Context, stack string) (types.StackStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Bound)
	defer cancel()
	for {
		out, err := c.CloudFormation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
		if refused(err, "ValidationError", "does not exist") == nil {
			return types.StackStatusDeleteComplete, nil
		}
		if err != nil {
			return "", err
		}
		status := out.Stacks[0].StackStatus
		if !strings.HasSuffix(string(status), "_IN_PROGRESS") || status == types.StackStatusReviewInProgress {
			return status, nil
		}
		if err := pause(ctx); err != nil {
			return status, fmt.Errorf("the stack stays in %s: %w", status, err)
		}
	}
}

func pause(ctx context.Context) error { return smithytime.SleepWithContext(ctx, 50*time.Millisecond) }

func (c *Clients) changeSet(
	ctx context.Context, stack, body string, kind types.ChangeSetType,
) (*cloudformation.DescribeChangeSetOutput, error) {
	made, err := c.CloudFormation.CreateChangeSet(ctx, &cloudformation.CreateChangeSetInput{
		StackName: &stack, ChangeSetName: aws.String(unique("set")), TemplateBody: &body, ChangeSetType: kind,
	})
	if err != nil {
		return nil, fmt.Errorf("making a change set: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.Bound)
	defer cancel()
	for {
		set, err := c.CloudFormation.DescribeChangeSet(
			ctx,
			&cloudformation.DescribeChangeSetInput{
				ChangeSetName: made.Id, StackName: &stack, IncludePropertyValues: aws.Bool(true),
			},
		)
		if err != nil || set.Status == types.ChangeSetStatusCreateComplete || set.Status == types.ChangeSetStatusFailed {
			return set, err
		}
		if err := pause(ctx); err != nil {
			return nil, fmt.Errorf("the change set stays in %s: %w", set.Status, err)
		}
	}
}

func (c *Clients) execute(ctx context.Context, set *cloudformation.DescribeChangeSetOutput) error {
	_, err := c.CloudFormation.ExecuteChangeSet(
		ctx, &cloudformation.ExecuteChangeSetInput{ChangeSetName: set.ChangeSetId, StackName: set.StackName},
	)
	return err
}

// update executes a change set and waits for the end.
func (c *Clients) update(ctx context.Context, stack, body string) (types.StackStatus, error) {
	set, err := c.changeSet(ctx, stack, body, types.ChangeSetTypeUpdate)
	if err != nil {
		return "", err
	}
	if err := c.execute(ctx, set); err != nil {
		return "", err
	}
	return c.stable(ctx, stack)
}

func (c *Clients) template(ctx context.Context, stack string) (string, error) {
	out, err := c.CloudFormation.GetTemplate(
		ctx, &cloudformation.GetTemplateInput{StackName: &stack, TemplateStage: types.TemplateStageOriginal},
	)
	if err != nil {
		return "", err
	}
	return aws.ToString(out.TemplateBody), nil
}

func (c *Clients) hasBucket(ctx context.Context, bucket string) bool {
	_, err := c.S3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket})
	return err == nil
}

func cloudFormation() []Contract {
	return append(changeSets(), append(failures(), guards()...)...)
}
