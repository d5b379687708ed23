package stack

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithytime "github.com/aws/smithy-go/time"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Config identifies the stack and what surrounds its commits.
type Config struct {
	commit.Config
	CloudFormation *cloudformation.Client
	S3             *s3.Client
	// TemplateBucket receives templates that are too large for a request; "" for none.
	TemplateBucket string
	// NotificationARNs are set when the stack is created.
	NotificationARNs []string
	// Observer is notified of the stack's commits; nil for none.
	Observer Observer
	// Log writes a line to the user's log; nil for none.
	Log func(ctx context.Context, message string, fields map[string]any)
}

// Observer is notified of a stack's commits before their members are. Its methods are called one at
// a time, and should return within two seconds, since the commits wait for them.
type Observer interface {
	// Announce is called before an execution.
	Announce(ctx context.Context, announcement commit.Announce)
	// Committed is called after a commit.
	Committed(ctx context.Context, committed commit.Committed)
	// Superseded is called after a commit that was followed by another writer's change.
	Superseded()
	// Unchanged is called when the stack already holds the changes.
	Unchanged(ctx context.Context, unchanged commit.Unchanged)
	// Unhealed is called when resources may differ from the template after a failed rollback.
	Unhealed(ctx context.Context, unhealed commit.Unhealed)
}

type noObserver struct{}

func (noObserver) Announce(context.Context, commit.Announce)   {}
func (noObserver) Committed(context.Context, commit.Committed) {}
func (noObserver) Superseded()                                 {}
func (noObserver) Unchanged(context.Context, commit.Unchanged) {}
func (noObserver) Unhealed(context.Context, commit.Unhealed)   {}

// Stack is one CloudFormation stack. It is safe for concurrent use.
type Stack struct {
	config Config

	mu      sync.Mutex // protects the fields below; never held during a call or a wait
	id      string     // the stack's id, once known
	newest  moment     // the latest observed state of the stack
	earlier earlier    // the last reading, for the next commit
	asked   time.Time  // the time of the last request to execute a change set
	engine  *commit.Engine
	running bool
	arrived []arrival
	waiters map[commit.MemberID]chan error
	next    commit.MemberID

	wake chan struct{} // of capacity 1: something has arrived
}

// moment is a time at which a stack was last changed.
type moment struct {
	stackID string
	changed time.Time
}

// arrival is a submission or a cancellation on its way to the engine.
type arrival struct {
	at     time.Time
	member commit.Member
	cancel bool
}

// New returns a Stack. It makes no call.
func New(config Config) *Stack {
	if config.Log == nil {
		config.Log = func(context.Context, string, map[string]any) {}
	}
	if config.Observer == nil {
		config.Observer = noObserver{}
	}
	config.CloudFormation, config.S3 = watchedCloudFormation(config.CloudFormation), watchedS3(config.S3)
	return &Stack{
		config: config, engine: commit.New(config.Config),
		waiters: map[commit.MemberID]chan error{}, wake: make(chan struct{}, 1),
	}
}

// Name returns the stack's name.
func (s *Stack) Name() string { return s.config.Stack }

// ref returns how calls refer to the stack: by id if known.
func (s *Stack) ref() *string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.id != "" {
		return aws.String(s.id)
	}
	return aws.String(s.config.Stack)
}

func (s *Stack) setID(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.id = id
}

// Know sets the stack's id and the time of its last change as recorded earlier. The first call then
// uses the id, and an older reading is stale. An outdated id costs one more call.
func (s *Stack) Know(id string, changed time.Time) {
	s.mu.Lock()
	if s.id == "" {
		s.id = id
	}
	s.mu.Unlock()
	s.note(moment{id, changed})
}

func (s *Stack) note(m moment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.stackID != s.newest.stackID || m.changed.After(s.newest.changed) {
		s.newest = m
	}
}

// tolerance is the maximum difference between reports of one moment by the stack and its events. An
// update takes longer.
const tolerance = time.Second

// behind reports whether a description is older than the observed state. DescribeStacks is
// eventually consistent.
func (s *Stack) behind(d commit.Description) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return d.StackID == s.newest.stackID && s.newest.changed.Sub(d.LastUpdated) > tolerance
}

