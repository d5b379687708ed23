package mirror

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// firstAnnouncement is the item of an operation on a stack that is not mirrored.
type firstAnnouncement struct {
	Operation Operation `json:"operation"`
	Expires   int64     `json:"expires"` // seconds since 1970, as DynamoDB's time to live requires
}

// announceFirst returns the writes that store an operation on a stack that is not mirrored. They
// lose to a Write that mirrors the stack at the same time.
func (b *base) announceFirst(table string, operation Operation) ([]types.TransactWriteItem, error) {
	i, err := marshal(
		eventsKey(b.project), firstKey(b.shard), firstAnnouncement{operation, operation.Expires.Unix()},
	)
	if err != nil {
		return nil, err
	}
	// To delete an item on the condition that it does not exist is to check that it does not.
	// Unlike a ConditionCheck, it needs no right that writers do not have.
	unmirrored, err := conditionalDelete(table, key(projectKey(b.project), headKey(b.shard)), b.headUnchanged())
	if err != nil {
		return nil, err
	}
	return []types.TransactWriteItem{{Put: &types.Put{TableName: &table, Item: i}}, {Delete: unmirrored}}, nil
}

// readFirst reads the announced operation of a stack that is not mirrored; nil for none.
func (t *Table) readFirst(ctx context.Context, project string, shard int) (*Operation, error) {
	got, err := t.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &t.name, Key: key(eventsKey(project), firstKey(shard)), ConsistentRead: aws.Bool(true),
	})
	if err != nil || len(got.Item) == 0 {
		return nil, err // Write adds the context
	}
	var first firstAnnouncement
	if err := unmarshal(got.Item, &first); err != nil {
		return nil, err
	}
	return &first.Operation, nil
}

// takeFirst removes the announcement that a stack's first Write takes over. The Write loses to
// another announcement.
func (b *base) takeFirst(table string) (*types.Delete, error) {
	unchanged := expression.Name(PartitionKey).AttributeNotExists()
	if b.first != nil {
		unchanged = expression.Name("operation.token").Equal(expression.Value(b.first.Token))
	}
	return conditionalDelete(table, key(eventsKey(b.project), firstKey(b.shard)), unchanged)
}

// operation returns the announced operation of a stack; nil for none.
func (b *base) operation() *Operation {
	if b.head == nil {
		return b.first
	}
	return b.head.Operation
}

// conditionalDelete deletes an item of a table under a condition.
func conditionalDelete(table string, at item, condition expression.ConditionBuilder) (*types.Delete, error) {
	built, err := buildCondition(condition)
	if err != nil {
		return nil, err
	}
	return &types.Delete{
		TableName: &table, Key: at, ConditionExpression: built.Condition(),
		ExpressionAttributeNames: built.Names(), ExpressionAttributeValues: built.Values(),
	}, nil
}
