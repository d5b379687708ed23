package events

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/sns"
)

// disorder is the longest time by which an event is late when events come out of order.
const disorder = 5 * time.Second

// Rule hands events to a function.
type Rule struct {
	Name string
	// Stacks is a glob of stack names; "" means all.
	Stacks string
	// Target is the ARN of a Lambda function.
	Target string
}

// Bus is the service.
type Bus struct {
	world    *cloud.World
	rules    []Rule
	delivery sns.Delivery
}

// New makes the service and registers it with the world.
func New(w *cloud.World) *Bus {
	b := &Bus{world: w}
	w.SetEventBus(b)
	return b
}

// Add adds a rule, or replaces the one of its name.
func (b *Bus) Add(r Rule) error {
	if _, err := path.Match(r.Stacks, ""); err != nil || r.Name == "" || !strings.HasPrefix(r.Target, "arn:aws:lambda:") {
		return fmt.Errorf("events: the rule %+v needs a name, a glob and the ARN of a function", r)
	}
	for i := range b.rules {
		if b.rules[i].Name == r.Name {
			b.rules[i] = r
			return nil
		}
	}
	b.rules = append(b.rules, r)
	return nil
}

// SetDelivery sets what happens to events from now on; Drop has no meaning here.
func (b *Bus) SetDelivery(d sns.Delivery) { b.delivery = d }

// event is an event as a target gets it.
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

// PutEvent implements cloud.EventBus. Without a rule that wants it an event costs nothing, not even randomness.
func (b *Bus) PutEvent(e cloud.BusEvent) {
	var encoded []byte
	for _, rule := range b.rules {
		if !rule.wants(e) {
			continue
		}
		if encoded == nil {
			text, err := json.Marshal(event{
				Version: "0", ID: b.world.NewUUID(), DetailType: e.DetailType, Source: e.Source, Account: e.Account,
				Time: b.world.Now().Format(time.RFC3339), Region: e.Region, Resources: e.Resources, Detail: e.Detail,
			})
			if err != nil {
				panic(fmt.Sprintf("sandbox: an event of EventBridge can't be encoded: %v", err))
			}
			encoded = text
		}
		b.deliver(rule.Target, encoded)
	}
}

// wants says whether a rule is for an event: of a stack whose name its glob matches.
func (r Rule) wants(e cloud.BusEvent) bool {
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

func (b *Bus) deliver(target string, encoded []byte) {
	late, err := b.delivery.Late()
	if err != nil {
		panic(fmt.Sprintf("sandbox: the delivery of events: %v", err)) // SNS has taken it
	}
	copies := 1
	if b.delivery.Duplicate > 0 && b.world.Rand().Float64() < b.delivery.Duplicate {
		copies = 2
	}
	for range copies {
		after := late
		if b.delivery.Reorder {
			after += time.Duration(b.world.Rand().Int64N(int64(disorder)))
		}
		b.world.After(after, func() { b.world.Invoke(target, encoded) }) // a function that is gone gets nothing
	}
}
