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

// Time limits of the calls. They include the SDK's own retries.
const (
	callBound   = 30 * time.Minute // any effect but Follow: several calls, each of up to 25 attempts over seven minutes
	followBound = 6 * time.Hour    // far longer than any of our updates; members give up long before
)

// performer performs the effects of the engine that need an answer: calls to AWS.
type performer struct{ *Stack }

func (s performer) call(ctx context.Context, effect commit.Effect) commit.Observation {
	bound := callBound
	if _, ok := effect.(commit.Follow); ok {
		bound = followBound
	}
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	switch e := effect.(type) {
	case commit.Read:
		return s.readBase(ctx)
	case commit.CreateChangeSet:
		return s.createChangeSet(ctx, e)
	case commit.DeleteChangeSet:
		return commit.ChangeSetDeleted{Err: s.deleteChangeSet(ctx, e.ARN)}
	case commit.Execute:
		return commit.Executed{Err: s.execute(ctx, e)}
	case commit.ResolveExecution:
		return commit.ExecutionResolved{Owner: s.resolveExecution(ctx, e)}
	case commit.Follow:
		return s.follow(ctx, e)
	case commit.Protect:
		return commit.Protected{Err: s.protect(ctx, e.StackID)}
	case commit.ContinueRollback:
		return commit.Continued{Err: s.continueRollback(ctx, e)}
	case commit.Clear:
		return commit.Cleared{Err: s.clear(ctx, e)}
	default:
		panic(fmt.Sprintf("stack: no call for the effect %T", effect))
	}
}

// readBase reads the stack for a commit. It logs and retries while the stack is not at rest.
func (s performer) readBase(ctx context.Context) commit.BaseRead {
	read := s.readFrom(ctx, s.takeEarlier())
	if read.Err == nil && !read.Absent && !read.Consistent() {
		s.config.Log(
			ctx, "The stack is being updated; waiting",
			map[string]any{"stack": s.config.Stack, "status": read.After.Status},
		)
	}
	return read
}

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

// putTemplate puts the template into the request, or uploads it and passes its URL if it is too
// large. The key of the object is the hash of its content, so a replaced template is detected.
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

// changeSetARN returns the ARN of the change set that has our name, "" if it no longer exists.
func (s performer) changeSetARN(ctx context.Context, stack, name string) string {
	out, err := s.config.CloudFormation.DescribeChangeSet(ctx, &cloudformation.DescribeChangeSetInput{
		StackName: aws.String(stack), ChangeSetName: aws.String(name),
	})
	if err != nil {
		return ""
	}
	return aws.ToString(out.ChangeSetId)
}

// describeChangeSet waits until the change set is created and reads all pages of its changes.
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

// addUnvalued completes the changes of a change set whose answer with property values is
// incomplete. AWS reports this in the StatusReason of a complete change set. An answer without
// values lists all changes.
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

// failure returns why a change set failed. AWS may leave the reason out of an answer with property
// values; an answer without them has it.
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

// findings returns the resources that failed the pre-deployment validation of a change set. Without
// findings, or without permission to read them, only the change set's own reason is known.
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

// dependent reports whether a resource changes only if values of other resources do. The service
// does not know these before the execution.
func dependent(details []types.ResourceChangeDetail) bool {
	return len(details) > 0 && !slices.ContainsFunc(details, func(d types.ResourceChangeDetail) bool {
		return d.Evaluation != types.EvaluationTypeDynamic ||
			d.ChangeSource != types.ChangeSourceResourceAttribute && d.ChangeSource != types.ChangeSourceResourceReference
	})
}

// shown returns the values that are not empty; nil if there are none.
func shown(values map[string]string) map[string]string {
	maps.DeleteFunc(values, func(_, value string) bool { return value == "" })
	if len(values) == 0 {
		return nil
	}
	return values
}

// deleteChangeSet deletes a change set that was not executed. It succeeds if the change set does
// not exist.
func (s performer) deleteChangeSet(ctx context.Context, arn string) *commit.CallError {
	_, err := s.config.CloudFormation.DeleteChangeSet(
		ctx, &cloudformation.DeleteChangeSetInput{ChangeSetName: aws.String(arn)},
	)
	if failed := classify(err); failed != nil && failed.Failure != commit.Outdated && failed.Failure != commit.Gone {
		return failed
	}
	return nil
}

