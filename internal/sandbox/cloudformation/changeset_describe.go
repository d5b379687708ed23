package cloudformation

import (
	"maps"
	"slices"
	"strconv"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

type changeXML struct {
	Type           string
	ResourceChange resourceChangeXML
}

type resourceChangeXML struct {
	PolicyAction       string `xml:",omitempty"`
	Action             string
	LogicalResourceID  string `xml:"LogicalResourceId"`
	PhysicalResourceID string `xml:"PhysicalResourceId,omitempty"`
	ResourceType       string
	Replacement        string      `xml:",omitempty"`
	Scope              []string    `xml:"Scope>member"`
	Details            []detailXML `xml:"Details>member"`
	BeforeContext      string      `xml:",omitempty"`
	AfterContext       string      `xml:",omitempty"`

	ResourceDriftStatus            string                  `xml:",omitempty"`
	ResourceDriftIgnoredAttributes *list[ignoredAttribute] `xml:",omitempty"`
	PreviousDeploymentContext      string                  `xml:",omitempty"`
}

type detailXML struct {
	Target        targetXML
	Evaluation    string
	ChangeSource  string
	CausingEntity string `xml:",omitempty"`
}

type targetXML struct {
	Attribute           string
	Name                string `xml:",omitempty"`
	RequiresRecreation  string
	Path                string `xml:",omitempty"`
	BeforeValue         string `xml:",omitempty"`
	AfterValue          string `xml:",omitempty"`
	AttributeChangeType string `xml:",omitempty"`

	BeforeValueFrom string            `xml:",omitempty"`
	AfterValueFrom  string            `xml:",omitempty"`
	Drift           *propertyDriftXML `xml:",omitempty"`
}

type describeChangeSetXML struct {
	ChangeSetID             string `xml:"ChangeSetId"`
	ChangeSetName           string
	StackID                 string `xml:"StackId"`
	StackName               string
	Description             string              `xml:",omitempty"`
	Parameters              *list[parameterXML] `xml:",omitempty"`
	CreationTime            string
	ExecutionStatus         string
	Status                  string
	StatusReason            string      `xml:",omitempty"`
	NotificationARNs        []string    `xml:"NotificationARNs>member"`
	RollbackConfiguration   struct{}    `xml:"RollbackConfiguration"`
	Capabilities            []string    `xml:"Capabilities>member"`
	Tags                    *list[tag]  `xml:",omitempty"`
	Changes                 []changeXML `xml:"Changes>member"`
	IncludeNestedStacks     bool
	OnStackFailure          string `xml:",omitempty"`
	ImportExistingResources bool   `xml:",omitempty"`
	DeploymentMode          string `xml:",omitempty"`
	StackDriftStatus        string `xml:",omitempty"`
	NextToken               string `xml:",omitempty"`
}

func (s *Service) describeChangeSet(r *cloud.Request) (any, error) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	if s.w.On(cloud.NewChangeSetsNotFoundAtFirst) && !set.asked {
		set.asked = true
		return nil, noSuchSet(r.Form.Get("ChangeSetName"))
	}
	values := r.Form.Get("IncludePropertyValues") == "true"
	x := describeChangeSetXML{
		ChangeSetID:             set.id,
		ChangeSetName:           set.name,
		StackID:                 set.stack.id,
		StackName:               set.stack.name,
		Description:             set.description,
		Parameters:              some(parametersXML(set.next.settings)),
		CreationTime:            protocol.Time(set.created),
		ExecutionStatus:         set.execution,
		Status:                  set.status,
		StatusReason:            set.reason,
		NotificationARNs:        set.next.topics,
		Capabilities:            set.next.capabilities,
		Tags:                    some(set.next.tags),
		OnStackFailure:          set.onFailure,
		ImportExistingResources: set.importOld,
		DeploymentMode:          set.mode,
		StackDriftStatus:        set.driftStatus,
	}
	changes := set.listed(values)
	if values {
		changes, x.StatusReason = s.withValues(set, changes)
	}
	start := 0
	if token := r.Form.Get("NextToken"); token != "" {
		if start, err = strconv.Atoi(token); err != nil || start < 0 || start > len(changes) {
			return nil, invalid("Invalid NextToken")
		}
	}
	end := min(start+s.w.Answers.Number(unproven.ChangesPerPage), len(changes)) // unproven: change-set-changes-per-page
	for _, c := range changes[start:end] {
		x.Changes = append(x.Changes, s.changeXML(&c, values))
	}
	if end < len(changes) {
		x.NextToken = strconv.Itoa(end)
	}
	return x, nil
}

