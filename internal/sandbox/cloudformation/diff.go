package cloudformation

import (
	"reflect"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// plan contains the changes of an operation, as a change set describes them.
type plan struct {
	changes []change
	// settings reports changed stack tags or topics, which are no resources but require an update.
	settings bool
}

// change is one entry of a change set. Its formats are recorded from AWS; they differ with and
// without property values.
type change struct {
	action       string
	logicalID    string
	physicalID   string
	kind         string
	replacement  string
	policyAction string
	scope        []string
	before       map[string]any
	after        map[string]any
	details      []detail
	properties   map[string]any // of an added or modified resource, with unknown parts
	possible     bool           // only a referenced resource changes: not shown with property values

	// Of a drift-aware change set: the status and state of the resource, and what is not reverted.
	driftStatus string
	previous    map[string]any
	ignored     []ignoredAttribute
}

type detail struct {
	attribute      string // Properties, Metadata, DeletionPolicy, UpdateReplacePolicy or Tags
	name           string // of the property
	recreation     string
	source         string
	evaluation     string
	cause          string
	before, after  any
	kind           string // Add, Modify or Remove
	onlyWithValues bool   // omitted without property values
	onlyWithout    bool   // omitted with property values

	beforeFrom string // of a drift-aware change set
	drift      *propertyDrift
}

// empty reports whether there are no changes. Outputs, DependsOn, conditions, descriptions and the
// template's own Metadata do not count, a resource's Metadata does (AWS CloudFormation User Guide,
// "Troubleshooting"). The guide also lists DeletionPolicy there. That is no longer true
// (LocalStack's test_update_with_previous_parameter_value, validated on AWS in 2025; ministack pull
// request 1646, measured in 2026, also for DependsOn; CloudFormation coverage roadmap issue 1543,
// closed).
func (p *plan) empty() bool {
	return !p.settings && !slices.ContainsFunc(p.changes, func(c change) bool { return !c.possible })
}

// outcome is the planned result for a resource of the new template.
type outcome struct {
	fate       string // keep, add, modify or replace
	changed    []string
	properties map[string]any
}

type comparison struct {
	s        *Service
	st       *stack
	next     *config
	scope    *scope
	outcomes map[string]*outcome
	actual   map[string]*actualState // of a drift-aware operation
	plan     *plan
}

// compare plans an operation from the current resources, not from what a caller was shown.
func (s *Service) compare(st *stack, next *config) (*plan, error) {
	return s.compareWith(st, next, nil)
}

// compareWith plans an operation that is drift-aware if the actual states are given.
func (s *Service) compareWith(st *stack, next *config, actual map[string]*actualState) (*plan, error) {
	c := &comparison{
		s: s, st: st, next: next, scope: s.scopeOf(st, next), outcomes: map[string]*outcome{}, actual: actual,
		plan: &plan{},
	}
	c.scope.resource = c.value
	if st.config != nil {
		c.plan.settings = !reflect.DeepEqual(tagMap(st.config.tags), tagMap(next.tags)) ||
			!slices.Equal(st.config.topics, next.topics)
	}
	var wanted []string
	var retyped []string
	for _, name := range sortedKeys(next.template.resources) {
		d := next.template.resources[name]
		ok, err := c.scope.wanted(d.condition)
		if err != nil {
			return nil, err
		}
		if ok {
			wanted = append(wanted, name)
		}
		if old := c.deployed(name); ok && old != nil && old.kind != d.kind {
			retyped = append(retyped, name)
		}
	}
	if len(retyped) > 0 {
		return nil, invalid(
			"Update of resource type is not permitted. The new template modifies resource type of the following resources: [%s]",
			strings.Join(retyped, ", "),
		)
	}
	for len(c.outcomes) < len(wanted) {
		progress := false
		for _, name := range wanted {
			d := next.template.resources[name]
			if c.outcomes[name] != nil ||
				slices.ContainsFunc(
					d.needs(next.template),
					func(n string) bool { return slices.Contains(wanted, n) && c.outcomes[n] == nil },
				) {
				continue
			}
			if err := c.decide(d); err != nil {
				return nil, err
			}
			progress = true
		}
		if !progress {
			return nil, invalid("Circular dependency between resources")
		}
	}
	for _, name := range sortedKeys(st.resources) {
		if old := c.deployed(name); old != nil && c.outcomes[name] == nil {
			c.remove(old)
		}
	}
	slices.SortFunc(c.plan.changes, func(a, b change) int { return strings.Compare(a.logicalID, b.logicalID) })
	return c.plan, nil
}

func (c *comparison) deployed(name string) *resource {
	r := c.st.resources[name]
	if r == nil || r.gone || r.physicalID == "" {
		return nil
	}
	return r
}

// value returns Ref and GetAtt. Values of new or replaced resources are unknown before execution. A
// property that changes in place still gives its old value (recorded from AWS: a dependent is then
// not listed with property values).
func (c *comparison) value(name, attribute string) (any, error) {
	o := c.outcomes[name]
	if o == nil || o.fate == "add" || o.fate == "replace" {
		return unknown{}, nil
	}
	if c.s.w.On(cloud.DependentsListedWithValues) && slices.Contains(o.changed, attribute) {
		return o.properties[attribute], nil
	}
	return c.deployed(name).value(attribute)
}

func (c *comparison) decide(d *declaration) error {
	properties, err := c.scope.object(d.properties)
	if err != nil {
		return err
	}
	metadata, err := c.scope.resolve(d.metadata)
	if err != nil {
		return err
	}
	o := &outcome{properties: properties}
	c.outcomes[d.name] = o
	switch old := c.deployed(d.name); {
	case old == nil:
		o.fate = "add"
		c.plan.changes = append(
			c.plan.changes,
			change{
				action: "Add", logicalID: d.name, kind: d.kind, properties: properties,
				after: picture(properties, metadata, d),
			},
		)
	case c.s.recreates(c.actual[d.name]):
		o.fate = "add"
		c.addRecreation(d, properties, metadata)
	default:
		c.modify(old, d, o, metadata)
	}
	return nil
}

func (c *comparison) modify(old *resource, d *declaration, o *outcome, metadata any) {
	current, synced := c.actual[d.name].before(old.properties, o.properties)
	o.fate, o.changed = "keep", changedProperties(current, o.properties)
	ch := change{
		action:      "Modify",
		logicalID:   d.name,
		kind:        d.kind,
		physicalID:  old.physicalID,
		replacement: "False",
		properties:  o.properties,
		before:      picture(current, old.metadata, old.declared),
		after:       picture(o.properties, metadata, d),
	}
	if !reflect.DeepEqual(old.metadata, metadata) {
		o.fate = "modify"
		ch.scope = append(ch.scope, "Metadata")
		ch.details = append(
			ch.details,
			c.explain(d.metadata, detail{attribute: "Metadata", recreation: "Never", before: old.metadata, after: metadata})...)
	}
	if len(o.changed) > 0 {
		o.fate = "modify"
		ch.scope = append(ch.scope, "Properties")
	}
	for _, dt := range c.policyChanges(old.declared, d) {
		o.fate = "modify"
		ch.scope = append(ch.scope, dt.attribute)
		ch.details = append(ch.details, c.explain(nil, dt)...)
	}
	c.addPropertyChanges(&ch, d, o, current)
	c.addTagChanges(&ch, d)
	c.addDrift(&ch, d, o, synced)
	possible := c.possibleChanges(d, o)
	if len(ch.scope) == 0 {
		if len(possible) == 0 {
			return
		}
		ch.possible = true
		ch.scope = []string{"Properties"}
	}
	ch.details = append(ch.details, possible...)
	if o.fate == "replace" {
		ch.replacement = "True"
		ch.policyAction = "ReplaceAndDelete"
		if d.updateReplace == policyRetain {
			ch.policyAction = "ReplaceAndRetain"
		}
	}
	c.plan.changes = append(c.plan.changes, ch)
}

// addPropertyChanges adds the reasons for changed properties, some of which replace the resource.
func (c *comparison) addPropertyChanges(ch *change, d *declaration, o *outcome, current map[string]any) {
	schema := c.s.w.Type(d.kind).Schema()
	for _, name := range o.changed {
		dt := detail{
			attribute: "Properties", name: name, recreation: "Never", before: current[name],
			after: o.properties[name],
		}
		if schema.Properties[name].CreateOnly {
			dt.recreation = "Always"
			o.fate = "replace"
		}
		ch.details = append(ch.details, c.explain(d.properties[name], dt)...)
	}
}

// addTagChanges adds the stack's changed tags to a taggable resource.
func (c *comparison) addTagChanges(ch *change, d *declaration) {
	if !c.s.w.Type(d.kind).Schema().Tags || c.st.config == nil ||
		reflect.DeepEqual(tagMap(c.st.config.tags), tagMap(c.next.tags)) {
		return
	}
	ch.scope = append(ch.scope, "Tags")
	ch.details = append(
		ch.details,
		detail{attribute: "Tags", recreation: "Never", source: "DirectModification", evaluation: "Static"},
	)
}

// policyChanges returns the changes of a resource's policies. They do not involve its service.
func (c *comparison) policyChanges(old, next *declaration) []detail {
	if c.s.w.On(cloud.PolicyChangesUnlisted) {
		return nil
	}
	var details []detail
	for _, p := range []struct{ attribute, before, after string }{
		{"DeletionPolicy", old.deletion, next.deletion}, {"UpdateReplacePolicy", old.updateReplace, next.updateReplace},
	} {
		if p.before != p.after {
			details = append(
				details,
				detail{attribute: p.attribute, recreation: "Never", before: given(p.before), after: given(p.after)},
			)
		}
	}
	return details
}

// given returns a policy, or nil for none.
func given(policy string) any {
	if policy == "" {
		return nil
	}
	return policy
}

// explain finds the reasons for a changed value: parameters and resources behind it, else the
// template itself (combinations recorded from AWS).
func (c *comparison) explain(expression any, base detail) []detail {
	base.kind = "Modify"
	switch {
	case base.before == nil:
		base.kind = "Add"
	case base.after == nil:
		base.kind = "Remove"
	}
	var details []detail
	byParameter := false
	seen := map[string]bool{}
	for _, r := range references(expression) {
		dt := base
		dt.cause, dt.evaluation = r.cause(), "Static"
		if _, ok := c.next.template.parameters[r.name]; ok {
			if c.st.config != nil && c.st.config.settings[r.name].value == c.next.settings[r.name].value {
				continue
			}
			dt.source = "ParameterReference"
			byParameter = true
		} else {
			o := c.outcomes[r.name]
			if o == nil || o.fate == "keep" || o.fate == "modify" && !slices.Contains(o.changed, r.attribute) {
				continue
			}
			dt.source = "ResourceAttribute"
			if r.attribute == "" {
				dt.source = "ResourceReference"
			}
		}
		if !seen[dt.cause] {
			seen[dt.cause] = true
			details = append(details, dt)
		}
	}
	direct := base
	direct.source, direct.evaluation = "DirectModification", "Static"
	if len(details) > 0 {
		direct.evaluation = "Dynamic"
		direct.onlyWithValues = !byParameter
	}
	return append(details, direct)
}

// possibleChanges returns references to attributes of resources that change in place. Their values
// might change too (recorded from AWS, which lists them only without property values).
func (c *comparison) possibleChanges(d *declaration, o *outcome) []detail {
	var details []detail
	schema := c.s.w.Type(d.kind).Schema()
	for _, name := range sortedKeys(d.properties) {
		if slices.Contains(o.changed, name) {
			continue
		}
		for _, r := range references(d.properties[name]) {
			target := c.outcomes[r.name]
			if r.attribute == "" || target == nil || target.fate != "modify" || len(target.changed) == 0 {
				continue
			}
			dt := detail{
				attribute: "Properties", name: name, recreation: "Never", source: "ResourceAttribute",
				evaluation: "Dynamic", cause: r.cause(), onlyWithout: true,
			}
			if schema.Properties[name].CreateOnly {
				dt.recreation = "Always"
			}
			details = append(details, dt)
		}
	}
	return details
}

func (c *comparison) remove(old *resource) {
	ch := change{
		action:       "Remove",
		logicalID:    old.logicalID,
		kind:         old.kind,
		physicalID:   old.physicalID,
		policyAction: "Delete",
	}
	if old.declared.keeps() {
		ch.policyAction = "Retain"
	}
	// References of the old template are unknown in what is removed (recorded from AWS).
	before := c.s.scopeOf(c.st, c.st.config)
	before.resource = func(string, string) (any, error) { return unknown{}, nil }
	properties, err := before.object(old.declared.properties)
	if err != nil {
		properties = old.properties
	}
	ch.before = picture(properties, old.metadata, old.declared)
	c.plan.changes = append(c.plan.changes, ch)
}

// picture returns a BeforeContext or AfterContext. Change sets published by AWS's users contain the
// policies; whether AWS includes Metadata is not seen there (unproven:
// change-set-context-metadata).
func picture(properties map[string]any, metadata any, d *declaration) map[string]any {
	p := map[string]any{"Properties": reveal(properties)}
	if metadata != nil {
		p["Metadata"] = reveal(metadata)
	}
	if d.deletion != "" {
		p["DeletionPolicy"] = d.deletion
	}
	if d.updateReplace != "" {
		p["UpdateReplacePolicy"] = d.updateReplace
	}
	return p
}

func tagMap(tags []tag) map[string]string {
	m := map[string]string{}
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}
