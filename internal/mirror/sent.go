package mirror

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/stowage/terraform-provider-stowage/internal/event"
)

// batchKeys is the maximum number of reads in a BatchGetItem.
const batchKeys = 100

// Positions returns the positions of the mirrored ones of projects, with one BatchGetItem per 100
// projects.
func (t *Table) Positions(ctx context.Context, projects []string) (map[string]event.Position, error) {
	const doing = "reading how far the events of projects go"
	positions := make(map[string]event.Position, len(projects))
	keys := make([]item, len(projects))
	for i, project := range projects {
		keys[i] = key(eventsKey(project), counterKey)
	}
	consistent := true
	for slow := 0; len(keys) > 0; {
		if slow == attempts {
			return nil, t.failed(doing, fmt.Errorf("%d items are left after %d attempts", len(keys), attempts))
		}
		if err := pause(ctx, slow); err != nil {
			return nil, t.failed(doing, err)
		}
		batch := keys[:min(batchKeys, len(keys))]
		got, err := t.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
			t.name: {Keys: batch, ConsistentRead: &consistent},
		}})
		if err != nil {
			return nil, t.failed(doing, err)
		}
		for _, i := range got.Responses[t.name] {
			var place counter
			if err := unmarshal(i, &place); err != nil {
				return nil, t.failed(doing, err)
			}
			positions[projectOfEvents(keyPart(i, PartitionKey))] = event.Position(place)
		}
		left := got.UnprocessedKeys[t.name].Keys
		if slow++; len(left) == 0 {
			slow = 0
		}
		keys = append(left, keys[len(batch):]...)
	}
	return positions, nil
}

// mostPending is the maximum number of pending events to send at once. A client that lacks more
// requests them.
const mostPending = 100

// Pending are a project's stored, unsent events.
type Pending struct {
	// After and Upto are the positions before and at the last pending event, equal when there is
	// none.
	After, Upto event.Position
}

// None reports whether no event is pending.
func (u Pending) None() bool { return u.After == u.Upto }

// Pending returns the pending events of a project, only the last of very many.
func (t *Table) Pending(ctx context.Context, project string) (Pending, error) {
	var place, sent counter
	keys := expression.Key(PartitionKey).Equal(expression.Value(eventsKey(project))).
		And(expression.Key(SortKey).Between(expression.Value(sentKey), expression.Value(counterKey)))
	err := t.query(ctx, where(keys), func(i item) error {
		if keyPart(i, SortKey) == counterKey {
			return unmarshal(i, &place)
		}
		return unmarshal(i, &sent)
	})
	if err != nil {
		return Pending{}, t.failed(fmt.Sprintf("reading what has been sent of the project %s", project), err)
	}
	if sent.Epoch != place.Epoch {
		sent = counter{Epoch: place.Epoch}
	}
	sent.Seq = min(max(sent.Seq, place.Seq-mostPending), place.Seq)
	return Pending{After: event.Position(sent), Upto: event.Position(place)}, nil
}

// Sent records up to which position a project's events were sent. It never goes back.
func (t *Table) Sent(ctx context.Context, project string, upto event.Position) error {
	doing := fmt.Sprintf("noting what has been sent of the project %s", project)
	i, err := marshal(eventsKey(project), sentKey, counter(upto))
	if err != nil {
		return err
	}
	further := expression.Name(PartitionKey).AttributeNotExists().
		Or(expression.Name("epoch").NotEqual(expression.Value(upto.Epoch))).
		Or(expression.Name("seq").LessThan(expression.Value(upto.Seq)))
	put, err := conditionalPut(t.name, i, further)
	if err != nil {
		return t.failed(doing, err)
	}
	_, err = t.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: put.TableName, Item: put.Item, ConditionExpression: put.ConditionExpression,
		ExpressionAttributeNames: put.ExpressionAttributeNames, ExpressionAttributeValues: put.ExpressionAttributeValues,
	})
	var done *types.ConditionalCheckFailedException
	if err != nil && !errors.As(err, &done) {
		return t.failed(doing, err)
	}
	return nil
}
