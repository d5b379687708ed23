package awsclient

import (
	"context"
	"fmt"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	smithylogging "github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// addCallLog writes one DEBUG line for each attempt of each call, of an explicit list of what may
// be logged. No body, query string, header or error message is in it, since they carry templates,
// items, parameters, tokens and signatures.
func addCallLog(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("StowageCallLog", logCall), middleware.Before)
}

func logCall(
	ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
) (middleware.DeserializeOutput, middleware.Metadata, error) {
	started := time.Now()
	out, metadata, err := next.HandleDeserialize(ctx, in)

	fields := map[string]any{
		"rpc.service":      awsmiddleware.GetServiceID(ctx),
		"rpc.method":       awsmiddleware.GetOperationName(ctx),
		"aws.region":       awsmiddleware.GetRegion(ctx),
		"http.duration_ms": time.Since(started).Milliseconds(),
	}
	if request, ok := in.Request.(*smithyhttp.Request); ok {
		fields["http.method"] = request.Method
		fields["http.host"] = request.URL.Host
		fields["http.path"] = request.URL.EscapedPath()
		fields["http.request_content_length"] = request.ContentLength
		fields["aws.attempt"] = request.Header.Get("Amz-Sdk-Request") // "attempt=2; max=25"
	}
	if response, ok := out.RawResponse.(*smithyhttp.Response); ok && response != nil {
		fields["http.status_code"] = response.StatusCode
		fields["http.response_content_length"] = response.ContentLength
	}
	if id, ok := awsmiddleware.GetRequestIDMetadata(metadata); ok {
		fields["aws.request_id"] = id
	}
	if err != nil {
		fields["aws.error_code"] = logCode(err)
	}
	tflog.Debug(ctx, "AWS call", fields)
	return out, metadata, err
}

// logCode returns what may be logged of an error.
func logCode(err error) string {
	if code := errorCode(err); code != "" {
		return code
	}
	return fmt.Sprintf("%T", err) // a failed connection or a canceled call
}

// sdkLog passes the SDK's own rare messages, such as of a deprecated setting, to Terraform's log.
type sdkLog struct{ ctx context.Context }

// Logf implements smithylogging.Logger.
func (l sdkLog) Logf(class smithylogging.Classification, format string, v ...any) {
	if l.ctx == nil {
		return
	}
	if class == smithylogging.Warn {
		tflog.Warn(l.ctx, fmt.Sprintf(format, v...))
		return
	}
	tflog.Debug(l.ctx, fmt.Sprintf(format, v...))
}

// WithContext implements smithylogging.ContextLogger.
func (l sdkLog) WithContext(ctx context.Context) smithylogging.Logger { return sdkLog{ctx} }
