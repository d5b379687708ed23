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
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Announce records in a stack's head what its caller is about to execute, and stores the event, in
// one transaction. A stack that is not mirrored has no head: its first Write takes the announcement
// over. announced reports whether there is an event; it is also false for a stack in a newer format.
// The announcement replaces any other; the Write of the operation's end or its expiry removes it. It
// is informational and excludes no writer.
func (t *Table) Announce(
	ctx context.Context, project string, shard int, operation Operation,
) (announced bool, err error) {
	now := time.Now()
	if operation.Started.IsZero() {
		operation.Started = now
	}
	if operation.Expires.IsZero() {
		operation.Expires = operation.Started.Add(OperationLife)
	}
	doing := fmt.Sprintf("announcing an operation on stack %d of the project %s", shard, project)
	err = t.racing(ctx, doing, func() error {
		b, err := t.base(ctx, project, shard, false)
		if err != nil {
			return err
		}
		if b.head == nil {
			writes, err := b.announceFirst(t.name, operation)
			if err != nil {
				return err
			}
			_, err = t.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
			return err // racing adds the context
		}
		err = t.announce(ctx, b, &operation)
		announced = err == nil
		return err
	})
	var newer *model.NewerFormatError
	if errors.As(err, &newer) {
		return false, nil
	}
	return announced, err
}

// Expire removes the expired announcements of a project, whose writers never finished, and stores
// the events. expired is their number. It reads only the heads.
func (t *Table) Expire(ctx context.Context, project string) (expired int, err error) {
	doing := fmt.Sprintf("letting operations of the project %s expire", project)
	var late []int
	now := time.Now()
	keys := expression.Key(PartitionKey).Equal(expression.Value(projectKey(project))).
		And(expression.Key(SortKey).BeginsWith(headPrefix))
	err = t.query(ctx, where(keys), func(i item) error {
		var head Head
		if err := unmarshal(i, &head); err != nil {
			return err
		}
		if head.expired(now) {
			late = append(late, head.Shard)
		}
		return nil
	})
	if err != nil {
		return 0, t.failed(doing, err)
	}
	for _, shard := range late {
		over := false
		err = t.racing(ctx, doing, func() error {
			over = false
			b, err := t.base(ctx, project, shard, false)
			if err != nil || b.head == nil || !b.head.expired(now) {
				return err
			}
			err = t.announce(ctx, b, nil)
			over = err == nil
			return err
		})
		if err != nil {
			return expired, err
		}
		if over {
			expired++
		}
	}
	return expired, nil
}

func (h *Head) expired(now time.Time) bool {
	return h.Operation != nil && !h.Operation.Expires.After(now)
}

// announce sets or removes (nil) the operation of a head, and stores the event.
func (t *Table) announce(ctx context.Context, b *base, operation *Operation) error {
	place := b.next()
	e, err := announcement(event.Event{
		Project:  b.project,
		Epoch:    place.Epoch,
		Seq:      place.Seq,
		Revision: b.head.Revision,
		Time:     time.Now().UTC().Truncate(time.Millisecond),
		Run:      run(operation),
	}, event.OperationChange{Shard: b.shard, Version: b.head.live(), Operation: operation})
	if err != nil {
		return err
	}
	var change expression.UpdateBuilder
	if operation == nil {
		change = change.Remove(expression.Name("operation"))
	} else {
		value, err := marshalValue(operation)
		if err != nil {
			return err
		}
		change = change.Set(expression.Name("operation"), expression.Value(value))
	}
	return t.advance(ctx, b, place, change, e) // the callers add the context
}

// advance moves an unchanged head to a position, and stores the items of that position, including
// the event, in one transaction.
func (t *Table) advance(
	ctx context.Context, b *base, place counter, change expression.UpdateBuilder, items ...item,
) error {
	change = change.Set(expression.Name("seq"), expression.Value(place.Seq)).Set(
		expression.Name("epoch"), expression.Value(place.Epoch),
	)
	built, err := expression.NewBuilder().WithUpdate(change).WithCondition(b.headUnchanged()).Build()
	if err != nil {
		return fmt.Errorf("building an update: %w", err)
	}
	placePut, err := b.place(t.name, place)
	if err != nil {
		return err
	}
	writes := []types.TransactWriteItem{
		{Update: &types.Update{
			TableName: &t.name, Key: key(projectKey(b.project), headKey(b.shard)),
			UpdateExpression: built.Update(), ConditionExpression: built.Condition(),
			ExpressionAttributeNames: built.Names(), ExpressionAttributeValues: built.Values(),
		}},
		{Put: placePut},
	}
	for _, stored := range items {
		writes = append(writes, types.TransactWriteItem{Put: &types.Put{TableName: &t.name, Item: stored}})
	}
	_, err = t.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
	return err
}

func run(operation *Operation) string {
	if operation == nil {
		return ""
	}
	return operation.Run
}

// announcement returns the item of the event.
func announcement(place event.Event, change event.OperationChange) (item, error) {
	e, err := event.Of(event.TypeOperation, change)
	if err != nil {
		return nil, err // already has the context
	}
	place.V, place.Type, place.Data = e.V, e.Type, e.Data
	return marshal(eventsKey(place.Project), eventKey(place.Seq), stored(place))
}

func marshalValue(value any) (types.AttributeValue, error) {
	result, err := attributevalue.MarshalWithOptions(value, asStored)
	if err != nil {
		return nil, fmt.Errorf("encoding a %T: %w", value, err)
	}
	return result, nil
}
