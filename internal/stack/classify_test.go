package stack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/stowage/terraform-provider-stowage/internal/commit"
)

// TestRefusals_Sorted checks the class of each text that AWS returns (recorded from AWS, or
// documented for the code).
func TestRefusals_Sorted(t *testing.T) {
	validation := func(text string) error { return &smithy.GenericAPIError{Code: "ValidationError", Message: text} }
	const arn = "arn:aws:cloudformation:eu-west-1:111122223333:stack/stowage-acme-0/0c1"
	text := func(s string) *string { return &s }
	answered := func(status int, err error) error {
		return &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: err,
		}
	}
	cases := []struct {
		err  error
		want commit.Failure
	}{
		{validation("Stack with id stowage-acme-0 does not exist"), commit.Gone},
		{validation("Stack [stowage-acme-0] does not exist"), commit.Gone},
		{
			validation("Stack [stowage-acme-0] already exists and cannot be created again with the changeSet [x]."),
			commit.Outdated,
		},
		{validation("Stack:" + arn + " is in UPDATE_IN_PROGRESS state and can not be updated."), commit.Busy},
		{
			validation("Stack:" + arn + " is in UPDATE_COMPLETE_CLEANUP_IN_PROGRESS state and can not be updated."),
			commit.Busy,
		},
		{validation("Stack:" + arn + " is in DELETE_COMPLETE state and can not be updated."), commit.Busy},
		{validation("Template format error: At least one Resources member must be defined."), commit.Invalid},
		{validation("Parameter 'Colour' does not exist"), commit.Invalid},
		{&types.ChangeSetNotFoundException{Message: text("ChangeSet [x] does not exist")}, commit.Outdated},
		{
			&types.InvalidChangeSetStatusException{
				Message: text("ChangeSet [x] cannot be executed in its current execution status of [OBSOLETE]"),
			},
			commit.Outdated,
		},
		{
			&types.InvalidChangeSetStatusException{Message: text("An operation on this ChangeSet is currently in progress.")},
			commit.Busy,
		},
		{
			&types.AlreadyExistsException{
				Message: text("ChangeSet N cannot be created due to a mismatch with existing attribute Template"),
			},
			commit.NameTaken,
		},
		{&types.TokenAlreadyExistsException{Message: text("A client request token already exists.")}, commit.NoReply},
		{
			&types.InsufficientCapabilitiesException{Message: text("Requires capabilities : [CAPABILITY_NAMED_IAM]")},
			commit.Refused,
		},
		{&types.LimitExceededException{Message: text("ChangeSet limit exceeded for stack " + arn)}, commit.Refused},
		{&smithy.GenericAPIError{Code: "Throttling", Message: "Rate exceeded"}, commit.Busy},
		{&smithy.GenericAPIError{Code: "ThrottlingException", Message: "Rate exceeded"}, commit.Busy},
		{
			&smithy.GenericAPIError{
				Code: "AccessDenied", Message: "User is not authorized to perform: cloudformation:CreateChangeSet",
			},
			commit.Refused,
		},
		{
			answered(
				http.StatusInternalServerError,
				&smithy.GenericAPIError{Code: "InternalFailure", Message: "The request processing has failed"},
			),
			commit.NoReply,
		},
		{
			answered(
				http.StatusServiceUnavailable,
				&smithy.GenericAPIError{Code: "ServiceUnavailable", Message: "Service is unable to handle request."},
			),
			commit.NoReply,
		},
		{errors.New("connection reset by peer"), commit.NoReply},
		{context.DeadlineExceeded, commit.NoReply},
	}
	for _, c := range cases {
		wrapped := fmt.Errorf("operation error CloudFormation: %w", c.err)
		if got := classify(wrapped); got.Failure != c.want {
			t.Errorf("%v: class %d, want %d", c.err, got.Failure, c.want)
		}
	}
	if classify(nil) != nil {
		t.Error("no error was classified")
	}
}
