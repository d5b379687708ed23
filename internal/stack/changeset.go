package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithytime "github.com/aws/smithy-go/time"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

func (s performer) createChangeSet(ctx context.Context, e commit.CreateChangeSet) commit.ChangeSetMade {
	input := &cloudformation.CreateChangeSetInput{
		StackName: aws.String(e.StackID), ChangeSetName: aws.String(e.Name), ClientToken: aws.String(e.Token),
		ChangeSetType: types.ChangeSetTypeUpdate,
		Capabilities:  []types.Capability{types.CapabilityCapabilityNamedIam},
		Parameters: []types.Parameter{{
			ParameterKey: aws.String(template.RevisionParameter), ParameterValue: aws.String(strconv.FormatInt(e.Revision, 10)),
		}},
	}
	if e.First {
		input.ChangeSetType = types.ChangeSetTypeCreate
		input.NotificationARNs = s.config.NotificationARNs
		if e.StackID == "" {
			input.StackName = aws.String(s.config.Stack)
		}
	}
	if e.Import {
		input.ImportExistingResources = aws.Bool(true)
	}
	for _, name := range e.Keep {
		input.Parameters = append(
			input.Parameters, types.Parameter{ParameterKey: aws.String(name), UsePreviousValue: aws.Bool(true)},
		)
	}
	if err := s.putTemplate(ctx, input, e.Template.Encode()); err != nil {
		return commit.ChangeSetMade{Err: &commit.CallError{Failure: commit.Refused, Err: err}}
	}
	out, err := s.config.CloudFormation.CreateChangeSet(ctx, input)
	if err != nil {
		failed := classify(err)
		if s.sweep(ctx, aws.ToString(input.StackName), err) {
			failed.Failure = commit.Busy // there is room now
		}
		if failed.Failure == commit.NameTaken {
			failed.ARN = s.changeSetARN(ctx, aws.ToString(input.StackName), e.Name)
		}
		return commit.ChangeSetMade{Err: failed}
	}
	made := commit.ChangeSetMade{ARN: aws.ToString(out.Id), StackID: aws.ToString(out.StackId)}
	if e.First {
		s.setID(made.StackID)
	} else if made.StackUpdated, err = s.updated(ctx, made.StackID); err != nil {
		made.Err = classify(err)
		return made
	}
	return s.describeChangeSet(ctx, made)
}

func (s performer) updated(ctx context.Context, stackID string) (time.Time, error) {
	d, err := s.describe(ctx, aws.String(stackID))
	if err != nil || d == nil {
		return time.Time{}, err // without a stack, the set's own description fails
	}
	return d.LastUpdated, nil
}

// putTemplate puts the template into the request, or uploads a large one and passes its URL. The
// object's key is the hash of its content, so a replaced template is detected.
func (s performer) putTemplate(ctx context.Context, input *cloudformation.CreateChangeSetInput, body []byte) error {
	if len(body) <= template.MaxInlineBytes {
		input.TemplateBody = aws.String(string(body))
		return nil
	}
	if s.config.TemplateBucket == "" {
		return &template.FullError{
			What: "bytes of the template of the stack " + s.config.Stack + ", which has no template bucket,",
			Have: len(body), Budget: template.MaxInlineBytes,
		}
	}
	key := "templates/" + hash(body) + ".json"
	_, err := s.config.S3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(s.config.TemplateBucket), Key: aws.String(key), Body: bytes.NewReader(body),
		ContentType: aws.String("application/json"), IfNoneMatch: aws.String("*"),
	})
	var api smithy.APIError
	if err != nil && (!errors.As(err, &api) || api.ErrorCode() != "PreconditionFailed") {
		return fmt.Errorf("putting the template into the bucket %s: %w", s.config.TemplateBucket, err)
	}
	input.TemplateURL = aws.String(
		fmt.Sprintf(
			"https://%s.s3.%s.%s/%s",
			s.config.TemplateBucket,
			s.config.Env.Region,
			cfn.DNSSuffix(s.config.Env.Partition),
			key,
		),
	)
	return nil
}

