package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
	smithytime "github.com/aws/smithy-go/time"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
)

const (
	// prefix is how the names of all stacks start.
	prefix = "stowage-probe-"
	// tagKey is the tag of all stacks, whose value is the run.
	tagKey = "stowage-probe"
	// pollEvery is the pause between two looks at an operation.
	pollEvery = 2 * time.Second
	// operationTimeout bounds one operation of a stack.
	operationTimeout = 20 * time.Minute
)

type object = map[string]any

// name is the name of a stack or another resource of the run.
func (p *probe) name(suffix string) string { return prefix + p.Run + "-" + suffix }

// promise registers a stack for removal. It comes before the call that makes the stack.
func (p *probe) promise(suffix string) string {
	name := p.name(suffix)
	p.stacks = append(p.stacks, name)
	return name
}

func (p *probe) tags() []types.Tag {
	return []types.Tag{{Key: aws.String(tagKey), Value: aws.String(p.Run)}}
}

var capabilities = []types.Capability{types.CapabilityCapabilityNamedIam}

// encode is a template or policy as JSON.
func encode(value object) (string, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("encoding a template: %w", err)
	}
	return string(text), nil
}

// create makes a stack with the rights of client, and waits for its end. A failed resource leaves
// the stack as it is.
func (p *probe) create(
	ctx context.Context,
	client *cloudformation.Client,
	name string,
	resources object,
) (types.Stack, error) {
	body, err := encode(object{"Resources": resources})
	if err != nil {
		return types.Stack{}, err
	}
	if err := ctx.Err(); err != nil {
		return types.Stack{}, fmt.Errorf("creating the stack %s: %w", name, context.Cause(ctx))
	}
	// The call is not cut short: its outcome must be known when the stack is removed.
	_, err = client.CreateStack(context.WithoutCancel(ctx), &cloudformation.CreateStackInput{
		StackName: aws.String(
			name,
		),
		TemplateBody:    aws.String(body),
		Capabilities:    capabilities,
		Tags:            p.tags(),
		DisableRollback: aws.Bool(true),
	})
	if err != nil {
		return types.Stack{}, fmt.Errorf("creating the stack %s: %w", name, err)
	}
	return p.await(ctx, name)
}

func (p *probe) await(ctx context.Context, name string) (types.Stack, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	for {
		if err := sleep(ctx, pollEvery); err != nil {
			return types.Stack{}, err
		}
		stack, err := p.describe(ctx, name)
		if err != nil {
			return types.Stack{}, err
		}
		if !strings.HasSuffix(string(stack.StackStatus), "_IN_PROGRESS") ||
			stack.StackStatus == types.StackStatusReviewInProgress {
			return stack, nil
		}
	}
}

func (p *probe) describe(ctx context.Context, name string) (types.Stack, error) {
	out, err := p.Account.CloudFormation.DescribeStacks(
		ctx,
		&cloudformation.DescribeStacksInput{StackName: aws.String(name)},
	)
	if err != nil {
		return types.Stack{}, fmt.Errorf("describing the stack %s: %w", name, err)
	}
	if len(out.Stacks) != 1 {
		return types.Stack{}, fmt.Errorf("describing the stack %s: got %d stacks", name, len(out.Stacks))
	}
	return out.Stacks[0], nil
}

// removeStack deletes a stack, whatever its status, and waits until it is gone.
func (p *probe) removeStack(ctx context.Context, name string) error {
	for {
		stack, err := p.describe(ctx, name)
		if missing(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if !ends(stack.StackStatus) {
			if err := sleep(ctx, pollEvery); err != nil {
				return err
			}
			continue
		}
		id := aws.ToString(stack.StackId)
		if _, err := p.Account.CloudFormation.DeleteStack(
			ctx,
			&cloudformation.DeleteStackInput{StackName: aws.String(id)},
		); err != nil {
			return fmt.Errorf("deleting the stack: %w", err)
		}
		return p.awaitDeletion(ctx, id)
	}
}

// ends reports whether a stack can be deleted: none of its operations is running, or it is the
// creation, which a deletion ends.
func ends(status types.StackStatus) bool {
	return !strings.HasSuffix(string(status), "_IN_PROGRESS") ||
		status == types.StackStatusReviewInProgress ||
		status == types.StackStatusCreateInProgress ||
		status == types.StackStatusDeleteInProgress
}

func (p *probe) awaitDeletion(ctx context.Context, id string) error {
	stack, err := p.await(ctx, id)
	switch {
	case err != nil:
		return err
	case stack.StackStatus == types.StackStatusDeleteComplete:
		return nil
	}
	reasons, err := p.failures(ctx, id)
	if err != nil {
		return err
	}
	return fmt.Errorf("%s: %s", stack.StackStatus, strings.Join(reasons, "; "))
}

func (p *probe) failures(ctx context.Context, name string) ([]string, error) {
	var reasons []string
	err := p.events(ctx, name, func(e types.StackEvent) {
		if strings.HasSuffix(string(e.ResourceStatus), "_FAILED") {
			reasons = append(reasons, aws.ToString(e.LogicalResourceId)+": "+aws.ToString(e.ResourceStatusReason))
		}
	})
	return reasons, err
}

// events calls do for every event of a stack, the latest first.
func (p *probe) events(ctx context.Context, name string, do func(types.StackEvent)) error {
	pages := cloudformation.NewDescribeStackEventsPaginator(
		p.Account.CloudFormation,
		&cloudformation.DescribeStackEventsInput{StackName: aws.String(name)},
	)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("reading the events of the stack %s: %w", name, err)
		}
		for _, e := range page.StackEvents {
			do(e)
		}
	}
	return nil
}

// leftovers are the stacks of earlier runs, the oldest first.
func (p *probe) leftovers(ctx context.Context) ([]string, error) {
	var names []string
	pages := cloudformation.NewDescribeStacksPaginator(
		p.Account.CloudFormation,
		&cloudformation.DescribeStacksInput{},
	)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing stacks: %w", err)
		}
		for _, stack := range page.Stacks {
			tagged := slices.ContainsFunc(stack.Tags, func(t types.Tag) bool { return aws.ToString(t.Key) == tagKey })
			// A stack in review has no tags yet.
			if name := aws.ToString(
				stack.StackName,
			); strings.HasPrefix(name, prefix) &&
				(tagged || stack.StackStatus == types.StackStatusReviewInProgress) {
				names = append(names, name)
			}
		}
	}
	slices.Reverse(names) // AWS lists the newest first
	return names, nil
}

// missing reports whether AWS says that a stack does not exist.
func missing(err error) bool {
	var refusal smithy.APIError
	return errors.As(err, &refusal) && cfn.NoSuchStack(refusal.ErrorCode(), refusal.ErrorMessage())
}

func sleep(ctx context.Context, d time.Duration) error {
	if smithytime.SleepWithContext(ctx, d) != nil {
		return fmt.Errorf("waiting: %w", context.Cause(ctx))
	}
	return nil
}