// Describe returns the stack's state, or nil without an error if there is no such stack.
func (s *Stack) Describe(ctx context.Context) (*commit.Description, error) {
	ref := s.ref()
	d, err := s.describe(ctx, ref)
	if err != nil {
		return nil, err
	}
	if d == nil && *ref != s.config.Stack || d != nil && d.Status == cfn.DeleteComplete {
		// The known id is invalid or forgotten; another stack may have the name now.
		s.setID("")
		if d, err = s.describe(ctx, s.ref()); err != nil {
			return nil, err
		}
	}
	if d != nil {
		s.setID(d.StackID)
		s.keepEarlier(earlier{description: d})
	}
	return d, nil
}

func (s *Stack) describe(ctx context.Context, ref *string) (*commit.Description, error) {
	out, err := s.config.CloudFormation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: ref})
	if err != nil {
		if classify(err).Failure == commit.Gone {
			return nil, nil //nolint:nilnil // no stack and no error: it isn't there
		}
		return nil, fmt.Errorf("describing the stack %s: %w", s.config.Stack, err)
	}
	if len(out.Stacks) != 1 {
		return nil, fmt.Errorf("describing the stack %s gave %d stacks", s.config.Stack, len(out.Stacks))
	}
	d := description(out.Stacks[0])
	s.note(moment{d.StackID, d.LastUpdated})
	return &d, nil
}

