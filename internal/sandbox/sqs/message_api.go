package sqs

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

func (s *Service) sendMessage(r *cloud.Request) (any, error) {
	var in struct {
		QueueUrl, MessageBody string
		MessageAttributes     map[string]Attribute
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	found, err := s.at(r.Caller, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if len(in.MessageAttributes) > 0 {
		return nil, cloud.NotModelled("the checksum of message attributes of sqs SendMessage")
	}
	sent, err := s.send(found, in.MessageBody, nil)
	if err != nil {
		return nil, err
	}
	return map[string]string{"MessageId": sent.id, "MD5OfMessageBody": checksum(sent.body)}, nil
}

// received is a message as ReceiveMessage returns it.
type received struct {
	MessageId         string
	ReceiptHandle     string
	Body              string
	MD5OfBody         string
	Attributes        map[string]string    `json:",omitempty"`
	MessageAttributes map[string]Attribute `json:",omitempty"`
}

func (s *Service) receiveMessage(r *cloud.Request) (any, error) {
	var in struct {
		QueueUrl                                    string
		MaxNumberOfMessages                         *int
		VisibilityTimeout, WaitTimeSeconds          *int
		MessageAttributeNames                       []string
		MessageSystemAttributeNames, AttributeNames []string
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	found, err := s.at(r.Caller, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	most, hidden := 1, found.visibility
	if in.MaxNumberOfMessages != nil {
		most = *in.MaxNumberOfMessages
	}
	if in.VisibilityTimeout != nil {
		hidden = *in.VisibilityTimeout
	}
	if most < 1 || most > 10 {
		return nil, cloud.Errorf(
			"InvalidParameterValueException",
			"Value %d for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.", most,
		)
	}
	if in.WaitTimeSeconds != nil && *in.WaitTimeSeconds > 0 {
		return nil, cloud.NotModelled("long polling of sqs ReceiveMessage")
	}
	out := struct {
		Messages []received `json:",omitempty"`
	}{}
	now := s.world.Now()
	found.expire(now)
	for _, m := range found.messages {
		if len(out.Messages) == most {
			break
		}
		if m.visible.After(now) {
			continue
		}
		m.received++
		m.receipt, m.visible = s.world.NewToken(40), now.Add(time.Duration(hidden)*time.Second)
		one := received{MessageId: m.id, ReceiptHandle: m.receipt, Body: m.body, MD5OfBody: checksum(m.body)}
		system := map[string]string{
			"SentTimestamp":           strconv.FormatInt(m.sent.UnixMilli(), 10),
			"ApproximateReceiveCount": strconv.Itoa(m.received),
		}
		one.Attributes = selected(system, append(in.MessageSystemAttributeNames, in.AttributeNames...))
		one.MessageAttributes = selected(m.attributes, in.MessageAttributeNames)
		out.Messages = append(out.Messages, one)
	}
	return out, nil
}

// selected returns the attributes with some names; All stands for all.
func selected[V any](all map[string]V, names []string) map[string]V {
	chosen := maps.Clone(all)
	maps.DeleteFunc(chosen, func(name string, _ V) bool {
		return !slices.Contains(names, name) && !slices.Contains(names, "All")
	})
	return chosen
}

func (s *Service) deleteMessage(r *cloud.Request) (any, error) {
	var in struct{ QueueUrl, ReceiptHandle string }
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	found, err := s.at(r.Caller, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	found.messages = slices.DeleteFunc(found.messages, func(m *message) bool {
		return m.receipt != "" && m.receipt == in.ReceiptHandle
	})
	s.measure(found)
	return nil, nil //nolint:nilnil // an empty answer
}
