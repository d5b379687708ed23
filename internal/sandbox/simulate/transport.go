package simulate

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// Transport answers the calls of SDK clients from a Sandbox. It is safe for concurrent use.
type Transport struct {
	box    *sandbox.Sandbox
	driver *Driver // nil: calls are executed as they arrive
}

// NewTransport returns a transport that executes calls as they arrive.
func NewTransport(box *sandbox.Sandbox) *Transport { return &Transport{box: box} }

// RoundTrip answers one request. A reply lost by a fault is an error, like a broken connection.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		body, err = io.ReadAll(r.Body)
		_ = r.Body.Close() // read to its end
		if err != nil {
			return nil, fmt.Errorf("simulate: read the request: %w", err)
		}
	}
	var visit *visit
	var gate func(sandbox.Call) error
	if t.driver != nil {
		visit = t.driver.arrive(r.Context(), t.driver.actor(r.Context()))
		gate = visit.park
	}
	answer, err := t.box.Do(r, body, gate)
	status := 0
	if answer != nil {
		status = answer.Status
		if status == 0 {
			status = http.StatusOK
		}
	}
	if visit != nil {
		visit.leave(status, answer, err)
	}
	if err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	header := answer.Header.Clone()
	if header == nil {
		header = make(http.Header)
	}
	length := int64(len(answer.Body))
	if r.Method == http.MethodHead {
		if announced, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64); err == nil {
			length = announced
		}
	} else {
		header.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	return &http.Response{
		Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader(answer.Body)), ContentLength: length, Request: r,
	}, nil
}

type actorKey struct{}

// WithActor names the caller of a context, to distinguish callers with equal concurrent calls.
func WithActor(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, actorKey{}, name)
}
