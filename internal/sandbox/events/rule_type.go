package events

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// Limits of rules (EventBridge quotas; EventBridge API reference, RetryPolicy). Ages are in seconds.
const (
	maxTargets  = 5
	maxRules    = 300
	maxAttempts = 185
	minEventAge = 60
	maxEventAge = 24 * 60 * 60
	stateOn     = "ENABLED"
	stateOff    = "DISABLED"
)

var (
	ruleName = regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,64}$`)
	rate     = regexp.MustCompile(`^rate\(([1-9][0-9]*) (minute|minutes|hour|hours|day|days)\)$`)
)

// rule is a rule of a stack.
type rule struct {
	name, arn, bus string
	pattern        pattern       // nil for a scheduled rule
	every          time.Duration // 0 for a rule with a pattern
	on             bool
	targets        []target
	tags           map[string]string
	// version counts the changes of the schedule, so that former ones end.
	version int
}

// target is a target of a rule.
type target struct {
	Id, Arn, RoleArn string
	DeadLetterConfig *struct{ Arn string }
	RetryPolicy      *struct{ MaximumEventAgeInSeconds, MaximumRetryAttempts *int }
}

type ruleProperties struct {
	Name, Description, EventBusName, ScheduleExpression, State string
	EventPattern                                               statement
	Targets                                                    []target
	Tags                                                       []cloud.Tag
}

// ruleType is AWS::Events::Rule: Ref gives the name, with that of a custom bus before it.
type ruleType struct{ s *Service }

// Schema is that of the CloudFormation registry's aws-events-rule, as far as modelled.
func (ruleType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"Name":               {Kind: cloud.KindString, CreateOnly: true},
			"Description":        {Kind: cloud.KindString},
			"EventBusName":       {Kind: cloud.KindString, CreateOnly: true},
			"EventPattern":       {Kind: cloud.KindJSON},
			"ScheduleExpression": {Kind: cloud.KindString},
			"State":              {Kind: cloud.KindString},
			"Targets":            {Kind: cloud.KindList},
			"Tags":               {Kind: cloud.KindList},
		},
		PrimaryID: []string{"Arn"}, Attributes: []string{"Arn", "RuleName"}, Tags: true,
	}
}

func ruleARN(b *bus, name string) string {
	path := "rule/"
	if b.name != defaultBus {
		path += b.name + "/"
	}
	return "arn:aws:events:" + b.region + ":" + b.account + ":" + path + name
}

func (r *rule) resource() cloud.Resource {
	_, id, _ := strings.Cut(r.arn, ":rule/")
	return cloud.Resource{
		PhysicalID: strings.ReplaceAll(id, "/", "|"), Attributes: map[string]any{"Arn": r.arn, "RuleName": r.name},
	}
}

// Create creates a rule with its targets.
func (t ruleType) Create(c cloud.Caller, request cloud.ResourceRequest) (cloud.Resource, error) {
	var p ruleProperties
	if err := properties.Decode(request.Properties, &p); err != nil {
		return cloud.Resource{}, err
	}
	if p.Name == "" {
		p.Name = request.StackName + "-" + request.LogicalID + "-" + t.s.world.NewToken(12)
	}
	b, err := t.s.bus(place{c.Account, c.Region}, p.EventBusName)
	if err != nil {
		return cloud.Resource{}, err
	}
	made := &rule{name: p.Name, bus: b.arn, arn: ruleARN(b, p.Name), tags: map[string]string{}}
	if !ruleName.MatchString(p.Name) {
		return cloud.Resource{}, cloud.Errorf("ValidationException", "The name %q is invalid.", p.Name)
	}
	if t.s.deployed[made.arn] != nil {
		return cloud.Resource{}, cloud.Errorf("ResourceAlreadyExistsException", "Rule %s already exists.", p.Name)
	}
	rules := 0
	for _, other := range t.s.deployed {
		if other.bus == b.arn {
			rules++
		}
	}
	if rules >= maxRules {
		return cloud.Resource{}, limitExceeded()
	}
	if err := t.s.set(made, b, p); err != nil {
		return cloud.Resource{}, err
	}
	maps.Copy(made.tags, request.Tags)
	cloud.Retag(made.tags, nil, p.Tags)
	t.s.deployed[made.arn] = made
	return made.resource(), nil
}

// Update changes a rule and its targets, or nothing.
func (t ruleType) Update(c cloud.Caller, physicalID string, old, desired map[string]any) (cloud.Resource, error) {
	found := t.s.find(c, physicalID)
	if found == nil {
		return cloud.Resource{}, cloud.Errorf("ResourceNotFoundException", "Rule %s does not exist.", physicalID)
	}
	var before, p ruleProperties
	if err := properties.Decode(old, &before); err != nil {
		return cloud.Resource{}, err
	}
	if err := properties.Decode(desired, &p); err != nil {
		return cloud.Resource{}, err
	}
	b, err := t.s.bus(place{c.Account, c.Region}, found.bus)
	if err != nil {
		return cloud.Resource{}, err
	}
	if err := t.s.set(found, b, p); err != nil {
		return cloud.Resource{}, err
	}
	cloud.Retag(found.tags, before.Tags, p.Tags)
	return found.resource(), nil
}

// find returns a rule by its physical ID; nil for none.
func (s *Service) find(c cloud.Caller, physicalID string) *rule {
	return s.deployed["arn:aws:events:"+c.Region+":"+c.Account+":rule/"+strings.ReplaceAll(physicalID, "|", "/")]
}

// Delete removes a rule.
func (t ruleType) Delete(c cloud.Caller, physicalID string, _ map[string]any) error {
	if found := t.s.find(c, physicalID); found != nil {
		found.version++
		delete(t.s.deployed, found.arn)
	}
	return nil
}

// Exists finds a rule by its ARN, or by its name and bus.
func (t ruleType) Exists(c cloud.Caller, properties map[string]any) (string, bool) {
	arn, _ := properties["Arn"].(string)
	if name, ok := properties["Name"].(string); ok && arn == "" {
		bus, _ := properties["EventBusName"].(string)
		b, err := t.s.bus(place{c.Account, c.Region}, bus)
		if err != nil {
			return "", false
		}
		arn = ruleARN(b, name)
	}
	if found := t.s.deployed[arn]; found != nil {
		return found.resource().PhysicalID, true
	}
	return "", false
}

// set sets a rule's properties, or refuses them and leaves the rule.
func (s *Service) set(r *rule, b *bus, p ruleProperties) error {
	next := *r
	next.on = p.State != stateOff
	if p.State != "" && p.State != stateOn && p.State != stateOff {
		return cloud.Errorf("ValidationException", "The state %q is invalid.", p.State)
	}
	next.pattern, next.every = nil, 0
	var err error
	switch {
	case p.EventPattern != nil && p.ScheduleExpression != "":
		return cloud.NotModelled("rules with a pattern and a schedule")
	case p.EventPattern != nil:
		if next.pattern, err = parsePattern(map[string]any(p.EventPattern)); err != nil {
			return err
		}
	case p.ScheduleExpression == "":
		return cloud.Errorf("ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified.")
	case b.name != defaultBus:
		return cloud.Errorf("ValidationException", "ScheduleExpression is supported only on the default event bus.")
	default:
		if next.every, err = parseRate(p.ScheduleExpression); err != nil {
			return err
		}
	}
	if err := checkTargets(b, p.Targets); err != nil {
		return err
	}
	next.targets = slices.Clone(p.Targets)
	rescheduled := next.every != r.every || next.on != r.on
	if rescheduled {
		next.version++
	}
	*r = next
	if rescheduled && r.every > 0 && r.on {
		s.tick(r, r.version)
	}
	return nil
}

// parseRate returns the interval of a rate expression (EventBridge user guide,
// eb-create-rule-schedule).
func parseRate(expression string) (time.Duration, error) {
	found := rate.FindStringSubmatch(expression)
	if found == nil {
		if strings.HasPrefix(expression, "cron(") {
			return 0, cloud.NotModelled("cron expressions")
		}
		return 0, cloud.Errorf("ValidationException", "Parameter ScheduleExpression is not valid.")
	}
	n, _ := strconv.Atoi(found[1])
	if singular := !strings.HasSuffix(found[2], "s"); singular != (n == 1) {
		return 0, cloud.Errorf("ValidationException", "Parameter ScheduleExpression is not valid.")
	}
	unit := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}
	return time.Duration(n) * unit[strings.TrimSuffix(found[2], "s")], nil
}

// checkTargets refuses the targets that PutTargets refuses. A bus of another account needs a role
// (EventBridge API reference, PutTargets).
func checkTargets(b *bus, targets []target) error {
	if len(targets) > maxTargets {
		return limitExceeded()
	}
	ids := map[string]bool{}
	for _, t := range targets {
		to := placeOf(t.Arn)
		switch {
		case t.Id == "" || ids[t.Id]:
			return cloud.Errorf("ValidationException", "The ID %q of a target is missing or not unique.", t.Id)
		case strings.HasPrefix(t.Arn, "arn:aws:lambda:"):
			if to != b.place {
				return cloud.NotModelled("functions of other accounts and regions as targets")
			}
		case strings.HasPrefix(t.Arn, "arn:aws:events:") && strings.Contains(t.Arn, ":event-bus/"):
			if to != b.place && t.RoleArn == "" {
				return cloud.Errorf("ValidationException", "RoleArn is required for target %s.", t.Arn)
			}
		default:
			return cloud.NotModelled("the target %s", t.Arn)
		}
		if d := t.DeadLetterConfig; d != nil && (!strings.HasPrefix(d.Arn, "arn:aws:sqs:") || placeOf(d.Arn) != b.place) {
			return cloud.Errorf("ValidationException", "The queue %s is not in the account and Region of the rule.", d.Arn)
		}
		if p := t.RetryPolicy; p != nil {
			if outside(p.MaximumRetryAttempts, 0, maxAttempts) || outside(p.MaximumEventAgeInSeconds, minEventAge, maxEventAge) {
				return cloud.Errorf("ValidationException", "The retry policy of target %s is invalid.", t.Id)
			}
		}
		ids[t.Id] = true
	}
	return nil
}

// outside reports whether a value is set and not between two others.
func outside(value *int, low, high int) bool { return value != nil && (*value < low || *value > high) }

func limitExceeded() error {
	return cloud.Errorf("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
}
