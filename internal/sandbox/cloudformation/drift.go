package cloudformation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

const (
	// maxDriftFilters is the maximum number of LogicalResourceIds (the SDK's model of
	// CloudFormation).
	maxDriftFilters = 200
	// maxDetectionID is the maximum length of a StackDriftDetectionId (the SDK's model of
	// CloudFormation).
	maxDetectionID = 36
	// driftWave is the number of resources that a detection reads at a time (unproven:
	// drift-detection-duration).
	driftWave = 50
)

// The statuses of drift (the SDK's model of CloudFormation).
const (
	inSync      = "IN_SYNC"
	drifted     = "DRIFTED"
	modified    = "MODIFIED"
	deletedAway = "DELETED"
	notChecked  = "NOT_CHECKED"
	undecided   = "UNKNOWN"
	unsupported = "UNSUPPORTED"
)

// drift is what drift detection has found in a stack. An operation on the stack resets it
// (unproven: drift-after-update).
type drift struct {
	status    string // StackDriftStatus; "" before the first detection
	checked   time.Time
	resources map[string]*resourceDrift // by logical ID
	running   *detection
}

// resourceDrift is the result for one resource. The properties are those that were compared, and
// nil for a resource that does not exist or could not be read.
type resourceDrift struct {
	logicalID, physicalID, kind string
	status                      string
	reason                      string
	expected, actual            map[string]any
	live                        map[string]any // everything that was read
	differences                 []difference
	checked                     time.Time
}

type detection struct {
	id       string
	stack    *stack
	caller   cloud.Caller
	started  time.Time
	status   string // DETECTION_IN_PROGRESS, DETECTION_COMPLETE or DETECTION_FAILED
	reason   string
	drift    string // StackDriftStatus; "" in progress
	drifted  int
	pending  []*resource // as they were when the detection started
	failures []driftFailure
}

// driftFailure is a member of the DetectionStatusReason of a failed detection. Its format is
// reported by AWS's users (coverage roadmap, issue 801).
type driftFailure struct{ Resource, FailureReason string }

// detectable returns the stack of a detection. The first refusal is reported by AWS's users (blog
// post of 2020 about a stack in ROLLBACK_COMPLETE), the second as far as "in progress for stack".
// The statuses are those of the CloudFormation user guide, "Detect drift on an entire stack", and
// those of an import, which it names elsewhere. A stack has one detection at a time (the same
// page).
func (s *Service) detectable(r *cloud.Request) (*stack, error) {
	st, err := s.existing(r, r.Form.Get("StackName"))
	switch {
	case err != nil:
		return nil, err
	case !slices.Contains(
		[]string{
			"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED",
			"IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE",
		}, st.status,
	):
		return nil, invalid(
			"Drift detection cannot be performed on stack [%s] while it is in [%s] state", st.id, st.status,
		)
	case st.drift.running != nil:
		return nil, invalid("Drift detection is already in progress for stack [%s]", st.id)
	}
	return st, nil
}

// refuseDuringDetection refuses an update of a stack while drift detection runs on it, if AWS does
// (unproven: update-during-drift-detection).
func (s *Service) refuseDuringDetection(st *stack) error {
	if st.drift.running == nil || s.w.AnswersWith(unproven.UpdateDuringDetection, unproven.Allowed) {
		return nil
	}
	return invalid("Stack [%s] cannot be updated while drift detection is in progress", st.id)
}

func (s *Service) detectStackDrift(r *cloud.Request) (any, error) {
	st, err := s.detectable(r)
	if err != nil {
		return nil, err
	}
	only := stringsOf(r.Form, "LogicalResourceIds")
	if len(only) > maxDriftFilters {
		return nil, tooMany("logicalResourceIds", fmt.Sprint(only), maxDriftFilters)
	}
	for _, name := range only {
		if st.resources[name] == nil {
			return nil, invalid("Resource %s does not exist for stack %s", name, r.Form.Get("StackName"))
		}
	}
	d := &detection{
		id: s.w.NewUUID(), stack: st, caller: r.Caller, started: s.w.Now(),
		status: "DETECTION_IN_PROGRESS", reason: "User Initiated", // the reason is reported by AWS's users
	}
	for _, name := range sortedKeys(st.resources) {
		res := st.resources[name]
		if len(only) > 0 && !slices.Contains(only, name) || res.gone || res.physicalID == "" {
			continue
		}
		covered, err := s.coversDrift(res.kind)
		if err != nil {
			return nil, err
		}
		if covered {
			d.pending = append(d.pending, st.expected(res))
		}
	}
	st.drift.running = d
	s.region(r.Caller).detections[d.id] = d
	s.announceDrift(d)
	s.checkWave(d)
	return struct {
		ID string `xml:"StackDriftDetectionId"`
	}{d.id}, nil
}

// expected returns a resource with the properties of the stack's template. Those of a resource
// whose rollback has failed are the ones of the failed update.
func (st *stack) expected(res *resource) *resource {
	copied := copyOf(res)
	if st.stuck == nil {
		return copied
	}
	if t := st.stuck.tasks[res.logicalID]; t != nil && t.old != nil {
		copied.properties = t.old.properties
	}
	return copied
}

func (s *Service) checkWave(d *detection) {
	s.w.After(s.w.ResourceTime(), func() {
		wave := d.pending[:min(driftWave, len(d.pending))]
		for _, res := range wave {
			s.checkResource(d, res)
		}
		d.pending = d.pending[len(wave):]
		if len(d.pending) > 0 {
			s.checkWave(d)
			return
		}
		s.complete(d)
	})
}

