package relay

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// stackType is CloudFormation's own type, which events about a stack itself have.
const stackType = "AWS::CloudFormation::Stack"

// stackOfText is the id of the stack that a notification is about, "" for one about a resource, and for anything that isn't a
// notification.
//
// A notification is a text of lines Key='value', for which there are no rules of quoting: a value may hold quotes and line breaks,
// and so also what looks like lines of other keys. So a key counts at the beginning of a line only. The stack's id comes before
// anything that a person could have written, so the first counts; of the rest any line that fits does, since a notification too many
// costs two calls, and one too few is a mirror that is behind.
//
// Nothing else is taken out of a notification: it can hold the properties of resources.
func stackOfText(text string) string {
	var stackID string
	var physicalIDs []string
	isStack := false
	for line := range strings.Lines(text) {
		switch key, value, _ := strings.Cut(line, "='"); key {
		case "StackId":
			if stackID == "" {
				stackID = upToQuote(value)
			}
		case "PhysicalResourceId":
			physicalIDs = append(physicalIDs, upToQuote(value))
		case "ResourceType":
			isStack = isStack || upToQuote(value) == stackType
		}
	}
	if !isStack || !slices.Contains(physicalIDs, stackID) {
		return ""
	}
	return stackID
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

// stackOfBus is the id of the stack that an event of the bus is about, "" for one about anything else.
func stackOfBus(e events.EventBridgeEvent) (string, error) {
	if e.Source != cloudFormationSource || e.DetailType != stackStatusChange {
		return "", nil
	}
	var detail struct {
		StackID string `json:"stack-id"`
	}
	if err := json.Unmarshal(e.Detail, &detail); err != nil {
		return "", fmt.Errorf("the detail of a %q event: %w", stackStatusChange, withoutContent(err))
	}
	return detail.StackID, nil
}