// changeSetARN returns the ARN of the change set with our name, or "".
func (s performer) changeSetARN(ctx context.Context, stack, name string) string {
	out, err := s.config.CloudFormation.DescribeChangeSet(ctx, &cloudformation.DescribeChangeSetInput{
		StackName: aws.String(stack), ChangeSetName: aws.String(name),
	})
	if err != nil {
		return ""
	}
	return aws.ToString(out.ChangeSetId)
}

// describeChangeSet waits for the change set and reads all pages of its changes.
func (s performer) describeChangeSet(ctx context.Context, made commit.ChangeSetMade) commit.ChangeSetMade {
	input := &cloudformation.DescribeChangeSetInput{
		ChangeSetName: aws.String(made.ARN), IncludePropertyValues: aws.Bool(true),
	}
	began, found := time.Now(), false
	for pause := 300 * time.Millisecond; ; pause = longer(pause, 3*time.Second) {
		if err := smithytime.SleepWithContext(ctx, pause); err != nil { // no change set is ready immediately
			made.Err = classify(err)
			return made
		}
		out, err := s.config.CloudFormation.DescribeChangeSet(ctx, input)
		if made.Err = classify(err); made.Err != nil {
			if made.Err.Failure == commit.Outdated && !found && time.Since(began) < newSetPatience {
				continue
			}
			return made
		}
		found = true
		switch out.Status {
		case types.ChangeSetStatusFailed:
			made.Failed = s.failure(ctx, out)
			made.Findings = s.findings(ctx, made.ARN)
			return made
		case types.ChangeSetStatusCreateComplete:
			if made.Err = s.readChanges(ctx, input, out, &made); made.Err == nil && aws.ToString(out.StatusReason) != "" {
				made.Err = s.addUnvalued(ctx, aws.ToString(out.StatusReason), &made)
			}
			return made
		default: // still being created
		}
	}
}

// newSetPatience is how long DescribeChangeSet may not know a new change set.
const newSetPatience = 5 * time.Second

// addUnvalued completes a change set whose answer with property values is incomplete, as AWS
// reports in the StatusReason of a complete change set. An answer without values lists all changes.
func (s performer) addUnvalued(ctx context.Context, reason string, made *commit.ChangeSetMade) *commit.CallError {
	input := &cloudformation.DescribeChangeSetInput{ChangeSetName: aws.String(made.ARN)}
	plain := commit.ChangeSetMade{}
	page, err := s.config.CloudFormation.DescribeChangeSet(ctx, input)
	if err != nil {
		return classify(err)
	}
	if failed := s.readChanges(ctx, input, page, &plain); failed != nil {
		return failed
	}
	for _, change := range plain.Changes {
		if slices.ContainsFunc(made.Changes, func(c commit.ResourceChange) bool { return c.LogicalID == change.LogicalID }) {
			continue
		}
		change.Unvalued = true
		made.Changes = append(made.Changes, change)
	}
	unvalued, marker := commit.Unvalued(made.Changes)
	s.config.Log(
		ctx,
		"AWS left property values out of the change set: the actions and replacements of all changes are verified, "+
			"the previous values only where AWS gives them",
		map[string]any{
			"stack": s.config.Stack, "reason": reason, "values_not_verified": strings.Join(unvalued, ", "),
			"revision_verified": !marker,
		},
	)
	return nil
}

// failure returns why a change set failed. An answer with property values may omit the reason; one
// without has it.
func (s performer) failure(ctx context.Context, described *cloudformation.DescribeChangeSetOutput) string {
	if reason := aws.ToString(described.StatusReason); reason != "" {
		return reason
	}
	plain, err := s.config.CloudFormation.DescribeChangeSet(
		ctx, &cloudformation.DescribeChangeSetInput{ChangeSetName: described.ChangeSetId},
	)
	if err == nil && aws.ToString(plain.StatusReason) != "" {
		return aws.ToString(plain.StatusReason)
	}
	return "the change set failed without a reason"
}

