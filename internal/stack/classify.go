package stack

import (
	"errors"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/stowage/terraform-provider-stowage/internal/commit"
)

// classify sorts an error of a CloudFormation call into the engine's classes; nil for nil.
//
// CloudFormation says with the one code ValidationError what a writer must tell apart, so these texts are compared (all
// recorded from AWS):
//
//	Stack with id X does not exist / Stack [X] does not exist
//	Stack [X] already exists and cannot be created again with the changeSet [Y].
//	Stack:ARN is in STATUS state and can not be updated.
//
// and, by analogy with the last one, "can not be rolled back". Every other ValidationError finds fault with the request.
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
		// Tokens are unique per attempt. An earlier attempt of the same call arrived and its reply was lost.
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
	case api.ErrorCode() == "ValidationError":
		result.Failure = classifyValidation(api.ErrorMessage())
	}
	return result
}

// throttled reports whether the service refused a call because there are too many.
func throttled(api smithy.APIError) bool {
	return api.ErrorCode() == "Throttling" || api.ErrorCode() == "ThrottlingException"
}

// broken says that the service failed at the call rather than refused it: it may have done it all the same.
func broken(err error, api smithy.APIError) bool {
	var response *smithyhttp.ResponseError
	return api.ErrorFault() == smithy.FaultServer || errors.As(err, &response) && response.HTTPStatusCode() >= http.StatusInternalServerError
}

func classifyValidation(message string) commit.Failure {
	switch {
	case strings.HasPrefix(message, "Stack") && strings.HasSuffix(message, "does not exist"):
		return commit.Gone
	case strings.Contains(message, "already exists and cannot be created again"):
		return commit.Outdated
	case strings.Contains(message, "state and can not be updated"), strings.Contains(message, "state and can not be rolled back"):
		return commit.Busy
	}
	return commit.Invalid
}
