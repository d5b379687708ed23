package stack

import (
	"context"
	"errors"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"github.com/stowage/terraform-provider-stowage/internal/commit"
)

// The SDK silently retries a call for minutes if AWS does not serve it. The attempts are observed,
// so that the engine can tell its members why they wait.

// observer is notified of each attempt that AWS did not serve, and of the first answered attempt
// after it.
type observer struct {
	failing map[string]bool // by operation
	report  func(commit.Attempt)
}

type observerKey struct{}

// observed returns a context whose calls report their attempts. They must not run concurrently.
func observed(ctx context.Context, report func(commit.Attempt)) context.Context {
	return context.WithValue(ctx, observerKey{}, &observer{failing: map[string]bool{}, report: report})
}

// watchedCloudFormation and watchedS3 return clients that report to the context's observer.
func watchedCloudFormation(client *cloudformation.Client) *cloudformation.Client {
	options := client.Options()
	return cloudformation.New(options, func(o *cloudformation.Options) { o.APIOptions = append(o.APIOptions, addWatch) })
}

func watchedS3(client *s3.Client) *s3.Client {
	if client == nil {
		return nil
	}
	return s3.New(client.Options(), func(o *s3.Options) { o.APIOptions = append(o.APIOptions, addWatch) })
}

func addWatch(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("StowageWatch", watch), middleware.Before)
}

func watch(
	ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	o, ok := ctx.Value(observerKey{}).(*observer)
	if !ok {
		return out, metadata, err
	}
	operation := awsmiddleware.GetOperationName(ctx)
	switch {
	case unserved(ctx, err):
		o.failing[operation] = true
		o.report(commit.Attempt{Operation: operation, Err: errors.New(answer(err))})
	case o.failing[operation]:
		delete(o.failing, operation)
		o.report(commit.Attempt{Operation: operation})
	}
	return out, metadata, err
}

// unserved reports whether AWS failed, throttled or did not answer an attempt.
func unserved(ctx context.Context, err error) bool {
	var api smithy.APIError
	switch {
	case err == nil, ctx.Err() != nil:
		return false
	case !errors.As(err, &api):
		return true
	}
	return broken(err, api) || throttled(api)
}

// answer returns AWS's answer, or why there is none.
func answer(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return err.Error()
}
