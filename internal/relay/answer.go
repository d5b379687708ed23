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

// retrySeconds is when a client asks again, at the earliest, that could not be answered; twice as long is the latest.
const retrySeconds = 5

// connect keeps a connection. Nothing can be sent on it until API Gateway has the answer, so the client speaks first.
func (r *Relay) connect(ctx context.Context, c client, request events.APIGatewayWebsocketProxyRequest) (*events.APIGatewayProxyResponse, error) {
	if len(c.projects) == 0 {
		// There is no authorizer before the route, or it is another one: nobody may see anything.
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
	answer.Headers = map[string]string{subprotocolHeader: event.Subprotocol} // of all that was offered: never the token
	return answer, nil
}

// disconnect forgets a connection. API Gateway doesn't always tell, so whoever finds one gone does the same.
func (r *Relay) disconnect(ctx context.Context, c client) (*events.APIGatewayProxyResponse, error) {
	live, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	if err := live.store.Disconnect(ctx, c.id); err != nil {
		r.log.WarnContext(ctx, "a connection could not be removed; it goes with the first message that doesn't reach it", "connection", c.id, "error", err.Error())
	}
	r.log.InfoContext(ctx, "disconnected", "connection", c.id)
	return status(http.StatusOK), nil
}

// answer answers a client's message, by messages of its own on the connection.
func (r *Relay) answer(ctx context.Context, c client, request events.APIGatewayWebsocketProxyRequest) (*events.APIGatewayProxyResponse, error) {
	live, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	if !time.Now().Before(c.ends) {
		// Its token has expired. It hears nothing any more, takes the connection for dead, and connects again with another token.
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
		r.log.InfoContext(ctx, "a message was refused", "connection", c.id, "request", kindOf(asked.Type), "code", refused.answer.Code)
		err = s.refuse(ctx, asked, refused.answer)
	default:
		r.log.ErrorContext(ctx, "a message could not be answered", "connection", c.id, "request", kindOf(asked.Type), "error", err.Error())
		err = s.refuse(ctx, asked, unavailable())
	}
	if err != nil && !errors.Is(err, push.ErrGone) {
		return nil, fmt.Errorf("answering a %s message: %w", kindOf(asked.Type), err)
	}
	r.log.DebugContext(ctx, "answered", "connection", c.id, "request", kindOf(asked.Type))
	return status(http.StatusOK), nil
}

// otherKind stands for types of messages that we don't know.
const otherKind = "other"

// kindOf is a message's type for the log, where only types that we know have a place.
func kindOf(t event.Type) string {
	switch t {
	case event.TypeHello, event.TypeResume, event.TypeSnapshot, event.TypePing:
		return string(t)
	default:
		return otherKind
	}
}
