package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/smithy-go"
)

// Resource compares one resource of the stack with AWS now, with the call that answers at once.
// actual are its compared properties. compared is false when its type does not support that, it
// could not be read, or the stack is being updated.
func (s DriftDetector) Resource(
	ctx context.Context, logicalID string,
) (drift Drift, actual map[string]any, compared bool, err error) {
	out, err := s.Stack.config.CloudFormation.DetectStackResourceDrift(ctx, &cloudformation.DetectStackResourceDriftInput{
		StackName: s.Stack.ref(), LogicalResourceId: aws.String(logicalID),
	})
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "ValidationError" {
		return drift, nil, false, nil
	}
	if err != nil || out.StackResourceDrift == nil {
		return drift, nil, false, fmt.Errorf(
			"comparing %s of the stack %s with AWS: %w", logicalID, s.Stack.config.Stack, err,
		)
	}
	found := *out.StackResourceDrift
	if drift, compared, err = driftOf(found); err != nil || !compared {
		return drift, nil, false, err
	}
	decoder := json.NewDecoder(strings.NewReader(properties(found.ActualProperties)))
	decoder.UseNumber()
	if err := decoder.Decode(&actual); err != nil {
		return drift, nil, false, fmt.Errorf("the properties of %s in the stack %s: %w", logicalID, s.Stack.config.Stack, err)
	}
	return drift, actual, true, nil
}
