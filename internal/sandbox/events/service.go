package events

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/sns"
)

// statusChange is the type of events that rules receive by default.
const statusChange = "CloudFormation Stack Status Change"

// servicePrincipal is EventBridge, as policies name it.
const servicePrincipal = "events.amazonaws.com"

// disorder is the maximum delay of an event when events are out of order.
const disorder = 5 * time.Second

// Rule sends events to a function: changes of stacks' statuses or, when Every is set, scheduled
// events.
type Rule struct {
	Name string
	// Stacks is a glob of stack names; "" means all.
	Stacks string
	// Every makes a scheduled rule: its function gets a "Scheduled Event" at this interval, as long
	// as the world's agenda runs.
	Every time.Duration
	// DetailTypes are the types of events that the rule receives; nil means changes of stacks'
	// statuses.
	DetailTypes []string
	// Account and Region are those of a scheduled rule; other rules receive events of stacks
	// anywhere.
	Account, Region string
	// Target is the ARN of a Lambda function.
	Target string
}

// Service is the simulated EventBridge.
type Service struct {
	world    *cloud.World
	rules    []Rule
	delivery sns.Delivery
	buses    map[string]*bus  // by ARN
	deployed map[string]*rule // the rules of stacks, by ARN
}

// New returns the service and registers it and its resource types with the world.
func New(w *cloud.World) *Service {
	s := &Service{world: w, buses: map[string]*bus{}, deployed: map[string]*rule{}}
	w.SetEventBus(s)
	w.RegisterType("AWS::Events::EventBus", busType{s})
	w.RegisterType("AWS::Events::EventBusPolicy", busPolicyType{s})
	w.RegisterType("AWS::Events::Rule", ruleType{s})
	return s
}

// Add adds a rule.
func (s *Service) Add(r Rule) error {
	if _, err := path.Match(r.Stacks, ""); err != nil || r.Name == "" || !strings.HasPrefix(r.Target, "arn:aws:lambda:") {
		return fmt.Errorf("events: the rule %+v needs a name, a glob and the ARN of a function", r)
	}
	if r.Every != 0 && (r.Every < time.Minute || r.Stacks != "" || r.Account == "" || r.Region == "") {
		return fmt.Errorf("events: the scheduled rule %+v needs an account and a region, at least a minute, and no stacks", r)
	}
	if slices.ContainsFunc(s.rules, func(other Rule) bool { return other.Name == r.Name }) {
		return fmt.Errorf("events: there is a rule %s", r.Name)
	}
	s.rules = append(s.rules, r)
	if r.Every != 0 {
		s.schedule(r)
	}
	return nil
}

// schedule schedules the rule's next event on the agenda.
func (s *Service) schedule(r Rule) {
	s.world.After(r.Every, func() {
		s.invoke(r, s.encode(cloud.BusEvent{
			Account: r.Account, Region: r.Region, Source: "aws.events", DetailType: "Scheduled Event",
			Resources: []string{r.arn()}, Detail: struct{}{},
		}))
		s.schedule(r)
	})
}

// arn returns the ARN of a rule of AddRule. One without a place is that of its target.
func (r Rule) arn() string {
	at := place{r.Account, r.Region}
	if at == (place{}) {
		at = placeOf(r.Target)
	}
	return "arn:aws:events:" + at.region + ":" + at.account + ":rule/" + r.Name
}

// invoke hands an event over to a rule's function. Events for a function that is removed, or that
// does not permit the call, are lost.
func (s *Service) invoke(r Rule, encoded []byte) {
	_ = s.world.Invoke(cloud.FunctionCall{
		ARN: r.Target, Event: encoded, Service: servicePrincipal, Source: r.arn(),
	})
}

// SetDelivery sets the delivery of future events; Drop is ignored.
func (s *Service) SetDelivery(d sns.Delivery) { s.delivery = d }

// event is an event as sent to a target.
type event struct {
	Version    string   `json:"version"`
	ID         string   `json:"id"`
	DetailType string   `json:"detail-type"`
	Source     string   `json:"source"`
	Account    string   `json:"account"`
	Time       string   `json:"time"` // whole seconds
	Region     string   `json:"region"`
	Resources  []string `json:"resources"`
	Detail     any      `json:"detail"`
}

// PutEvent implements cloud.EventBus. An event without a matching rule of AddRule, and without any
// rule of a stack on its bus, costs nothing, not even randomness.
func (s *Service) PutEvent(e cloud.BusEvent) {
	var encoded []byte
	for _, rule := range s.rules {
		if !rule.wants(e) {
			continue
		}
		if encoded == nil {
			encoded = s.encode(e)
		}
		s.later(func() { s.invoke(rule, encoded) })
	}
	arn := busARN(place{e.Account, e.Region}, defaultBus)
	if !s.hasRules(arn) {
		return
	}
	if encoded == nil {
		encoded = s.encode(e)
	}
	s.route(arn, encoded, 0)
}

func (s *Service) encode(e cloud.BusEvent) []byte {
	return mustEncode(event{
		Version: "0", ID: s.world.NewUUID(), DetailType: e.DetailType, Source: e.Source, Account: e.Account,
		Time: s.world.Now().Format(time.RFC3339), Region: e.Region, Resources: e.Resources, Detail: e.Detail,
	})
}

func mustEncode(e event) []byte {
	encoded, err := json.Marshal(e)
	if err != nil {
		panic(fmt.Sprintf("sandbox: an event of EventBridge can't be encoded: %v", err))
	}
	return encoded
}

// wants reports whether a rule matches an event: its glob matches the stack's name.
func (r Rule) wants(e cloud.BusEvent) bool {
	if r.Every != 0 || r.DetailTypes == nil && e.DetailType != statusChange ||
		r.DetailTypes != nil && !slices.Contains(r.DetailTypes, e.DetailType) {
		return false
	}
	if r.Stacks == "" {
		return true
	}
	for _, arn := range e.Resources {
		parts := strings.Split(arn, "/")
		if matched, err := path.Match(r.Stacks, parts[min(1, len(parts)-1)]); matched && err == nil {
			return true
		}
	}
	return false
}

// later delivers an event as the delivery is set: once or twice, late, and out of order.
func (s *Service) later(deliver func()) {
	late, err := s.delivery.Late()
	if err != nil {
		panic(fmt.Sprintf("sandbox: the delivery of events: %v", err)) // validated by SNS
	}
	copies := 1
	if s.delivery.Duplicate > 0 && s.world.Rand().Float64() < s.delivery.Duplicate {
		copies = 2
	}
	for range copies {
		after := late
		if s.delivery.Reorder {
			after += time.Duration(s.world.Rand().Int64N(int64(disorder)))
		}
		s.world.After(after, deliver)
	}
}
