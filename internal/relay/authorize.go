package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// Names of the values in the authorizer's context. Routes receive all of them as strings.
const (
	contextSubject  = "subject"  // the token's subject
	contextProjects = "projects" // names separated by spaces, or Everything
	contextExpires  = "expires"  // expiry of the token, in seconds since 1970
)

// errUnauthorized is the error that API Gateway turns into status 401 (API Gateway developer guide,
// output from a Lambda authorizer).
var errUnauthorized = errors.New("Unauthorized") // the text that API Gateway compares

// maxContext is the maximum size of the list of visible projects: API Gateway limits the whole
// answer to 8 KB.
const maxContext = 6 << 10

// Authorize decides whether a client may connect. It allows a valid token in the subprotocol,
// denies (403) a subject with access to no project, and answers every other request with 401. Logs
// and answers contain the subject and the visible projects, and nothing else of the token.
func (r *Relay) Authorize(
	ctx context.Context, event json.RawMessage,
) (*events.APIGatewayCustomAuthorizerResponse, error) {
	var request events.APIGatewayCustomAuthorizerRequestTypeRequest
	if err := json.Unmarshal(event, &request); err != nil {
		r.log.WarnContext(ctx, "a connection was refused", "reason", "its event can't be decoded")
		return nil, errUnauthorized
	}
	id := request.RequestContext.RequestID
	token, err := tokenOf(request.Headers, request.MultiValueHeaders)
	var who *visitor
	if err == nil {
		who, err = r.gate.admit(ctx, token)
	}
	var refused *refusal
	switch {
	case errors.As(err, &refused) && refused.known:
		r.log.InfoContext(ctx, "a connection was denied", "request", id, "reason", refused.reason)
		return verdict("anonymous", "Deny", request.MethodArn, nil), nil
	case errors.As(err, &refused):
		r.log.InfoContext(ctx, "a connection was refused", "request", id, "reason", refused.reason)
		return nil, errUnauthorized
	case err != nil:
		r.log.ErrorContext(ctx, "a token could not be verified", "request", id, "error", err.Error())
		return nil, fmt.Errorf("verifying a token: %w", err)
	}
	names := strings.Join(who.projects, " ")
	if len(names) > maxContext {
		r.log.WarnContext(
			ctx, "a connection was denied", "request", id, "reason", "the token names too many projects", "projects",
			len(who.projects),
		)
		return verdict("anonymous", "Deny", request.MethodArn, nil), nil
	}
	r.log.InfoContext(ctx, "a connection was let in", "request", id, "projects", len(who.projects))
	return verdict(who.subject, "Allow", request.MethodArn, map[string]any{
		contextSubject: who.subject, contextProjects: names, contextExpires: strconv.FormatInt(who.expires.Unix(), 10),
	}), nil
}

func verdict(principal, effect, methodARN string, told map[string]any) *events.APIGatewayCustomAuthorizerResponse {
	return &events.APIGatewayCustomAuthorizerResponse{
		PrincipalID: principal, Context: told,
		PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{
			Version: "2012-10-17",
			Statement: []events.IAMPolicyStatement{
				{Action: []string{"execute-api:Invoke"}, Effect: effect, Resource: []string{methodARN}},
			},
		},
	}
}

// HandleAuthorization is Authorize with the signature of a Lambda function.
func (r *Relay) HandleAuthorization(ctx context.Context, event []byte) ([]byte, error) {
	answer, err := r.Authorize(ctx, event)
	if err != nil {
		return nil, err
	}
	return json.Marshal(answer)
}
