package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

const (
	// notificationsBound is the most that one invocation takes with all of its stacks. What isn't done by then is an error, and Lambda
	// tries again.
	notificationsBound = 4 * time.Minute
	// stacksAtOnce is how many stacks are refreshed at the same time.
	stacksAtOnce = 4
)

// Notifications takes an event of SNS or of the bus and brings the mirror of the stacks that it is about up to date. Messages about
// resources are dropped before any call is made; those that are left are taken together by stack. Stacks that aren't ours are left alone.
//
// An error means that a stack has not been looked at, and makes Lambda try the whole event again, which is harmless.
func (r *Relay) Notifications(ctx context.Context, event json.RawMessage) error {
	messages, stackIDs, err := stacksOf(event)
	if err != nil {
		return err
	}
	stacks := addresses(stackIDs)
	r.log.DebugContext(ctx, "notifications", "messages", messages, "stacks", len(stacks))
	if len(stacks) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, notificationsBound)
	defer cancel()
	return each(ctx, stacksAtOnce, stacks, r.refresh)
}

// stacksOf are the ids of the stacks that an event is about, and the number of its messages.
func stacksOf(event json.RawMessage) (messages int, stackIDs []string, err error) {
	var shape struct {
		Records json.RawMessage `json:"Records"`
	}
	if err := json.Unmarshal(event, &shape); err != nil {
		return 0, nil, fmt.Errorf("the event: %w", withoutContent(err))
	}
	if shape.Records == nil {
		var e events.EventBridgeEvent
		if err := json.Unmarshal(event, &e); err != nil {
			return 0, nil, fmt.Errorf("the event of the bus: %w", withoutContent(err))
		}
		id, err := stackOfBus(e)
		return 1, []string{id}, err
	}
	// Only the texts are taken out of the records: whatever else is in them, and of whatever form, is nobody's business.
	var records []struct {
		SNS struct {
			Message string `json:"Message"`
		} `json:"Sns"`
	}
	if err := json.Unmarshal(shape.Records, &records); err != nil {
		return 0, nil, fmt.Errorf("the records of the event: %w", withoutContent(err))
	}
	for _, record := range records {
		stackIDs = append(stackIDs, stackOfText(record.SNS.Message))
	}
	return len(records), stackIDs, nil
}

// addresses are where the stacks are that can be ours, each once.
func addresses(stackIDs []string) []projects.StackAddress {
	var all []projects.StackAddress
	seen := map[projects.StackAddress]bool{}
	for _, id := range stackIDs {
		if at, ok := projects.AddressOf(id); ok && !seen[at] {
			seen[at] = true
			all = append(all, at)
		}
	}
	return all
}

// refresh brings the mirror of one stack up to date and tells those who watch.
func (r *Relay) refresh(ctx context.Context, at projects.StackAddress) error {
	began := time.Now()
	changed, err := r.projects.RefreshStack(ctx, at)
	var (
		foreign *projects.ForeignStackError
		unknown *projects.UnknownProjectError
	)
	switch {
	case errors.As(err, &foreign), errors.As(err, &unknown):
		r.log.InfoContext(ctx, "not one of our stacks", "stack", at.Name(), "account", at.AccountID, "region", at.Region)
		return nil
	case err != nil:
		r.log.ErrorContext(ctx, "the stack could not be compared with the mirror", "stack", at.Name(), "error", err.Error())
		return fmt.Errorf("refreshing the stack %s: %w", at.Name(), err)
	}
	r.log.InfoContext(ctx, "compared", "stack", at.Name(), "changed", changed, "took", time.Since(began).String())
	if changed {
		r.publish(ctx, at.Project)
	}
	return nil
}
