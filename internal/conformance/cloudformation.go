package conformance

import (
	"bytes"
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

// create creates a stack from a template and waits for the end.
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

// changeSet creates a change set and waits until it is computed.
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

func changeSets() []Contract {
	return []Contract{
		{
			Name:   "first-change-set",
			Rule:   "A change set makes a stack: in review until it is executed.",
			Source: cfnReference + "CreateChangeSet",
			Check: func(ctx context.Context, c *Clients) error {
				stack := unique("stack")
				set, err := c.changeSet(ctx, stack, bucketTemplate(unique("bucket"), ""), types.ChangeSetTypeCreate)
				if err != nil {
					return err
				}
				review, err := c.stable(ctx, stack)
				if err != nil {
					return err
				}
				if err := c.execute(ctx, set); err != nil {
					return err
				}
				status, err := c.stable(ctx, stack)
				return errors.Join(
					err,
					equal("before", review, types.StackStatusReviewInProgress),
					equal("after", status, types.StackStatusCreateComplete),
				)
			},
		},
		{
			Name:   "template-byte-for-byte",
			Rule:   "GetTemplate returns the template as it was given.",
			Source: cfnReference + "GetTemplate",
			Check: func(ctx context.Context, c *Clients) error {
				body := "{ \"Resources\" :\n\t" + strings.TrimPrefix(
					bucketTemplate(unique("bucket"), `,"Metadata":{"Stowage":{"b":1.0,"a":"ä"}}`), `{"Resources":`,
				)
				stack, err := c.created(ctx, body)
				if err != nil {
					return err
				}
				have, err := c.template(ctx, stack)
				return errors.Join(err, equal("the template", have, body))
			},
		},
		{
			Name: "no-change", Rule: "A change set without changes fails and says so.", Source: recorded + "test_change_sets",
			Check: func(ctx context.Context, c *Clients) error {
				body := bucketTemplate(unique("bucket"), "")
				stack, err := c.created(ctx, body)
				if err != nil {
					return err
				}
				set, err := c.changeSet(ctx, stack, body, types.ChangeSetTypeUpdate)
				if err != nil {
					return err
				}
				return errors.Join(
					equal("the status", set.Status, types.ChangeSetStatusFailed),
					equal("the execution status", set.ExecutionStatus, types.ExecutionStatusUnavailable),
					equal(
						"the reason",
						strings.HasPrefix(aws.ToString(set.StatusReason), "The submitted information didn't contain changes."),
						true,
					),
				)
			},
		},
		{
			Name:   "metadata-is-a-change",
			Rule:   "A change of Metadata alone is an update.",
			Source: cfnGuide + "Metadata attribute",
			Check: func(ctx context.Context, c *Clients) error {
				bucket := unique("bucket")
				stack, err := c.created(ctx, bucketTemplate(bucket, ""))
				if err != nil {
					return err
				}
				set, err := c.changeSet(ctx, stack, bucketTemplate(bucket, `,"Metadata":{"a":"b"}`), types.ChangeSetTypeUpdate)
				if err != nil {
					return err
				}
				return errors.Join(
					equal("the status", set.Status, types.ChangeSetStatusCreateComplete),
					equal("changes", len(set.Changes), 1),
				)
			},
		},
		{
			Name:   "compare-and-swap",
			Rule:   "Of two change sets on one state of a stack, only one can be executed.",
			Source: cfnGuide + "Executing a change set",
			Check:  compareAndSwap,
		},
		{
			Name:   "values-before",
			Rule:   "A change set tells the values that it replaces.",
			Source: recorded + "test_change_sets, with property values",
			Check:  valuesBefore,
		},
		{
			Name:   "replacement",
			Rule:   "Another name of a bucket is a replacement, and the change set says so.",
			Source: "CloudFormation resource reference, AWS::S3::Bucket",
			Check: func(ctx context.Context, c *Clients) error {
				stack, err := c.created(ctx, bucketTemplate(unique("bucket"), ""))
				if err != nil {
					return err
				}
				set, err := c.changeSet(ctx, stack, bucketTemplate(unique("bucket"), ""), types.ChangeSetTypeUpdate)
				if err != nil {
					return err
				}
				if len(set.Changes) != 1 {
					return fmt.Errorf("%d changes", len(set.Changes))
				}
				return equal("replacement", set.Changes[0].ResourceChange.Replacement, types.ReplacementTrue)
			},
		},
		{
			Name:   "busy",
			Rule:   "A stack takes one update at a time.",
			Source: recorded + "Stack:ARN is in UPDATE_IN_PROGRESS state and can not be updated.",
			Check:  busy,
		},
		{
			Name:   "events-carry-the-token",
			Rule:   "Events come newest first and carry the operation's token.",
			Source: cfnReference + "StackEvent",
			Check: func(ctx context.Context, c *Clients) error {
				stack, token, body := unique("stack"), unique("token"), bucketTemplate(unique("bucket"), "")
				_, err := c.CloudFormation.CreateStack(
					ctx,
					&cloudformation.CreateStackInput{StackName: &stack, TemplateBody: &body, ClientRequestToken: &token},
				)
				if err != nil {
					return err
				}
				if _, err := c.stable(ctx, stack); err != nil {
					return err
				}
				out, err := c.CloudFormation.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: &stack})
				if err != nil || len(out.StackEvents) == 0 {
					return fmt.Errorf("no events: %w", err)
				}
				first := out.StackEvents[0]
				return errors.Join(
					equal("the token", aws.ToString(first.ClientRequestToken), token),
					equal("the newest event", first.ResourceStatus, types.ResourceStatusCreateComplete),
				)
			},
		},
	}
}

