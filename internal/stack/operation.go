package stack

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	smithytime "github.com/aws/smithy-go/time"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
)

func (s performer) execute(ctx context.Context, e commit.Execute) *commit.CallError {
	s.mu.Lock()
	s.asked = time.Now()
	s.mu.Unlock()
	// Rollback is requested explicitly: AWS documents two defaults, and a half-applied template
	// would corrupt the model.
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
// under its ARN. An unexecuted one is deleted, after which it cannot be executed.
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
// the description still shows the stack before it, the description is stale: follow retries for
// cfn.StalePatience, and then records the time of the operation, so that later reads without it
// count as stale.
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

// described returns a description as an operation's final one, without the reason of another
// operation.
func described(e commit.Follow, d commit.Description) commit.Description {
	if d.ChangeSetID != e.ARN {
		d.StatusReason = ""
	}
	return d
}

// soleOperation is the time after the request of an execution in which no other operation can have
// followed it: each takes seconds.
const soleOperation = 10 * time.Second

// withoutChangeSet returns a description without the change set if an update without one followed
// the operation with these events: AWS may keep the last set's ChangeSetId then. A stack's
// LastUpdatedTime is when its last operation began.
func withoutChangeSet(d commit.Description, events []commit.Event) commit.Description {
	began := slices.IndexFunc(events, func(e commit.Event) bool { return e.Type == cfn.StackType })
	if began >= 0 && cfn.Succeeded(d.Status) && d.LastUpdated.Sub(events[began].Time) > tolerance {
		d.ChangeSetID = ""
	}
	return d
}

// finished evaluates a description of the stack; nil means that the operation is still running. A
// description with another change set is stale, or of the next writer's operation. Then the stack's
// events under our token decide, and the description keeps the other change set, so that its
// outputs are not taken for ours. In the first second, such a description counts as stale. The
// events also decide if the description may be of an update without a change set: its LastUpdated
// is not own, that of the operation.
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

// statusOf returns the stack's last status among an operation's events, or "".
func statusOf(events []commit.Event) (status string) {
	for _, event := range events {
		if event.Type == cfn.StackType {
			status = event.Status
		}
	}
	return status
}

// clockSkew is the maximum lead of this machine's clock: AWS refuses signed requests beyond it.
const clockSkew = 15 * time.Minute

// events returns an operation's events since a time, oldest first. AWS lists the newest first, so
// reading stops at the first older event.
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
