package mirror

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Update is a reading of a stack for the mirror.
type Update struct {
	Version
	StackName string
	Reason    string // CloudFormation's reason for the status
	// Contents are required when cfn.Stable(Status), and ignored otherwise.
	Contents *template.Contents
	// MaybeStale means that the contents may be older than the version, as CloudFormation's answers
	// were inconsistent for longer than usual. Other contents of the same version replace them.
	MaybeStale bool
	// Run is the run that made the change; "" for that of the announced operation.
	Run string
	// Who is the author of the change, for an operation that was not announced because the stack
	// was not mirrored yet.
	Who string
	// Token is the operation's token; "" when unknown. A final status removes that operation's
	// announcement.
	Token string
}

// Write updates the mirror with a reading of a stack and stores the event, in one transaction. won
// reports whether this call did it; false without an error means that the mirror already had this
// version or a later one. current is the resulting head; nil when the stack is not mirrored.
//
// The mirror never goes back in time, and each stored version has exactly one event. A repeated
// call whose first answer was lost does not win: its event is pending until another process sends
// it.
//
// It returns a *TooLargeError when the contents do not fit, and a model.NotFoundTable error without
// a table.
func (t *Table) Write(
	ctx context.Context, project string, shard int, update Update,
) (won bool, current *Head, err error) {
	doing := fmt.Sprintf("writing stack %d of the project %s", shard, project)
	update.Version = update.normal()
	if !cfn.Stable(update.Status) {
		update.Contents = nil
	} else if update.Contents == nil {
		return false, nil, fmt.Errorf("%s: the status %s needs the stack's contents", doing, update.Status)
	}
	err = t.racing(ctx, doing, func() error {
		won, current = false, nil
		base, err := t.base(ctx, project, shard, true)
		if err != nil {
			return err
		}
		if !update.isNewer(base) {
			current = base.head
			return nil
		}
		if base.head == nil {
			if base.first, err = t.readFirst(ctx, project, shard); err != nil {
				return err
			}
		}
		next, err := base.advance(update, time.Now())
		if err != nil {
			return err
		}
		if err := t.commit(ctx, base, next); err != nil {
			return err
		}
		won, current = true, &next.head
		return nil
	})
	return won, current, err
}

// racing repeats an attempt while it loses to other writers.
func (t *Table) racing(ctx context.Context, doing string, attempt func() error) error {
	var lost error
	for n := range attempts {
		if err := pause(ctx, n); err != nil {
			return t.failed(doing, errors.Join(err, lost))
		}
		err := attempt()
		if err == nil {
			return nil
		}
		if !raced(err) {
			return t.failed(doing, err)
		}
		lost = err
	}
	return t.failed(fmt.Sprintf("%s, given up after %d attempts", doing, attempts), lost)
}

// isNewer reports whether the update is newer than the mirror: a later version, or contents for the
// same version when the body is missing, outdated or possibly stale. The deletion of an unmirrored
// stack is not newer.
func (u Update) isNewer(b *base) bool {
	if b.head == nil {
		return u.Status != cfn.DeleteComplete
	}
	if u.Supersedes(b.head.Version) {
		return true
	}
	lacking := b.body == nil || b.body.Format < bodyFormat || b.body.MaybeStale && !u.MaybeStale
	same := u.StackID == b.head.StackID && u.Status == b.head.Status && u.LastUpdated.Equal(b.head.LastUpdated)
	return lacking && same && u.Contents != nil
}

// base is the consistent state from which a write starts.
type base struct {
	project string
	shard   int
	head    *Head  // nil when the stack isn't mirrored
	body    *Body  // nil when there is none, or it was not requested
	drift   *Drift // nil when there is none, or the body was not requested
	counter *counter
	// first is the operation that was announced before the stack was mirrored; nil for none.
	first *Operation
}

func (t *Table) base(ctx context.Context, project string, shard int, withBody bool) (*base, error) {
	pk := projectKey(project)
	get := func(pk, sk string) types.TransactGetItem {
		return types.TransactGetItem{Get: &types.Get{TableName: &t.name, Key: key(pk, sk)}}
	}
	items := []types.TransactGetItem{get(pk, headKey(shard)), get(eventsKey(project), counterKey)}
	if withBody {
		items = append(items, get(pk, bodyKey(shard)), get(pk, driftKey(shard)))
	}
	got, err := t.client.TransactGetItems(ctx, &dynamodb.TransactGetItemsInput{TransactItems: items})
	if err != nil {
		return nil, err // Write adds the context
	}
	b := &base{project: project, shard: shard}
	if b.head, err = optional[Head](got.Responses[0]); err != nil {
		return nil, err
	}
	if b.counter, err = optional[counter](got.Responses[1]); err != nil {
		return nil, err
	}
	if !withBody {
		return b, nil
	}
	if b.body, err = optional[Body](got.Responses[2]); err != nil {
		return nil, err
	}
	b.drift, err = optional[Drift](got.Responses[3])
	return b, err
}

