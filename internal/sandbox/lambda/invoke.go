package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// Limits of payloads in bytes (Lambda API reference, Invoke; the maximum answer was recorded by
// LocalStack).
const (
	maxSynchronous  = 6 << 20
	maxAsynchronous = 1 << 20
	maxAnswer       = 6291556
)

// Synchronous implements cloud.DeployedFunctions.
func (s *Service) Synchronous(call cloud.FunctionCall, registered cloud.Function) (cloud.Function, bool, error) {
	f, err := s.find(call.ARN)
	if err != nil {
		return nil, false, nil //nolint:nilerr // it is not deployed
	}
	if err := s.accepts(f, call, maxSynchronous, registered); err != nil {
		return nil, true, err
	}
	return s.runner(f.arn, s.world.NewUUID(), registered), true, nil
}

// accepts returns the refusal of a call; nil for none.
func (s *Service) accepts(f *function, call cloud.FunctionCall, limit int, registered cloud.Function) error {
	if err := f.permits(call); err != nil {
		return err
	}
	if len(call.Event) > limit {
		return &cloud.Error{
			Code: "RequestTooLargeException", Status: http.StatusRequestEntityTooLarge,
			Message: fmt.Sprintf("%d byte payload is too large for the Invoke operation (limit %d bytes)", len(call.Event), limit),
		}
	}
	if registered == nil {
		return s.processes.allowed()
	}
	return nil
}

// runner returns a function that runs one attempt of an invocation.
func (s *Service) runner(arn, requestID string, registered cloud.Function) cloud.Function {
	return func(ctx context.Context, event []byte) ([]byte, error) {
		var f *function
		var d *deployment
		var err error
		s.locked(func() {
			if f, err = s.find(arn); err == nil {
				d, err = f.current, s.throttle(f)
			}
			if err == nil {
				f.running++
			}
		})
		if err != nil {
			return nil, err
		}
		var answer []byte
		if registered != nil {
			answer, err = d.runRegistered(ctx, requestID, event, registered)
		} else {
			answer, err = s.processes.run(d, requestID, event)
		}
		s.locked(func() {
			f.running--
			if err != nil {
				s.measure(f, "Errors")
			}
		})
		return answer, err
	}
}

// measure counts an invocation for a metric (Lambda developer guide, monitoring-metrics-types).
func (s *Service) measure(f *function, metric string) {
	s.world.Measure(cloud.Metric{
		Account: f.account, Region: f.region, Namespace: "AWS/Lambda", Name: metric, Dimension: "FunctionName", Value: f.name,
		Amount: 1,
	})
}

// throttle refuses an invocation beyond the function's reserved concurrency, or beyond the account's.
func (s *Service) throttle(f *function) error {
	limit, running, reason := maxConcurrency, 0, "ConcurrentInvocationLimitExceeded"
	if f.reserved != nil {
		limit, running, reason = *f.reserved, f.running, "ReservedFunctionConcurrentInvocationLimitExceeded"
	} else {
		for _, other := range s.functions {
			switch {
			case other.place != f.place:
			case other.reserved != nil:
				limit -= *other.reserved
			default:
				running += other.running
			}
		}
	}
	if running < limit {
		return nil
	}
	s.measure(f, "Throttles")
	return &cloud.Error{
		Code: "TooManyRequestsException", Message: "Rate Exceeded.", Status: http.StatusTooManyRequests,
		Extra: map[string]any{"Reason": reason},
	}
}

// runRegistered runs Go code as the function.
func (d *deployment) runRegistered(
	ctx context.Context, requestID string, event []byte, code cloud.Function,
) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(d.timeout)*time.Second)
	defer cancel()
	type result struct {
		answer []byte
		err    error
	}
	done := make(chan result, 1)
	go func() {
		answer, err := code(ctx, event)
		done <- result{answer, err}
	}()
	select {
	case r := <-done:
		if r.err == nil && len(r.answer) > maxAnswer {
			return nil, tooLarge()
		}
		return r.answer, r.err
	case <-ctx.Done():
		if ctx.Err() == context.DeadlineExceeded {
			return nil, d.timedOut(requestID)
		}
		return nil, fmt.Errorf("lambda: the call was given up: %w", ctx.Err())
	}
}

func (d *deployment) timedOut(requestID string) *cloud.FunctionError {
	return failure(
		"Sandbox.Timedout", requestMessage(requestID, fmt.Sprintf("Task timed out after %d.00 seconds", d.timeout)),
	)
}

func tooLarge() *cloud.FunctionError {
	return failure(
		"Function.ResponseSizeTooLarge",
		fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", maxAnswer),
	)
}

// failure returns the failure of an invocation that Lambda reports.
func failure(kind, message string) *cloud.FunctionError {
	payload, err := json.Marshal(map[string]string{"errorType": kind, "errorMessage": message})
	if err != nil {
		panic("sandbox: the failure of a function can't be encoded: " + err.Error())
	}
	return &cloud.FunctionError{Type: kind, Message: message, Payload: payload}
}

// invoke is the operation Invoke. The front door waits for a synchronous invocation without the
// lock.
func (s *Service) invoke(r *cloud.Request, f *function) (*cloud.Response, error) {
	for _, name := range []string{"X-Amz-Log-Type", "X-Amz-Client-Context", "X-Amz-Tenant-Id"} {
		if value := r.HTTP.Header.Get(name); value != "" && value != "None" {
			return nil, cloud.NotModelled("the header %s of Invoke", name)
		}
	}
	event := r.Body
	if len(event) == 0 {
		event = []byte("{}")
	}
	if !json.Valid(event) {
		return nil, cloud.Errorf("InvalidRequestContentException", "Could not parse request body into json.")
	}
	call := cloud.FunctionCall{ARN: f.arn, Event: event}
	switch kind := r.HTTP.Header.Get("X-Amz-Invocation-Type"); kind {
	case "DryRun":
		return &cloud.Response{Status: http.StatusNoContent, Header: header(r)}, nil
	case "Event":
		if err := s.world.Invoke(call); err != nil {
			return nil, fmt.Errorf("%w", err)
		}
		return &cloud.Response{Status: http.StatusAccepted, Header: header(r)}, nil
	case "", "RequestResponse":
		run, err := s.world.CallFunction(call)
		if err != nil {
			return nil, fmt.Errorf("%w", err)
		}
		return &cloud.Response{Await: func(ctx context.Context) *cloud.Response {
			return s.answer(ctx, r, run, event)
		}}, nil
	default:
		return nil, cloud.Errorf("InvalidParameterValueException", "The invocation type %q is invalid.", kind)
	}
}

// answer waits for an invocation and returns the answer of Invoke.
func (s *Service) answer(ctx context.Context, r *cloud.Request, run cloud.Function, event []byte) *cloud.Response {
	payload, err := run(context.WithoutCancel(ctx), event)
	h := header(r)
	h.Set("X-Amz-Executed-Version", latest)
	if err != nil {
		if refused, ok := err.(*cloud.Error); ok { //nolint:errorlint // runner returns it unwrapped
			return s.WriteError(r, refused)
		}
		h.Set("X-Amz-Function-Error", "Unhandled")
		payload = payloadOf(err)
	}
	h.Set("Content-Length", strconv.Itoa(len(payload)))
	return &cloud.Response{Header: h, Body: payload}
}

// payloadOf returns the answer of a failed invocation. Other errors are those of registered Go code.
func payloadOf(err error) []byte {
	if failed, ok := err.(*cloud.FunctionError); ok { //nolint:errorlint // runner returns it unwrapped
		return failed.Payload
	}
	return failure("errorString", err.Error()).Payload
}
