package push

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"golang.org/x/sync/errgroup"

	"github.com/stowage/terraform-provider-stowage/internal/event"
)

const (
	// AtOnce is the number of clients that are written concurrently.
	AtOnce = 64
	// ClientBound is the maximum time that a Send or Publish spends on one client.
	ClientBound = 2 * time.Second

	attempts    = 3
	longestWait = 250 * time.Millisecond // between attempts
)

// States of a client that are not failures of the hub.
var (
	// ErrGone means that the connection is closed.
	ErrGone = errors.New("the connection has ended")
	// ErrBusy means that the client does not accept messages at the moment.
	ErrBusy = errors.New("the client does not take what it is sent")
)

// Pusher sends messages on connections. It is safe for concurrent use.
type Pusher struct {
	client *apigatewaymanagementapi.Client
	// retryer repeats a call for a client that is busy for a moment.
	retryer aws.Retryer
}

// New returns a Pusher for a client with the endpoint of a WebSocket API's stage.
func New(client *apigatewaymanagementapi.Client) *Pusher {
	return &Pusher{client, retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff, o.RateLimiter = attempts, longestWait, ratelimit.None
	})}
}

// Send sends a message on a connection. It returns wrapped ErrGone, ErrBusy, or another error of
// AWS.
func (p *Pusher) Send(ctx context.Context, connection string, m event.Message) error {
	texts, err := m.Encode()
	if err != nil {
		return err // names the problem itself
	}
	return p.post(ctx, connection, texts)
}

// Result is the result of a Publish.
type Result struct {
	Reached int // clients that received every message
	Posts   int // successful calls
	// Gone are the closed connections, Behind those whose clients have lost events.
	Gone, Behind []string
	// Err is the reason why other clients were not reached; nil when all were.
	Err error
}

// Publish sends messages in order on every connection.
func (p *Pusher) Publish(ctx context.Context, connections []string, messages []event.Message) Result {
	var texts [][]byte
	for _, m := range messages {
		encoded, err := m.Encode()
		if err != nil {
			return Result{Err: err}
		}
		texts = append(texts, encoded...)
	}
	var (
		result   Result
		failures int
		mu       sync.Mutex // protects result and failures
		group    errgroup.Group
	)
	group.SetLimit(AtOnce)
	for _, connection := range connections {
		group.Go(func() error {
			err := ctx.Err()
			if err == nil {
				err = p.post(ctx, connection, texts)
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				result.Reached++
				result.Posts += len(texts)
			case errors.Is(err, ErrGone):
				result.Gone = append(result.Gone, connection)
			case errors.Is(err, ErrBusy):
				result.Behind = append(result.Behind, connection)
			default:
				failures++
				result.Err = err
			}
			return nil
		})
	}
	_ = group.Wait() // the result holds the errors
	if failures > 0 {
		result.Err = fmt.Errorf(
			"%d of %d clients were not reached, one of them since: %w", failures, len(connections), result.Err,
		)
	}
	return result
}

func (p *Pusher) post(ctx context.Context, connection string, texts [][]byte) error {
	bounded, cancel := context.WithTimeout(ctx, ClientBound)
	defer cancel()
	for _, text := range texts {
		_, err := p.client.PostToConnection(
			bounded, &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: &connection, Data: text},
			func(o *apigatewaymanagementapi.Options) { o.Retryer = p.retryer },
		)
		switch status := statusOf(err); {
		case err == nil:
		case status == http.StatusGone:
			return fmt.Errorf("%w: %w", ErrGone, err)
		case status == http.StatusTooManyRequests, ctx.Err() == nil && bounded.Err() != nil:
			return fmt.Errorf("%w: %w", ErrBusy, err)
		default:
			return fmt.Errorf("sending on a connection: %w", err)
		}
	}
	return nil
}

// statusOf returns the HTTP status of an answer, by which API Gateway's documentation distinguishes
// refusals (API reference, PostToConnection); 0 without an answer.
func statusOf(err error) int {
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) {
		return answer.HTTPStatusCode()
	}
	return 0
}
