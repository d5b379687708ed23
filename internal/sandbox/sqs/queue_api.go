package sqs

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

func (s *Service) getQueueURL(r *cloud.Request) (any, error) {
	var in struct{ QueueName string }
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	found := s.queues[arnOf(r.Caller, in.QueueName)]
	if found == nil {
		return nil, errNoQueue()
	}
	return map[string]string{"QueueUrl": found.url}, nil
}

func (s *Service) listQueues(r *cloud.Request) (any, error) {
	var in struct{ QueueNamePrefix string }
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	out := struct {
		QueueUrls []string `json:",omitempty"`
	}{}
	for _, arn := range slices.Sorted(maps.Keys(s.queues)) {
		if strings.HasPrefix(arn, arnOf(r.Caller, in.QueueNamePrefix)) {
			out.QueueUrls = append(out.QueueUrls, s.queues[arn].url)
		}
	}
	return out, nil
}

func (s *Service) listQueueTags(r *cloud.Request) (any, error) {
	var in struct{ QueueUrl string }
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	found, err := s.at(r.Caller, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return map[string]any{"Tags": found.tags}, nil
}

func (s *Service) getQueueAttributes(r *cloud.Request) (any, error) {
	var in struct {
		QueueUrl       string
		AttributeNames []string
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	found, err := s.at(r.Caller, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	all := found.attributesAt(s.world.Now())
	wanted := map[string]string{}
	for _, name := range in.AttributeNames {
		value, known := all[name]
		switch {
		case name == "All":
			maps.Copy(wanted, all)
		case known:
			wanted[name] = value
		case name == "Policy": // a queue without one
		default:
			return nil, cloud.Errorf("InvalidAttributeName", "Unknown Attribute %s.", name)
		}
	}
	out := struct {
		Attributes map[string]string `json:",omitempty"`
	}{wanted}
	return out, nil
}

// attributesAt returns a queue's attributes.
func (q *queue) attributesAt(now time.Time) map[string]string {
	visible, invisible := q.counts(now)
	all := map[string]string{
		"QueueArn":                              q.arn,
		"ApproximateNumberOfMessages":           strconv.Itoa(visible),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(invisible),
		"ApproximateNumberOfMessagesDelayed":    "0",
		"CreatedTimestamp":                      strconv.FormatInt(q.created.Unix(), 10),
		"LastModifiedTimestamp":                 strconv.FormatInt(q.changed.Unix(), 10),
		"VisibilityTimeout":                     strconv.Itoa(q.visibility),
		"MessageRetentionPeriod":                strconv.Itoa(q.retention),
		"MaximumMessageSize":                    strconv.Itoa(q.maxSize),
		"DelaySeconds":                          "0",
		"ReceiveMessageWaitTimeSeconds":         "0",
		"SqsManagedSseEnabled":                  strconv.FormatBool(q.managedSSE),
	}
	if q.policy != "" {
		all["Policy"] = q.policy
	}
	return all
}
