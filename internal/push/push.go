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

	"github.com/stowage/terraform-provider-stowage/internal/event"
)

const (
	// AtOnce is how many clients are sent to at the same time.
	AtOnce = 64
	// ClientBound is the most that one client takes of a Send or Publish.
	ClientBound = 2 * time.Second

	attempts    = 3
	longestWait = 250 * time.Millisecond // before another attempt
)

// What can be wrong with a client, and is no failure of ours.
var (
	// ErrGone says that a connection has ended.
	ErrGone = errors.New("the connection has ended")
	// ErrBusy says that a client doesn't take what it is sent, at least not now.
	ErrBusy = errors.New("the client does not take what it is sent")
)

// Pusher sends messages on connections. It is safe for concurrent use.
type Pusher struct {
	client *apigatewaymanagementapi.Client
	// retryer makes another attempt for a client that is busy for a moment only.
	retryer aws.Retryer
}

// New makes a Pusher of a client that has the endpoint of a WebSocket API's stage.
func New(client *apigatewaymanagementapi.Client) *Pusher {
	return &Pusher{client, retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff, o.RateLimiter = attempts, longestWait, ratelimit.None
	})}
}

// Send sends a message on a connection. It returns ErrGone and ErrBusy, wrapped, and what else AWS refuses.
func (p *Pusher) Send(ctx context.Context, connection string, m event.Message) error {
	texts, err := m.Encode()
	if err != nil {
		return err // says it itself
	}
	return p.post(ctx, connection, texts)
}

// Result is what has come of a Publish.
type Result struct {
	Reached int // clients that were sent everything
	Posts   int // calls that were made and not refused
	// Gone are the connections that have ended, Behind those whose clients have lost something.
	Gone, Behind []string
	// Err is why others were not reached; nil when there are no others.
	Err error
}

// Publish sends messages, in order, on every connection.
func (p *Pusher) Publish(ctx context.Context, connections []string, messages []event.Message) Result {
	var texts [][]byte
	for _, m := range messages {
		encoded, err := m.Encode()
		if err != nil {
			return Result{Err: err}
		}
		texts = append(texts, encoded...)
	}
	todo := make(chan string, len(connections))
	for _, connection := range connections {
		todo <- connection
	}
	close(todo)
	var (
		result   Result
		failures int
		mu       sync.Mutex // protects result and failures
		group    sync.WaitGroup
	)
	for range min(AtOnce, len(connections)) {
		group.Go(func() {
			for connection := range todo {
				err := ctx.Err()
				if err == nil {
					err = p.post(ctx, connection, texts)
				}
				mu.Lock()
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
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if failures > 0 {
		result.Err = fmt.Errorf("%d of %d clients were not reached, one of them since: %w", failures, len(connections), result.Err)
	}
	return result
}

// post sends texts on a connection, one after the other.
func (p *Pusher) post(ctx context.Context, connection string, texts [][]byte) error {
	bounded, cancel := context.WithTimeout(ctx, ClientBound)
	defer cancel()
	for _, text := range texts {
		_, err := p.client.PostToConnection(bounded, &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: &connection, Data: text},
			func(o *apigatewaymanagementapi.Options) { o.Retryer = p.retryer })
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

// statusOf is the HTTP status of an answer, by which API Gateway's documentation tells its refusals apart (API reference, PostToConnection);
// 0 when there was no answer.
func statusOf(err error) int {
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) {
		return answer.HTTPStatusCode()
	}
	return 0
}
