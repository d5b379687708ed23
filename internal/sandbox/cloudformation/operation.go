package cloudformation

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// resource is a stack's resource in its current state in the account.
type resource struct {
	logicalID  string
	physicalID string // "" until it is created
	kind       string
	properties map[string]any // resolved
	metadata   any            // resolved
	attributes map[string]any
	declared   *declaration
	needs      []string
	status     string
	reason     string
	changed    time.Time
	gone       bool // deleted; listed with DELETE_COMPLETE as long as the stack is
}

// operation is a stack's current operation. It advances by entries on the world's agenda; entries
// of a previous phase (generation) do nothing.
type operation struct {
	s      *Service
	st     *stack
	verb   string // CREATE, UPDATE or IMPORT; DELETE for a stack's deletion
	token  string
	caller cloud.Caller
	set    *changeSet // nil for a direct operation

	previous  *config // what a rollback restores
	next      *config
	resources map[string]*resource // those before the operation, for rollback and clean-up

	noRollback           bool
	deleteOnFailure      bool
	retainExceptOnCreate bool
	policy               *stackPolicy
	temporaryPolicy      bool
	imports              map[string]string       // logical ID -> physical ID of imported resources
	actual               map[string]*actualState // of a drift-aware change set

	scope         *scope
	tasks         map[string]*task
	failedCreates []string
	failedUpdates []string
	skip          []string // resources that ContinueUpdateRollback skips
	removals      []*removal
	generation    int
}

// task is one resource's part in a deployment.
type task struct {
	declared *declaration
	needs    []string
	state    taskState
	verb     string    // as in the events: CREATE, UPDATE or IMPORT
	old      *resource // before the operation; nil for a new resource
	current  *resource
	replaces bool
	applied  bool // the service was called
	imported bool // existed before, outside of the stack

	before map[string]any // properties before an update: in a drift-aware operation, the actual ones
	lost   *resource      // it was deleted outside of CloudFormation, and is created again
}

type taskState int

const (
	waiting taskState = iota
	running
	done
	failed
)

// after schedules a step of the operation's current phase.
func (op *operation) after(d time.Duration, step func()) {
	generation := op.generation
	op.s.w.After(d, func() {
		if op.generation == generation && op.st.running == op {
			step()
		}
	})
}

func (op *operation) become(status, reason string) {
	op.s.become(op.st, op.caller, op.token, status, reason)
}

// begin starts a creation, update or import: the stack shows the new template and parameters
// immediately (unproven: get-template-during-update).
func (op *operation) begin() {
	st := op.st
	st.freeze()
	op.previous, op.resources = st.config, st.resources
	st.resources = make(map[string]*resource, len(op.resources))
	for name, r := range op.resources {
		if !r.gone {
			st.resources[name] = r
		}
	}
	st.config, st.running = op.next, op
	st.disableRollback = op.noRollback
	st.drift = drift{running: st.drift.running}
	if op.verb != "CREATE" || op.set != nil {
		st.touch(op.s.w.Now()) // recorded from AWS: a direct creation omits LastUpdatedTime
	}
	if op.policy == nil {
		op.policy = st.policy
	}
	op.scope = op.s.scopeOf(st, op.next)
	op.scope.resource = op.valueOf
	op.tasks = map[string]*task{}
	op.become(op.verb+"_IN_PROGRESS", "User Initiated")
	op.after(0, op.plan)
}

func (op *operation) plan() {
	for _, name := range sortedKeys(op.next.template.resources) {
		d := op.next.template.resources[name]
		wanted, err := op.scope.wanted(d.condition)
		if err == nil && wanted {
			op.tasks[name] = &task{declared: d, needs: d.needs(op.next.template), old: op.st.resources[name]}
		}
	}
	for _, name := range sortedKeys(op.st.resources) {
		r := op.st.resources[name]
		if op.tasks[name] != nil || op.verb == "CREATE" {
			continue
		}
		if reason := op.policy.denial("Update:Delete", name, r.kind); reason != "" {
			copied := *r
			op.st.resources[name] = &copied
			op.tasks[name] = &task{declared: r.declared, old: r, current: &copied, state: failed}
			op.failedUpdates = append(op.failedUpdates, name)
			op.report(&copied, "UPDATE_FAILED", reason)
		}
	}
	switch {
	case len(op.failedUpdates) == 0:
		op.advance()
	case op.noRollback:
		op.stopAsFailed()
	default:
		op.giveUp()
	}
}

// advance starts every ready task, and ends the deployment after the last one.
func (op *operation) advance() {
	for again := true; again; {
		again = false
		for _, name := range sortedKeys(op.tasks) {
			t := op.tasks[name]
			if t.state != waiting || len(op.failures()) > 0 || !op.met(t) {
				continue
			}
			op.start(t)
			if len(op.failures()) > 0 && !op.noRollback {
				return // the rollback has started
			}
			again = again || t.state == done
		}
	}
	for _, t := range op.tasks {
		if t.state == running {
			return
		}
	}
	if len(op.failures()) > 0 {
		op.stopAsFailed()
		return
	}
	for _, t := range op.tasks {
		if t.state != done {
			return
		}
	}
	op.succeed()
}

