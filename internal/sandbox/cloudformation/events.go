package cloudformation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

const stackType = "AWS::CloudFormation::Stack"

// event is one stack event. Properties is the resource's resolved properties as JSON, "" for a
// stack's own events and for deletions in a clean-up phase (both recorded from AWS).
type event struct {
	id         string
	at         time.Time
	logicalID  string
	physicalID string
	kind       string
	status     string
	reason     string
	properties string
	token      string
}

// record adds an event to a stack's history and sends it to the stack's topics and EventBridge.
func (s *Service) record(st *stack, caller cloud.Caller, e event) {
	if e.at.IsZero() {
		e.at = s.w.Now()
	}
	if e.id == "" {
		e.id = s.w.NewUUID()
	}
	st.events = append(st.events, e)
	s.notify(st, caller, e)
	s.announce(st, e)
}

func (s *Service) become(st *stack, caller cloud.Caller, token, status, reason string) {
	st.status, st.reason = status, reason
	s.record(
		st, caller,
		event{logicalID: st.name, physicalID: st.id, kind: stackType, status: status, reason: reason, token: token},
	)
}

// report records an event of a resource under its status. AWS's IDs for these are logical ID,
// status and time.
func (op *operation) report(r *resource, status, reason string) {
	r.status, r.reason, r.changed = status, reason, op.s.w.Now()
	op.s.record(op.st, op.caller, event{
		id:        fmt.Sprintf("%s-%s-%s", r.logicalID, status, protocol.Time(r.changed)),
		at:        r.changed,
		logicalID: r.logicalID, physicalID: r.physicalID, kind: r.kind, status: status, reason: reason,
		properties: op.s.eventProperties(r.kind, r.properties), token: op.token,
	})
}

// reportCleanup records a deletion in a clean-up phase. AWS's IDs for these are logical ID and
// UUID, without properties (recorded from AWS).
func (op *operation) reportCleanup(r *resource, status, reason string) {
	r.status, r.reason, r.changed = status, reason, op.s.w.Now()
	op.s.record(op.st, op.caller, event{
		id:        r.logicalID + "-" + op.s.w.NewUUID(),
		logicalID: r.logicalID, physicalID: r.physicalID, kind: r.kind, status: status, reason: reason, token: op.token,
	})
}

// eventProperties returns a resource's properties for events and notifications (unproven:
// event-properties-secrets).
func (s *Service) eventProperties(kind string, properties map[string]any) string {
	if kind == "AWS::SecretsManager::Secret" && properties["SecretString"] != nil &&
		s.w.AnswersWith(unproven.EventSecrets, unproven.Masked) {
		properties = maps.Clone(properties)
		properties["SecretString"] = "****"
	}
	return jsonText(properties)
}

func jsonText(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("sandbox: a template's value can't be encoded: %v", err)) // it was decoded from JSON
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

type eventXML struct {
	StackID              string `xml:"StackId"`
	EventID              string `xml:"EventId"`
	StackName            string
	LogicalResourceID    string `xml:"LogicalResourceId"`
	PhysicalResourceID   string `xml:"PhysicalResourceId"`
	ResourceType         string
	Timestamp            string
	ResourceStatus       string
	ResourceStatusReason string `xml:",omitempty"`
	ResourceProperties   string `xml:",omitempty"`
	ClientRequestToken   string `xml:",omitempty"`
}

// describeStackEvents returns the newest events first. A token names the next event, so that pages
// stay consistent while events are added.
func (s *Service) describeStackEvents(r *cloud.Request) (any, error) {
	st, err := s.anyStack(r, r.Form.Get("StackName"))
	if err != nil {
		return nil, err
	}
	next := len(st.events)
	if token := r.Form.Get("NextToken"); token != "" {
		n, err := strconv.Atoi(token)
		if err != nil || n < 0 || n > len(st.events) {
			return nil, invalid("Invalid NextToken")
		}
		next = n
	}
	var result struct {
		StackEvents []eventXML `xml:"StackEvents>member"`
		NextToken   string     `xml:",omitempty"`
	}
	perPage := s.w.Answers.Number(unproven.EventsPerPage) // unproven: events-per-page
	for ; next > 0 && len(result.StackEvents) < perPage; next-- {
		e := st.events[next-1]
		result.StackEvents = append(result.StackEvents, eventXML{
			StackID: st.id, EventID: e.id, StackName: st.name, LogicalResourceID: e.logicalID, PhysicalResourceID: e.physicalID,
			ResourceType: e.kind, Timestamp: protocol.Time(e.at), ResourceStatus: e.status, ResourceStatusReason: e.reason,
			ResourceProperties: e.properties, ClientRequestToken: e.token,
		})
	}
	if next > 0 {
		result.NextToken = strconv.Itoa(next)
	}
	return result, nil
}
