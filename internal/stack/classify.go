package stack

import (
	"errors"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
)

// classify maps an error of a CloudFormation call to a class of the engine; nil for nil.
//
// CloudFormation uses one code, ValidationError, for errors that a writer must distinguish. So
// classify compares these texts, all recorded from AWS, and that of
// cfn.NoSuchStack:
//
//	Stack [X] already exists and cannot be created again with the changeSet [Y].
//	Stack:ARN is in STATUS state and can not be updated.
//
// It also compares "can not be rolled back", by analogy with the last one. Every other
// ValidationError means that the request is invalid.
func classify(err error) *commit.CallError {
	if err == nil {
		return nil
	}
	result := &commit.CallError{Failure: commit.Refused, Err: err}
	var (
		api      smithy.APIError
		notFound *types.ChangeSetNotFoundException
		status   *types.InvalidChangeSetStatusException
		exists   *types.AlreadyExistsException
		token    *types.TokenAlreadyExistsException
	)
	switch {
	case !errors.As(err, &api), broken(err, api):
		result.Failure = commit.NoReply
	case errors.As(err, &token):
		// Tokens are unique per attempt: an earlier attempt of this call arrived, and its reply was
		// lost.
		result.Failure = commit.NoReply
	case errors.As(err, &notFound):
		result.Failure = commit.Outdated
	case errors.As(err, &status):
		result.Failure = commit.Busy
		if strings.Contains(api.ErrorMessage(), "OBSOLETE") {
			result.Failure = commit.Outdated
		}
	case errors.As(err, &exists):
		result.Failure = commit.NameTaken
	case throttled(api):
		result.Failure = commit.Busy
	case cfn.NoSuchStack(api.ErrorCode(), api.ErrorMessage()):
		result.Failure = commit.Gone
	case api.ErrorCode() == cfn.ValidationError:
		result.Failure = classifyValidation(api.ErrorMessage())
	}
	return result
}

// throttled reports whether a rate limit refused the call.
func throttled(api smithy.APIError) bool {
	return api.ErrorCode() == "Throttling" || api.ErrorCode() == "ThrottlingException"
}

// broken reports whether the service failed during the call. The call may have taken effect.
func broken(err error, api smithy.APIError) bool {
	var response *smithyhttp.ResponseError
	return api.ErrorFault() == smithy.FaultServer ||
		errors.As(err, &response) && response.HTTPStatusCode() >= http.StatusInternalServerError
}

func classifyValidation(message string) commit.Failure {
	switch {
	case strings.Contains(message, "already exists and cannot be created again"):
		return commit.Outdated
	case strings.Contains(strings.ToLower(message), "drift detection"), // its text is not documented
		strings.Contains(message, "state and can not be updated"),
		strings.Contains(message, "state and can not be rolled back"):
		return commit.Busy
	}
	return commit.Invalid
}