// next returns the position of the following event.
func (b *base) next() counter {
	if b.counter == nil {
		return counter{Seq: 1, Epoch: newEpoch()}
	}
	return counter{b.counter.Epoch, b.counter.Seq + 1}
}

func optional[T any](got types.ItemResponse) (*T, error) {
	if len(got.Item) == 0 {
		return nil, nil // not an error
	}
	value := new(T)
	return value, unmarshal(got.Item, value)
}

// next replaces the base in a write.
type next struct {
	head     Head
	body     item // nil: unchanged
	dropBody bool
	event    item
}

func (b *base) advance(u Update, now time.Time) (*next, error) {
	place := b.next()
	n := &next{
		head: Head{
			Shard: b.shard, StackName: u.StackName, Version: u.Version, Reason: truncateReason(u.Reason),
			Seq: place.Seq, Epoch: place.Epoch,
		},
	}
	var change event.StackChange
	before := &template.Contents{}
	if b.body != nil {
		before = &b.body.Contents
		n.head.BodyHash = b.body.Hash
	}
	switch {
	case u.Contents != nil:
		body, err := newBody(b.shard, u)
		if err != nil {
			return nil, err
		}
		n.head.BodyHash = body.Hash
		if n.body, err = body.item(b.project); err != nil {
			return nil, err
		}
		if change.Put, change.Removed, err = difference(before, u.Contents); err != nil {
			return nil, err
		}
		change.Facts = factsOf(u.Contents, b.drift.of(u.StackID))
	case b.body != nil && (u.Status == cfn.DeleteComplete || u.StackID != b.body.StackID):
		n.dropBody, n.head.BodyHash = true, ""
		_, change.Removed, _ = difference(before, &template.Contents{})
	}
	run := u.Run
	if op := b.operation(); op != nil {
		about := u.concerns(op)
		if run == "" && about {
			run = op.Run
		}
		over := about && terminal(u.Phase) || !op.Expires.After(now)
		switch {
		case !over:
			n.head.Operation = op
		case about:
			change.Ended = op
		}
	}
	if change.Ended == nil && u.Who != "" && terminal(u.Phase) {
		change.Ended = &Operation{Token: u.Token, Run: u.Run, Who: u.Who, Started: u.LastUpdated, Expires: now}
	}
	change.StackState = n.head.state()
	var err error
	n.event, err = eventItem(event.Event{
		Project:  b.project,
		Epoch:    place.Epoch,
		Seq:      place.Seq,
		Revision: u.Revision,
		Time:     now.UTC().Truncate(time.Millisecond),
		Run:      run,
	}, change)
	return n, err
}

func truncateReason(reason string) string {
	if len(reason) <= maxReason {
		return reason
	}
	return strings.ToValidUTF8(reason[:maxReason-len("…")], "") + "…"
}

// concerns reports whether an update concerns an operation: by its token, or because the stack has
// changed since the operation started. The latter includes announcements of writers that lost the
// race for the stack.
func (u Update) concerns(op *Operation) bool {
	return u.Token != "" && u.Token == op.Token || !u.LastUpdated.Before(op.Started)
}

func terminal(phase int) bool {
	return phase == phaseFailed || phase == phaseFinal || phase == phaseDeleteFailed || phase == phaseDeleted
}

func newBody(shard int, u Update) (*Body, error) {
	hash, err := hashOf(u.Contents)
	if err != nil {
		return nil, err
	}
	return &Body{Shard: shard, Version: u.Version, Hash: hash, Contents: *u.Contents, MaybeStale: u.MaybeStale}, nil
}

func (b *Body) item(project string) (item, error) {
	written := *b
	written.Format = bodyFormat
	i, err := marshal(projectKey(project), bodyKey(b.Shard), &written)
	if err != nil {
		return nil, err
	}
	if size := itemSize(i); size > MaxItemSize {
		return nil, &TooLargeError{project, b.Shard, size}
	}
	return i, nil
}

