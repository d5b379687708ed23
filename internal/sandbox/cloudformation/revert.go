package cloudformation

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// Drift-aware change sets (CloudFormation user guide, "Using drift-aware change sets"). They
// compare three states: the actual one, which is read when the set is made, that of the last
// deployment, and the new template. The execution changes the actual state to that of the new
// template, and its rollback restores the actual state. Immutable properties are not reverted, tag
// keys that the template does not have stay, and resource types without drift detection are
// compared as in other change sets.

// revertDrift is the only DeploymentMode (the SDK's model of CloudFormation).
const revertDrift = "REVERT_DRIFT"

// syncWithActual is the action, and the change type of a property, where the new template equals the
// actual state: only CloudFormation's record changes.
const syncWithActual = "SyncWithActual"

// actualState is the state of a resource when a drift-aware change set is made.
type actualState struct {
	status     string         // ResourceDriftStatus
	properties map[string]any // the values of the drifted properties; without those that are not there
	drifted    []string       // names of the properties that the set can revert, sorted
	read       time.Time      // unproven: revert-drift-reads-once
	tags       []any          // those that the template does not have, and that stay
}

// ignoredAttribute is a property whose drift a change set does not revert.
type ignoredAttribute struct{ Path, Reason string }

// readMode reads the DeploymentMode of a request. What it means together with imports or a creation
// is not documented.
func (set *changeSet) readMode(r *cloud.Request) error {
	set.mode = r.Form.Get("DeploymentMode")
	switch {
	case set.mode == "":
		return nil
	case set.mode != revertDrift:
		return invalid(
			"1 validation error detected: Value '%s' at 'deploymentMode' failed to satisfy constraint: Member must satisfy enum value set: [%s]",
			set.mode, revertDrift,
		)
	case set.kind != "UPDATE" || set.importOld:
		return cloud.NotModelled("the deployment mode %s for a creation or an import", set.mode)
	}
	return nil
}

// planOf compares the configuration of a change set with its stack.
func (s *Service) planOf(set *changeSet, caller cloud.Caller) (*plan, error) {
	if set.mode == "" {
		return s.compare(set.stack, set.next)
	}
	st := set.stack
	set.actual = map[string]*actualState{}
	results := map[string]*resourceDrift{}
	for _, name := range sortedKeys(st.resources) {
		res := st.resources[name]
		if res.gone || res.physicalID == "" {
			continue
		}
		covered, err := s.coversDrift(res.kind)
		if err != nil {
			return nil, err
		}
		if !covered {
			set.actual[name] = &actualState{status: unsupported}
			continue
		}
		results[name] = s.inspect(st, res, caller)
		set.actual[name] = s.actualStateOf(st, res, results[name])
		if set.actual[name].status == modified {
			results[name].status = modified
		}
	}
	set.driftStatus, _ = s.summary(results)
	return s.compareWith(st, set.next, set.actual)
}

// actualStateOf returns what a drift-aware change set uses of a result of drift detection.
func (s *Service) actualStateOf(st *stack, res *resource, found *resourceDrift) *actualState {
	a := &actualState{status: found.status, properties: map[string]any{}, read: found.checked}
	schema := s.w.Type(res.kind).Schema()
	for _, d := range found.differences {
		name, _, _ := strings.Cut(strings.TrimPrefix(d.path, "/"), "/")
		foreignTag := name == "Tags" && d.kind == "ADD"
		if schema.Properties[name].CreateOnly || foreignTag || slices.Contains(a.drifted, name) {
			continue
		}
		a.drifted = append(a.drifted, name)
		if value, there := found.actual[name]; there {
			a.properties[name] = value
		}
	}
	if tags, there := found.actual["Tags"]; there {
		declared := tagsByKey(res.properties["Tags"])
		own := func(key string) bool { return declared[key] != nil }
		a.tags = withoutTags(tags, own)
		if _, reverts := a.properties["Tags"]; reverts {
			a.properties["Tags"] = withoutTags(tags, func(key string) bool { return !own(key) })
		}
	}
	s.addAttachments(st, res, found, a)
	slices.Sort(a.drifted)
	return a
}

