package stack

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"

	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// DriftStatus is the status of a drift detection.
type DriftStatus int

// The statuses of a drift detection. A detection that failed for some resources is complete, with
// results for the others.
const (
	DriftRunning DriftStatus = iota
	DriftComplete
	DriftLost // CloudFormation no longer knows the detection
)

// DriftDetector compares a stack with AWS. It is safe for concurrent use.
type DriftDetector struct{ Stack *Stack }

// Start starts a drift detection of the stack, and returns its ID. CloudFormation compares every
// resource whose type supports it with AWS, which takes minutes. ok is false when the stack is busy
// with an operation or another detection.
func (s DriftDetector) Start(ctx context.Context) (id string, ok bool, err error) {
	out, err := s.Stack.config.CloudFormation.DetectStackDrift(
		ctx, &cloudformation.DetectStackDriftInput{StackName: s.Stack.ref()},
	)
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "ValidationError" {
		// The texts for a busy stack and for a detection in progress are not documented.
		s.Stack.config.Log(ctx, "CloudFormation does not detect the drift of the stack now", map[string]any{
			"stack": s.Stack.config.Stack, "reason": api.ErrorMessage(),
		})
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("detecting the drift of the stack %s: %w", s.Stack.config.Stack, err)
	}
	return aws.ToString(out.StackDriftDetectionId), true, nil
}

// Status returns the status of a drift detection.
func (s DriftDetector) Status(ctx context.Context, id string) (DriftStatus, error) {
	out, err := s.Stack.config.CloudFormation.DescribeStackDriftDetectionStatus(
		ctx, &cloudformation.DescribeStackDriftDetectionStatusInput{StackDriftDetectionId: aws.String(id)},
	)
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "ValidationError" {
		return DriftLost, nil
	}
	if err != nil {
		return DriftRunning, fmt.Errorf("reading the drift detection of the stack %s: %w", s.Stack.config.Stack, err)
	}
	if out.DetectionStatus == types.StackDriftDetectionStatusDetectionInProgress {
		return DriftRunning, nil
	}
	return DriftComplete, nil
}

// Drift is the last drift detection's result for a resource.
type Drift struct {
	template.LiveResource
	Type       string
	PhysicalID string
}

// Results returns the results of the last drift detection, without resources that could not be read
// or whose types do not support it.
func (s DriftDetector) Results(ctx context.Context) ([]Drift, error) {
	var drifts []Drift
	pages := cloudformation.NewDescribeStackResourceDriftsPaginator(
		s.Stack.config.CloudFormation,
		&cloudformation.DescribeStackResourceDriftsInput{StackName: s.Stack.ref(), MaxResults: aws.Int32(100)},
	)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading the drift of the stack %s: %w", s.Stack.config.Stack, err)
		}
		for _, found := range page.StackResourceDrifts {
			drift, compared, err := driftOf(found)
			if err != nil {
				return nil, fmt.Errorf("the drift of %s in the stack %s: %w", drift.LogicalID, s.Stack.config.Stack, err)
			}
			if compared {
				drifts = append(drifts, drift)
			}
		}
	}
	return drifts, nil
}

// driftOf returns a drift detection's result for a resource; compared is false for none.
// CloudFormation also reports differences of spelling, so the values decide, not the status.
func driftOf(found types.StackResourceDrift) (drift Drift, compared bool, err error) {
	drift = Drift{
		LiveResource: template.LiveResource{LogicalID: aws.ToString(found.LogicalResourceId)},
		Type:         aws.ToString(found.ResourceType), PhysicalID: aws.ToString(found.PhysicalResourceId),
	}
	switch found.StackResourceDriftStatus {
	case types.StackResourceDriftStatusInSync:
		return drift, true, nil
	case types.StackResourceDriftStatusDeleted:
		drift.Deleted = true
		return drift, true, nil
	case types.StackResourceDriftStatusModified:
		var paths []string
		for _, difference := range found.PropertyDifferences {
			paths = append(paths, aws.ToString(difference.PropertyPath))
		}
		drift.Values, err = template.LiveValues(
			properties(found.ExpectedProperties), properties(found.ActualProperties), paths,
		)
		return drift, true, err
	case types.StackResourceDriftStatusNotChecked, types.StackResourceDriftStatusUnknown,
		types.StackResourceDriftStatusUnsupported:
	}
	return drift, false, nil
}

func properties(text *string) string {
	if strings.TrimSpace(aws.ToString(text)) == "" {
		return "{}"
	}
	return *text
}
