package cloudformation

import (
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

const notificationSubject = "AWS CloudFormation Notification"

// notify publishes an event to each of the stack's topics. The format is that of messages published
// by AWS's users: one Key='value' per line, with quotes and line breaks of values unescaped.
// ResourceProperties has the resolved properties (unproven: event-properties-secrets).
//
// A message that the topic refuses is lost, as CloudFormation does not guarantee delivery.
func (s *Service) notify(st *stack, caller cloud.Caller, e event) {
	topics := s.w.Publisher()
	if topics == nil || st.config == nil || len(st.config.topics) == 0 {
		return
	}
	properties := e.properties
	if properties == "" {
		properties = "null"
	}
	var b strings.Builder
	for _, line := range [][2]string{
		{"StackId", st.id},
		{"Timestamp", protocol.Time(e.at)},
		{"EventId", e.id},
		{"LogicalResourceId", e.logicalID},
		{"Namespace", st.at.account},
		{"PhysicalResourceId", e.physicalID},
		{"PrincipalId", caller.UserID},
		{"ResourceProperties", properties},
		{"ResourceStatus", e.status},
		{"ResourceStatusReason", e.reason},
		{"ResourceType", e.kind},
		{"StackName", st.name},
		{"ClientRequestToken", orNull(e.token)},
	} {
		b.WriteString(line[0] + "='" + line[1] + "'\n")
	}
	for _, topic := range st.config.topics {
		_ = topics.Publish(topic, notificationSubject, b.String())
	}
}

func orNull(s string) string {
	if s == "" {
		return "null"
	}
	return s
}

// reachable refuses topics that a stack cannot use: a topic must be in the stack's region (reported
// to aws-cdk as ExecuteChangeSet's answer).
func reachable(topics []string, region string) error {
	for _, topic := range topics {
		parts := strings.Split(topic, ":")
		if len(parts) != 6 || parts[2] != "sns" || parts[3] != region {
			return invalid("Invalid parameter: TopicArn")
		}
	}
	return nil
}