func compareAndSwap(ctx context.Context, c *Clients) error {
	bucket := unique("bucket")
	stack, err := c.created(ctx, bucketTemplate(bucket, ""))
	if err != nil {
		return err
	}
	first, err := c.changeSet(
		ctx, stack, bucketTemplate(bucket, `,"Metadata":{"who":"first"},"DeletionPolicy":"Retain"`),
		types.ChangeSetTypeUpdate,
	)
	if err != nil {
		return err
	}
	second, err := c.changeSet(
		ctx, stack, bucketTemplate(bucket, `,"Metadata":{"who":"second"},"DeletionPolicy":"Retain"`),
		types.ChangeSetTypeUpdate,
	)
	if err != nil {
		return err
	}
	if err := c.execute(ctx, first); err != nil {
		return err
	}
	if _, err := c.stable(ctx, stack); err != nil {
		return err
	}
	err = c.execute(ctx, second)
	var (
		gone   *types.ChangeSetNotFoundException
		status *types.InvalidChangeSetStatusException
	)
	if !errors.As(err, &gone) && !errors.As(err, &status) {
		return fmt.Errorf("executing the second: %w", orAccepted(err))
	}
	return nil
}

// orAccepted returns err, or an error that the call was accepted.
func orAccepted(err error) error {
	if err == nil {
		return errors.New("it was accepted")
	}
	return err
}

func valuesBefore(ctx context.Context, c *Clients) error {
	bucket := unique("bucket")
	tagged := func(value string) string {
		return fmt.Sprintf(
			`{"Resources":{"Bucket":{"Type":"AWS::S3::Bucket","Properties":{"BucketName":%q,"Tags":[{"Key":"a","Value":%q}]}}}}`,
			bucket, value,
		)
	}
	stack, err := c.created(ctx, tagged("old"))
	if err != nil {
		return err
	}
	set, err := c.changeSet(ctx, stack, tagged("new"), types.ChangeSetTypeUpdate)
	if err != nil {
		return err
	}
	if len(set.Changes) != 1 {
		return fmt.Errorf("%d changes", len(set.Changes))
	}
	change := set.Changes[0].ResourceChange
	return errors.Join(
		equal("the value before is told", strings.Contains(aws.ToString(change.BeforeContext), `"old"`), true),
		equal("the value after is told", strings.Contains(aws.ToString(change.AfterContext), `"new"`), true),
	)
}

func busy(ctx context.Context, c *Clients) error {
	bucket := unique("bucket")
	stack, err := c.created(ctx, bucketTemplate(bucket, ""))
	if err != nil {
		return err
	}
	update := func(value string) error {
		body := bucketTemplate(bucket, fmt.Sprintf(`,"Metadata":{"a":%q}`, value))
		_, err := c.CloudFormation.UpdateStack(ctx, &cloudformation.UpdateStackInput{StackName: &stack, TemplateBody: &body})
		return err
	}
	errs := make([]error, 10)
	done := make(chan int)
	for i := range errs {
		go func() {
			errs[i] = update(fmt.Sprint(i))
			done <- i
		}()
	}
	for range errs {
		<-done
	}
	for _, err := range errs {
		if err != nil {
			return refused(err, "ValidationError", "state and can not be updated.")
		}
	}
	return errors.New("ten updates at once were all accepted")
}

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
			Check: func(ctx context.Context, c *Clients) error {
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
			},
		},
		{
			Name:   "non-empty-bucket",
			Rule:   "A stack whose bucket holds anything can't be deleted.",
			Source: cfnGuide + "Troubleshooting, Delete stack fails",
			Check: func(ctx context.Context, c *Clients) error {
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
			},
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
			Check: func(ctx context.Context, c *Clients) error {
				name := unique("none")
				_, err := c.CloudFormation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
				return refused(err, "ValidationError", "Stack with id "+name+" does not exist")
			},
		},
		{
			Name:   "continue-rollback",
			Rule:   "Only a failed rollback can be continued.",
			Source: cfnReference + "ContinueUpdateRollback",
			Check: func(ctx context.Context, c *Clients) error {
				stack, err := c.created(ctx, bucketTemplate(unique("bucket"), ""))
				if err != nil {
					return err
				}
				_, err = c.CloudFormation.ContinueUpdateRollback(
					ctx, &cloudformation.ContinueUpdateRollbackInput{StackName: &stack},
				)
				return refused(err, "ValidationError", "")
			},
		},
	}
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