func (s performer) execute(ctx context.Context, e commit.Execute) *commit.CallError {
	s.mu.Lock()
	s.asked = time.Now()
	s.mu.Unlock()
	// Rollback is requested explicitly: AWS documents its default in two ways, and a half-applied
	// template would corrupt the model.
	_, err := s.config.CloudFormation.ExecuteChangeSet(ctx, &cloudformation.ExecuteChangeSetInput{
		ChangeSetName: aws.String(e.ARN), ClientRequestToken: aws.String(e.Token), DisableRollback: aws.Bool(false),
	})
	failed := classify(err)
	if failed != nil && failed.Failure == commit.Outdated || failed != nil && failed.Failure == commit.Busy {
		// A retry whose first reply was lost finds its own execution in progress.
		if s.resolveExecution(ctx, commit.ResolveExecution(e)) == commit.Ours {
			return nil
		}
	}
	return failed
}

// resolveExecution finds out whose operation it was. An executed change set shows this permanently
// under its ARN. An unexecuted one is deleted: once that succeeds, it cannot be executed.
func (s performer) resolveExecution(ctx context.Context, e commit.ResolveExecution) commit.ExecutionOwner {
	out, err := s.config.CloudFormation.DescribeChangeSet(
		ctx, &cloudformation.DescribeChangeSetInput{ChangeSetName: aws.String(e.ARN)},
	)
	if failed := classify(err); failed != nil {
		if failed.Failure == commit.Outdated || failed.Failure == commit.Gone {
			return s.resolveByStack(ctx, e)
		}
		return commit.Undecided
	}
	switch out.ExecutionStatus {
	case types.ExecutionStatusExecuteInProgress, types.ExecutionStatusExecuteComplete, types.ExecutionStatusExecuteFailed:
		return commit.Ours
	case types.ExecutionStatusObsolete, types.ExecutionStatusUnavailable:
		return s.resolveByStack(ctx, e)
	case types.ExecutionStatusAvailable:
		if s.deleteChangeSet(ctx, e.ARN) == nil {
			return s.resolveByStack(ctx, e)
		}
	}
	return commit.Undecided
}

// resolveByStack asks the stack which change set was executed last.
func (s performer) resolveByStack(ctx context.Context, e commit.ResolveExecution) commit.ExecutionOwner {
	d, err := s.describe(ctx, aws.String(e.StackID))
	switch {
	case err != nil:
		return commit.Undecided
	case d != nil && d.ChangeSetID == e.ARN:
		return commit.Ours
	}
	return commit.NotOurs
}

// follow polls the stack by its id until the operation has ended. If the events report the end but
// the description still shows the stack before the operation, the description is stale. follow then
// retries for cfn.StalePatience. If it is still stale, follow records the time of the operation, so
// that later reads without it count as stale.
func (s performer) follow(ctx context.Context, e commit.Follow) commit.Finished {
	began := time.Now()
	s.mu.Lock()
	asked := s.asked
	s.mu.Unlock()
	var own time.Time // LastUpdated of the operation itself
	var told *commit.Finished
	var toldAt time.Time
	for pause := firstPause; ; pause = nextPause(pause) {
		if err := smithytime.SleepWithContext(ctx, pause); err != nil {
			return commit.Finished{
				Err: fmt.Errorf("following the operation %s of the stack %s: %w", e.Token, s.config.Stack, err),
			}
		}
		d, err := s.describe(ctx, aws.String(e.StackID))
		if err != nil {
			if classify(err).Failure.Final() {
				return commit.Finished{Err: err}
			}
			continue // throttled or no answer: still running
		}
		if d == nil {
			return commit.Finished{Err: fmt.Errorf("the stack %s is gone", s.config.Stack)}
		}
		s.config.Log(ctx, "Following the update", map[string]any{
			"stack": s.config.Stack, "status": d.Status, "token": e.Token, "seconds": int(time.Since(began).Seconds()),
		})
		if own.IsZero() && d.ChangeSetID == e.ARN && time.Since(asked) < soleOperation {
			own = d.LastUpdated
		}
		if told != nil {
			told.Description = described(e, *d)
		} else if told = s.finished(ctx, e, *d, began, own); told != nil {
			toldAt = time.Now()
		}
		switch {
		case told == nil:
		case !before(e, *d):
			return *told
		case time.Since(toldAt) >= cfn.StalePatience:
			s.note(moment{e.StackID, e.Since.Add(tolerance + 1)})
			return *told
		}
	}
}

// before reports whether a description shows the stack before an operation.
func before(e commit.Follow, d commit.Description) bool {
	return d.ChangeSetID != e.ARN && d.Status != cfn.DeleteComplete && d.Status != cfn.DeleteFailed &&
		!d.LastUpdated.After(e.Since)
}

// described returns a description as the final one of an operation, without the reason of another
// operation.
func described(e commit.Follow, d commit.Description) commit.Description {
	if d.ChangeSetID != e.ARN {
		d.StatusReason = ""
	}
	return d
}

// soleOperation is the time after an execution was requested in which no other operation can have
// followed it: each takes seconds.
const soleOperation = 10 * time.Second

