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

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Update is what somebody has read of a stack and wants the mirror to show.
type Update struct {
	Version
	StackName string
	Reason    string // CloudFormation's, for the status; it is for people to see
	// Contents are needed when Stable(Status), and left aside otherwise.
	Contents *template.Contents
	// Doubtful says that the contents may be those of a moment before the version: CloudFormation's answers didn't fit together, for longer
	// than they usually don't. They count until somebody brings contents of the same version that are not doubtful.
	Doubtful bool
	// Run is the run that made the change. When it is "" it is taken from the operation that was announced.
	Run string
	// Who is the author of the change, for an operation that could not be announced because the stack was not mirrored yet.
	Who string
	// Token is that of the operation that the update is about; "" when it isn't known. A final status takes the
	// announcement of that operation away.
	Token string
}

// Write brings the mirror up to date with what was read of a stack, and stores the event that says so, in one
// transaction. won says whether this call did it; false without an error means that the mirror showed this moment or a
// later one already. current is the head as it stands then, nil when the stack isn't mirrored.
//
// However many writers bring however old readings in whatever order, the mirror never goes back, and each version that it
// took has exactly one event. A call whose answer was lost for good, and which is made again, does not win: its event is
// stored and waits for whoever sends what is left over.
//
// It returns a *TooLargeError when the contents don't fit, and a *TableMissingError when there is no table.
func (t *Table) Write(ctx context.Context, project string, shard int, update Update) (won bool, current *Head, err error) {
	doing := fmt.Sprintf("writing stack %d of the project %s", shard, project)
	update.Version = update.normal()
	if !Stable(update.Status) {
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
		if !update.news(base) {
			current = base.head
			return nil
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

// racing makes attempts until one of them isn't lost to other writers.
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

// news says whether the update tells more than what is mirrored: a later version, or the contents of the same one, where somebody has
// deleted the body, or an older version of this program has written it, or what was written was doubtful. That a stack is gone which isn't
// mirrored is no news.
func (u Update) news(b *base) bool {
	if b.head == nil {
		return u.Status != deleteComplete
	}
	if u.Supersedes(b.head.Version) {
		return true
	}
	lacking := b.body == nil || b.body.Format < bodyFormat || b.body.Doubtful && !u.Doubtful
	same := u.StackID == b.head.StackID && u.Status == b.head.Status && u.LastUpdated.Equal(b.head.LastUpdated)
	return lacking && same && u.Contents != nil
}

// base is what a write starts from, all of one moment.
type base struct {
	project string
	shard   int
	head    *Head // nil when the stack isn't mirrored
	body    *Body // nil when there is none, or nobody asked for it
	counter *counter
}

func (t *Table) base(ctx context.Context, project string, shard int, withBody bool) (*base, error) {
	pk := projectKey(project)
	get := func(pk, sk string) types.TransactGetItem {
		return types.TransactGetItem{Get: &types.Get{TableName: &t.name, Key: key(pk, sk)}}
	}
	items := []types.TransactGetItem{get(pk, headKey(shard)), get(eventsKey(project), counterKey)}
	if withBody {
		items = append(items, get(pk, bodyKey(shard)))
	}
	got, err := t.client.TransactGetItems(ctx, &dynamodb.TransactGetItemsInput{TransactItems: items})
	if err != nil {
		return nil, err // Write says what it was doing
	}
	b := &base{project: project, shard: shard}
	if b.head, err = optional[Head](got.Responses[0]); err != nil {
		return nil, err
	}
	if b.counter, err = optional[counter](got.Responses[1]); err != nil {
		return nil, err
	}
	if withBody {
		b.body, err = optional[Body](got.Responses[2])
	}
	return b, err
}

// next is the place of the event that follows.
func (b *base) next() counter {
	if b.counter == nil {
		return counter{Seq: 1, Epoch: newEpoch()}
	}
	return counter{b.counter.Epoch, b.counter.Seq + 1}
}

func optional[T any](got types.ItemResponse) (*T, error) {
	if len(got.Item) == 0 {
		return nil, nil // no item is no error
	}
	value := new(T)
	return value, unmarshal(got.Item, value)
}

// next is what a write puts in the place of its base.
type next struct {
	head     Head
	body     item // nil: as it was
	dropBody bool
	event    item
}

func (b *base) advance(u Update, now time.Time) (*next, error) {
	place := b.next()
	n := &next{head: Head{Shard: b.shard, StackName: u.StackName, Version: u.Version, Reason: shortened(u.Reason), Seq: place.Seq, Epoch: place.Epoch}}
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
		change.Facts = factsOf(u.Contents)
	case b.body != nil && (u.Status == deleteComplete || u.StackID != b.body.StackID):
		n.dropBody, n.head.BodyHash = true, ""
		_, change.Removed, _ = difference(before, &template.Contents{})
	}
	run := u.Run
	if b.head != nil && b.head.Operation != nil {
		op := b.head.Operation
		about := u.about(op)
		if run == "" && about {
			run = op.Run
		}
		over := about && ends(u.Phase) || !op.Expires.After(now)
		switch {
		case !over:
			n.head.Operation = op
		case about:
			change.Ended = op
		}
	}
	if change.Ended == nil && u.Who != "" && ends(u.Phase) {
		change.Ended = &Operation{Token: u.Token, Run: u.Run, Who: u.Who, Started: u.LastUpdated, Expires: now}
	}
	change.StackState = n.head.state()
	var err error
	n.event, err = eventItem(event.Event{
		Project: b.project, Epoch: place.Epoch, Seq: place.Seq, Revision: u.Revision, Time: now.UTC().Truncate(time.Millisecond), Run: run,
	}, change)
	return n, err
}

// shortened is a reason as far as it is kept.
func shortened(reason string) string {
	if len(reason) <= maxReason {
		return reason
	}
	return strings.ToValidUTF8(reason[:maxReason-len("…")], "") + "…"
}

// about says whether an update is about an operation: by its token, or because the stack has moved since the operation began. The
// second holds for announcements of writers that lost the race for the stack, too: what they announced will not come.
func (u Update) about(op *Operation) bool {
	return u.Token != "" && u.Token == op.Token || !u.LastUpdated.Before(op.Started)
}

// ends says whether nothing is running any more in a phase.
func ends(phase int) bool {
	return phase == phaseFailed || phase == phaseFinal || phase == phaseDeleteFailed || phase == phaseDeleted
}

func newBody(shard int, u Update) (*Body, error) {
	hash, err := hashOf(u.Contents)
	if err != nil {
		return nil, err
	}
	return &Body{Shard: shard, Version: u.Version, Hash: hash, Contents: *u.Contents, Doubtful: u.Doubtful}, nil
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

// eventItem makes the item of an event. A change that is too large for an item becomes one that tells clients to reload.
func eventItem(place event.Event, change event.StackChange) (item, error) {
	for {
		e, err := event.Of(event.TypeStack, change)
		if err != nil {
			return nil, err // says it itself
		}
		place.V, place.Type, place.Data = e.V, e.Type, e.Data
		i, err := marshal(eventsKey(place.Project), eventKey(place.Seq), stored(place))
		if err != nil || itemSize(i) <= MaxItemSize || change.Reload {
			return i, err
		}
		change.Facts, change.Put, change.Removed, change.Reload = nil, event.Entities{}, nil, true
	}
}

// newEpoch makes a name that no other epoch has.
func newEpoch() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// commit puts next in the place of base, if the base still stands. The SDK gives the transaction an idempotency token
// that is the same in all its attempts, so that a lost answer does not make the write lose against itself.
func (t *Table) commit(ctx context.Context, b *base, n *next) error {
	pk := projectKey(b.project)
	head, err := marshal(pk, headKey(b.shard), n.head)
	if err != nil {
		return err
	}
	headPut, err := t.put(head, b.headStands())
	if err != nil {
		return err
	}
	placePut, err := t.place(b, counter{n.head.Epoch, n.head.Seq})
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
		writes = append(writes, types.TransactWriteItem{Delete: &types.Delete{TableName: &t.name, Key: key(pk, bodyKey(b.shard))}})
	}
	_, err = t.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
	return err // Write says what it was doing
}

// place puts the counter forward.
func (t *Table) place(b *base, place counter) (*types.Put, error) {
	i, err := marshal(eventsKey(b.project), counterKey, place)
	if err != nil {
		return nil, err
	}
	return t.put(i, b.counterStands())
}

func (t *Table) put(i item, condition expression.ConditionBuilder) (*types.Put, error) {
	built, err := expression.NewBuilder().WithCondition(condition).Build()
	if err != nil {
		return nil, fmt.Errorf("building a condition: %w", err)
	}
	return &types.Put{
		TableName: &t.name, Item: i, ConditionExpression: built.Condition(),
		ExpressionAttributeNames: built.Names(), ExpressionAttributeValues: built.Values(),
	}, nil
}

// headStands is the condition that nobody has written the head or announced an operation since the base was read. The
// event's difference holds only then.
func (b *base) headStands() expression.ConditionBuilder {
	if b.head == nil {
		return expression.Name(PartitionKey).AttributeNotExists()
	}
	stands := expression.Name("seq").Equal(expression.Value(b.head.Seq)).And(expression.Name("epoch").Equal(expression.Value(b.head.Epoch)))
	if b.head.Operation == nil {
		return stands.And(expression.Name("operation").AttributeNotExists())
	}
	return stands.And(expression.Name("operation.token").Equal(expression.Value(b.head.Operation.Token)))
}

func (b *base) counterStands() expression.ConditionBuilder {
	if b.counter == nil {
		return expression.Name(PartitionKey).AttributeNotExists()
	}
	return expression.Name("seq").Equal(expression.Value(b.counter.Seq)).And(expression.Name("epoch").Equal(expression.Value(b.counter.Epoch)))
}

// raced says whether a transaction was cancelled only because of other writers, or because DynamoDB was short of
// capacity for it, which the SDK doesn't try again by itself.
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
