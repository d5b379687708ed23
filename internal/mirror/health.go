package mirror

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Health is what the relay records about itself, in one item of the table.
type Health struct {
	RelayVersion string `json:"relay_version"`
	// Swept is the time of the last sweep, whether it failed or not.
	Swept time.Time `json:"swept"`
	// Compared is the time of the last comparison of all stacks with the mirror, Projects the number
	// of projects then, and Repaired the number of those for which the mirror was behind.
	Compared time.Time `json:"compared"`
	Projects int       `json:"projects"`
	Repaired int       `json:"repaired"`
	// Event is the time of the last event about a stack, to the minute. It is zero before the first.
	Event time.Time `json:"event"`
	// Connections is the number of web clients at the last sweep.
	Connections int `json:"connections"`
	// Failures is the number of failed sweeps since the last successful one. Failure is the error of
	// the last of them, and Failed its time; both stay after a success.
	Failures int       `json:"failures"`
	Failure  string    `json:"failure"`
	Failed   time.Time `json:"failed"`
}

// Sweep is the outcome of one sweep of the relay.
type Sweep struct {
	RelayVersion string
	At           time.Time
	// Comparison is nil for a sweep that did not compare the stacks.
	Comparison  *Comparison
	Connections int
	Err         error // nil for a success
}

// Comparison is the outcome of a comparison of all stacks with the mirror.
type Comparison struct{ Projects, Repaired int }

const (
	healthPartition = "HUB"
	healthKey       = "HEALTH"
)

// maxFailure limits the stored text of an error, in bytes.
const maxFailure = 1000

// RecordSweep records the outcome of a sweep.
func (t *Table) RecordSweep(ctx context.Context, s Sweep) error {
	set := func(u expression.UpdateBuilder, name string, value any) expression.UpdateBuilder {
		if at, isTime := value.(time.Time); isTime {
			value = at.UnixMilli()
		}
		return u.Set(expression.Name(name), expression.Value(value))
	}
	u := set(expression.UpdateBuilder{}, "relay_version", s.RelayVersion)
	u = set(u, "swept", s.At)
	u = set(u, "connections", s.Connections)
	if c := s.Comparison; c != nil {
		u = set(set(set(u, "compared", s.At), "projects", c.Projects), "repaired", c.Repaired)
	}
	if s.Err == nil {
		u = set(u, "failures", 0)
	} else {
		text := s.Err.Error()
		u = set(set(u, "failure", strings.ToValidUTF8(text[:min(len(text), maxFailure)], "")), "failed", s.At)
		u = u.Add(expression.Name("failures"), expression.Value(1))
	}
	return t.updateHealth(ctx, expression.NewBuilder().WithUpdate(u))
}

// RecordEvent records that an event about a stack arrived. A later time that is recorded stays.
func (t *Table) RecordEvent(ctx context.Context, at time.Time) error {
	err := t.updateHealth(ctx, expression.NewBuilder().
		WithUpdate(expression.Set(expression.Name("event"), expression.Value(at.UnixMilli()))).
		WithCondition(expression.Name("event").AttributeNotExists().
			Or(expression.Name("event").LessThan(expression.Value(at.UnixMilli())))))
	var later *types.ConditionalCheckFailedException
	if errors.As(err, &later) {
		return nil
	}
	return err
}

func (t *Table) updateHealth(ctx context.Context, change expression.Builder) error {
	built, err := change.Build()
	if err != nil {
		return fmt.Errorf("building an update: %w", err)
	}
	_, err = t.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: key(healthPartition, healthKey),
		UpdateExpression: built.Update(), ConditionExpression: built.Condition(),
		ExpressionAttributeNames: built.Names(), ExpressionAttributeValues: built.Values(),
	})
	if err != nil {
		return t.failed("recording the relay's health", err)
	}
	return nil
}

// Health reads what the relay recorded, with one Query; nil if it has not run yet.
func (t *Table) Health(ctx context.Context) (*Health, error) {
	var found *Health
	err := t.query(ctx, where(expression.Key(PartitionKey).Equal(expression.Value(healthPartition))), func(i item) error {
		found = &Health{}
		return unmarshal(i, found)
	})
	if err != nil {
		return nil, t.failed("reading the relay's health", err)
	}
	return found, nil
}
