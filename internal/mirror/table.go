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
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithytime "github.com/aws/smithy-go/time"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// OperationLife is how long an announced operation counts if it has no expiry of its own.
const OperationLife = time.Hour

// Table is the mirror. It has no state and is safe for concurrent use.
type Table struct{ requests }

// requests makes the calls of one DynamoDB table.
type requests struct {
	client *dynamodb.Client
	name   string
}

// New returns a Table for an existing DynamoDB table.
func New(client *dynamodb.Client, table string) *Table { return &Table{requests{client, table}} }

// failed adds context to an error of a DynamoDB call.
func (t *requests) failed(what string, err error) error {
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		return fmt.Errorf("%s: %w", what, &model.NotFoundError{Kind: model.NotFoundTable, Table: t.name, Err: err})
	}
	return fmt.Errorf("%s in the mirror %s: %w", what, t.name, err)
}

// query reads all pages of a strongly consistent query and passes the items to take.
func (t *requests) query(ctx context.Context, asked expression.Builder, take func(item) error) error {
	return t.queryWithin(ctx, asked, 0, take)
}

// queryWithin is query with a bound on each page's time, including the SDK's retries; 0 is none. It
// returns a *UnreachableError beyond it.
func (t *requests) queryWithin(
	ctx context.Context, asked expression.Builder, bound time.Duration, take func(item) error,
) error {
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
		page, err := t.page(ctx, pages, bound)
		if err != nil {
			return err // the callers add the context
		}
		for _, i := range page.Items {
			if err := take(i); err != nil {
				return err
			}
		}
	}
	return nil
}

// page reads the next page of a query within a bound.
func (t *requests) page(
	ctx context.Context, pages *dynamodb.QueryPaginator, bound time.Duration,
) (*dynamodb.QueryOutput, error) {
	if bound == 0 {
		return pages.NextPage(ctx) //nolint:wrapcheck // the callers of query do
	}
	bounded, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	var last lastFailure
	page, err := pages.NextPage(bounded, func(o *dynamodb.Options) { o.APIOptions = append(o.APIOptions, last.observe) })
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		return nil, &UnreachableError{t.name, bound, errors.Join(last.err, err)}
	}
	return page, err //nolint:wrapcheck // the callers of query do
}

// lastFailure is the error of a call's last answered attempt, which the SDK's own error omits when
// time runs out between two attempts.
type lastFailure struct{ err error }

func (l *lastFailure) observe(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("StowageLastFailure", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if err != nil && ctx.Err() == nil {
			l.err = err
		}
		return out, metadata, err
	}), middleware.Before)
}

// UnreachableError is returned when the table gives no usable answer in time.
type UnreachableError struct {
	Table  string
	Within time.Duration
	Err    error
}

func (e *UnreachableError) Error() string {
	reason := e.Err.Error()
	var api smithy.APIError
	if errors.As(e.Err, &api) {
		reason = api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return fmt.Sprintf("no answer within %s (%s)", e.Within, reason)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// where returns a query for the items whose keys meet a condition.
func where(keys expression.KeyConditionBuilder) expression.Builder {
	return expression.NewBuilder().WithKeyCondition(keys)
}

// attempts limits the attempts of a call that loses races. One writer wins each round, so it is the
// supported number of concurrent writers.
const attempts = 30

// pause waits before attempt n (from 0), for a random time of up to a fifth of a second.
func pause(ctx context.Context, n int) error {
	if n == 0 {
		return ctx.Err()
	}
	longest := min(5*time.Millisecond<<min(n, 10), 200*time.Millisecond)
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return smithytime.SleepWithContext(ctx, time.Duration(binary.LittleEndian.Uint64(random[:])%uint64(longest)))
}