// eventItem returns the item of an event. A change too large for an item is replaced by one that
// tells clients to reload.
func eventItem(place event.Event, change event.StackChange) (item, error) {
	for {
		e, err := event.Of(event.TypeStack, change)
		if err != nil {
			return nil, err // already has the context
		}
		place.V, place.Type, place.Data = e.V, e.Type, e.Data
		i, err := marshal(eventsKey(place.Project), eventKey(place.Seq), stored(place))
		if err != nil || itemSize(i) <= MaxItemSize || change.Reload {
			return i, err
		}
		change.Facts, change.Put, change.Removed, change.Reload = nil, event.Entities{}, nil, true
	}
}

func newEpoch() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// commit writes next if the base is unchanged. The SDK uses one idempotency token for all attempts
// of the transaction, so a lost answer does not make the write lose against itself.
func (t *Table) commit(ctx context.Context, b *base, n *next) error {
	pk := projectKey(b.project)
	head, err := marshal(pk, headKey(b.shard), n.head)
	if err != nil {
		return err
	}
	headPut, err := conditionalPut(t.name, head, b.headUnchanged())
	if err != nil {
		return err
	}
	placePut, err := b.place(t.name, counter{n.head.Epoch, n.head.Seq})
	if err != nil {
		return err
	}
	writes := []types.TransactWriteItem{
		{Put: headPut}, {Put: placePut}, {Put: &types.Put{TableName: &t.name, Item: n.event}},
	}
	switch {
	case n.body != nil:
		writes = append(writes, types.TransactWriteItem{Put: &types.Put{TableName: &t.name, Item: n.body}})
	case n.dropBody:
		writes = append(
			writes,
			types.TransactWriteItem{Delete: &types.Delete{TableName: &t.name, Key: key(pk, bodyKey(b.shard))}},
		)
	}
	if b.head == nil {
		taken, err := b.takeFirst(t.name)
		if err != nil {
			return err
		}
		writes = append(writes, types.TransactWriteItem{Delete: taken})
	}
	_, err = t.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
	return err // Write adds the context
}

// place advances the counter.
func (b *base) place(table string, place counter) (*types.Put, error) {
	i, err := marshal(eventsKey(b.project), counterKey, place)
	if err != nil {
		return nil, err
	}
	return conditionalPut(table, i, b.counterStands())
}

// conditionalPut puts an item into a table under a condition.
func conditionalPut(table string, i item, condition expression.ConditionBuilder) (*types.Put, error) {
	built, err := buildCondition(condition)
	if err != nil {
		return nil, err
	}
	return &types.Put{
		TableName: &table, Item: i, ConditionExpression: built.Condition(),
		ExpressionAttributeNames: built.Names(), ExpressionAttributeValues: built.Values(),
	}, nil
}

func buildCondition(condition expression.ConditionBuilder) (expression.Expression, error) {
	built, err := expression.NewBuilder().WithCondition(condition).Build()
	if err != nil {
		return built, fmt.Errorf("building a condition: %w", err)
	}
	return built, nil
}

// headUnchanged is the condition that the head was not written, and no operation announced, since
// the base was read. Only then is the event's difference correct.
func (b *base) headUnchanged() expression.ConditionBuilder {
	if b.head == nil {
		return expression.Name(PartitionKey).AttributeNotExists()
	}
	unchanged := expression.Name("seq").Equal(
		expression.Value(b.head.Seq),
	).And(expression.Name("epoch").Equal(expression.Value(b.head.Epoch)))
	if b.head.Operation == nil {
		return unchanged.And(expression.Name("operation").AttributeNotExists())
	}
	return unchanged.And(expression.Name("operation.token").Equal(expression.Value(b.head.Operation.Token)))
}

func (b *base) counterStands() expression.ConditionBuilder {
	if b.counter == nil {
		return expression.Name(PartitionKey).AttributeNotExists()
	}
	return expression.Name("seq").Equal(
		expression.Value(b.counter.Seq),
	).And(expression.Name("epoch").Equal(expression.Value(b.counter.Epoch)))
}

// raced reports whether a transaction was cancelled only because of other writers or a lack of
// capacity, which the SDK does not retry.
func raced(err error) bool {
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		return false
	}
	for _, reason := range cancelled.CancellationReasons {
		switch aws.ToString(reason.Code) {
		case "", "None", "ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
		default:
			return false
		}
	}
	return true
}