// withoutChangeSet returns a description without the change set if an update without one followed
// the operation whose events are given: AWS may keep the ChangeSetId of the last set then. The
// LastUpdatedTime of a stack is the time at which its last operation began.
func withoutChangeSet(d commit.Description, events []commit.Event) commit.Description {
	began := slices.IndexFunc(events, func(e commit.Event) bool { return e.Type == cfn.StackType })
	if began >= 0 && cfn.Succeeded(d.Status) && d.LastUpdated.Sub(events[began].Time) > tolerance {
		d.ChangeSetID = ""
	}
	return d
}

// finished evaluates a description of the stack; nil means that the operation is still running. A
// description with another change set does not report our operation: it is stale, or the next
// writer has started. Then the stack's events under our token decide. The description keeps the
// other change set, so that its outputs are not taken for ours. In the first second, such a
// description is treated as stale. The events also decide if the description may be that of an
// update without a change set: its LastUpdated is not own, that of the operation.
func (s performer) finished(
	ctx context.Context, e commit.Follow, d commit.Description, since, own time.Time,
) *commit.Finished {
	if d.ChangeSetID == e.ARN {
		switch {
		case cfn.InProgress(d.Status):
			return nil
		case cfn.Succeeded(d.Status) && d.StatusReason == "" && d.LastUpdated.Equal(own):
			return &commit.Finished{Description: d}
		}
	} else if time.Since(since) < time.Second {
		return nil
	}
	events, err := s.events(ctx, e, since.Add(-clockSkew))
	switch {
	case err != nil:
		return nil // throttled or no answer: still running
	case d.ChangeSetID == e.ARN && len(events) > 0:
		return &commit.Finished{Description: withoutChangeSet(d, events), Events: events}
	}
	switch status := statusOf(events); {
	case status != "" && !cfn.InProgress(status):
		return &commit.Finished{Description: described(e, d), Events: events}
	case d.Status == cfn.DeleteComplete, d.Status == cfn.DeleteFailed:
		// A stack that is deleted during its creation has no event for the end of the creation.
		if d.StatusReason == "" {
			d.StatusReason = "the stack was deleted during the operation"
		}
		return &commit.Finished{Description: d, Events: events}
	}
	return nil
}

// statusOf returns the last status of the stack among the events of an operation; "" without one.
func statusOf(events []commit.Event) (status string) {
	for _, event := range events {
		if event.Type == cfn.StackType {
			status = event.Status
		}
	}
	return status
}

// clockSkew is the maximum lead of this machine's clock over AWS's: AWS refuses signed requests
// beyond it.
const clockSkew = 15 * time.Minute

// events returns the events of one operation that began after since, oldest first. AWS lists the
// newest first, so reading stops at the first older event.
func (s performer) events(ctx context.Context, e commit.Follow, since time.Time) ([]commit.Event, error) {
	var events []commit.Event
	pages := cloudformation.NewDescribeStackEventsPaginator(
		s.config.CloudFormation, &cloudformation.DescribeStackEventsInput{StackName: aws.String(e.StackID)},
	)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, event := range page.StackEvents {
			if aws.ToString(event.ClientRequestToken) != e.Token {
				if len(events) > 0 || aws.ToTime(event.Timestamp).Before(since) {
					slices.Reverse(events)
					return events, nil
				}
				continue
			}
			events = append(events, commit.Event{
				Time:      aws.ToTime(event.Timestamp),
				LogicalID: aws.ToString(event.LogicalResourceId),
				Type:      aws.ToString(event.ResourceType),
				Status:    string(event.ResourceStatus),
				Reason:    aws.ToString(event.ResourceStatusReason),
			})
		}
	}
	slices.Reverse(events)
	return events, nil
}

// stackPolicy denies the replacement of buckets, which no commit of ours does. It allows everything
// else, because a stack policy denies by default (CloudFormation user guide,
// protect-stack-resources).
const stackPolicy = `{"Statement":[` +
	`{"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"*"},` +
	`{"Effect":"Deny","Action":"Update:Replace","Principal":"*","Resource":"*","Condition":{"StringEquals":{"ResourceType":["AWS::S3::Bucket"]}}}]}`

func (s performer) protect(ctx context.Context, stackID string) error {
	if _, err := s.config.CloudFormation.SetStackPolicy(ctx, &cloudformation.SetStackPolicyInput{
		StackName: aws.String(stackID), StackPolicyBody: aws.String(stackPolicy),
	}); err != nil {
		return fmt.Errorf("setting the stack policy: %w", err)
	}
	if _, err := s.config.CloudFormation.UpdateTerminationProtection(ctx, &cloudformation.UpdateTerminationProtectionInput{
		StackName: aws.String(stackID), EnableTerminationProtection: aws.Bool(true),
	}); err != nil {
		return fmt.Errorf("switching on the termination protection: %w", err)
	}
	return nil
}
