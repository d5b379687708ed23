package relay

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/stowage/terraform-provider-stowage/internal/board"
)

// Board configures the page, in addition to Access.
type Board struct {
	// WebSocket is the URL of the WebSocket API for browsers.
	WebSocket string
	// ClientID is the board's public client at the issuer; "" means that nobody can sign in, and the
	// page needs an address with a token. Tokens for it allow connections.
	ClientID string
	// Scope lists the scopes to request, separated by spaces; "" means openid.
	Scope string
}

func (b Board) check(access Access) error {
	switch {
	case b.ClientID != "" && access.Issuer == "":
		return errors.New("the board has a client, but the issuer of the tokens is missing")
	case b.ClientID != "" && b.WebSocket == "":
		return errors.New("the board has a client, but the URL of the WebSocket API is missing")
	case b.WebSocket == "":
		return nil
	}
	u, err := url.Parse(b.WebSocket)
	if err != nil || u.Host == "" || u.Scheme != "wss" && (u.Scheme != "ws" || !isLoopback(u)) {
		return fmt.Errorf("the URL of the WebSocket API is %q, and not a wss URL", b.WebSocket)
	}
	return nil
}

func (b Board) settings(access Access) board.Settings {
	s := board.Settings{WebSocket: b.WebSocket}
	if b.ClientID != "" {
		s.Issuer, s.ClientID, s.Scope, s.ProjectsClaim = access.Issuer, b.ClientID, b.Scope, access.ProjectsClaim
	}
	return s
}

// defaultStage is the stage of an HTTP API that is not part of the path.
const defaultStage = "$default"

// Page answers a request of the HTTP API with a file of the board.
func (r *Relay) Page(ctx context.Context, raw json.RawMessage) (*events.APIGatewayV2HTTPResponse, error) {
	var event events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(raw, &event); err != nil {
		return nil, fmt.Errorf("the event of an HTTP API: %w", withoutContent(err))
	}
	request := requestOf(ctx, event)
	settings := r.board
	if request.URL.Path == "/" {
		// Only the page itself has a policy, and so needs the issuer's endpoints.
		settings.TokenEndpoint = r.tokenEndpoint(ctx)
	}
	answer := &page{header: http.Header{}}
	board.Handler(settings).ServeHTTP(answer, request)
	return answer.response(), nil
}

// tokenEndpoint returns the URL of the issuer's token endpoint; "" when the issuer is not
// available, and so nobody can sign in.
func (r *Relay) tokenEndpoint(ctx context.Context) string {
	if r.board.ClientID == "" {
		return ""
	}
	address, err := r.gate.verifier.tokenEndpoint(ctx)
	if err != nil {
		r.log.WarnContext(ctx, "the page is served without the issuer's token endpoint", "error", err.Error())
	}
	return address
}

// requestOf converts an event. Its path begins with the stage, unless that is $default.
func requestOf(ctx context.Context, event events.APIGatewayV2HTTPRequest) *http.Request {
	path := event.RawPath
	if stage := event.RequestContext.Stage; stage != defaultStage {
		if rest, ok := strings.CutPrefix(path, "/"+stage); ok && (rest == "" || rest[0] == '/') {
			path = rest
		}
	}
	if path == "" {
		path = "/"
	}
	header := http.Header{}
	for name, value := range event.Headers {
		header.Set(name, value)
	}
	request := &http.Request{
		Method: event.RequestContext.HTTP.Method, URL: &url.URL{Path: path, RawQuery: event.RawQueryString}, Header: header,
	}
	return request.WithContext(ctx)
}

// page is a response of the HTTP API.
type page struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (p *page) Header() http.Header { return p.header }

func (p *page) WriteHeader(status int) {
	if p.status == 0 {
		p.status = status
	}
}

func (p *page) Write(text []byte) (int, error) {
	p.WriteHeader(http.StatusOK)
	return p.body.Write(text)
}

// response returns the response in payload format 2.0, in which a header has one value.
func (p *page) response() *events.APIGatewayV2HTTPResponse {
	p.WriteHeader(http.StatusOK)
	answer := &events.APIGatewayV2HTTPResponse{StatusCode: p.status, Headers: map[string]string{}, Body: p.body.String()}
	for name, values := range p.header {
		answer.Headers[name] = strings.Join(values, ", ")
	}
	delete(answer.Headers, "Content-Length") // API Gateway's own
	if !utf8.Valid(p.body.Bytes()) {
		answer.Body, answer.IsBase64Encoded = base64.StdEncoding.EncodeToString(p.body.Bytes()), true
	}
	return answer
}

// HandlePage is Page with the signature of a Lambda function.
func (r *Relay) HandlePage(ctx context.Context, event []byte) ([]byte, error) {
	answer, err := r.Page(ctx, event)
	if err != nil {
		return nil, err
	}
	return json.Marshal(answer)
}
