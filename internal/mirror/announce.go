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

	"github.com/stowage/terraform-provider-stowage/internal/event"
)

// Announce says in a stack's head what its caller is about to execute, and stores the event that says so, in one transaction. announced is
// false, without an error, when the stack isn't mirrored, or in a newer format. The announcement replaces any other, and goes with the
// Write of the operation's end, or when it expires. It is for people to see and excludes nobody.
func (t *Table) Announce(ctx context.Context, project string, shard int, operation Operation) (announced bool, err error) {
	now := time.Now()
	if operation.Started.IsZero() {
		operation.Started = now
	}
	if operation.Expires.IsZero() {
		operation.Expires = operation.Started.Add(OperationLife)
	}
	doing := fmt.Sprintf("announcing an operation on stack %d of the project %s", shard, project)
	err = t.racing(ctx, doing, func() error {
		announced, err = t.announce(ctx, project, shard, &operation)
		return err
	})
	var newer *NewerItemError
	if errors.As(err, &newer) {
		return false, nil
	}
	return announced, err
}

// announce is one attempt of Announce.
func (t *Table) announce(ctx context.Context, project string, shard int, operation *Operation) (bool, error) {
	b, err := t.base(ctx, project, shard, false)
	if err != nil || b.head == nil {
		return false, err
	}
	place := b.next()
	e, err := announcement(event.Event{
		Project: project, Epoch: place.Epoch, Seq: place.Seq, Revision: b.head.Revision, Time: time.Now().UTC().Truncate(time.Millisecond), Run: operation.Run,
	}, event.OperationChange{Shard: shard, Version: b.head.live(), Operation: operation})
	if err != nil {
		return false, err
	}
	value, err := marshalValue(operation)
	if err != nil {
		return false, err
	}
	built, err := expression.NewBuilder().
		WithUpdate(expression.Set(expression.Name("operation"), expression.Value(value)).
			Set(expression.Name("seq"), expression.Value(place.Seq)).Set(expression.Name("epoch"), expression.Value(place.Epoch))).
		WithCondition(b.headStands()).
		Build()
	if err != nil {
		return false, fmt.Errorf("building an update: %w", err)
	}
	placePut, err := t.place(b, place)
	if err != nil {
		return false, err
	}
	_, err = t.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Update: &types.Update{
			TableName: &t.name, Key: key(projectKey(project), headKey(shard)),
			UpdateExpression: built.Update(), ConditionExpression: built.Condition(),
			ExpressionAttributeNames: built.Names(), ExpressionAttributeValues: built.Values(),
		}},
		{Put: placePut},
		{Put: &types.Put{TableName: &t.name, Item: e}},
	}})
	return err == nil, err
}

// announcement makes the item of the event.
func announcement(place event.Event, change event.OperationChange) (item, error) {
	e, err := event.Of(event.TypeOperation, change)
	if err != nil {
		return nil, err // says it itself
	}
	place.V, place.Type, place.Data = e.V, e.Type, e.Data
	return marshal(eventsKey(place.Project), eventKey(place.Seq), stored(place))
}

// marshalValue is marshal for a value inside of an item.
func marshalValue(value any) (types.AttributeValue, error) {
	result, err := attributevalue.MarshalWithOptions(value, asStored)
	if err != nil {
		return nil, fmt.Errorf("encoding a %T: %w", value, err)
	}
	return result, nil
}
