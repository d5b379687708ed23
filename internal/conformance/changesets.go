package conformance

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

func changeSets() []Contract {
	return []Contract{
		{
			Name:   "first-change-set",
			Rule:   "A change set makes a stack: in review until it is executed.",
			Source: cfnReference + "CreateChangeSet",
			Check:  firstChangeSet,
		},
		{
			Name:   "template-byte-for-byte",
			Rule:   "GetTemplate returns the template as it was given.",
			Source: cfnReference + "GetTemplate",
			Check:  templateByteForByte,
		},
		{
			Name: "no-change", Rule: "A change set without changes fails and says so.", Source: recorded + "test_change_sets",
			Check: noChange,
		},
		{
			Name:   "metadata-is-a-change",
			Rule:   "A change of Metadata alone is an update.",
			Source: cfnGuide + "Metadata attribute",
			Check:  metadataIsAChange,
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
			Check:  replacement,
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
			Check:  eventsCarryTheToken,
		},
	}
}

func firstChangeSet(ctx context.Context, c *Clients) error {
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
}

func templateByteForByte(ctx context.Context, c *Clients) error {
	body := "{ \"Resources\" :\n\t" + strings.TrimPrefix(
		bucketTemplate(unique("bucket"), `,"Metadata":{"Stowage":{"b":1.0,"a":"ä"}}`), `{"Resources":`,
	)
	stack, err := c.created(ctx, body)
	if err != nil {
		return err
	}
	have, err := c.template(ctx, stack)
	return errors.Join(err, equal("the template", have, body))
}

func noChange(ctx context.Context, c *Clients) error {
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
}

func metadataIsAChange(ctx context.Context, c *Clients) error {
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
}

func replacement(ctx context.Context, c *Clients) error {
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
}

func eventsCarryTheToken(ctx context.Context, c *Clients) error {
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
