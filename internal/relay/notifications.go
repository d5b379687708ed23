package relay

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	smithytime "github.com/aws/smithy-go/time"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

const (
	// notificationsBound limits one invocation with all of its stacks. Unfinished stacks are an
	// error, and Lambda retries.
	notificationsBound = 4 * time.Minute
	// stacksAtOnce is the number of stacks that are refreshed concurrently.
	stacksAtOnce = 4
	// looks is the number of reads of a stack whose description seems stale, and lookPause the time
	// between them.
	looks     = 4
	lookPause = 3 * time.Second
)

// Notifications handles an event of SNS or EventBridge and updates the mirror of the stacks that it
// names. It drops messages about resources before any call and groups the others by stack. It
// ignores foreign stacks.
//
// It returns an error when a stack was not read. Then Lambda retries the whole event, which is
// harmless.
func (r *Relay) Notifications(ctx context.Context, event json.RawMessage) error {
	refs, err := stackRefsOf(event)
	if err != nil {
		return err
	}
	stacks := stacksOf(refs)
	r.log.DebugContext(ctx, "notifications", "messages", len(refs), "stacks", len(stacks))
	if len(stacks) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, notificationsBound)
	defer cancel()
	err = forEach(ctx, stacksAtOnce, stacks, r.refresh)
	r.recordEvent(ctx)
	return err
}

func stackRefsOf(event json.RawMessage) ([]stackRef, error) {
	var shape struct {
		Records json.RawMessage `json:"Records"`
	}
	if err := json.Unmarshal(event, &shape); err != nil {
		return nil, fmt.Errorf("the event: %w", withoutContent(err))
	}
	if shape.Records == nil {
		w, err := stackRefOfBusEvent(event)
		return []stackRef{w}, err
	}
	// Only texts and their origin are read from the records.
	var records []record
	if err := json.Unmarshal(shape.Records, &records); err != nil {
		return nil, fmt.Errorf("the records of the event: %w", withoutContent(err))
	}
	refs := make([]stackRef, len(records))
	for i, r := range records {
		refs[i] = r.stackRef()
	}
	return refs, nil
}

// record is an SNS message that Lambda receives from a topic or from a queue subscribed to it.
type record struct {
	SNS  notification `json:"Sns"`
	Body string       `json:"body"` // for a queue
}

type notification struct {
	TopicARN string `json:"TopicArn"`
	Message  string `json:"Message"`
}

// stackRef parses a record. A queue delivers a notification as JSON, or an EventBridge event.
// Anything else in a queue is ignored.
func (r record) stackRef() stackRef {
	if r.Body == "" {
		return r.SNS.stackRef()
	}
	var n notification
	if json.Unmarshal([]byte(r.Body), &n) != nil {
		return stackRef{}
	}
	if n.TopicARN != "" {
		return n.stackRef()
	}
	w, err := stackRefOfBusEvent([]byte(r.Body))
	if err != nil {
		return stackRef{}
	}
	return w
}

// stackRef parses a notification. A topic may report only on stacks of its own account and region,
// since its publishers belong to that account.
func (n notification) stackRef() stackRef {
	w := stackRefOfText(n.Message)
	topic, err := arn.Parse(n.TopicARN)
	if err != nil || !w.isOf(topic.AccountID, topic.Region) {
		return stackRef{}
	}
	return w
}

// stackRefOfBusEvent parses an EventBridge event. EventBridge sets the account and region, so they
// cannot be forged.
func stackRefOfBusEvent(event []byte) (stackRef, error) {
	var e events.EventBridgeEvent
	if err := json.Unmarshal(event, &e); err != nil {
		return stackRef{}, fmt.Errorf("the event of the bus: %w", withoutContent(err))
	}
	w, err := stackRefOfBus(e)
	if err != nil || !w.isOf(e.AccountID, e.Region) {
		return stackRef{}, err
	}
	return w, nil
}

// isOf reports whether the stack is in an account and region.
func (w stackRef) isOf(accountID, region string) bool {
	at, ok := projects.AddressOf(w.stackID)
	return ok && at.AccountID == accountID && at.Region == region
}

// notifiedStack is a stack whose name can belong to Stowage.
type notifiedStack struct {
	at    projects.StackAddress
	ended bool
}

// stacksOf returns the stacks of the messages whose names can belong to Stowage, each once.
func stacksOf(refs []stackRef) []*notifiedStack {
	var stacks []*notifiedStack
	known := map[projects.StackAddress]*notifiedStack{}
	for _, w := range refs {
		at, ok := projects.AddressOf(w.stackID)
		if !ok {
			continue
		}
		if known[at] == nil {
			known[at] = &notifiedStack{at: at}
			stacks = append(stacks, known[at])
		}
		known[at].ended = known[at].ended || w.ended
	}
	return stacks
}

// refresh updates the mirror of one stack and publishes the change.
//
// Descriptions are stale for seconds after an operation. If the end of one was reported and the
// mirror still shows it in progress, the stack is read again a little later. After that the sweep
// repairs it.
func (r *Relay) refresh(ctx context.Context, w *notifiedStack) error {
	for look := 1; ; look++ {
		began := time.Now()
		done, err := r.projects.Synchronizer().RefreshStack(ctx, w.at)
		switch {
		case model.IsNotFound(err, model.NotFoundOwner, model.NotFoundProject, model.NotFoundDirectory):
			r.log.InfoContext(
				ctx, "not one of our stacks", "stack", w.at.Name(), "account", w.at.AccountID, "region", w.at.Region,
			)
			return nil
		case err != nil:
			r.log.ErrorContext(
				ctx, "the stack could not be compared with the mirror", "stack", w.at.Name(), "error", err.Error(),
			)
			return fmt.Errorf("refreshing the stack %s: %w", w.at.Name(), err)
		}
		r.log.InfoContext(
			ctx, "compared", "stack", w.at.Name(), "changed", done.Changed, "status", done.Status, "took_ms",
			time.Since(began).Milliseconds(),
		)
		if done.Changed {
			r.publish(ctx, w.at.Project)
		}
		if !w.ended || done.AtRest() || look == looks {
			return nil
		}
		if err := smithytime.SleepWithContext(ctx, lookPause); err != nil {
			return nil //nolint:nilerr // the stack has been looked at
		}
	}
}
