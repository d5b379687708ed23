package relay

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
)

// wake is what a message comes to: a stack to look at.
type wake struct {
	stackID string // "" for none: a message about a resource, or anything that isn't a notification
	// ended says that the message claims the end of an operation. It is a hint to look again if that doesn't show yet.
	ended bool
}

// wakeOfText reads a notification.
//
// A notification is a text of lines Key='value', for which there are no rules of quoting: a value may hold quotes and line breaks,
// and so also what looks like lines of other keys. So a key counts at the beginning of a line only. The stack's id comes before
// anything that a person could have written, so the first counts; of the rest any line that fits does, since a notification too many
// costs two calls, and one too few is a mirror that is behind.
//
// Nothing else is taken out of a notification: it can hold the properties of resources.
func wakeOfText(text string) wake {
	var w wake
	var physicalIDs []string
	isStack := false
	for line := range strings.Lines(text) {
		switch key, value, _ := strings.Cut(line, "='"); key {
		case "StackId":
			if w.stackID == "" {
				w.stackID = upToQuote(value)
			}
		case "PhysicalResourceId":
			physicalIDs = append(physicalIDs, upToQuote(value))
		case "ResourceType":
			isStack = isStack || upToQuote(value) == cfn.StackType
		case "ResourceStatus":
			w.ended = w.ended || cfn.Complete(upToQuote(value))
		}
	}
	if !isStack || !slices.Contains(physicalIDs, w.stackID) {
		return wake{}
	}
	return w
}

// upToQuote is a value of which it is known that it holds no quote.
func upToQuote(value string) string {
	value, _, _ = strings.Cut(value, "'")
	return value
}

const (
	cloudFormationSource = "aws.cloudformation"
	stackStatusChange    = "CloudFormation Stack Status Change"
	scheduledEvent       = "Scheduled Event"
)

// wakeOfBus reads an event of the bus.
func wakeOfBus(e events.EventBridgeEvent) (wake, error) {
	if e.Source != cloudFormationSource || e.DetailType != stackStatusChange {
		return wake{}, nil
	}
	var detail struct {
		StackID string `json:"stack-id"`
		Details struct {
			Status string `json:"status"`
		} `json:"status-details"`
	}
	if err := json.Unmarshal(e.Detail, &detail); err != nil {
		return wake{}, fmt.Errorf("the detail of a %q event: %w", stackStatusChange, withoutContent(err))
	}
	return wake{detail.StackID, cfn.Complete(detail.Details.Status)}, nil
}