func guards() []Contract {
	return []Contract{
		{
			Name:   "termination-protection",
			Rule:   "A protected stack can't be deleted.",
			Source: cfnGuide + "Protect stacks from being deleted",
			Check: func(ctx context.Context, c *Clients) error {
				stack, err := c.created(ctx, bucketTemplate(unique("bucket"), ""))
				if err != nil {
					return err
				}
				if _, err = c.CloudFormation.UpdateTerminationProtection(
					ctx,
					&cloudformation.UpdateTerminationProtectionInput{StackName: &stack, EnableTerminationProtection: aws.Bool(true)},
				); err != nil {
					return err
				}
				_, err = c.CloudFormation.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &stack})
				return refused(err, "ValidationError", "TerminationProtection is enabled")
			},
		},
		{
			Name:   "stack-policy",
			Rule:   "A stack policy stops a replacement.",
			Source: cfnGuide + "Prevent updates to stack resources",
			Check:  stackPolicy,
		},
		{
			Name: "inline-limit", Rule: "A template in the call has at most 51,200 bytes.", Source: cfnGuide + "Quotas",
			Check: func(ctx context.Context, c *Clients) error {
				body := bucketTemplate(unique("bucket"), fmt.Sprintf(`,"Metadata":{"a":%q}`, strings.Repeat("x", 51_200)))
				_, err := c.CloudFormation.CreateStack(
					ctx, &cloudformation.CreateStackInput{StackName: aws.String(unique("stack")), TemplateBody: &body},
				)
				return refused(err, "ValidationError", "51200")
			},
		},
		{
			Name: "five-hundred-resources", Rule: "A template has at most 500 resources.", Source: cfnGuide + "Quotas",
			Check: func(ctx context.Context, c *Clients) error {
				var resources []string
				for n := range 501 {
					resources = append(resources, fmt.Sprintf(`"R%d":{"Type":"AWS::S3::Bucket"}`, n))
				}
				body := `{"Resources":{` + strings.Join(resources, ",") + `}}`
				_, err := c.CloudFormation.CreateStack(
					ctx, &cloudformation.CreateStackInput{StackName: aws.String(unique("stack")), TemplateBody: &body},
				)
				return refused(err, "ValidationError", "500")
			},
		},
		{
			Name:   "unresolved-reference",
			Rule:   "A reference to nothing is refused at once.",
			Source: cfnGuide + "Troubleshooting, Invalid value or unsupported resource property",
			Check: func(ctx context.Context, c *Clients) error {
				body := `{"Resources":{"Bucket":{"Type":"AWS::S3::Bucket","Properties":{"BucketName":{"Ref":"Nothing"}}}}}`
				_, err := c.CloudFormation.CreateStack(
					ctx, &cloudformation.CreateStackInput{StackName: aws.String(unique("stack")), TemplateBody: &body},
				)
				return refused(
					err, "ValidationError",
					"Unresolved resource dependencies [Nothing] in the Resources block of the template",
				)
			},
		},
		{
			Name: "capabilities", Rule: "Named IAM resources need a capability.", Source: cfnReference + "CreateStack",
			Check: func(ctx context.Context, c *Clients) error {
				body := fmt.Sprintf(
					`{"Resources":{"Group":{"Type":"AWS::IAM::Group","Properties":{"GroupName":%q}}}}`, unique("group"),
				)
				_, err := c.CloudFormation.CreateStack(
					ctx, &cloudformation.CreateStackInput{StackName: aws.String(unique("stack")), TemplateBody: &body},
				)
				return refused(err, "InsufficientCapabilitiesException", "CAPABILITY_NAMED_IAM")
			},
		},
	}
}

func stackPolicy(ctx context.Context, c *Clients) error {
	bucket := unique("bucket")
	stack, err := c.created(ctx, bucketTemplate(bucket, ""))
	if err != nil {
		return err
	}
	policy := `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"Update:*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"Update:Replace","Resource":"*"}]}`
	if _, err = c.CloudFormation.SetStackPolicy(
		ctx, &cloudformation.SetStackPolicyInput{StackName: &stack, StackPolicyBody: &policy},
	); err != nil {
		return err
	}
	status, err := c.update(ctx, stack, bucketTemplate(unique("bucket"), ""))
	if err != nil {
		return err
	}
	return errors.Join(
		equal("the stack's status", status, types.StackStatusUpdateRollbackComplete),
		equal("the bucket is there", c.hasBucket(ctx, bucket), true),
	)
}