func (op *operation) met(t *task) bool {
	for _, name := range t.needs {
		if n := op.tasks[name]; n != nil && n.state != done {
			return false
		}
	}
	return true
}

// start determines and starts a resource's action. An unchanged resource is done without an event.
func (op *operation) start(t *task) {
	name := t.declared.name
	properties, err := op.scope.object(t.declared.properties)
	var metadata any
	if err == nil {
		metadata, err = op.scope.resolve(t.declared.metadata)
	}
	t.current = &resource{
		logicalID:  name,
		kind:       t.declared.kind,
		properties: properties,
		metadata:   metadata,
		declared:   t.declared,
		needs:      t.needs,
	}
	t.state = running
	if t.old != nil && t.old.physicalID == "" {
		t.old = nil // left by a failure without rollback: does not exist
	}
	if t.old != nil && op.s.recreates(op.actual[name]) {
		t.old, t.lost = nil, t.old
	}
	_, takenOver := op.imports[name]
	switch {
	case takenOver:
		t.verb, t.imported = "IMPORT", true
	case t.old == nil:
		t.verb = "CREATE"
	default:
		t.verb = "UPDATE"
		t.current.physicalID, t.current.attributes = t.old.physicalID, t.old.attributes
	}
	if err != nil {
		op.st.resources[name] = t.current
		op.fail(t, err.Error())
		return
	}
	reason := ""
	if t.verb == "UPDATE" {
		schema := op.s.w.Type(t.declared.kind).Schema()
		t.before, _ = op.actual[name].before(t.old.properties, properties)
		changed := changedProperties(t.before, properties)
		t.replaces = slices.ContainsFunc(changed, func(p string) bool { return schema.Properties[p].CreateOnly })
		retagged := schema.Tags && !reflect.DeepEqual(op.previous.tags, op.next.tags)
		if len(changed) == 0 && reflect.DeepEqual(t.old.metadata, metadata) && !retagged {
			t.state = done
			t.current = t.synced()
			op.st.resources[name] = t.current
			return
		}
		op.st.resources[name] = t.current
		action := "Update:Modify"
		if t.replaces {
			action = "Update:Replace"
			// recorded from AWS
			reason = "Requested update requires the creation of a new physical resource; hence creating one."
		}
		if denial := op.policy.denial(action, name, t.declared.kind); denial != "" {
			op.fail(t, denial)
			return
		}
	}
	op.st.resources[name] = t.current
	if t.imported {
		reason = "Resource import started." // recorded from AWS, like the other reasons of an import
	}
	op.report(t.current, t.verb+"_IN_PROGRESS", reason)
	duration := op.s.w.ResourceTime()
	op.after(duration/2, func() { op.initiate(t, duration-duration/2) })
}

// initiate calls the service, and waits for the rest of the resource's time.
func (op *operation) initiate(t *task, rest time.Duration) {
	made, err := op.apply(t)
	if err != nil {
		op.fail(t, err.Error())
		return
	}
	t.applied = true
	t.current.physicalID = made.PhysicalID
	if made.Attributes != nil {
		t.current.attributes = made.Attributes
	}
	if t.verb == "CREATE" || t.replaces {
		op.report(t.current, t.verb+"_IN_PROGRESS", "Resource creation Initiated") // recorded from AWS
	}
	if t.imported {
		op.after(rest/2, func() { op.afterImport(t, rest-rest/2) })
		return
	}
	op.after(rest, func() { op.finish(t) })
}

func (op *operation) finish(t *task) {
	t.state = done
	op.report(t.current, t.verb+"_COMPLETE", "")
	op.advance()
}

func (op *operation) apply(t *task) (cloud.Resource, error) {
	ty := op.s.w.Type(t.declared.kind)
	schema := ty.Schema()
	name := t.declared.name
	if t.verb == "IMPORT" {
		return op.adopt(t)
	}
	if problems := misfit(schema, t.current.properties); problems != "" {
		return cloud.Resource{}, fmt.Errorf( //nolint:staticcheck // AWS's text
			"Properties validation failed for resource %s with message:\n%s",
			name,
			problems,
		)
	}
	phase := cloud.PhaseCreate
	id := requestedName(schema, t.current.properties, name)
	if t.verb == "UPDATE" {
		phase = cloud.PhaseUpdate
		if !t.replaces {
			id = t.old.physicalID
		}
	}
	if reason := op.s.fault(t.declared.kind, id, phase); reason != "" {
		return cloud.Resource{}, fmt.Errorf("%s", reason)
	}
	if t.verb == "UPDATE" && !t.replaces {
		return op.update(t)
	}
	if t.replaces && sameName(schema, t.old.properties, t.current.properties) {
		return cloud.Resource{}, fmt.Errorf( //nolint:staticcheck // AWS's text
			"CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename %s and update the stack again.",
			id,
		)
	}
	if err := op.permit(cloud.Step{Type: t.declared.kind, After: t.current.properties}); err != nil {
		return cloud.Resource{}, err
	}
	if checker, ok := ty.(replacementChecker); ok && t.replaces {
		if err := checker.CheckReplacement(t.old.properties, t.current.properties); err != nil {
			return cloud.Resource{}, err //nolint:wrapcheck // the text is AWS's
		}
	}
	properties, err := op.dynamic(nil, t.current.properties)
	if err != nil {
		return cloud.Resource{}, err
	}
	return ty.Create(op.caller, cloud.ResourceRequest{ //nolint:wrapcheck // the text is AWS's
		StackID: op.st.id, StackName: op.st.name, LogicalID: name, Properties: properties, Tags: op.tags(name, schema),
	})
}

