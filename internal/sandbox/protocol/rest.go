package protocol

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"sort"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// RequestIDHeader is the header of a cloud.Request's HTTP request with the request's ID from the
// front door.
const RequestIDHeader = "X-Sandbox-Request-Id"

// RequestID returns the ID of a request, for answers.
func RequestID(r *cloud.Request) string {
	if r.HTTP == nil || r.HTTP.Header.Get(RequestIDHeader) == "" {
		return "00000000-0000-0000-0000-000000000000"
	}
	return r.HTTP.Header.Get(RequestIDHeader)
}

// Time returns a timestamp as the XML protocols encode it: 2006-01-02T15:04:05.000Z, UTC with
// milliseconds.
func Time(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// XML encodes an answer of S3: the value is a struct whose XMLName is the root element.
func XML(r *cloud.Request, value any) (*cloud.Response, error) {
	body, err := xml.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encode the result of %s: %w", r.Operation, err)
	}
	return &cloud.Response{Header: restHeader(r), Body: append([]byte(xml.Header), body...)}, nil
}

// XMLError encodes an error of S3: <Error><Code><Message> with the string members of Extra as
// elements (BucketName, Key ...), RequestId and HostId. Answers to HEAD and with status 304 have no
// body, so that clients see only the status.
func XMLError(r *cloud.Request, e *cloud.Error) *cloud.Response {
	status := statusOf(e)
	if r.HTTP != nil && r.HTTP.Method == http.MethodHead || status == http.StatusNotModified {
		return &cloud.Response{Status: status, Header: restHeader(r)}
	}
	var b bytes.Buffer
	b.WriteString(xml.Header + "<Error>")
	element := func(name, value string) {
		b.WriteString("<" + name + ">")
		_ = xml.EscapeText(&b, []byte(value)) // a bytes.Buffer does not fail
		b.WriteString("</" + name + ">")
	}
	element("Code", e.Code)
	element("Message", e.Message)
	names := make([]string, 0, len(e.Extra))
	for name := range e.Extra {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		element(name, fmt.Sprint(e.Extra[name]))
	}
	element("RequestId", RequestID(r))
	element("HostId", "sandbox")
	b.WriteString("</Error>")
	return &cloud.Response{Status: status, Header: restHeader(r), Body: b.Bytes()}
}

func restHeader(r *cloud.Request) http.Header {
	return http.Header{"Content-Type": {"application/xml"}, "X-Amz-Request-Id": {RequestID(r)}, "X-Amz-Id-2": {"sandbox"}}
}

func header(r *cloud.Request, contentType string) http.Header {
	return http.Header{"Content-Type": {contentType}, "X-Amzn-Requestid": {RequestID(r)}}
}

func statusOf(e *cloud.Error) int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}

func mustXML(v any) []byte {
	b, err := xml.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("sandbox: an error can't be encoded: %v", err))
	}
	return b
}
