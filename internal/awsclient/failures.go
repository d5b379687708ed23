package awsclient

import (
	"context"
	"errors"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// EndedError is returned for a call whose context ended during its retries. The SDK's error only
// contains the end of the context.
type EndedError struct {
	Err  error // the SDK's error, which wraps the context's
	Last error // the failure of the previous attempt; not for errors.As, as it did not end the call
}

func (e *EndedError) Error() string { return e.Err.Error() + "; AWS's last answer: " + reason(e.Last) }

// Unwrap returns the SDK's error.
func (e *EndedError) Unwrap() error { return e.Err }

type lastKey struct{}

// explainFailures makes failed calls report that AWS refused the credentials, as after their expiry
// during a run, and AWS's answer before the context ended.
func explainFailures(stack *middleware.Stack) error {
	if err := stack.Initialize.Add(
		middleware.InitializeMiddlewareFunc("StowageFailure", explainFailure), middleware.Before,
	); err != nil {
		return err
	}
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("StowageAttempt", keepAttempt), middleware.Before)
}

func explainFailure(
	ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
) (middleware.InitializeOutput, middleware.Metadata, error) {
	var last error
	out, metadata, err := next.HandleInitialize(middleware.WithStackValue(ctx, lastKey{}, &last), in)
	switch {
	case err == nil:
	case credentialsCodes[errorCode(err)] != "":
		err = &CredentialsError{Err: err}
	case last != nil && ctx.Err() != nil:
		err = &EndedError{Err: err, Last: last}
	}
	return out, metadata, err
}

func keepAttempt(
	ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	if last, ok := middleware.GetStackValue(ctx, lastKey{}).(*error); ok && err != nil && answered(ctx, err) {
		*last = err
	}
	if attempts, ok := ctx.Value(attemptsKey{}).(*Attempts); ok && (err == nil || answered(ctx, err)) {
		attempts.note(err)
	}
	if err != nil && answered(ctx, err) && repeated(err) {
		fields := map[string]any{
			"rpc.service":    awsmiddleware.GetServiceID(ctx),
			"rpc.method":     awsmiddleware.GetOperationName(ctx),
			"aws.error_code": logCode(err),
		}
		if request, ok := in.Request.(*smithyhttp.Request); ok {
			fields["aws.attempt"] = request.Header.Get("Amz-Sdk-Request")
		}
		tflog.Info(ctx, "AWS did not serve the call; it is repeated", fields)
	}
	return out, metadata, err
}

// repeated reports whether the SDK retries a call after an error while attempts are left.
func repeated(err error) bool {
	return retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary
}

// Attempts records the last failed attempt of a context's calls, for callers that wait for longer.
// It is safe for concurrent use.
type Attempts struct {
	outer *Attempts // of the outer context

	mu   sync.Mutex // protects last
	last error
}

type attemptsKey struct{}

// WithAttempts returns a context whose calls are recorded, and the record.
func WithAttempts(ctx context.Context) (context.Context, *Attempts) {
	outer, _ := ctx.Value(attemptsKey{}).(*Attempts)
	attempts := &Attempts{outer: outer}
	return context.WithValue(ctx, attemptsKey{}, attempts), attempts
}

func (a *Attempts) note(err error) {
	for ; a != nil; a = a.outer {
		a.mu.Lock()
		a.last = err
		a.mu.Unlock()
	}
}

// Ended returns the error of a caller whose context ended while it waited for the calls.
func (a *Attempts) Ended(err error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last == nil {
		return err
	}
	return &EndedError{Err: err, Last: a.last}
}

// answered reports whether an attempt failed otherwise than by the end of its context.
func answered(ctx context.Context, err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) || ctx.Err() == nil
}
