package stack

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/stowage/terraform-provider-stowage/internal/commit"
)

func (s performer) continueRollback(ctx context.Context, e commit.ContinueRollback) *commit.CallError {
	s.config.Log(
		ctx, "Continuing the stack's failed rollback",
		map[string]any{"stack": s.config.Stack, "skipped": e.Skip, "token": e.Token},
	)
	_, err := s.config.CloudFormation.ContinueUpdateRollback(ctx, &cloudformation.ContinueUpdateRollbackInput{
		StackName: aws.String(e.StackID), ClientRequestToken: aws.String(e.Token), ResourcesToSkip: e.Skip,
	})
	return classify(err)
}

// clear deletes a stack whose first creation was rolled back. It refuses if a resource is left,
// which would be deleted too and may hold data.
func (s performer) clear(ctx context.Context, e commit.Clear) error {
	var left []string
	pages := cloudformation.NewListStackResourcesPaginator(
		s.config.CloudFormation, &cloudformation.ListStackResourcesInput{StackName: aws.String(e.StackID)},
	)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return classify(err)
		}
		for _, resource := range page.StackResourceSummaries {
			if resource.ResourceStatus != types.ResourceStatusDeleteComplete {
				left = append(left, aws.ToString(resource.LogicalResourceId))
			}
		}
	}
	if len(left) > 0 {
		return fmt.Errorf("it still holds %s", strings.Join(left, ", "))
	}
	s.config.Log(
		ctx, "Deleting what a failed first creation has left",
		map[string]any{"stack": s.config.Stack, "id": e.StackID},
	)
	_, err := s.config.CloudFormation.DeleteStack(ctx, &cloudformation.DeleteStackInput{
		StackName: aws.String(e.StackID), ClientRequestToken: aws.String(e.Token),
	})
	if err != nil {
		return classify(err)
	}
	err = s.gone(ctx, e.StackID)
	var failed *commit.StuckError
	if err != nil && !errors.As(err, &failed) {
		return &commit.CallError{Failure: commit.NoReply, Err: err}
	}
	return err
}
