package mirror

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Drift is the item of a stack's live drift, beside its head and body, so that a plan reads it with
// the Query that it makes anyway.
type Drift struct {
	Shard   int    `json:"shard"`
	StackID string `json:"stack_id"`
	// Checked is when the stack was last compared with AWS, and LastUpdated the time of its last
	// operation then. Both are zero before the first comparison.
	Checked     time.Time          `json:"checked"`
	LastUpdated time.Time          `json:"last_updated"`
	Drift       template.LiveDrift `json:"drift"`
	// Detection is the drift detection in progress; nil for none.
	Detection *DriftDetection `json:"detection,omitempty"`
}

// DriftDetection is a drift detection that CloudFormation makes.
type DriftDetection struct {
	ID      string    `json:"id"`
	Started time.Time `json:"started"`
	// LastUpdated is the time of the stack's last operation when the detection started. The result
	// counts only if it is the same at the end.
	LastUpdated time.Time `json:"last_updated"`
}

const driftPrefix = "DRIFT#"

func driftKey(shard int) string { return driftPrefix + strconv.Itoa(shard) }

func isDrift(sk string) bool { return strings.HasPrefix(sk, driftPrefix) }

// of returns the drift if it is of a stack, else nil.
func (d *Drift) of(stackID string) *Drift {
	if d == nil || d.StackID != stackID {
		return nil
	}
	return d
}

// PutDrift stores a drift item without an event, when a detection starts or was lost. The last of
// two writers wins: both detections have the same result.
func (t *Table) PutDrift(ctx context.Context, project string, drift Drift) error {
	doing := fmt.Sprintf("writing the drift of stack %d of the project %s", drift.Shard, project)
	i, err := marshal(projectKey(project), driftKey(drift.Shard), drift)
	if err != nil {
		return err
	}
	if _, err := t.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &t.name, Item: i}); err != nil {
		return t.failed(doing, err)
	}
	return nil
}

// ChangeDrift changes the drift item of a mirrored stack and stores the event, in one transaction.
// change gets the present item and returns its successor; nil means none and no change. changed is
// false when there is no change, or the stack is not mirrored or not at rest.
func (t *Table) ChangeDrift(
	ctx context.Context, project string, shard int, change func(*Drift) *Drift,
) (changed bool, err error) {
	doing := fmt.Sprintf("writing the drift of stack %d of the project %s", shard, project)
	err = t.racing(ctx, doing, func() error {
		changed = false
		b, err := t.base(ctx, project, shard, true)
		if err != nil || b.head == nil || b.body == nil || !cfn.Stable(b.head.Status) {
			return err
		}
		next := change(b.drift)
		if next == nil {
			return nil
		}
		if err := t.writeDrift(ctx, b, next); err != nil {
			return err
		}
		changed = true
		return nil
	})
	return changed, err
}

// writeDrift replaces the drift item of a base, and stores the event.
func (t *Table) writeDrift(ctx context.Context, b *base, drift *Drift) error {
	drift.Shard = b.shard
	item, err := marshal(projectKey(b.project), driftKey(b.shard), drift)
	if err != nil {
		return err
	}
	place := b.next()
	head := *b.head
	head.Seq, head.Epoch = place.Seq, place.Epoch
	change := event.StackChange{
		StackState: head.state(), Facts: factsOf(&b.body.Contents, drift.of(b.body.StackID)), DriftOnly: true,
	}
	e, err := eventItem(event.Event{
		Project: b.project, Epoch: place.Epoch, Seq: place.Seq, Revision: head.Revision,
		Time: time.Now().UTC().Truncate(time.Millisecond),
	}, change)
	if err != nil {
		return err
	}
	return t.advance(ctx, b, place, expression.UpdateBuilder{}, e, item) // ChangeDrift adds the context
}
