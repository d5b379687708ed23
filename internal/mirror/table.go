package mirror

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// EventLife is how long events are kept.
const EventLife = 24 * time.Hour

// OperationLife is when an announced operation expires that doesn't say so itself.
const OperationLife = time.Hour

// Table is the mirror. It holds no state of its own and is safe for concurrent use.
type Table struct {
	client *dynamodb.Client
	name   string
}

// New makes a Table of a DynamoDB table that exists already.
func New(client *dynamodb.Client, table string) *Table { return &Table{client, table} }

// TableMissingError says that there is no such table where the mirror should be.
type TableMissingError struct {
	Table string
	Err   error
}

func (e *TableMissingError) Error() string {
	return fmt.Sprintf("the mirror's table %s does not exist", e.Table)
}

func (e *TableMissingError) Unwrap() error { return e.Err }

// failed wraps an error of a call to DynamoDB.
func (t *Table) failed(what string, err error) error {
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		return fmt.Errorf("%s: %w", what, &TableMissingError{t.name, err})
	}
	return fmt.Errorf("%s in the mirror %s: %w", what, t.name, err)
}

// query reads all pages of what a query asks for, strongly consistent, and hands the items to take.
func (t *Table) query(ctx context.Context, asked expression.Builder, take func(item) error) error {
	built, err := asked.Build()
	if err != nil {
		return fmt.Errorf("building a query: %w", err)
	}
	pages := dynamodb.NewQueryPaginator(t.client, &dynamodb.QueryInput{
		TableName:                 &t.name,
		ConsistentRead:            aws.Bool(true),
		KeyConditionExpression:    built.KeyCondition(),
		FilterExpression:          built.Filter(),
		ProjectionExpression:      built.Projection(),
		ExpressionAttributeNames:  built.Names(),
		ExpressionAttributeValues: built.Values(),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err // the callers say what they were doing
		}
		for _, i := range page.Items {
			if err := take(i); err != nil {
				return err
			}
		}
	}
	return nil
}

// where asks for the items whose keys meet a condition.
func where(keys expression.KeyConditionBuilder) expression.Builder {
	return expression.NewBuilder().WithKeyCondition(keys)
}

// attempts bounds how often a call is made again that lost a race. In each round of a race one writer wins, so that it
// is enough for that many writers at once.
const attempts = 30

// pause waits before attempt n (from 0) of a call that lost a race, for a random time that grows to a fifth of a second.
func pause(ctx context.Context, n int) error {
	if n == 0 {
		return ctx.Err()
	}
	longest := min(5*time.Millisecond<<min(n, 10), 200*time.Millisecond)
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	timer := time.NewTimer(time.Duration(binary.LittleEndian.Uint64(random[:]) % uint64(longest)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
