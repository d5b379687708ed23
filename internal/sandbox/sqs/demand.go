package sqs

import (
	"encoding/json"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// Demands returns the permission that a request requires: the action of its name, on the queue,
// whose policy also applies (Amazon SQS developer guide, sqs-api-permissions-reference).
func (s *Service) Demands(r *cloud.Request) []cloud.Demand {
	d := cloud.Demand{Action: "sqs:" + r.Operation, Resource: "*"}
	var in struct {
		QueueUrl, QueueName string
	}
	_ = json.Unmarshal(r.Body, &in) // an invalid body is refused by the operation
	switch {
	case in.QueueUrl != "":
		d.Resource = arnOfURL(r.Caller, in.QueueUrl)
	case in.QueueName != "":
		d.Resource = arnOf(r.Caller, in.QueueName)
	}
	if q := s.queues[d.Resource]; q != nil {
		d.Account, d.Policy = q.account, q.policy
	}
	return []cloud.Demand{d}
}
