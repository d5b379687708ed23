package cloudformation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

// finding is a finding of the validation before deployment, as DescribeEvents reports it for a
// failed change set.
type finding struct {
	logicalID, kind string
	check           string // the hook that StatusReason names
	name            string // ValidationName
	reason          string
	path            string
}

// The checks of the validation before deployment (AWS CloudFormation User Guide, "Validate stack
// deployments"). AWS's users report the name NAME_CONFLICT_VALIDATION and both kinds of reasons,
// but not the name of the property check (unproven: validation-property-check).
const (
	existenceCheck = "AWS::EarlyValidation::ResourceExistenceCheck"
	propertyCheck  = "AWS::EarlyValidation::PropertyValidation"
)

// validate checks what a change set would create or change: properties that do not fit their type,
// and names in use.
func (s *Service) validate(set *changeSet, caller cloud.Caller) []finding {
	var found []finding
	for i := range set.plan.changes {
		c := &set.plan.changes[i]
		if c.action == "Remove" || c.possible {
			continue
		}
		ty := s.w.Type(c.kind)
		schema := ty.Schema()
		if problems := misfit(schema, c.properties); problems != "" {
			for _, problem := range strings.Split(problems, "\n") {
				found = append(
					found,
					finding{
						c.logicalID, c.kind, propertyCheck, "PROPERTY_VALIDATION", problem,
						"/Resources/" + c.logicalID + "/Properties",
					},
				)
			}
			continue
		}
		if c.action != "Add" ||
			slices.ContainsFunc(schema.PrimaryID, func(p string) bool { return hasUnknown(c.properties[p]) }) {
			continue
		}
		properties, _ := reveal(c.properties).(map[string]any)
		if id, taken := ty.Exists(caller, properties); taken {
			reason := fmt.Sprintf("Resource of type '%s' with identifier '%s' already exists.", c.kind, id)
			found = append(
				found,
				finding{c.logicalID, c.kind, existenceCheck, "NAME_CONFLICT_VALIDATION", reason, "/Resources/" + c.logicalID},
			)
		}
	}
	return found
}

func checks(found []finding) []string {
	var names []string
	for _, f := range found {
		if !slices.Contains(names, f.check) {
			names = append(names, f.check)
		}
	}
	return names
}

// describeEvents returns a change set's validation findings. A stack's own events are in
// DescribeStackEvents.
func (s *Service) describeEvents(r *cloud.Request) (any, error) {
	if r.Form.Get("ChangeSetName") == "" {
		return nil, cloud.NotModelled("DescribeEvents without a change set")
	}
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	type event struct {
		EventID                string `xml:"EventId"`
		StackID                string `xml:"StackId"`
		EventType              string
		LogicalResourceID      string `xml:"LogicalResourceId"`
		ResourceType           string
		Timestamp              string
		ValidationFailureMode  string
		ValidationName         string
		ValidationStatus       string
		ValidationStatusReason string
		ValidationPath         string
	}
	var result struct {
		OperationEvents []event `xml:"OperationEvents>member"`
		NextToken       string  `xml:",omitempty"`
	}
	start, end, next, err := s.page(r, len(set.findings))
	if err != nil {
		return nil, err
	}
	for i, f := range set.findings[start:end] {
		result.OperationEvents = append(result.OperationEvents, event{
			EventID:                fmt.Sprintf("%s-%d", set.id[strings.LastIndex(set.id, "/")+1:], start+i),
			StackID:                set.stack.id,
			EventType:              "VALIDATION_ERROR",
			LogicalResourceID:      f.logicalID,
			ResourceType:           f.kind,
			Timestamp:              protocol.Time(set.created),
			ValidationFailureMode:  "FAIL",
			ValidationName:         f.name,
			ValidationStatus:       "FAILED",
			ValidationStatusReason: f.reason,
			ValidationPath:         f.path,
		})
	}
	result.NextToken = next
	return result, nil
}
