package mirror

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// batchSize is the maximum number of writes in a BatchWriteItem.
const batchSize = 25

// Forget removes all items of a project: its stacks, its events, and last its counter, so that an
// interrupted Forget never reuses a number. It succeeds if there are none. The project's next Write
// starts a new epoch.
func (t *Table) Forget(ctx context.Context, project string) error {
	doing := fmt.Sprintf("forgetting the project %s", project)
	for _, keys := range []expression.KeyConditionBuilder{
		expression.Key(PartitionKey).Equal(expression.Value(projectKey(project))),
		expression.Key(PartitionKey).Equal(expression.Value(eventsKey(project))).
			And(expression.Key(SortKey).BeginsWith(eventPrefix)),
		expression.Key(PartitionKey).Equal(expression.Value(eventsKey(project))),
	} {
		var deletes []types.WriteRequest
		only := expression.NamesList(expression.Name(PartitionKey), expression.Name(SortKey))
		err := t.query(ctx, where(keys).WithProjection(only), func(i item) error {
			deletes = append(deletes, types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: i}})
			return nil
		})
		if err != nil {
			return t.failed(doing, err)
		}
		if err := t.deleteAll(ctx, deletes); err != nil {
			return t.failed(doing, err)
		}
	}
	return nil
}

// deleteAll deletes items in batches. Unprocessed items are retried with growing pauses.
func (t *Table) deleteAll(ctx context.Context, deletes []types.WriteRequest) error {
	for slow := 0; len(deletes) > 0; {
		if slow == attempts {
			return fmt.Errorf("%d items are left after %d attempts", len(deletes), attempts)
		}
		if err := pause(ctx, slow); err != nil {
			return err
		}
		batch := deletes[:min(batchSize, len(deletes))]
		done, err := t.client.BatchWriteItem(
			ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{t.name: batch}},
		)
		if err != nil {
			return err // Forget adds the context
		}
		left := done.UnprocessedItems[t.name]
		if slow++; len(left) == 0 {
			slow = 0
		}
		deletes = append(left, deletes[len(batch):]...)
	}
	return nil
}
