package mirror

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Announce says in a stack's head what its caller is about to execute. announced is false, without an error, when the
// stack isn't mirrored, or in a newer format. The announcement replaces any other, makes no event, and goes with the Write of the operation's
// end, or when it expires. It is for people to see and excludes nobody.
func (t *Table) Announce(ctx context.Context, project string, shard int, operation Operation) (announced bool, err error) {
	doing := fmt.Sprintf("announcing an operation on stack %d of the project %s", shard, project)
	if operation.Started.IsZero() {
		operation.Started = time.Now()
	}
	if operation.Expires.IsZero() {
		operation.Expires = operation.Started.Add(OperationLife)
	}
	value, err := marshalValue(operation)
	if err != nil {
		return false, fmt.Errorf("%s: %w", doing, err)
	}
	built, err := expression.NewBuilder().
		WithUpdate(expression.Set(expression.Name("operation"), expression.Value(value))).
		WithCondition(expression.Name(PartitionKey).AttributeExists().And(isReadable())).
		Build()
	if err != nil {
		return false, fmt.Errorf("%s: %w", doing, err)
	}
	_, err = t.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: key(projectKey(project), headKey(shard)),
		UpdateExpression: built.Update(), ConditionExpression: built.Condition(),
		ExpressionAttributeNames: built.Names(), ExpressionAttributeValues: built.Values(),
	})
	var absent *types.ConditionalCheckFailedException
	if errors.As(err, &absent) {
		return false, nil
	}
	if err != nil {
		return false, t.failed(doing, err)
	}
	return true, nil
}

// marshalValue is marshal for a value inside of an item.
func marshalValue(value any) (types.AttributeValue, error) {
	result, err := attributevalue.MarshalWithOptions(value, asStored)
	if err != nil {
		return nil, fmt.Errorf("encoding a %T: %w", value, err)
	}
	return result, nil
}
