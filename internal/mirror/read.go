package mirror

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/stowage/terraform-provider-stowage/internal/event"
)

// Snapshot holds a project's mirrored stacks, by shard.
type Snapshot struct {
	Heads  map[int]*Head
	Bodies map[int]*Body
	Drifts map[int]*Drift
}

// Read reads a project's stacks with one strongly consistent Query per 1 MB. A project that is not
// mirrored gives an empty Snapshot. Expired operations are omitted. Without a table it returns a
// model.NotFoundTable error.
func (t *Table) Read(ctx context.Context, project string) (*Snapshot, error) {
	return t.ReadWithin(ctx, project, 0)
}

// ReadWithin is Read with a bound on each page's time; 0 is none. It returns an *UnreachableError
// beyond it.
func (t *Table) ReadWithin(ctx context.Context, project string, page time.Duration) (*Snapshot, error) {
	snapshot := &Snapshot{Heads: map[int]*Head{}, Bodies: map[int]*Body{}, Drifts: map[int]*Drift{}}
	now := time.Now()
	err := t.queryWithin(
		ctx,
		where(expression.Key(PartitionKey).Equal(expression.Value(projectKey(project)))),
		page,
		func(i item) error {
			switch sk := keyPart(i, SortKey); {
			case isHead(sk):
				var head Head
				if err := unmarshal(i, &head); err != nil {
					return err
				}
				if head.expired(now) {
					head.Operation = nil
				}
				snapshot.Heads[head.Shard] = &head
			case isBody(sk):
				var body Body
				if err := unmarshal(i, &body); err != nil {
					return err
				}
				if body.Format >= bodyFormat {
					snapshot.Bodies[body.Shard] = &body
				}
			case isDrift(sk):
				var drift Drift
				if err := unmarshal(i, &drift); err != nil {
					return err
				}
				snapshot.Drifts[drift.Shard] = &drift
			}
			return nil
		},
	)
	if err != nil {
		return nil, t.failed(fmt.Sprintf("reading the project %s", project), err)
	}
	return snapshot, nil
}

// Events reads the events of a project's current epoch above after, in order, without expired ones.
func (t *Table) Events(ctx context.Context, project string, after int64) ([]event.Event, error) {
	var events []event.Event
	var place counter
	now := time.Now().Unix()
	keys := expression.Key(PartitionKey).Equal(expression.Value(eventsKey(project))).
		And(expression.Key(SortKey).Between(expression.Value(eventKey(after+1)), expression.Value(counterKey)))
	err := t.query(ctx, where(keys), func(i item) error {
		switch keyPart(i, SortKey) {
		case counterKey:
			return unmarshal(i, &place)
		case sentKey:
			return nil
		}
		var s storedEvent
		if err := unmarshal(i, &s); err != nil {
			return err
		}
		if s.Expires > now {
			events = append(events, s.event())
		}
		return nil
	})
	if err != nil {
		return nil, t.failed(fmt.Sprintf("reading the events of the project %s", project), err)
	}
	// An event of an older epoch can remain when a Forget and a Write overlapped.
	return slices.DeleteFunc(events, func(e event.Event) bool { return e.Epoch != place.Epoch }), nil
}

// ReadDrifts reads only the drift of a project's stacks, within a bound as ReadWithin does.
func ReadDrifts(ctx context.Context, t *Table, project string, page time.Duration) (map[int]*Drift, error) {
	drifts := map[int]*Drift{}
	keys := expression.Key(PartitionKey).Equal(expression.Value(projectKey(project))).
		And(expression.Key(SortKey).BeginsWith(driftPrefix))
	err := t.queryWithin(ctx, where(keys), page, func(i item) error {
		var drift Drift
		if err := unmarshal(i, &drift); err != nil {
			return err
		}
		drifts[drift.Shard] = &drift
		return nil
	})
	if err != nil {
		return nil, t.failed(fmt.Sprintf("reading the drift of the project %s", project), err)
	}
	return drifts, nil
}
