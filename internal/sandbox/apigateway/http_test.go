package apigateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	lambda "github.com/aws/aws-lambda-go/events"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/apigateway"
)

// serveHTTP returns the address of an HTTP API with a function.
func serveHTTP(t *testing.T, function func(lambda.APIGatewayV2HTTPRequest) (string, error)) string {
	t.Helper()
	const arn = "arn:aws:lambda:eu-west-1:000000000000:function:page"
	box := sandbox.New(sandbox.Options{Seed: 1})
	box.RegisterFunction(arn, func(_ context.Context, raw []byte) ([]byte, error) {
		var event lambda.APIGatewayV2HTTPRequest
		if err := json.Unmarshal(raw, &event); err != nil {
			return nil, err
		}
		answer, err := function(event)
		return []byte(answer), err
	})
	server := httptest.NewServer(box.WebSockets().HTTP(apigateway.HTTPSettings{
		API: "a1b2c3d4e5", Account: sandbox.HubAccount, Region: "eu-west-1", Function: arn,
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestHTTP_Events(t *testing.T) {
	t.Parallel()
	var got lambda.APIGatewayV2HTTPRequest
	address := serveHTTP(t, func(event lambda.APIGatewayV2HTTPRequest) (string, error) {
		got = event
		return `{"statusCode":204}`, nil
	})
	request, err := http.NewRequest(http.MethodPost, address+"/a/b?x=1&x=2&y=", strings.NewReader("\xff\x00"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header["X-Two"] = []string{"1", "2"}
	request.Header.Set("Cookie", "a=1; b=2")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusNoContent || response.Header.Get("Apigw-Requestid") != got.RequestContext.RequestID {
		t.Errorf("%s %v", response.Status, response.Header)
	}
	c := got.RequestContext
	if got.Version != "2.0" || got.RouteKey != "$default" || c.Stage != "$default" || got.RawPath != "/a/b" ||
		got.RawQueryString != "x=1&x=2&y=" || got.QueryStringParameters["x"] != "1,2" || got.Headers["x-two"] != "1,2" ||
		strings.Join(got.Cookies, "|") != "a=1|b=2" || got.Headers["cookie"] != "" || !got.IsBase64Encoded || got.Body != "/wA=" ||
		c.HTTP.Method != http.MethodPost || c.HTTP.SourceIP != "127.0.0.1" ||
		c.DomainName != "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com" || c.AccountID != sandbox.HubAccount {
		t.Errorf("%+v", got)
	}
}

func TestHTTP_Answers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer string
		err    error
		status int
		want   string // the body
		header string // "name: value"
	}{
		"a page": {
			answer: `{"statusCode":404,"headers":{"content-type":"text/plain"},"body":"gone"}`, status: 404, want: "gone",
			header: "Content-Type: text/plain",
		},
		"bytes":               {answer: `{"statusCode":200,"body":"/wA=","isBase64Encoded":true}`, status: 200, want: "\xff\x00"},
		"a cookie":            {answer: `{"statusCode":200,"cookies":["a=1"]}`, status: 200, header: "Set-Cookie: a=1"},
		"JSON without status": {answer: `{"a":1}`, status: 200, want: `{"a":1}`, header: "Content-Type: application/json"},
		"headers of 1.0": {
			answer: `{"statusCode":200,"multiValueHeaders":{"x-a":["1"]}}`, status: 200, header: "X-A: ",
		},
		"no JSON":          {answer: `page`, status: 500, want: `{"message":"Internal Server Error"}` + "\n"},
		"no base64":        {answer: `{"statusCode":200,"body":"?","isBase64Encoded":true}`, status: 500, want: `{"message":"Internal Server Error"}` + "\n"},
		"a bad status":     {answer: `{"statusCode":7}`, status: 500, want: `{"message":"Internal Server Error"}` + "\n"},
		"a status of text": {answer: `{"statusCode":"ok"}`, status: 500, want: `{"message":"Internal Server Error"}` + "\n"},
		"an error":         {err: errors.New("boom"), status: 500, want: `{"message":"Internal Server Error"}` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := serveHTTP(t, func(lambda.APIGatewayV2HTTPRequest) (string, error) { return c.answer, c.err })
			response, err := http.Get(address)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			key, value, _ := strings.Cut(c.header, ": ")
			if response.StatusCode != c.status || string(body) != c.want || key != "" && response.Header.Get(key) != value {
				t.Errorf("%d %q %v", response.StatusCode, body, response.Header)
			}
		})
	}
}