// listed returns the changes of a description, with or without property values.
func (set *changeSet) listed(values bool) []change {
	if set.plan == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(set.plan.changes), func(c change) bool { return values && c.possible })
}

// withValues returns the changes and the StatusReason of a description with property values, where
// AWS's answer differs from that without. The omitted change depends on the set's random ID.
func (s *Service) withValues(set *changeSet, changes []change) ([]change, string) {
	switch {
	case set.status == "FAILED" && s.w.On(cloud.FailureReasonNeedsPlainDescribe):
		return changes, ""
	case set.status != "CREATE_COMPLETE" || !s.w.On(cloud.ValuesIncomplete):
		return changes, set.reason
	}
	var candidates []string
	for _, c := range changes {
		if c.action == "Add" || c.action == "Modify" {
			candidates = append(candidates, c.logicalID)
		}
	}
	if len(candidates) == 0 {
		return changes, set.reason
	}
	left := candidates[int(set.id[len(set.id)-1])%len(candidates)]
	changes = slices.DeleteFunc(changes, func(c change) bool { return c.logicalID == left })
	return changes, "[WARN] --include-property-values option can return incomplete ChangeSet data because: Logical Id: " + left + ", failed property validation"
}

func (s *Service) changeXML(c *change, values bool) changeXML {
	rc := resourceChangeXML{
		PolicyAction: c.policyAction, Action: c.action, LogicalResourceID: c.logicalID, PhysicalResourceID: c.physicalID,
		ResourceType: c.kind, Replacement: c.replacement, Scope: c.scope,
	}
	if values && c.action == "Add" && s.w.On(cloud.AdditionsHaveReplacement) {
		rc.Replacement = "True"
	}
	lacksContext := s.w.On(cloud.MetadataChangesLackContext) && slices.Equal(c.scope, []string{"Metadata"})
	if values && !lacksContext {
		rc.BeforeContext, rc.AfterContext = s.context(c.before), s.context(c.after)
	}
	rc.addDrift(s, c, values)
	for _, d := range c.details {
		if d.onlyWithValues && !values || d.onlyWithout && values {
			continue
		}
		t := targetXML{Attribute: d.attribute, Name: d.name, RequiresRecreation: d.recreation}
		if values && d.attribute != "Tags" {
			t.Path = "/" + d.attribute
			if d.name != "" {
				t.Path += "/" + d.name
			}
			t.BeforeValue, t.AfterValue, t.AttributeChangeType = valueText(d.before), valueText(d.after), d.kind
		}
		t.addDrift(&d, values)
		rc.Details = append(
			rc.Details,
			detailXML{Target: t, Evaluation: d.evaluation, ChangeSource: d.source, CausingEntity: d.cause},
		)
	}
	return changeXML{Type: "Resource", ResourceChange: rc}
}

// context returns a BeforeContext or AfterContext (unproven: change-set-context-metadata).
func (s *Service) context(picture map[string]any) string {
	if picture == nil {
		return ""
	}
	if s.w.AnswersWith(unproven.ContextMetadata, unproven.Hidden) {
		picture = maps.Clone(picture)
		delete(picture, "Metadata")
	}
	return jsonText(picture)
}

func valueText(v any) string {
	if v == nil {
		return ""
	}
	v = reveal(v)
	if text, err := textOf(v); err == nil {
		return text
	}
	return jsonText(v)
}

func (s *Service) listChangeSets(r *cloud.Request) (any, error) {
	st, err := s.existing(r, r.Form.Get("StackName"))
	if err != nil {
		return nil, err
	}
	type summary struct {
		StackID                 string `xml:"StackId"`
		StackName               string
		ChangeSetID             string `xml:"ChangeSetId"`
		ChangeSetName           string
		ExecutionStatus         string
		Status                  string
		StatusReason            string `xml:",omitempty"`
		CreationTime            string
		Description             string `xml:",omitempty"`
		IncludeNestedStacks     bool
		ImportExistingResources bool `xml:",omitempty"`
	}
	var result struct {
		Summaries []summary `xml:"Summaries>member"`
		NextToken string    `xml:",omitempty"`
	}
	start, end, next, err := s.page(r, len(st.sets))
	if err != nil {
		return nil, err
	}
	for _, set := range st.sets[start:end] {
		result.Summaries = append(result.Summaries, summary{
			StackID:                 st.id,
			StackName:               st.name,
			ChangeSetID:             set.id,
			ChangeSetName:           set.name,
			ExecutionStatus:         set.execution,
			Status:                  set.status,
			StatusReason:            set.reason,
			CreationTime:            protocol.Time(set.created),
			Description:             set.description,
			ImportExistingResources: set.importOld,
		})
	}
	result.NextToken = next
	return result, nil
}
