package relay

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
)

const (
	routeConnect    = "$connect"
	routeDisconnect = "$disconnect"
	routeDefault    = "$default"
)

// routeBound limits one route: API Gateway waits for 29 seconds, and a client repeats an unanswered
// request.
const routeBound = 25 * time.Second

// client is the other end of a connection, as described by API Gateway with every message.
type client struct {
	id string
	// ends is the latest end of the connection: API Gateway's limit, or the expiry of the token if
	// that is sooner.
	ends time.Time
	// projects are the names of the visible projects, or Everything; none without an authorizer's
	// context.
	projects []string
	// behind reports that the client has missed events and was not told yet.
	behind bool
}

// sees reports whether the client may see a project.
func (c client) sees(project string) bool {
	if slices.Contains(c.projects, Everything) {
		return project == mirror.Directory || isProjectName(project)
	}
	return slices.Contains(c.projects, project) && isProjectName(project)
}

// clientOf reads the client from the context of a request.
func clientOf(request events.APIGatewayWebsocketProxyRequestContext) client {
	c := client{id: request.ConnectionID, ends: time.UnixMilli(request.ConnectedAt).UTC().Add(event.ConnectionLife)}
	told, ok := request.Authorizer.(map[string]any)
	if !ok {
		return c
	}
	names, _ := told[contextProjects].(string)
	c.projects = strings.Fields(names)
	text, _ := told[contextExpires].(string)
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		if expires := time.Unix(seconds, 0).UTC(); expires.Before(c.ends) {
			c.ends = expires
		}
	}
	return c
}

// Route handles an event of the WebSocket API: a client connects, sends a message or disconnects.
func (r *Relay) Route(ctx context.Context, raw json.RawMessage) (*events.APIGatewayProxyResponse, error) {
	var request events.APIGatewayWebsocketProxyRequest
	if err := json.Unmarshal(raw, &request); err != nil {
		return nil, fmt.Errorf("the event of a WebSocket API: %w", withoutContent(err))
	}
	ctx, cancel := context.WithTimeout(ctx, routeBound)
	defer cancel()
	c := clientOf(request.RequestContext)
	switch route := request.RequestContext.RouteKey; route {
	case routeConnect:
		return r.connect(ctx, c, request)
	case routeDisconnect:
		return r.disconnect(ctx, c)
	case routeDefault:
		return r.answer(ctx, c, request)
	default:
		return nil, fmt.Errorf(
			"the WebSocket API has a route that the relay doesn't know: its key has %d characters", len(route),
		)
	}
}

func status(code int) *events.APIGatewayProxyResponse {
	return &events.APIGatewayProxyResponse{StatusCode: code}
}

// HandleRoute is Route with the signature of a Lambda function.
func (r *Relay) HandleRoute(ctx context.Context, event []byte) ([]byte, error) {
	answer, err := r.Route(ctx, event)
	if err != nil {
		return nil, err
	}
	return json.Marshal(answer)
}
