package events

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// sortedKeys returns the keys of a map in their order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// hasRules reports whether a bus has rules of stacks.
func (s *Service) hasRules(bus string) bool {
	for _, r := range s.deployed {
		if r.bus == bus && r.pattern != nil {
			return true
		}
	}
	return false
}

// route sends an event to the targets of the rules on a bus. hops counts the buses that have
// forwarded it.
func (s *Service) route(bus string, encoded []byte, hops int) {
	var event map[string]any
	for _, arn := range sortedKeys(s.deployed) {
		r := s.deployed[arn]
		if r.bus != bus || r.pattern == nil || !r.on {
			continue
		}
		if event == nil {
			if err := json.Unmarshal(encoded, &event); err != nil {
				panic("sandbox: an event of EventBridge can't be decoded: " + err.Error())
			}
		}
		if !r.pattern.matches(event) {
			continue
		}
		for _, t := range r.targets {
			s.send(r, t, encoded, hops)
		}
	}
}

// send hands an event over to a target. EventBridge does not repeat a delivery that lacks a
// permission or its target (EventBridge user guide, eb-rule-retry-policy).
func (s *Service) send(r *rule, t target, encoded []byte, hops int) {
	if strings.HasPrefix(t.Arn, "arn:aws:events:") {
		s.later(func() { s.forward(r, t, encoded, hops) })
		return
	}
	s.later(func() {
		// It counts failed invocations, too (EventBridge user guide, eb-monitoring).
		s.world.Measure(cloud.Metric{
			Account: placeOf(r.arn).account, Region: placeOf(r.arn).region, Namespace: "AWS/Events", Name: "Invocations",
			Dimension: "RuleName", Value: r.name, Amount: 1,
		})
		err := s.world.Invoke(cloud.FunctionCall{ARN: t.Arn, Event: encoded, Service: servicePrincipal, Source: r.arn})
		var refused *cloud.Error
		switch {
		case err == nil:
		case errors.As(err, &refused) && refused.Status == http.StatusForbidden:
			s.fail(r, t, encoded, "NO_PERMISSIONS", refused.Message)
		default:
			s.fail(r, t, encoded, "NO_RESOURCE", "The function does not exist.")
		}
	})
}

// forward sends an event to another bus: with the rights of the target's role and, in another
// account, with the permission of the bus. It is forwarded once only (EventBridge user guide,
// eb-rule-dlq, THIRD_ACCOUNT_HOP_DETECTED).
func (s *Service) forward(r *rule, t target, encoded []byte, hops int) {
	from, to := placeOf(r.arn), placeOf(t.Arn)
	b, err := s.bus(to, t.Arn)
	switch {
	case hops > 0 && from.account != to.account:
		s.fail(r, t, encoded, "THIRD_ACCOUNT_HOP_DETECTED", "The event was forwarded before.")
		return
	case hops > 0 && from.region != to.region:
		s.fail(r, t, encoded, "THIRD_REGION_HOP_DETECTED", "The event was forwarded before.")
		return
	case err != nil:
		s.fail(r, t, encoded, "NO_RESOURCE", err.Error())
		return
	}
	if from != to {
		demand := cloud.Demand{Action: "events:PutEvents", Resource: b.arn, Account: b.account, Policy: b.policy()}
		if err := s.world.RoleMay(t.RoleArn, servicePrincipal, to.region, demand); err != nil {
			s.fail(r, t, encoded, "NO_PERMISSIONS", err.Error())
			return
		}
	}
	if from.region != to.region { // the ID is kept within a region only (recorded by LocalStack)
		var event event
		if err := json.Unmarshal(encoded, &event); err == nil {
			event.ID = s.world.NewUUID()
			encoded = mustEncode(event)
		}
	}
	s.route(b.arn, encoded, hops+1)
}

// fail sends an event that could not be delivered to the target's dead-letter queue, or drops it.
// The names of the attributes are those of the EventBridge user guide, eb-rule-dlq.
func (s *Service) fail(r *rule, t target, encoded []byte, code, message string) {
	if t.DeadLetterConfig == nil || s.world.Queues() == nil {
		return
	}
	attribute := func(value string) cloud.MessageAttribute { return cloud.MessageAttribute{Type: "String", Value: value} }
	// A queue that refuses it drops it.
	_ = s.world.Queues().Send(cloud.QueueMessage{
		Queue: t.DeadLetterConfig.Arn, Service: servicePrincipal, Source: r.arn, Body: string(encoded),
		Attributes: map[string]cloud.MessageAttribute{
			"RULE_ARN": attribute(r.arn), "TARGET_ARN": attribute(t.Arn), "ERROR_CODE": attribute(code),
			"ERROR_MESSAGE": attribute(message),
		},
	})
}

// tick schedules a rule's next scheduled event, unless the rule has changed since.
func (s *Service) tick(r *rule, version int) {
	s.world.After(r.every, func() {
		if r.version != version {
			return
		}
		at := placeOf(r.arn)
		encoded := s.encode(cloud.BusEvent{
			Account: at.account, Region: at.region, Source: "aws.events", DetailType: "Scheduled Event",
			Resources: []string{r.arn}, Detail: struct{}{},
		})
		for _, t := range r.targets {
			s.send(r, t, encoded, 0)
		}
		s.tick(r, version)
	})
}