// before returns the properties from which an operation changes a resource to those of next: those
// of the last deployment, with the actual values of what drifted. synced are the drifted properties
// that already are as in next.
func (a *actualState) before(deployed, next map[string]any) (before map[string]any, synced []string) {
	if a == nil || len(a.drifted) == 0 {
		return deployed, nil
	}
	before = maps.Clone(deployed)
	for _, name := range a.drifted {
		actual, there := a.properties[name]
		desired, wanted := next[name]
		switch {
		case wanted && there && len(property("/"+name, name, desired, actual)) == 0:
			before[name] = desired
			synced = append(synced, name)
		case there:
			before[name] = actual
		default:
			delete(before, name)
			if !wanted {
				synced = append(synced, name)
			}
		}
	}
	return before, synced
}

// withTags adds the tags that stay to the properties of an update. Handlers that replace all tags
// would remove them.
func (a *actualState) withTags(properties map[string]any) map[string]any {
	tags, ok := properties["Tags"].([]any)
	if a == nil || len(a.tags) == 0 || !ok {
		return properties
	}
	desired := tagsByKey(tags)
	properties = maps.Clone(properties)
	properties["Tags"] = slices.Concat(
		tags, withoutTags(a.tags, func(key string) bool { return desired[key] != nil }),
	)
	return properties
}

// recreates reports whether a drift-aware operation creates a resource that was deleted outside of
// CloudFormation (AWS DevOps blog, "Safely handle configuration drift with CloudFormation
// drift-aware change sets", scenario 3; unproven: revert-drift-deleted).
func (s *Service) recreates(a *actualState) bool {
	return a != nil && a.status == deletedAway && !s.w.AnswersWith(unproven.RevertDeleted, unproven.Ignored)
}

// addRecreation adds the change of a resource that was deleted. The entry's form is not documented
// (unproven: revert-drift-deleted).
func (c *comparison) addRecreation(d *declaration, properties map[string]any, metadata any) {
	lost := c.deployed(d.name)
	ch := change{
		action: "Add", logicalID: d.name, kind: d.kind, properties: properties,
		after: picture(properties, metadata, d), driftStatus: deletedAway,
		previous: picture(lost.properties, lost.metadata, lost.declared),
	}
	if c.s.w.AnswersWith(unproven.RevertDeleted, unproven.Replaced) {
		ch.action, ch.physicalID = "Modify", lost.physicalID
		ch.replacement, ch.policyAction = "True", "ReplaceAndDelete"
		ch.scope = []string{"Properties"}
		if d.updateReplace == policyRetain {
			ch.policyAction = "ReplaceAndRetain"
		}
	}
	c.plan.changes = append(c.plan.changes, ch)
}

// addDrift adds what a drift-aware change set shows of a resource, and the properties of which only
// the record changes.
func (c *comparison) addDrift(ch *change, d *declaration, o *outcome, synced []string) {
	a := c.actual[d.name]
	if a == nil {
		return
	}
	old := c.deployed(d.name)
	schema := c.s.w.Type(d.kind).Schema()
	ch.driftStatus, ch.previous = a.status, picture(old.properties, old.metadata, old.declared)
	c.addPhantom(ch, d, o)
	if len(synced) > 0 {
		if len(ch.scope) == 0 {
			ch.action = syncWithActual
		}
		if !slices.Contains(ch.scope, "Properties") {
			ch.scope = append(ch.scope, "Properties")
		}
	}
	for _, name := range synced {
		ch.details = append(ch.details, detail{
			attribute: "Properties", name: name, recreation: "Never", before: a.properties[name],
			after: o.properties[name], source: "NoModification", evaluation: "Static", kind: syncWithActual,
		})
	}
	for i := range ch.details {
		dt := &ch.details[i]
		dt.beforeFrom = "PREVIOUS_DEPLOYMENT_STATE"
		if dt.attribute == "Properties" && a.status != unsupported && a.status != undecided &&
			!schema.Properties[dt.name].WriteOnly {
			dt.beforeFrom = "ACTUAL_STATE"
		}
		if slices.Contains(a.drifted, dt.name) {
			dt.drift = &propertyDrift{old.properties[dt.name], a.properties[dt.name], a.read}
		}
	}
	if a.status == unsupported {
		return
	}
	for _, name := range sortedKeys(d.properties) {
		switch {
		case strings.Contains(jsonText(reveal(o.properties[name])), "{{resolve:"):
			ch.ignored = append(ch.ignored, ignoredAttribute{"/Properties/" + name, "SENSITIVE_PROPERTY"})
		case schema.Properties[name].WriteOnly:
			ch.ignored = append(ch.ignored, ignoredAttribute{"/Properties/" + name, "WRITE_ONLY_PROPERTY"})
		}
	}
}

