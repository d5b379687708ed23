package relay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/push"
)

// retrySeconds is the minimum delay before a client repeats a request that failed. The maximum is
// twice as long.
const retrySeconds = 5

// connect stores a connection. API Gateway delivers no message before it has the answer, so the
// client speaks first.
func (r *Relay) connect(
	ctx context.Context, c client, request events.APIGatewayWebsocketProxyRequest,
) (*events.APIGatewayProxyResponse, error) {
	if len(c.projects) == 0 {
		// The route has no authorizer, or another one: the client has access to no project.
		r.log.ErrorContext(ctx, "a connection came without an authorizer's word", "connection", c.id)
		return status(http.StatusUnauthorized), nil
	}
	if !slices.Contains(subprotocolsOf(request.Headers, request.MultiValueHeaders), event.Subprotocol) {
		return status(http.StatusBadRequest), nil
	}
	live, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	if err := live.store.Connect(ctx, c); err != nil {
		r.log.ErrorContext(ctx, "a connection could not be kept", "connection", c.id, "error", err.Error())
		return status(http.StatusServiceUnavailable), nil
	}
	r.log.InfoContext(ctx, "connected", "connection", c.id, "projects", len(c.projects))
	answer := status(http.StatusOK)
	answer.Headers = map[string]string{subprotocolHeader: event.Subprotocol} // never the token
	return answer, nil
}

// disconnect removes a connection. API Gateway does not report every disconnection, so all senders
// do the same when they find a closed one.
func (r *Relay) disconnect(ctx context.Context, c client) (*events.APIGatewayProxyResponse, error) {
	live, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	if err := live.store.Disconnect(ctx, c.id); err != nil {
		r.log.WarnContext(
			ctx, "a connection could not be removed; it goes with the first message that doesn't reach it",
			"connection", c.id, "error", err.Error(),
		)
	}
	r.log.InfoContext(ctx, "disconnected", "connection", c.id)
	return status(http.StatusOK), nil
}

// answer answers a client's message with messages on the connection.
func (r *Relay) answer(
	ctx context.Context, c client, request events.APIGatewayWebsocketProxyRequest,
) (*events.APIGatewayProxyResponse, error) {
	live, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	if !time.Now().Before(c.ends) {
		// The token has expired. A client that receives nothing closes the connection and connects
		// with a new token.
		r.log.InfoContext(ctx, "a client's time is over", "connection", c.id)
		return status(http.StatusForbidden), live.store.Disconnect(ctx, c.id)
	}
	s := &session{client: c, live: live}
	asked, err := read(request)
	if err == nil {
		err = s.reply(ctx, asked)
	}
	var refused *refusedMessage
	switch {
	case err == nil:
	case errors.Is(err, push.ErrGone):
		r.log.InfoContext(ctx, "a client had gone before it was answered", "connection", c.id, "request", kindOf(asked.Type))
		return status(http.StatusOK), nil
	case errors.As(err, &refused):
		r.log.InfoContext(
			ctx, "a message was refused", "connection", c.id, "request", kindOf(asked.Type), "code",
			refused.answer.Code,
		)
		err = s.refuse(ctx, asked, refused.answer)
	default:
		r.log.ErrorContext(
			ctx, "a message could not be answered", "connection", c.id, "request", kindOf(asked.Type), "error",
			err.Error(),
		)
		err = s.refuse(ctx, asked, unavailable())
	}
	if err != nil && !errors.Is(err, push.ErrGone) {
		return nil, fmt.Errorf("answering a %s message: %w", kindOf(asked.Type), err)
	}
	r.log.DebugContext(ctx, "answered", "connection", c.id, "request", kindOf(asked.Type))
	return status(http.StatusOK), nil
}

// otherKind represents message types that are not known.
const otherKind = "other"

// kindOf returns a message's type for the log, which contains known types only.
func kindOf(t event.Type) string {
	switch t {
	case event.TypeHello, event.TypeResume, event.TypeSnapshot, event.TypePing:
		return string(t)
	default:
		return otherKind
	}
}
