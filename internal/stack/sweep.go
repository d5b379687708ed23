package stack

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/stowage/terraform-provider-stowage/internal/commit"
)

// deadAfter is the age at which a change set is abandoned: writers execute or delete theirs within
// minutes.
const deadAfter = time.Hour

// sweep makes room in a stack with its maximum of change sets (1,000, as users report). It deletes
// ours of dead writers, and reports whether there is room now. Executing a change set deletes all
// others, so they accumulate only where nothing is ever committed.
func (s performer) sweep(ctx context.Context, stack string, refusal error) bool {
	var limit *types.LimitExceededException
	if !errors.As(refusal, &limit) {
		return false
	}
	var dead []string
	pages := cloudformation.NewListChangeSetsPaginator(
		s.config.CloudFormation, &cloudformation.ListChangeSetsInput{StackName: aws.String(stack)},
	)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			break
		}
		for _, set := range page.Summaries {
			ours := strings.HasPrefix(aws.ToString(set.ChangeSetName), commit.ChangeSetPrefix)
			if ours && time.Since(aws.ToTime(set.CreationTime)) > deadAfter {
				dead = append(dead, aws.ToString(set.ChangeSetId))
			}
		}
	}
	deleted := 0
	for _, arn := range dead {
		if s.deleteChangeSet(ctx, arn) == nil {
			deleted++
		}
	}
	s.config.Log(
		ctx, "Deleted change sets that dead writers had left",
		map[string]any{"stack": s.config.Stack, "deleted": deleted},
	)
	return deleted > 0
}