// adopt takes a resource that exists into the stack.
func (op *operation) adopt(t *task) (cloud.Resource, error) {
	ty, name := op.s.w.Type(t.declared.kind), t.declared.name
	physicalID, exists := ty.Exists(op.caller, t.current.properties)
	if !exists || physicalID != op.imports[name] {
		return cloud.Resource{}, fmt.Errorf( //nolint:staticcheck // AWS's text
			"Resource of type '%s' with identifier '%s' was not found.",
			t.declared.kind,
			op.imports[name],
		)
	}
	// A resource can be in one stack only. AWS's text for an import that another stack has made
	// since the change set was created is not recorded (unproven: import-from-another-stack).
	if owner := op.s.ownerOf(op.st.at, t.declared.kind, physicalID); owner != nil && owner != op.st {
		return cloud.Resource{}, fmt.Errorf( //nolint:staticcheck // AWS's text
			"Resource %s already exists in stack %s", physicalID, owner.id,
		)
	}
	return cloud.Resource{PhysicalID: physicalID}, nil
}

func (op *operation) update(t *task) (cloud.Resource, error) {
	if len(changedProperties(t.before, t.current.properties)) == 0 {
		return cloud.Resource{PhysicalID: t.old.physicalID}, nil // Metadata or tags only: no call
	}
	if err := op.permit(
		cloud.Step{
			Type: t.declared.kind, PhysicalID: t.old.physicalID, Before: t.before,
			After: t.current.properties,
		},
	); err != nil {
		return cloud.Resource{}, err
	}
	properties, err := op.dynamic(t.before, t.current.properties)
	if err != nil {
		return cloud.Resource{}, err
	}
	properties = op.actual[t.declared.name].withTags(properties)
	//nolint:wrapcheck // the text is AWS's
	return op.s.w.Type(t.declared.kind).Update(op.caller, t.old.physicalID, t.before, properties)
}

// permit authorizes a step for the principal that changes the stack.
func (op *operation) permit(step cloud.Step) error {
	if op.s.w.Permit == nil {
		return nil
	}
	return op.s.w.Permit(op.caller, step)
}

// replacementChecker is a resource type that refuses some changes of a create-only property.
type replacementChecker interface {
	CheckReplacement(before, after map[string]any) error
}

func (op *operation) tags(logicalID string, schema *cloud.TypeSchema) map[string]string {
	if !schema.Tags {
		return nil
	}
	tags := map[string]string{
		"aws:cloudformation:stack-name": op.st.name,
		"aws:cloudformation:stack-id":   op.st.id,
		"aws:cloudformation:logical-id": logicalID,
	}
	for _, t := range op.next.tags {
		tags[t.Key] = t.Value
	}
	return tags
}

// succeed ends the deployment and deletes resources that were replaced or are no longer in the
// template.
func (op *operation) succeed() {
	st := op.st
	for name, t := range op.tasks {
		if t.current == t.old && t.old != nil { // unchanged: its policies are those of the new template
			copied := *t.old
			copied.declared, copied.needs = t.declared, t.needs
			st.resources[name] = &copied
		}
	}
	outputs, err := op.outputs()
	if err != nil {
		// An output that cannot be resolved fails the operation (unproven: unresolvable-output).
		op.generation++
		op.after(0, func() { op.rollback(err.Error()) })
		return
	}
	op.next.outputs = outputs
	if op.verb != "UPDATE" {
		op.end(op.verb+"_COMPLETE", "", true)
		return
	}
	op.become("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "")
	for _, name := range sortedKeys(op.resources) {
		old := op.resources[name]
		t := op.tasks[name]
		switch {
		case old.gone || old.physicalID == "":
		case t == nil:
			delete(st.resources, name)
			op.removals = append(op.removals, &removal{resource: copyOf(old), keep: old.declared.keeps()})
		case t.replaces:
			op.removals = append(op.removals, &removal{resource: copyOf(old), keep: t.declared.updateReplace == policyRetain})
		}
	}
	op.remove(true, func(failed []string) {
		reason := ""
		if len(failed) > 0 {
			reason = "One or more resources could not be deleted." // AWS CloudFormation User Guide, "Troubleshooting"
		}
		op.end("UPDATE_COMPLETE", reason, true)
	})
}

func (op *operation) end(status, reason string, success bool) {
	op.generation++
	op.st.running = nil
	if op.set != nil {
		op.set.execution = "EXECUTE_FAILED"
		if success {
			op.set.execution = "EXECUTE_COMPLETE"
		}
	}
	op.become(status, reason)
}
