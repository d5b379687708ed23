package sqs

import (
	"crypto/md5" //nolint:gosec // SQS's checksum
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/evaluate"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

type queue struct {
	name, arn, url, account string
	settings
	policy   string // "" for none
	tags     map[string]string
	created  time.Time
	changed  time.Time
	messages []*message
}

// settings are the modelled attributes of a queue. The times are in seconds.
type settings struct {
	visibility, retention, maxSize int
	managedSSE                     bool
}

// defaults are those of CreateQueue (Amazon SQS API Reference).
func defaults() settings {
	return settings{visibility: 30, retention: 345600, maxSize: 1 << 20, managedSSE: true}
}

// check refuses values that CreateQueue refuses.
func (s settings) check() error {
	for _, c := range []struct {
		name             string
		value, low, high int
	}{
		{"VisibilityTimeout", s.visibility, 0, 43200},
		{"MessageRetentionPeriod", s.retention, 60, 1209600},
		{"MaximumMessageSize", s.maxSize, 1024, 1 << 20},
	} {
		if c.value < c.low || c.value > c.high {
			return cloud.Errorf("InvalidAttributeValue", "Invalid value for the parameter %s.", c.name)
		}
	}
	return nil
}

// Attribute is an attribute of a message, of type String or Number.
type Attribute struct {
	DataType    string
	StringValue string
}

type message struct {
	id, body   string
	attributes map[string]Attribute
	sent       time.Time
	visible    time.Time
	received   int
	receipt    string // of its last receipt
}

// expire removes the messages whose retention has ended.
func (q *queue) expire(now time.Time) {
	oldest := now.Add(-time.Duration(q.retention) * time.Second)
	q.messages = slices.DeleteFunc(q.messages, func(m *message) bool { return m.sent.Before(oldest) })
}

// counts returns the numbers of visible and of invisible messages.
func (q *queue) counts(now time.Time) (visible, invisible int) {
	q.expire(now)
	for _, m := range q.messages {
		if m.visible.After(now) {
			invisible++
		} else {
			visible++
		}
	}
	return visible, invisible
}

func (s *Service) send(q *queue, body string, attributes map[string]Attribute) (*message, error) {
	size := len(body)
	for name, a := range attributes {
		size += len(name) + len(a.DataType) + len(a.StringValue)
	}
	switch {
	case body == "":
		return nil, cloud.Errorf("MissingRequiredParameterException", "The request must contain the parameter MessageBody.")
	case size > q.maxSize:
		return nil, cloud.Errorf(
			"InvalidParameterValueException",
			"One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", q.maxSize,
		)
	}
	now := s.world.Now()
	m := &message{id: s.world.NewUUID(), body: body, attributes: attributes, sent: now, visible: now}
	q.messages = append(q.messages, m)
	s.measure(q)
	return m, nil
}

// measure reports the number of visible messages.
func (s *Service) measure(q *queue) {
	visible, _ := q.counts(s.world.Now())
	s.world.Measure(cloud.Metric{
		Account: q.account, Region: strings.Split(q.arn, ":")[3], Namespace: "AWS/SQS",
		Name: "ApproximateNumberOfMessagesVisible", Dimension: "QueueName", Value: q.name,
		Amount: float64(visible), Gauge: true,
	})
}

func checksum(text string) string {
	sum := md5.Sum([]byte(text)) //nolint:gosec // SQS's checksum
	return hex.EncodeToString(sum[:])
}

// Send implements cloud.Queues: a service sends a message, as the queue's policy or the role allows.
func (s *Service) Send(m cloud.QueueMessage) error {
	found := s.queues[m.Queue]
	if found == nil {
		return errNoQueue()
	}
	if err := s.permits(found, m); err != nil {
		return err
	}
	attributes := map[string]Attribute{}
	for name, a := range m.Attributes {
		attributes[name] = Attribute{DataType: a.Type, StringValue: a.Value}
	}
	_, err := s.send(found, m.Body, attributes)
	return err
}

// permits refuses a message of a service without the permission to send it.
func (s *Service) permits(found *queue, m cloud.QueueMessage) error {
	if m.Role != "" && s.world.RoleMay != nil {
		region := strings.Split(found.arn, ":")[3]
		return s.world.RoleMay(m.Role, m.Service, region, cloud.Demand{
			Action: "sqs:SendMessage", Resource: found.arn, Account: found.account, Policy: found.policy,
		})
	}
	denied := cloud.Errorf("AccessDenied", "Access to the resource %s is denied.", found.url)
	policy, err := policydoc.Parse(found.policy, policydoc.Resource)
	if err != nil { // there is none
		return denied
	}
	parts := strings.SplitN(m.Source, ":", 6)
	request := evaluate.Request{
		Principal: m.Service, Action: "sqs:SendMessage", Resource: found.arn,
		Context: map[string][]string{
			"aws:SourceArn": {m.Source}, "aws:SourceAccount": {parts[min(4, len(parts)-1)]}, "aws:SecureTransport": {"true"},
		},
	}
	if !evaluate.ServiceMay(request, policy) {
		return denied
	}
	return nil
}