// findings returns the resources that failed a change set's pre-deployment validation. Without
// findings, or permission to read them, only the change set's own reason is known.
func (s performer) findings(ctx context.Context, arn string) []commit.Event {
	var found []commit.Event
	pages := cloudformation.NewDescribeEventsPaginator(
		s.config.CloudFormation, &cloudformation.DescribeEventsInput{ChangeSetName: aws.String(arn)},
	)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			s.config.Log(
				ctx, "What the validation found can't be read",
				map[string]any{"stack": s.config.Stack, "error": err.Error()},
			)
			return found
		}
		for _, event := range page.OperationEvents {
			if event.ValidationStatus == types.ValidationStatusFailed &&
				event.ValidationFailureMode == types.HookFailureModeFail {
				found = append(found, commit.Event{
					Time:      aws.ToTime(event.Timestamp),
					LogicalID: aws.ToString(event.LogicalResourceId),
					Type:      aws.ToString(event.ResourceType),
					Status:    aws.ToString(event.ValidationName),
					Reason:    aws.ToString(event.ValidationStatusReason),
				})
			}
		}
	}
	return found
}

func (s performer) readChanges(
	ctx context.Context, input *cloudformation.DescribeChangeSetInput,
	page *cloudformation.DescribeChangeSetOutput, made *commit.ChangeSetMade,
) *commit.CallError {
	for {
		for _, change := range page.Changes {
			if change.ResourceChange != nil {
				made.Changes = append(made.Changes, resourceChange(change.ResourceChange))
			}
		}
		if aws.ToString(page.NextToken) == "" {
			return nil
		}
		next := *input
		next.NextToken = page.NextToken
		var err error
		if page, err = s.config.CloudFormation.DescribeChangeSet(ctx, &next); err != nil {
			return classify(err)
		}
	}
}

func resourceChange(change *types.ResourceChange) commit.ResourceChange {
	result := commit.ResourceChange{
		LogicalID:   aws.ToString(change.LogicalResourceId),
		Action:      string(change.Action),
		Replacement: string(change.Replacement),
		PhysicalID:  aws.ToString(change.PhysicalResourceId),
		Dependent:   dependent(change.Details),
	}
	for _, attribute := range change.Scope {
		result.Scope = append(result.Scope, string(attribute))
	}
	var before struct {
		Properties                          map[string]any
		DeletionPolicy, UpdateReplacePolicy string
	}
	decoder := json.NewDecoder(strings.NewReader(aws.ToString(change.BeforeContext)))
	decoder.UseNumber()
	if decoder.Decode(&before) == nil {
		result.Before = before.Properties
		result.Policies = shown(
			map[string]string{"DeletionPolicy": before.DeletionPolicy, "UpdateReplacePolicy": before.UpdateReplacePolicy},
		)
	}
	return result
}

// dependent reports whether a resource changes only if values of other resources do, which the
// service does not know before the execution.
func dependent(details []types.ResourceChangeDetail) bool {
	return len(details) > 0 && !slices.ContainsFunc(details, func(d types.ResourceChangeDetail) bool {
		return d.Evaluation != types.EvaluationTypeDynamic ||
			d.ChangeSource != types.ChangeSourceResourceAttribute && d.ChangeSource != types.ChangeSourceResourceReference
	})
}

func shown(values map[string]string) map[string]string {
	maps.DeleteFunc(values, func(_, value string) bool { return value == "" })
	if len(values) == 0 {
		return nil
	}
	return values
}

// deleteChangeSet deletes an unexecuted change set, if it exists.
func (s performer) deleteChangeSet(ctx context.Context, arn string) *commit.CallError {
	_, err := s.config.CloudFormation.DeleteChangeSet(
		ctx, &cloudformation.DeleteChangeSetInput{ChangeSetName: aws.String(arn)},
	)
	if failed := classify(err); failed != nil && failed.Failure != commit.Outdated && failed.Failure != commit.Gone {
		return failed
	}
	return nil
}