// addPhantom adds changes that the execution does not make: of every property that refers to
// another resource (coverage roadmap, issues 2505 and 2559; unproven:
// revert-drift-phantom-changes).
func (c *comparison) addPhantom(ch *change, d *declaration, o *outcome) {
	if !c.s.w.On(cloud.RevertPhantomChanges) {
		return
	}
	for _, name := range sortedKeys(d.properties) {
		refers := slices.ContainsFunc(references(d.properties[name]), func(r reference) bool {
			return c.next.template.resources[r.name] != nil
		})
		if !refers || slices.Contains(o.changed, name) {
			continue
		}
		dt := detail{
			attribute: "Properties", name: name, recreation: "Never", before: o.properties[name], after: unknown{},
			source: "DirectModification", evaluation: "Dynamic", kind: "Modify",
		}
		if c.s.w.Type(d.kind).Schema().Properties[name].CreateOnly {
			dt.recreation, ch.replacement, ch.policyAction = "Always", "True", "ReplaceAndDelete"
		}
		if !slices.Contains(ch.scope, "Properties") {
			ch.scope = append(ch.scope, "Properties")
		}
		ch.details = append(ch.details, dt)
	}
}

// addAttachments adds the managed policies that are attached to an IAM entity by something else
// than its own stack. The user guide says of drift-aware change sets that they detect these as
// drift and can revert them. That they compare properties that the template does not have is said
// nowhere (unproven: revert-drift-attachments).
func (s *Service) addAttachments(st *stack, res *resource, found *resourceDrift, a *actualState) {
	const name = "ManagedPolicyArns"
	property, ok := map[string]string{
		"AWS::IAM::Group": "Groups", "AWS::IAM::Role": "Roles", "AWS::IAM::User": "Users",
	}[res.kind]
	if !ok || found.live == nil || s.w.AnswersWith(unproven.RevertAttachments, unproven.Kept) {
		return
	}
	own := map[string]bool{}
	declared, isDeclared := res.properties[name].([]any)
	for _, arn := range declared {
		own[scalar(arn)] = true
	}
	for _, other := range st.resources {
		members, _ := other.properties[property].([]any)
		if other.kind == "AWS::IAM::ManagedPolicy" && slices.Contains(members, any(res.physicalID)) {
			own[other.physicalID] = true
		}
	}
	attached, _ := found.live[name].([]any)
	if isDeclared || !slices.ContainsFunc(attached, func(arn any) bool { return !own[scalar(arn)] }) {
		return
	}
	a.status, a.drifted = modified, append(a.drifted, name)
	a.properties[name] = slices.DeleteFunc(slices.Clone(attached), func(arn any) bool { return own[scalar(arn)] })
}

// propertyDrift is a LiveResourceDrift.
type propertyDrift struct {
	previous, actual any
	at               time.Time
}

type propertyDriftXML struct {
	PreviousValue           string `xml:",omitempty"`
	ActualValue             string `xml:",omitempty"`
	DriftDetectionTimestamp string
}

func (d *propertyDrift) xml() *propertyDriftXML {
	if d == nil {
		return nil
	}
	return &propertyDriftXML{valueText(d.previous), valueText(d.actual), protocol.Time(d.at)}
}

// addDrift adds to a description what only drift-aware change sets show.
func (rc *resourceChangeXML) addDrift(s *Service, c *change, values bool) {
	rc.ResourceDriftStatus = c.driftStatus
	rc.ResourceDriftIgnoredAttributes = some(c.ignored)
	if values {
		rc.PreviousDeploymentContext = s.context(c.previous)
	}
}

// addDrift adds to a description of a property what only drift-aware change sets show. Like other
// values, these need IncludePropertyValues.
func (t *targetXML) addDrift(d *detail, values bool) {
	if !values || d.beforeFrom == "" {
		return
	}
	t.BeforeValueFrom, t.AfterValueFrom, t.Drift = d.beforeFrom, "TEMPLATE", d.drift.xml()
}

// synced returns a resource whose record changes to that of the new template, while the resource
// stays as it is. It returns the old resource if there is nothing to change.
func (t *task) synced() *resource {
	if jsonText(t.old.properties) == jsonText(t.current.properties) {
		return t.old
	}
	changed := copyOf(t.old)
	changed.properties, changed.declared, changed.needs = t.current.properties, t.current.declared, t.current.needs
	return changed
}

// restored returns the properties that a rollback restores: those before the operation, which are
// the actual ones in a drift-aware operation.
func (t *task) restored() map[string]any {
	if t.before != nil {
		return t.before
	}
	return t.old.properties
}
