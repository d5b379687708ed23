package apigateway

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// proxyEvent is the event of a route's function.
type proxyEvent struct {
	Headers                         map[string]string   `json:"headers,omitempty"`
	MultiValueHeaders               map[string][]string `json:"multiValueHeaders,omitempty"`
	QueryStringParameters           map[string]string   `json:"queryStringParameters,omitempty"`
	MultiValueQueryStringParameters map[string][]string `json:"multiValueQueryStringParameters,omitempty"`
	RequestContext                  requestContext      `json:"requestContext"`
	Body                            string              `json:"body,omitempty"`
	IsBase64Encoded                 bool                `json:"isBase64Encoded"`
}

// authorizerEvent is the event of an authorizer. It has no path and no method, as those of
// WebSocket APIs.
type authorizerEvent struct {
	Type                            string              `json:"type"`
	MethodARN                       string              `json:"methodArn"`
	Headers                         map[string]string   `json:"headers"`
	MultiValueHeaders               map[string][]string `json:"multiValueHeaders"`
	QueryStringParameters           map[string]string   `json:"queryStringParameters"`
	MultiValueQueryStringParameters map[string][]string `json:"multiValueQueryStringParameters"`
	StageVariables                  map[string]string   `json:"stageVariables"`
	RequestContext                  requestContext      `json:"requestContext"`
}

type requestContext struct {
	RouteKey             string            `json:"routeKey"`
	Authorizer           map[string]string `json:"authorizer,omitempty"`
	MessageID            string            `json:"messageId,omitempty"`
	DisconnectStatusCode int               `json:"disconnectStatusCode,omitempty"`
	DisconnectReason     *string           `json:"disconnectReason,omitempty"`
	EventType            string            `json:"eventType"`
	ExtendedRequestID    string            `json:"extendedRequestId"`
	RequestTime          string            `json:"requestTime"`
	MessageDirection     string            `json:"messageDirection"`
	Stage                string            `json:"stage"`
	ConnectedAt          int64             `json:"connectedAt"`
	RequestTimeEpoch     int64             `json:"requestTimeEpoch"`
	Identity             identity          `json:"identity"`
	RequestID            string            `json:"requestId"`
	DomainName           string            `json:"domainName"`
	ConnectionID         string            `json:"connectionId"`
	APIID                string            `json:"apiId"`
}

type identity struct {
	UserAgent string `json:"userAgent,omitempty"`
	SourceIP  string `json:"sourceIp"`
}

// context returns the part that all events have.
func (c *connection) context(route, kind, requestID string) requestContext {
	now := time.Now().UTC()
	return requestContext{
		RouteKey: route, Authorizer: c.authorizer, EventType: kind, MessageDirection: "IN",
		RequestID: requestID, ExtendedRequestID: requestID,
		RequestTime: now.Format("02/Jan/2006:15:04:05 -0700"), RequestTimeEpoch: now.UnixMilli(),
		Stage: c.stage.settings.Stage, APIID: c.stage.settings.API, DomainName: c.stage.Domain(),
		ConnectedAt: c.connectedAt.UnixMilli(), ConnectionID: c.id, Identity: c.identity,
	}
}

// headersOf converts a request's headers for events: the last value of each, and all values.
func headersOf(h http.Header) (last map[string]string, all map[string][]string) {
	last, all = make(map[string]string, len(h)), make(map[string][]string, len(h))
	for name, values := range h {
		if len(values) == 0 {
			continue
		}
		if rest, ok := strings.CutPrefix(name, "Sec-Websocket-"); ok {
			name = "Sec-WebSocket-" + rest // as clients write it; Go canonicalizes it differently
		}
		last[name], all[name] = values[len(values)-1], values
	}
	return last, all
}

// queryOf converts a query for events; nil for none.
func queryOf(q url.Values) (last map[string]string, all map[string][]string) {
	if len(q) == 0 {
		return nil, nil
	}
	last = make(map[string]string, len(q))
	for name, values := range q {
		if len(values) > 0 {
			last[name] = values[len(values)-1]
		}
	}
	return last, q
}

// identifier derives an ID in API Gateway's format for connections and requests: 15 characters and
// an equals sign.
func identifier(parts ...any) string {
	hash := sha256.Sum256([]byte(fmt.Sprintln(parts...)))
	return base64.URLEncoding.EncodeToString(hash[:11])
}