// checkResource adds the result for one resource. Since 2025-08-14 a resource that cannot be read
// is UNKNOWN; before, the detection failed (aws/aws-cdk-cli, pull request 740; unproven:
// drift-unreadable-resource).
func (s *Service) checkResource(d *detection, res *resource) {
	result := s.inspect(d.stack, res, d.caller)
	if result.status == undecided && s.w.AnswersWith(unproven.DriftUnreadable, unproven.Fails) {
		d.failures = append(d.failures, driftFailure{res.logicalID, result.reason})
		return
	}
	d.stack.drift.record(result)
}

func (d *drift) record(result *resourceDrift) {
	if d.resources == nil {
		d.resources = map[string]*resourceDrift{}
	}
	d.resources[result.logicalID] = result
}

func (s *Service) complete(d *detection) {
	found := &d.stack.drift
	if found.running == d {
		found.running = nil
	}
	d.drift, d.drifted = s.summary(found.resources)
	found.status, found.checked = d.drift, d.started
	d.status, d.reason = "DETECTION_COMPLETE", ""
	if len(d.failures) > 0 {
		var names []string
		for _, f := range d.failures {
			names = append(names, f.Resource)
		}
		d.status = "DETECTION_FAILED"
		d.reason = jsonText(struct {
			Summary  string
			Failures []driftFailure
		}{"Failed to detect drift on resources [" + strings.Join(names, ",") + "]", d.failures})
	}
	s.announceDrift(d)
}

// summary returns the status of a stack and its number of drifted resources. A stack in which
// nothing was checked is in sync (CloudFormation user guide, "Detect unmanaged configuration
// changes"). It is UNKNOWN only if nothing drifted (aws/aws-cdk-cli, pull request 740; unproven:
// stack-in-sync-despite-drift).
func (s *Service) summary(resources map[string]*resourceDrift) (status string, n int) {
	status = inSync
	for _, r := range resources {
		switch r.status {
		case modified, deletedAway:
			n++
		case undecided:
			status = undecided
		}
	}
	switch {
	case n > 0 && s.w.On(cloud.StackInSyncDespiteDrift):
		return inSync, 0
	case n > 0:
		return drifted, n
	}
	return status, 0
}

// detectResourceDrift checks one resource at once. It updates the drift status of the stack, too
// (CloudFormation user guide, "Detect drift on individual stack resources"). The refusal of other
// types is reported by AWS's users.
func (s *Service) detectResourceDrift(r *cloud.Request) (any, error) {
	st, err := s.detectable(r)
	if err != nil {
		return nil, err
	}
	name := r.Form.Get("LogicalResourceId")
	res := st.resources[name]
	if res == nil || res.gone || res.physicalID == "" {
		return nil, invalid("Resource %s does not exist for stack %s", name, r.Form.Get("StackName"))
	}
	covered, err := s.coversDrift(res.kind)
	if err != nil {
		return nil, err
	}
	if !covered {
		return nil, invalid("Drift detection is not supported for the specified ResourceType")
	}
	result := s.inspect(st, st.expected(res), r.Caller)
	st.drift.record(result)
	st.drift.checked = result.checked
	status, _ := s.summary(st.drift.resources)
	if st.drift.status != "" || status != inSync { // one resource in sync says nothing about the others
		st.drift.status = status
	}
	return struct{ StackResourceDrift resourceDriftXML }{result.xml(st)}, nil
}

func (s *Service) describeDetection(r *cloud.Request) (any, error) {
	id := r.Form.Get("StackDriftDetectionId")
	switch {
	case id == "":
		return nil, tooShort("stackDriftDetectionId", id)
	case len(id) > maxDetectionID:
		return nil, tooMany("stackDriftDetectionId", id, maxDetectionID)
	}
	d := s.region(r.Caller).detections[id]
	if d == nil {
		return nil, invalid("Drift detection with id %s does not exist", id) // the text is from memory
	}
	x := detectionXML{
		StackID: d.stack.id, ID: d.id, StackDriftStatus: d.drift, DetectionStatus: d.status,
		DetectionStatusReason: d.reason, Timestamp: protocol.Time(d.started),
	}
	if d.drift != "" {
		x.Drifted = &d.drifted
	}
	return x, nil
}

type detectionXML struct {
	StackID               string `xml:"StackId"`
	ID                    string `xml:"StackDriftDetectionId"`
	StackDriftStatus      string `xml:",omitempty"`
	DetectionStatus       string
	DetectionStatusReason string `xml:",omitempty"`
	Drifted               *int   `xml:"DriftedStackResourceCount,omitempty"`
	Timestamp             string
}

// driftChange is the detail of a "CloudFormation Drift Detection Status Change": CloudFormation
// User Guide, "Drift detection event detail".
type driftChange struct {
	StackID     string `json:"stack-id"`
	DetectionID string `json:"stack-drift-detection-id"`
	Statuses    struct {
		Drift     string `json:"stack-drift-status"`
		Detection string `json:"detection-status"`
	} `json:"status-details"`
	Details struct {
		Drifted int `json:"drifted-stack-resource-count"` // -1 in progress
	} `json:"drift-detection-details"`
	Token string `json:"client-request-token"`
}

// announceDrift sends the status of a detection to EventBridge.
func (s *Service) announceDrift(d *detection) {
	bus := s.w.EventBus()
	if bus == nil {
		return
	}
	detail := driftChange{StackID: d.stack.id, DetectionID: d.id}
	detail.Statuses.Drift, detail.Statuses.Detection, detail.Details.Drifted = d.drift, d.status, d.drifted
	if d.drift == "" {
		detail.Statuses.Drift, detail.Details.Drifted = undecided, -1
	}
	bus.PutEvent(cloud.BusEvent{
		Account: d.stack.at.account, Region: d.stack.at.region, Source: "aws.cloudformation",
		DetailType: "CloudFormation Drift Detection Status Change", Resources: []string{d.stack.id}, Detail: detail,
	})
}
