package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// JSON encodes the answers of a service with AWS JSON.
type JSON struct {
	// Version is the protocol's version: "1.0" (DynamoDB) or "1.1" (KMS, Secrets Manager, SSM).
	Version string
	// Prefix precedes the code in the __type of errors: DynamoDB answers
	// com.amazonaws.dynamodb.v20120810#Code.
	Prefix string
	// Capital names the member of an error's text "Message", as some services do (SSM's is
	// "message").
	Capital bool
}

// Result encodes a result; nil becomes an empty object.
func (j JSON) Result(r *cloud.Request, result any) (*cloud.Response, error) {
	if result == nil {
		result = struct{}{}
	}
	body, err := encode(result)
	if err != nil {
		return nil, fmt.Errorf("encode the result of %s: %w", r.Operation, err)
	}
	return &cloud.Response{Header: header(r, "application/x-amz-json-"+j.Version), Body: body}, nil
}

// Error encodes an error: {"__type": ..., "message": ...} with the members of Extra, and the
// x-amzn-errortype header.
func (j JSON) Error(r *cloud.Request, e *cloud.Error) *cloud.Response {
	members := map[string]any{"__type": j.Prefix + e.Code}
	maps.Copy(members, e.Extra)
	if j.Capital {
		members["Message"] = e.Message
	} else {
		members["message"] = e.Message
	}
	body, err := encode(members)
	if err != nil {
		panic(fmt.Sprintf("sandbox: the extra members of %s can't be encoded: %v", e.Code, err))
	}
	h := header(r, "application/x-amz-json-"+j.Version)
	h.Set("X-Amzn-Errortype", e.Code)
	return &cloud.Response{Status: statusOf(e), Header: h, Body: body}
}

// Decode decodes a request's body into v, with numbers as json.Number where v is untyped. An empty
// body is an empty object. For invalid JSON or another type than v's it returns AWS's
// SerializationException.
func Decode(r *cloud.Request, v any) error {
	if len(bytes.TrimSpace(r.Body)) == 0 {
		return nil
	}
	if err := decode(r.Body, v, false); err != nil {
		return serialization(err)
	}
	return nil
}

// DecodeStrict is Decode for services that list all members that they model: it refuses unknown
// members as not modelled instead of ignoring them.
func DecodeStrict(r *cloud.Request, v any) error {
	if len(bytes.TrimSpace(r.Body)) == 0 {
		return nil
	}
	var members map[string]json.RawMessage
	if err := decode(r.Body, &members, false); err != nil {
		return serialization(err)
	}
	if err := decode(r.Body, v, false); err != nil {
		return serialization(err)
	}
	if err := decode(r.Body, v, true); err != nil {
		return cloud.NotModelled("a member of %s %s: %v", r.Service, r.Operation, err)
	}
	return nil
}

// Seconds returns a timestamp as AWS JSON encodes it: seconds since 1970 with milliseconds as
// fraction.
func Seconds(t time.Time) json.Number {
	return json.Number(fmt.Sprintf("%d.%03d", t.Unix(), t.Nanosecond()/int(time.Millisecond)))
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("JSON: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func decode(body []byte, v any, strict bool) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if strict {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("JSON: more than one value")
	}
	return nil
}

// serialization hides the decoder's text, as AWS returns only the code for most malformed bodies.
func serialization(err error) *cloud.Error {
	return &cloud.Error{
		Code: "SerializationException", Message: "The request body could not be decoded: " + err.Error(),
		Status: http.StatusBadRequest,
	}
}
