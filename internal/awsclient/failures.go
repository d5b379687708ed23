package awsclient

import (
	"context"
	"errors"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// EndedError is returned for a call whose context ended while it was being repeated. The SDK's
// error says only that the context ended.
type EndedError struct {
	Err  error // the SDK's, by which callers tell that the context ended
	Last error // why the attempt before failed; not for errors.As, as it did not end the call
}

func (e *EndedError) Error() string { return e.Err.Error() + "; AWS's last answer: " + reason(e.Last) }

// Unwrap returns the SDK's error.
func (e *EndedError) Unwrap() error { return e.Err }

type lastKey struct{}

// explainFailures lets failed calls tell that AWS refused the credentials, as happens when they
// expire during a run, and what AWS answered before the context ended.
func explainFailures(stack *middleware.Stack) error {
	if err := stack.Initialize.Add(middleware.InitializeMiddlewareFunc("StowageFailure", explainFailure), middleware.Before); err != nil {
		return err
	}
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("StowageAttempt", keepAttempt), middleware.Before)
}

func explainFailure(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
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

func keepAttempt(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	if last, ok := middleware.GetStackValue(ctx, lastKey{}).(*error); ok && err != nil && answered(ctx, err) {
		*last = err
	}
	return out, metadata, err
}

// answered reports whether an attempt failed by itself, and not because its context ended.
func answered(ctx context.Context, err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) || ctx.Err() == nil
}
