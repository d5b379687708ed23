package apigateway

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// httpLimit is the maximum size of a request's body ("Quotas for configuring and running an HTTP
// API": payload size).
const httpLimit = 10 << 20

// HTTPSettings describe a stage of an HTTP API with one route, $default, whose integration invokes a
// function with payload format 2.0.
type HTTPSettings struct {
	API, Account, Region string
	Stage                string // "" means $default
	Function             string // the function's ARN
}

// httpStage is a served stage of an HTTP API.
type httpStage struct {
	gateway  *Service
	settings HTTPSettings
	throttle throttle // the gateway's lock guards it
}

// HTTP returns a stage as a handler.
//
// Events and answers follow the developer guide, "Working with AWS Lambda proxy integrations for HTTP
// APIs": names of headers are in lower case, several values of a header are joined by commas, and
// cookies are a list of their own.
func (s *Service) HTTP(settings HTTPSettings) http.Handler {
	settings.Stage = cmp.Or(settings.Stage, routeDefault)
	return &httpStage{gateway: s, settings: settings}
}

// ServeHTTP answers a request, whose path is the one below the stage.
func (h *httpStage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, httpLimit))
	if err != nil {
		refuseHTTP(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	}
	event := h.settings.eventOf(r, body)
	w.Header().Set("Apigw-Requestid", event.RequestContext.RequestID)
	switch {
	case !h.admit():
		refuseHTTP(w, http.StatusTooManyRequests, "Too Many Requests")
		return
	case h.settings.Function == "":
		refuseHTTP(w, http.StatusNotFound, "Not Found")
		return
	}
	raw, err := h.gateway.call(context.WithoutCancel(r.Context()), h.settings.Function, h.settings.arn(), event)
	if err != nil {
		status, text := http.StatusInternalServerError, "Internal Server Error"
		if err == errSlow { //nolint:errorlint // call returns it unwrapped
			status, text = http.StatusServiceUnavailable, "Service Unavailable"
		}
		refuseHTTP(w, status, text)
		return
	}
	answer, err := httpAnswerOf(raw)
	if err != nil {
		refuseHTTP(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	answer.write(w)
}

func (h *httpStage) admit() bool {
	h.gateway.mu.Lock()
	defer h.gateway.mu.Unlock()
	return h.throttle.admit(time.Now())
}

// arn returns the ARN of the stage's route.
func (s HTTPSettings) arn() string {
	return "arn:aws:execute-api:" + s.Region + ":" + s.Account + ":" + s.API + "/" + s.Stage + "/" + routeDefault
}

func refuseHTTP(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": message}) // the client may have disconnected
}

// httpEvent is the event of a function in payload format 2.0.
type httpEvent struct {
	Version               string             `json:"version"`
	RouteKey              string             `json:"routeKey"`
	RawPath               string             `json:"rawPath"`
	RawQueryString        string             `json:"rawQueryString"`
	Cookies               []string           `json:"cookies,omitempty"`
	Headers               map[string]string  `json:"headers"`
	QueryStringParameters map[string]string  `json:"queryStringParameters,omitempty"`
	RequestContext        httpRequestContext `json:"requestContext"`
	Body                  string             `json:"body,omitempty"`
	IsBase64Encoded       bool               `json:"isBase64Encoded"`
}

type httpRequestContext struct {
	AccountID    string      `json:"accountId"`
	APIID        string      `json:"apiId"`
	DomainName   string      `json:"domainName"`
	DomainPrefix string      `json:"domainPrefix"`
	HTTP         httpRequest `json:"http"`
	RequestID    string      `json:"requestId"`
	RouteKey     string      `json:"routeKey"`
	Stage        string      `json:"stage"`
	Time         string      `json:"time"`
	TimeEpoch    int64       `json:"timeEpoch"`
}

type httpRequest struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

// eventOf converts a request.
func (s HTTPSettings) eventOf(r *http.Request, body []byte) httpEvent {
	path := r.URL.Path
	if s.Stage != routeDefault {
		path = "/" + s.Stage + path
	}
	now := time.Now().UTC()
	source, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = r.RemoteAddr
	}
	event := httpEvent{
		Version: "2.0", RouteKey: routeDefault, RawPath: path, RawQueryString: r.URL.RawQuery, Headers: map[string]string{},
		RequestContext: httpRequestContext{
			AccountID: s.Account, APIID: s.API, DomainPrefix: s.API,
			DomainName: hostOf(s.API, s.Region),
			HTTP: httpRequest{
				Method: r.Method, Path: path, Protocol: r.Proto, SourceIP: source, UserAgent: r.UserAgent(),
			},
			RequestID: identifier("http", s.API, now.UnixNano(), r.RemoteAddr), RouteKey: routeDefault, Stage: s.Stage,
			Time: now.Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: now.UnixMilli(),
		},
	}
	for name, values := range r.Header {
		if name == "Cookie" {
			for _, line := range values {
				for cookie := range strings.SplitSeq(line, ";") {
					event.Cookies = append(event.Cookies, strings.TrimSpace(cookie))
				}
			}
			continue
		}
		event.Headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	event.Headers["host"] = event.RequestContext.DomainName
	for name, values := range r.URL.Query() {
		if event.QueryStringParameters == nil {
			event.QueryStringParameters = map[string]string{}
		}
		event.QueryStringParameters[name] = strings.Join(values, ",")
	}
	if len(body) > 0 {
		event.Body, event.IsBase64Encoded = string(body), !utf8.Valid(body)
		if event.IsBase64Encoded {
			event.Body = base64.StdEncoding.EncodeToString(body)
		}
	}
	return event
}

// httpAnswer is a function's answer in payload format 2.0.
type httpAnswer struct {
	StatusCode      int               `json:"statusCode"`
	Headers         map[string]string `json:"headers"`
	Cookies         []string          `json:"cookies"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`

	content []byte
}

// httpAnswerOf reads an answer. A valid JSON answer without a status is the body itself.
func httpAnswerOf(raw []byte) (*httpAnswer, error) {
	if !json.Valid(raw) {
		return nil, fmt.Errorf("apigateway: the answer is not JSON")
	}
	var shape map[string]json.RawMessage
	if isObject := json.Unmarshal(raw, &shape) == nil; !isObject || shape["statusCode"] == nil {
		return &httpAnswer{
			StatusCode: http.StatusOK, Headers: map[string]string{"content-type": "application/json"}, content: raw,
		}, nil
	}
	var answer httpAnswer
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("apigateway: the answer: %w", err)
	}
	if answer.StatusCode < 100 || answer.StatusCode > 599 {
		return nil, fmt.Errorf("apigateway: the answer has the status %d", answer.StatusCode)
	}
	answer.content = []byte(answer.Body)
	if answer.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(answer.Body)
		if err != nil {
			return nil, fmt.Errorf("apigateway: the body of the answer: %w", err)
		}
		answer.content = decoded
	}
	return &answer, nil
}

func (a *httpAnswer) write(w http.ResponseWriter) {
	header := w.Header()
	for name := range maps.Keys(a.Headers) {
		header.Set(name, a.Headers[name])
	}
	for _, cookie := range a.Cookies {
		header.Add("Set-Cookie", cookie)
	}
	header.Del("Content-Length")
	w.WriteHeader(a.StatusCode)
	_, _ = w.Write(a.content) // the client may have disconnected
}
