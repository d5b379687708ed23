package relay

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
)

// stackRef is the content of a message: the stack to read.
type stackRef struct {
	stackID string // "" for none: a message about a resource, or no notification
	// ended reports that the message announces the end of an operation. If a read does not show
	// that end yet, the stack is read again.
	ended bool
}

// stackRefOfText parses a notification.
//
// A notification is a text of lines Key='value' without quoting rules. A value may contain quotes
// and line breaks, and therefore lines that look like other keys. So a key counts only at the
// beginning of a line. The stack's ID precedes all user-written text, so its first line counts. For
// the other keys any matching line counts: a false notification costs two calls, while a missed one
// leaves the mirror behind.
//
// Nothing else is read from a notification, as it can contain the properties of resources.
func stackRefOfText(text string) stackRef {
	var w stackRef
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
		return stackRef{}
	}
	return w
}

// upToQuote returns the beginning of a value that cannot contain a quote.
func upToQuote(value string) string {
	value, _, _ = strings.Cut(value, "'")
	return value
}

const (
	cloudFormationSource = "aws.cloudformation"
	stackStatusChange    = "CloudFormation Stack Status Change"
	scheduledEvent       = "Scheduled Event"
)

func stackRefOfBus(e events.EventBridgeEvent) (stackRef, error) {
	if e.Source != cloudFormationSource || e.DetailType != stackStatusChange {
		return stackRef{}, nil
	}
	var detail struct {
		StackID string `json:"stack-id"`
		Details struct {
			Status string `json:"status"`
		} `json:"status-details"`
	}
	if err := json.Unmarshal(e.Detail, &detail); err != nil {
		return stackRef{}, fmt.Errorf("the detail of a %q event: %w", stackStatusChange, withoutContent(err))
	}
	return stackRef{detail.StackID, cfn.Complete(detail.Details.Status)}, nil
}
