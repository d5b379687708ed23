package cloudformation

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// changeSet can be described by its ARN after its execution and after the deletion of its stack
// (recorded from AWS); deleted sets are forgotten.
type changeSet struct {
	id, name    string
	stack       *stack
	kind        string // CREATE, UPDATE or IMPORT
	token       string
	description string
	created     time.Time
	status      string
	execution   string
	reason      string
	next        *config
	plan        *plan
	imports     map[string]string
	wanted      map[string]map[string]string // ResourcesToImport: logical id -> identifier
	importKinds map[string]string
	importOld   bool // ImportExistingResources
	validate    bool
	findings    []finding
	onFailure   string
	noRollback  bool   // DeploymentConfig.DisableRollback
	executedBy  string // ClientRequestToken of the execution
	asked       bool   // it was described before

	mode        string                  // DeploymentMode; "" for an ordinary change set
	actual      map[string]*actualState // of a drift-aware change set, by logical ID
	driftStatus string                  // StackDriftStatus
}

// maxChangeSets is the maximum number per stack, as reported by AWS's users.
const maxChangeSets = 1000

var setName = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]*$`)

func (s *Service) createChangeSet(r *cloud.Request) (any, error) {
	ref, name := r.Form.Get("StackName"), r.Form.Get("ChangeSetName")
	kind, err := checkSetRequest(r.Form)
	if err != nil {
		return nil, err
	}
	st := s.find(r, ref)
	if err := mayReceive(st, ref, name, kind); err != nil {
		return nil, err
	}
	if st != nil && len(st.sets) >= maxChangeSets {
		return nil, cloud.Errorf("LimitExceededException", "ChangeSet limit exceeded for stack %s", st.id)
	}
	set, err := s.readChangeSet(r, st, kind)
	if err != nil {
		return nil, err
	}
	if st != nil {
		if before := st.set(name); before != nil {
			if attribute := s.mismatch(before, set); attribute != "" {
				return nil, cloud.Errorf(
					"AlreadyExistsException", "ChangeSet %s cannot be created due to a mismatch with existing attribute %s",
					name, attribute,
				)
			}
			return setIDXML{before.id, st.id}, nil
		}
	}
	// Errors that make the change impossible in any state of the stack: a resource's type that
	// changed, a function with invalid arguments (recorded from AWS).
	if _, err := s.compare(orEmpty(st, r, ref), set.next); err != nil {
		return nil, err
	}
	if st == nil {
		st = s.newStack(r, ref)
		s.become(st, r.Caller, "", "REVIEW_IN_PROGRESS", "User Initiated") // recorded from AWS
	}
	s.addSet(st, set, r.Caller)
	return setIDXML{set.id, st.id}, nil
}

// checkSetRequest checks the names in a request for a change set, and returns its type.
func checkSetRequest(form url.Values) (kind string, err error) {
	if err := validName(form.Get("StackName")); err != nil {
		return "", err
	}
	if name := form.Get("ChangeSetName"); !setName.MatchString(name) || len(name) > 128 {
		return "", invalid(
			"1 validation error detected: Value '%s' at 'changeSetName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",
			name,
		)
	}
	if form.Get("IncludeNestedStacks") == "true" {
		return "", cloud.NotModelled("nested stacks")
	}
	kind = form.Get("ChangeSetType")
	if kind == "" {
		kind = "UPDATE"
	}
	if !slices.Contains([]string{"CREATE", "UPDATE", "IMPORT"}, kind) {
		return "", invalid(
			"1 validation error detected: Value '%s' at 'changeSetType' failed to satisfy constraint: Member must satisfy enum value set: [CREATE, UPDATE, IMPORT]",
			kind,
		)
	}
	return kind, nil
}

func (s *Service) readChangeSet(r *cloud.Request, st *stack, kind string) (*changeSet, error) {
	form := r.Form
	next, err := s.configOf(r, st)
	if err != nil {
		return nil, err
	}
	set := &changeSet{
		name: form.Get("ChangeSetName"), kind: kind, token: form.Get("ClientToken"),
		description: form.Get("Description"), next: next,
		status: "CREATE_PENDING", execution: "UNAVAILABLE", importOld: form.Get("ImportExistingResources") == "true",
		validate: form.Get("DisableValidation") != "true", onFailure: form.Get("OnStackFailure"),
	}
	if set.noRollback, err = keepFailed(form); err != nil {
		return nil, err
	}
	if set.onFailure == "DELETE" && kind != "CREATE" {
		return nil, invalid("OnStackFailure DELETE is only supported for change sets of type CREATE")
	}
	if err := set.readMode(r); err != nil {
		return nil, err
	}
	if err := set.readImports(r); err != nil {
		return nil, err
	}
	return set, nil
}

// addSet adds a change set to its stack and computes it after a while.
func (s *Service) addSet(st *stack, set *changeSet, caller cloud.Caller) {
	set.stack, set.created = st, s.w.Now()
	set.id = fmt.Sprintf(
		"arn:aws:cloudformation:%s:%s:changeSet/%s/%s", st.at.region, st.at.account, set.name, s.w.NewUUID(),
	)
	st.sets = append(st.sets, set)
	s.region(caller).sets[set.id] = set
	s.w.After(0, func() {
		if set.status != "CREATE_PENDING" {
			return // deleted meanwhile
		}
		set.status = "CREATE_IN_PROGRESS"
		// unproven: change-set-duration
		s.w.After(s.w.Latency.ResourceMin/2, func() { s.compute(set, caller) })
	})
}

type setIDXML struct {
	ID      string `xml:"Id"`
	StackID string `xml:"StackId"`
}

// mayReceive reports whether a stack can have a change set of this kind now. All texts are recorded
// from AWS.
func mayReceive(st *stack, ref, name, kind string) error {
	if kind == "CREATE" {
		if st != nil && st.status != "REVIEW_IN_PROGRESS" {
			return invalid("Stack [%s] already exists and cannot be created again with the changeSet [%s].", ref, name)
		}
		if st == nil && strings.HasPrefix(ref, "arn:") {
			return invalid("Stack [%s] does not exist", ref)
		}
		return nil
	}
	if st == nil || st.status == "REVIEW_IN_PROGRESS" {
		if kind == "IMPORT" && !strings.HasPrefix(ref, "arn:") {
			return nil // an import may create its stack
		}
		return invalid("Stack [%s] does not exist", ref)
	}
	return st.refuseBusy()
}

// mismatch names the attribute in which another request of the same name differs; "" for a repeated
// request. AWS's users report that the template and the token are compared (unproven:
// change-set-same-name-request).
func (s *Service) mismatch(set, other *changeSet) string {
	switch {
	case set.next.template.body != other.next.template.body:
		return "Template"
	case set.token != other.token:
		return "ClientToken"
	case s.w.AnswersWith(unproven.SameNameRequest, unproven.Ignored):
		return ""
	case set.kind != other.kind:
		return "ChangeSetType"
	case set.mode != other.mode:
		return "DeploymentMode"
	case !reflect.DeepEqual(set.next.settings, other.next.settings):
		return "Parameters"
	case !reflect.DeepEqual(tagMap(set.next.tags), tagMap(other.next.tags)):
		return "Tags"
	case !slices.Equal(set.next.topics, other.next.topics):
		return "NotificationARNs"
	case !slices.Equal(set.next.capabilities, other.next.capabilities):
		return "Capabilities"
	}
	return ""
}

// compute fills a change set in. It compares with the current stack.
func (s *Service) compute(set *changeSet, caller cloud.Caller) {
	if set.status != "CREATE_IN_PROGRESS" {
		return // deleted meanwhile
	}
	fail := func(reason string) { set.status, set.reason, set.plan = "FAILED", reason, &plan{} }
	if set.execution == "OBSOLETE" {
		set.status, set.plan = "CREATE_COMPLETE", &plan{}
		return
	}
	plan, err := s.planOf(set, caller)
	if err != nil {
		fail(messageOf(err))
		return
	}
	set.plan = plan
	if reason := s.planImports(set, caller); reason != "" {
		fail(reason)
		return
	}
	if plan.empty() && set.kind != "CREATE" { // recorded from AWS: a set that creates a stack may have no changes
		// recorded from AWS
		fail("The submitted information didn't contain changes. Submit different information to create a change set.")
		return
	}
	if set.validate {
		set.findings = s.validate(set, caller)
	}
	if failed := checks(set.findings); len(failed) > 0 {
		fail(
			fmt.Sprintf(
				"The following hook(s)/validation failed: [%s]. To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information.",
				strings.Join(failed, ", "),
			),
		)
		return
	}
	set.status, set.execution = "CREATE_COMPLETE", "AVAILABLE"
}

func (st *stack) set(name string) *changeSet {
	for _, set := range st.sets {
		if set.name == name {
			return set
		}
	}
	return nil
}

// obsolete marks the pending change sets after a direct operation (recorded from AWS for a
// creation).
func (st *stack) obsolete() {
	for _, set := range st.sets {
		if set.status != "FAILED" {
			set.execution = "OBSOLETE"
		}
	}
}

// noSuchSet has status 404 (recorded from AWS).
func noSuchSet(name string) error {
	return &cloud.Error{
		Code: "ChangeSetNotFound", Message: fmt.Sprintf("ChangeSet [%s] does not exist", name),
		Status: http.StatusNotFound,
	}
}

// findSet finds a change set by ARN, or by stack and name.
func (s *Service) findSet(r *cloud.Request) (*changeSet, error) {
	name, ref := r.Form.Get("ChangeSetName"), r.Form.Get("StackName")
	missing := noSuchSet(name)
	if strings.HasPrefix(name, "arn:") {
		set := s.region(r.Caller).sets[name]
		if set == nil {
			return nil, missing
		}
		return set, nil
	}
	if ref == "" {
		return nil, invalid("StackName must be specified if ChangeSetName is not specified as an ARN.") // recorded from AWS
	}
	st, err := s.existing(r, ref)
	if err != nil {
		return nil, err
	}
	set := st.set(name)
	if set == nil {
		return nil, missing
	}
	return set, nil
}

func (s *Service) executeChangeSet(r *cloud.Request) (any, error) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	st := set.stack
	token := r.Form.Get("ClientRequestToken")
	if token != "" && set.executedBy == token { // repeated request
		if s.w.On(cloud.ExecuteRefusesRepeatedToken) {
			return nil, tokenTaken(token)
		}
		return struct{}{}, nil
	}
	refuse := func(format string, args ...any) error { return cloud.Errorf("InvalidChangeSetStatus", format, args...) }
	switch {
	case set.status != "CREATE_COMPLETE":
		// recorded from AWS
		return nil, refuse("ChangeSet [%s] cannot be executed in its current status of [%s]", set.id, set.status)
	case set.execution == "EXECUTE_IN_PROGRESS":
		return nil, refuse("An operation on this ChangeSet is currently in progress.")
	case set.execution != "AVAILABLE":
		return nil, refuse("ChangeSet [%s] cannot be executed in its current execution status of [%s]", set.id, set.execution)
	case st.running != nil || st.status != "REVIEW_IN_PROGRESS" && !slices.Contains(updatable, st.status):
		return nil, refuse("An operation on this ChangeSet is currently in progress.")
	}
	if err := s.refuseDuringDetection(st); err != nil {
		return nil, err
	}
	if r.Form.Has("DisableRollback") && set.onFailure != "" {
		return nil, invalid("You cannot specify DisableRollback when OnStackFailure was specified on the change set")
	}
	if err := reachable(set.next.topics, st.at.region); err != nil {
		set.execution = "EXECUTE_IN_PROGRESS" // reported to aws-cdk: the set can't be deleted afterwards
		return nil, err
	}
	if _, err := st.used(token, "ExecuteChangeSet "+set.id); err != nil {
		return nil, err
	}
	verb := set.kind
	if verb == "UPDATE" && st.config == nil {
		verb = "CREATE"
	}
	next := *set.next
	next.changeSet = set.id
	op := &operation{
		s: s, st: st, verb: verb, token: token, caller: r.Caller, set: set, next: &next, imports: set.imports,
		actual: set.actual,
	}
	op.noRollback = set.noRollback || set.onFailure == "DO_NOTHING"
	if disable := r.Form.Get("DisableRollback"); disable != "" {
		op.noRollback = disable == "true"
	}
	op.deleteOnFailure = set.onFailure == "DELETE"
	op.retainExceptOnCreate = r.Form.Get("RetainExceptOnCreate") == "true"
	// Executing deletes all other change sets of the stack (AWS API reference, ExecuteChangeSet);
	// this one is no longer listed.
	for _, other := range st.sets {
		if other != set {
			other.status = "DELETE_COMPLETE"
			delete(s.regions[st.at].sets, other.id)
		}
	}
	st.sets = nil
	set.execution, set.executedBy = "EXECUTE_IN_PROGRESS", token
	op.begin()
	return struct{}{}, nil
}

func (s *Service) deleteChangeSet(r *cloud.Request) (any, error) {
	set, err := s.findSet(r)
	if err != nil {
		if e, ok := err.(*cloud.Error); ok && e.Code == "ChangeSetNotFound" { //nolint:errorlint // made just above
			return struct{}{}, nil // deletion of what does not exist succeeds
		}
		return nil, err
	}
	if set.execution == "EXECUTE_IN_PROGRESS" {
		return nil, cloud.Errorf("InvalidChangeSetStatus", "An operation on this ChangeSet is currently in progress.")
	}
	if strings.HasPrefix(set.execution, "EXECUTE_") {
		return struct{}{}, nil // executed sets can be described even after deletion (recorded from AWS)
	}
	set.status = "DELETE_COMPLETE"
	delete(s.regions[set.stack.at].sets, set.id)
	set.stack.sets = slices.DeleteFunc(set.stack.sets, func(o *changeSet) bool { return o == set })
	return struct{}{}, nil
}