func description(stack types.Stack) commit.Description {
	d := commit.Description{
		StackID:      aws.ToString(stack.StackId),
		Status:       string(stack.StackStatus),
		StatusReason: aws.ToString(stack.StackStatusReason),
		ChangeSetID:  aws.ToString(stack.ChangeSetId),
		LastUpdated:  aws.ToTime(stack.LastUpdatedTime).UTC(),
		Parameters:   map[string]string{},
		Outputs:      map[string]string{},
		Protected:    aws.ToBool(stack.EnableTerminationProtection),
	}
	if stack.LastUpdatedTime == nil {
		d.LastUpdated = aws.ToTime(stack.CreationTime).UTC()
	}
	for _, p := range stack.Parameters {
		d.Parameters[aws.ToString(p.ParameterKey)] = aws.ToString(p.ParameterValue)
	}
	for _, o := range stack.Outputs {
		d.Outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	return d
}

// Read reads the stack's state and template as of one moment. The caller compares the descriptions
// around the template.
func (s *Stack) Read(ctx context.Context) commit.BaseRead {
	before, err := s.Describe(ctx)
	switch {
	case err != nil:
		return commit.BaseRead{Err: err}
	case before == nil:
		return commit.BaseRead{Absent: true}
	case before.Status == cfn.ReviewInProgress:
		return commit.BaseRead{Before: *before, After: *before}
	}
	return s.readSince(ctx, *before)
}

// readSince reads the template and then a description; before is the description before them.
func (s *Stack) readSince(ctx context.Context, before commit.Description) commit.BaseRead {
	out, err := s.config.CloudFormation.GetTemplate(ctx, &cloudformation.GetTemplateInput{
		StackName: aws.String(before.StackID), TemplateStage: types.TemplateStageOriginal,
	})
	if err != nil {
		return commit.BaseRead{Err: fmt.Errorf("reading the template of the stack %s: %w", s.config.Stack, err)}
	}
	decoded, err := template.Decode([]byte(aws.ToString(out.TemplateBody)))
	if err != nil {
		return commit.BaseRead{Err: fmt.Errorf("the template of the stack %s: %w", s.config.Stack, err)}
	}
	after, err := s.describe(ctx, aws.String(before.StackID))
	if err != nil {
		return commit.BaseRead{Err: err}
	}
	if after == nil {
		return commit.BaseRead{Absent: true}
	}
	return commit.BaseRead{Before: before, After: *after, Template: decoded, Behind: s.behind(*after)}
}

const deletionBound = 30 * time.Minute

// Delete waits for the end of other operations, lifts the termination protection, deletes the stack
// by its id, and waits until it is gone. Retained resources stay. It succeeds if the stack does not
// exist.
//
// still reports whether the stack at rest is what the caller has read and wants to delete. If not,
// the stack stays, and Delete returns a model.ConflictStackChanged error. CloudFormation prevents a
// change in between: it deletes no stack that is being updated.
func (s *Stack) Delete(ctx context.Context, token string, still func(commit.Description) bool) error {
	ctx, cancel := context.WithTimeout(ctx, deletionBound)
	defer cancel()
	for {
		d, err := s.atRest(ctx)
		if err != nil || d == nil {
			return err
		}
		if d.Status != cfn.DeleteInProgress && !still(*d) {
			return &model.ConflictError{Kind: model.ConflictStackChanged, Stack: s.config.Stack}
		}
		if _, err = s.config.CloudFormation.UpdateTerminationProtection(ctx, &cloudformation.UpdateTerminationProtectionInput{
			StackName: aws.String(d.StackID), EnableTerminationProtection: aws.Bool(false),
		}); err != nil {
			return fmt.Errorf("lifting the termination protection of the stack %s: %w", s.config.Stack, err)
		}
		if _, err = s.config.CloudFormation.DeleteStack(ctx, &cloudformation.DeleteStackInput{
			StackName: aws.String(d.StackID), ClientRequestToken: aws.String(token),
		}); err == nil {
			return s.gone(ctx, d.StackID)
		}
		// Another writer may have started an operation since, or protected the stack that it just
		// created.
		if now, again := s.Describe(ctx); again != nil || now == nil || !now.Protected && !cfn.InProgress(now.Status) {
			return fmt.Errorf("deleting the stack %s: %w", s.config.Stack, err)
		}
	}
}

// atRest waits for the end of operations other than a deletion on a stack to be deleted. It returns
// nil if there is no such stack.
func (s *Stack) atRest(ctx context.Context) (*commit.Description, error) {
	for pause := time.Second; ; pause = longer(pause, 5*time.Second) {
		d, err := s.Describe(ctx)
		if err != nil || d == nil || !cfn.InProgress(d.Status) ||
			d.Status == cfn.DeleteInProgress || d.Status == cfn.ReviewInProgress {
			return d, err
		}
		s.config.Log(
			ctx, "Waiting for another writer's operation", map[string]any{"stack": s.config.Stack, "status": d.Status},
		)
		if err := smithytime.SleepWithContext(ctx, pause); err != nil {
			return nil, fmt.Errorf("waiting for the operation on the stack %s that is in %s: %w", s.config.Stack, d.Status, err)
		}
	}
}

// gone waits until a stack that is being deleted is gone.
func (s *Stack) gone(ctx context.Context, stackID string) error {
	for pause := firstPause; ; pause = nextPause(pause) {
		if err := smithytime.SleepWithContext(ctx, pause); err != nil {
			return fmt.Errorf("waiting for the deletion of the stack %s: %w", s.config.Stack, err)
		}
		now, err := s.describe(ctx, aws.String(stackID))
		switch {
		case err != nil && !classify(err).Failure.Final():
			// throttled or no answer: still running
		case err != nil:
			return err
		case now == nil || now.Status == cfn.DeleteComplete:
			s.setID("")
			return nil
		case now.Status == cfn.DeleteFailed:
			stuck := &commit.StuckError{Stack: s.config.Stack, Status: now.Status, Reason: now.StatusReason}
			return model.AfterChange(stuck, "CloudFormation deleted a part of the stack "+s.config.Stack+".")
		}
	}
}

// longer returns the next pause between polls: half as long again, up to most.
func longer(pause, most time.Duration) time.Duration { return min(pause*3/2, most) }

// firstPause is the pause before the first poll of our own operation. An emulator ends an operation
// immediately.
const firstPause = 250 * time.Millisecond

// nextPause returns the next pause between polls of our own operation: 250 ms, 750 ms, 2.25 s, and
// then 5 s. AWS takes at least 5 seconds, in which 1 s, 1.5 s, 2.25 s and so on would make as many
// polls.
func nextPause(pause time.Duration) time.Duration { return min(pause*3, 5*time.Second) }
