package stack

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/stowage/terraform-provider-stowage/internal/commit"
)

// Time limits of the calls. They include the SDK's own retries.
const (
	callBound   = 30 * time.Minute // any effect but Follow: several calls, each of up to 25 attempts over seven minutes
	followBound = 6 * time.Hour    // far longer than any of our updates; members give up long before
)

// performer performs the effects of the engine that need an answer: calls to AWS.
type performer struct{ *Stack }

func (s performer) call(ctx context.Context, effect commit.Effect) commit.Observation {
	bound := callBound
	if _, ok := effect.(commit.Follow); ok {
		bound = followBound
	}
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	switch e := effect.(type) {
	case commit.Read:
		return s.readBase(ctx)
	case commit.CreateChangeSet:
		return s.createChangeSet(ctx, e)
	case commit.DeleteChangeSet:
		return commit.ChangeSetDeleted{Err: s.deleteChangeSet(ctx, e.ARN)}
	case commit.Execute:
		return commit.Executed{Err: s.execute(ctx, e)}
	case commit.ResolveExecution:
		return commit.ExecutionResolved{Owner: s.resolveExecution(ctx, e)}
	case commit.Follow:
		return s.follow(ctx, e)
	case commit.Protect:
		return commit.Protected{Err: s.protect(ctx, e.StackID)}
	case commit.ContinueRollback:
		return commit.Continued{Err: s.continueRollback(ctx, e)}
	case commit.Clear:
		return commit.Cleared{Err: s.clear(ctx, e)}
	default:
		panic(fmt.Sprintf("stack: no call for the effect %T", effect))
	}
}

// readBase reads the stack for a commit. It logs and retries while the stack is not at rest.
func (s performer) readBase(ctx context.Context) commit.BaseRead {
	read := s.readFrom(ctx, s.takeEarlier())
	if read.Err == nil && !read.Absent && !read.Consistent() {
		s.config.Log(
			ctx, "The stack is being updated; waiting",
			map[string]any{"stack": s.config.Stack, "status": read.After.Status},
		)
	}
	return read
}

// stackPolicy denies the replacement of buckets, which no commit of ours does. It allows everything
// else, because a stack policy denies by default (CloudFormation user guide,
// protect-stack-resources).
const stackPolicy = `{"Statement":[` +
	`{"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"*"},` +
	`{"Effect":"Deny","Action":"Update:Replace","Principal":"*","Resource":"*","Condition":{"StringEquals":{"ResourceType":["AWS::S3::Bucket"]}}}]}`

func (s performer) protect(ctx context.Context, stackID string) error {
	if _, err := s.config.CloudFormation.SetStackPolicy(ctx, &cloudformation.SetStackPolicyInput{
		StackName: aws.String(stackID), StackPolicyBody: aws.String(stackPolicy),
	}); err != nil {
		return fmt.Errorf("setting the stack policy: %w", err)
	}
	if _, err := s.config.CloudFormation.UpdateTerminationProtection(ctx, &cloudformation.UpdateTerminationProtectionInput{
		StackName: aws.String(stackID), EnableTerminationProtection: aws.Bool(true),
	}); err != nil {
		return fmt.Errorf("switching on the termination protection: %w", err)
	}
	return nil
}
