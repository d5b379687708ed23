package cloudformation

import (
	"slices"
	"strconv"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

// maxDriftResults is the maximum of MaxResults of DescribeStackResourceDrifts, and its default (the
// SDK's model of CloudFormation; the default is deduced, unproven: list-items-per-page).
const maxDriftResults = 100

// resourceDriftXML is a StackResourceDrift. Its format is recorded from AWS (LocalStack's
// test_drift_detection; the AWS CLI's examples).
type resourceDriftXML struct {
	StackID             string `xml:"StackId"`
	LogicalResourceID   string `xml:"LogicalResourceId"`
	PhysicalResourceID  string `xml:"PhysicalResourceId"`
	ResourceType        string
	ExpectedProperties  string               `xml:",omitempty"`
	ActualProperties    string               `xml:",omitempty"`
	PropertyDifferences *list[differenceXML] `xml:",omitempty"`
	Status              string               `xml:"StackResourceDriftStatus"`
	Timestamp           string
	DriftStatusReason   string `xml:",omitempty"`
}

type differenceXML struct{ PropertyPath, ExpectedValue, ActualValue, DifferenceType string }

func (d *resourceDrift) xml(st *stack) resourceDriftXML {
	x := resourceDriftXML{
		StackID: st.id, LogicalResourceID: d.logicalID, PhysicalResourceID: d.physicalID, ResourceType: d.kind,
		Status: d.status, Timestamp: protocol.Time(d.checked), DriftStatusReason: d.reason,
	}
	if d.expected == nil {
		return x
	}
	x.ExpectedProperties, x.ActualProperties = jsonText(d.expected), jsonText(d.actual)
	x.PropertyDifferences = &list[differenceXML]{}
	for _, one := range d.differences {
		x.PropertyDifferences.Members = append(
			x.PropertyDifferences.Members,
			differenceXML{one.path, one.text(one.expected), one.text(one.actual), one.kind},
		)
	}
	return x
}

// describeResourceDrifts returns the latest results of the resources that were checked.
func (s *Service) describeResourceDrifts(r *cloud.Request) (any, error) {
	st, err := s.existing(r, r.Form.Get("StackName"))
	if err != nil {
		return nil, err
	}
	statuses := []string{inSync, modified, deletedAway, notChecked, undecided, unsupported}
	filters := stringsOf(r.Form, "StackResourceDriftStatusFilters")
	for _, filter := range filters {
		if !slices.Contains(statuses, filter) {
			return nil, invalid(
				"1 validation error detected: Value '%v' at 'stackResourceDriftStatusFilters' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: %v]",
				filters, statuses,
			)
		}
	}
	most := maxDriftResults
	if text := r.Form.Get("MaxResults"); text != "" {
		if most, err = strconv.Atoi(text); err != nil || most < 1 || most > maxDriftResults {
			return nil, invalid(
				"1 validation error detected: Value '%s' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and %d",
				text, maxDriftResults,
			)
		}
	}
	var found []resourceDriftXML
	for _, name := range sortedKeys(st.drift.resources) {
		if one := st.drift.resources[name]; len(filters) == 0 || slices.Contains(filters, one.status) {
			found = append(found, one.xml(st))
		}
	}
	var result struct {
		Drifts    []resourceDriftXML `xml:"StackResourceDrifts>member"`
		NextToken string             `xml:",omitempty"`
	}
	start := 0
	if token := r.Form.Get("NextToken"); token != "" {
		if start, err = strconv.Atoi(token); err != nil || start < 0 || start > len(found) {
			return nil, invalid("Invalid NextToken")
		}
	}
	end := min(start+most, len(found))
	if end < len(found) {
		result.NextToken = strconv.Itoa(end)
	}
	result.Drifts = found[start:end]
	return result, nil
}

type stackDriftInformationXML struct {
	StackDriftStatus   string
	LastCheckTimestamp string `xml:",omitempty"`
}

type resourceDriftInformationXML struct {
	StackResourceDriftStatus string
	LastCheckTimestamp       string `xml:",omitempty"`
}

func (d *drift) information() stackDriftInformationXML {
	x := stackDriftInformationXML{StackDriftStatus: notChecked}
	if d.status != "" {
		x.StackDriftStatus = d.status
	}
	if !d.checked.IsZero() {
		x.LastCheckTimestamp = protocol.Time(d.checked)
	}
	return x
}

func (d *drift) resourceInformation(logicalID string) resourceDriftInformationXML {
	found := d.resources[logicalID]
	if found == nil {
		return resourceDriftInformationXML{StackResourceDriftStatus: notChecked}
	}
	return resourceDriftInformationXML{found.status, protocol.Time(found.checked)}
}
