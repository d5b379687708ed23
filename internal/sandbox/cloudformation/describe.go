package cloudformation

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// maxStackResources is the maximum number of resources in an answer of DescribeStackResources (AWS
// API reference).
const maxStackResources = 100

// page reads a list's NextToken, the start of the next page.
func (s *Service) page(r *cloud.Request, n int) (start, end int, next string, err error) {
	if token := r.Form.Get("NextToken"); token != "" {
		if start, err = strconv.Atoi(token); err != nil || start < 0 || start > n {
			return 0, 0, "", invalid("Invalid NextToken")
		}
	}
	end = min(start+s.w.Answers.Number(unproven.ResourcesPerPage), n) // unproven: list-items-per-page
	if end < n {
		next = strconv.Itoa(end)
	}
	return start, end, next, nil
}

type parameterXML struct{ ParameterKey, ParameterValue string }

// parametersXML masks NoEcho parameters (recorded from AWS).
func parametersXML(settings map[string]setting) []parameterXML {
	var list []parameterXML
	for _, key := range sortedKeys(settings) {
		value := settings[key].value
		if settings[key].noEcho {
			value = "****"
		}
		list = append(list, parameterXML{key, value})
	}
	return list
}

type stackXML struct {
	StackID                     string              `xml:"StackId"`
	StackName                   string              //
	ChangeSetID                 string              `xml:"ChangeSetId,omitempty"`
	Description                 string              `xml:",omitempty"`
	Parameters                  *list[parameterXML] `xml:",omitempty"`
	CreationTime                string
	DeletionTime                string   `xml:",omitempty"`
	LastUpdatedTime             string   `xml:",omitempty"`
	RollbackConfiguration       struct{} `xml:"RollbackConfiguration"`
	StackStatus                 string
	StackStatusReason           string `xml:",omitempty"`
	DisableRollback             bool
	NotificationARNs            []string      `xml:"NotificationARNs>member"`
	Capabilities                []string      `xml:"Capabilities>member"`
	Outputs                     *list[output] `xml:",omitempty"`
	RoleARN                     string        `xml:",omitempty"`
	Tags                        []tag         `xml:"Tags>member"`
	EnableTerminationProtection *bool         `xml:",omitempty"`
	DriftInformation            stackDriftInformationXML
}

// describe describes a stack. The omissions in REVIEW_IN_PROGRESS and after a deletion are recorded
// from AWS.
func (st *stack) describe() stackXML {
	x := stackXML{
		StackID:           st.id,
		StackName:         st.name,
		CreationTime:      protocol.Time(st.created),
		StackStatus:       st.status,
		StackStatusReason: st.reason,
		DisableRollback:   st.disableRollback,
		DriftInformation:  st.drift.information(),
	}
	if !st.updated.IsZero() {
		x.LastUpdatedTime = protocol.Time(st.updated)
	}
	if !st.deleted.IsZero() {
		x.DeletionTime = protocol.Time(st.deleted)
	}
	if st.status != "DELETE_COMPLETE" {
		protected := st.protected
		x.EnableTerminationProtection = &protected
	}
	if c := st.config; c != nil {
		if st.status != "DELETE_COMPLETE" {
			x.ChangeSetID = c.changeSet
		}
		x.Description, x.Parameters, x.NotificationARNs, x.Capabilities = c.template.description, some(
			parametersXML(c.settings),
		), c.topics, c.capabilities
		x.Outputs, x.RoleARN, x.Tags = some(c.outputs), c.role, c.tags
	}
	return x
}

// seen returns a stack as a reader sees it. A stale read returns the state before the last
// operation, or nothing if that operation created the stack. Reads by ID always show deletions.
func (st *stack) seen(stale bool) (v view, ok bool) {
	if stale && st.before != nil {
		return *st.before, true
	}
	if stale && st.before == nil && st.config != nil {
		return view{}, false
	}
	return view{st.describe(), st.body()}, true
}

func (s *Service) describeStacks(r *cloud.Request) (any, error) {
	var result struct {
		Stacks    []stackXML `xml:"Stacks>member"`
		NextToken string     `xml:",omitempty"`
	}
	if ref := r.Form.Get("StackName"); ref != "" {
		st, err := s.shown(r, ref)
		if err != nil {
			return nil, err
		}
		v, ok := st.seen(r.Stale)
		if !ok {
			return nil, invalid("Stack with id %s does not exist", ref)
		}
		result.Stacks = []stackXML{v.description}
		return result, nil
	}
	var all []stackXML
	for _, st := range slices.Backward(s.region(r.Caller).stacks) { // newest first
		if v, ok := st.seen(r.Stale); ok && st.status != "DELETE_COMPLETE" {
			all = append(all, v.description)
		}
	}
	start, end, next, err := s.page(r, len(all))
	if err != nil {
		return nil, err
	}
	result.Stacks, result.NextToken = all[start:end], next
	return result, nil
}

func (s *Service) listStacks(r *cloud.Request) (any, error) {
	type summary struct {
		StackID             string `xml:"StackId"`
		StackName           string
		TemplateDescription string `xml:",omitempty"`
		CreationTime        string
		LastUpdatedTime     string `xml:",omitempty"`
		DeletionTime        string `xml:",omitempty"`
		StackStatus         string
		StackStatusReason   string `xml:",omitempty"`
		DriftInformation    stackDriftInformationXML
	}
	var result struct {
		StackSummaries []summary `xml:"StackSummaries>member"`
		NextToken      string    `xml:",omitempty"`
	}
	filter := stringsOf(r.Form, "StackStatusFilter")
	var all []summary
	for _, st := range slices.Backward(s.region(r.Caller).stacks) {
		if len(filter) > 0 && !slices.Contains(filter, st.status) ||
			st.status == "DELETE_COMPLETE" && s.w.Now().Sub(st.deleted) > 90*day {
			continue
		}
		x := st.describe()
		all = append(
			all,
			summary{
				x.StackID, x.StackName, x.Description, x.CreationTime, x.LastUpdatedTime, x.DeletionTime, x.StackStatus,
				x.StackStatusReason, x.DriftInformation,
			},
		)
	}
	start, end, next, err := s.page(r, len(all))
	if err != nil {
		return nil, err
	}
	result.StackSummaries, result.NextToken = all[start:end], next
	return result, nil
}

// getTemplate returns a template byte for byte. Original and Processed are the same, as there are
// no transforms.
func (s *Service) getTemplate(r *cloud.Request) (any, error) {
	type templateXML struct {
		TemplateBody    string   `xml:",omitempty"`
		StagesAvailable []string `xml:"StagesAvailable>member"`
	}
	stages := []string{"Original", "Processed"}
	if r.Form.Get("ChangeSetName") != "" {
		set, err := s.findSet(r)
		if err != nil {
			return nil, err
		}
		return templateXML{set.next.template.body, stages}, nil
	}
	ref := r.Form.Get("StackName")
	st, err := s.shown(r, ref)
	if err != nil {
		return nil, err
	}
	v, ok := st.seen(r.Stale)
	if !ok {
		return nil, invalid("Stack with id %s does not exist", ref)
	}
	// unproven: get-template-during-update
	if st.running != nil && st.before != nil && s.w.AnswersWith(unproven.TemplateDuringUpdate, unproven.Old) {
		v.body = st.before.body
	}
	return templateXML{v.body, stages}, nil
}

type declaredParameterXML struct {
	ParameterKey         string
	DefaultValue         *string `xml:",omitempty"`
	ParameterType        string  `xml:",omitempty"`
	NoEcho               bool
	Description          string          `xml:",omitempty"`
	ParameterConstraints *constraintsXML `xml:",omitempty"`
}

type constraintsXML struct {
	AllowedValues []string `xml:"AllowedValues>member"`
}

func declaredParameters(t *template, full bool) []declaredParameterXML {
	var list []declaredParameterXML
	for _, key := range sortedKeys(t.parameters) {
		p := t.parameters[key]
		x := declaredParameterXML{ParameterKey: key, NoEcho: fmt.Sprint(p["NoEcho"]) == "true"}
		x.Description, _ = p["Description"].(string)
		if d, ok := p["Default"]; ok {
			text := valueText(d)
			x.DefaultValue = &text
		}
		if full {
			x.ParameterType, _ = p["Type"].(string)
			if values, ok := p["AllowedValues"]; ok {
				x.ParameterConstraints = &constraintsXML{listOf(values)}
			} else {
				x.ParameterConstraints = &constraintsXML{}
			}
		}
		list = append(list, x)
	}
	return list
}

// templateOf finds the template of a request: a stack's or its own.
func (s *Service) templateOf(r *cloud.Request) (*template, error) {
	if ref := r.Form.Get("StackName"); ref != "" {
		st, err := s.shown(r, ref)
		if err != nil {
			return nil, err
		}
		if st.config == nil {
			return nil, invalid("Stack with id %s does not exist", ref)
		}
		return st.config.template, nil
	}
	body := r.Form.Get("TemplateBody")
	switch {
	case r.Form.Has("TemplateURL"):
		text, err := s.fetch(r, r.Form.Get("TemplateURL"))
		if err != nil {
			return nil, err
		}
		body = text
	case body == "":
		return nil, invalid("Either Template URL or Template Body must be specified.")
	case len(body) > maxInlineTemplate:
		return nil, invalid(
			"1 validation error detected: Value '%.100s...' at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to %d",
			body,
			maxInlineTemplate,
		)
	}
	t, err := parseTemplate(body)
	if err != nil {
		return nil, err
	}
	return t, s.check(t)
}

func (s *Service) getTemplateSummary(r *cloud.Request) (any, error) {
	t, err := s.templateOf(r)
	if err != nil {
		return nil, err
	}
	type identifiers struct {
		ResourceType        string
		LogicalResourceIDs  []string `xml:"LogicalResourceIds>member"`
		ResourceIdentifiers []string `xml:"ResourceIdentifiers>member"`
	}
	var result struct {
		Parameters                  *list[declaredParameterXML] `xml:",omitempty"`
		Description                 string                      `xml:",omitempty"`
		Capabilities                []string                    `xml:"Capabilities>member"`
		CapabilitiesReason          string                      `xml:",omitempty"`
		ResourceTypes               []string                    `xml:"ResourceTypes>member"`
		Metadata                    string                      `xml:",omitempty"`
		ResourceIdentifierSummaries []identifiers               `xml:"ResourceIdentifierSummaries>member"`
	}
	result.Parameters, result.Description = some(declaredParameters(t, true)), t.description
	result.Capabilities, result.CapabilitiesReason = s.capabilities(t)
	if t.metadata != nil {
		result.Metadata = jsonText(t.metadata)
	}
	byType := map[string][]string{}
	for _, name := range sortedKeys(t.resources) {
		byType[t.resources[name].kind] = append(byType[t.resources[name].kind], name)
	}
	for _, kind := range sortedKeys(byType) {
		result.ResourceTypes = append(result.ResourceTypes, kind)
		if id := s.w.Type(kind).Schema().PrimaryID; len(id) > 0 {
			result.ResourceIdentifierSummaries = append(result.ResourceIdentifierSummaries, identifiers{kind, byType[kind], id})
		}
	}
	return result, nil
}

func (s *Service) validateTemplate(r *cloud.Request) (any, error) {
	t, err := s.templateOf(r)
	if err != nil {
		return nil, err
	}
	var result struct {
		Parameters         *list[declaredParameterXML] `xml:",omitempty"`
		Description        string                      `xml:",omitempty"`
		Capabilities       []string                    `xml:"Capabilities>member"`
		CapabilitiesReason string                      `xml:",omitempty"`
	}
	result.Parameters, result.Description = some(declaredParameters(t, false)), t.description
	result.Capabilities, result.CapabilitiesReason = s.capabilities(t)
	return result, nil
}

func (s *Service) describeAccountLimits(*cloud.Request) (any, error) {
	type limit struct {
		Name  string
		Value int
	}
	var result struct {
		AccountLimits []limit `xml:"AccountLimits>member"`
	}
	result.AccountLimits = []limit{
		{"StackLimit", 2000}, {"StackOutputsLimit", maxOutputs}, {"ConcurrentResourcesLimit", 2500},
	}
	return result, nil
}

func (s *Service) listStackResources(r *cloud.Request) (any, error) {
	st, err := s.shown(r, r.Form.Get("StackName"))
	if err != nil {
		return nil, err
	}
	type summary struct {
		LogicalResourceID    string `xml:"LogicalResourceId"`
		PhysicalResourceID   string `xml:"PhysicalResourceId,omitempty"`
		ResourceType         string
		LastUpdatedTimestamp string
		ResourceStatus       string
		ResourceStatusReason string `xml:",omitempty"`
		DriftInformation     resourceDriftInformationXML
	}
	var result struct {
		StackResourceSummaries []summary `xml:"StackResourceSummaries>member"`
		NextToken              string    `xml:",omitempty"`
	}
	names := sortedKeys(st.resources)
	start, end, next, err := s.page(r, len(names))
	if err != nil {
		return nil, err
	}
	for _, name := range names[start:end] {
		res := st.resources[name]
		result.StackResourceSummaries = append(result.StackResourceSummaries, summary{
			name, res.physicalID, res.kind, protocol.Time(res.changed), res.status, res.reason,
			st.drift.resourceInformation(name),
		})
	}
	result.NextToken = next
	return result, nil
}

type stackResourceXML struct {
	StackName            string
	StackID              string `xml:"StackId"`
	LogicalResourceID    string `xml:"LogicalResourceId"`
	PhysicalResourceID   string `xml:"PhysicalResourceId,omitempty"`
	ResourceType         string
	Timestamp            string `xml:",omitempty"`
	LastUpdatedTimestamp string `xml:",omitempty"`
	ResourceStatus       string
	ResourceStatusReason string `xml:",omitempty"`
	Description          string `xml:",omitempty"`
	Metadata             string `xml:",omitempty"`
	DriftInformation     resourceDriftInformationXML
}

func (st *stack) resourceXML(res *resource) stackResourceXML {
	return stackResourceXML{
		StackName:            st.name,
		StackID:              st.id,
		LogicalResourceID:    res.logicalID,
		PhysicalResourceID:   res.physicalID,
		ResourceType:         res.kind,
		ResourceStatus:       res.status,
		ResourceStatusReason: res.reason,
		Description:          res.declared.description,
		DriftInformation:     st.drift.resourceInformation(res.logicalID),
	}
}

// stackOfResources returns the stack that a request names, or the one with a resource with the
// physical ID (AWS API reference, DescribeStackResources; the text of the error is that of the AWS
// CLI's users).
func (s *Service) stackOfResources(r *cloud.Request) (*stack, error) {
	id := r.Form.Get("PhysicalResourceId")
	switch name := r.Form.Get("StackName"); {
	case name != "" && id != "":
		return nil, invalid("Parameters StackName and PhysicalResourceId are mutually exclusive")
	case name != "" || id == "":
		return s.shown(r, name)
	}
	for _, st := range s.region(r.Caller).stacks {
		for _, res := range st.resources {
			if st.status != "DELETE_COMPLETE" && !res.gone && res.physicalID == id {
				return st, nil
			}
		}
	}
	return nil, invalid("Stack for %s does not exist", id)
}

// describeStackResources returns the first 100 only (AWS API reference).
func (s *Service) describeStackResources(r *cloud.Request) (any, error) {
	st, err := s.stackOfResources(r)
	if err != nil {
		return nil, err
	}
	var result struct {
		StackResources []stackResourceXML `xml:"StackResources>member"`
	}
	only := r.Form.Get("LogicalResourceId")
	for _, name := range sortedKeys(st.resources) {
		if only != "" && name != only || len(result.StackResources) == maxStackResources {
			continue
		}
		x := st.resourceXML(st.resources[name])
		x.Timestamp = protocol.Time(st.resources[name].changed)
		result.StackResources = append(result.StackResources, x)
	}
	return result, nil
}

func (s *Service) describeStackResource(r *cloud.Request) (any, error) {
	ref, name := r.Form.Get("StackName"), r.Form.Get("LogicalResourceId")
	st, err := s.anyStack(r, ref)
	if err != nil {
		// The text for a missing stack is that of DescribeStacks (recorded from AWS).
		return s.shown(r, ref)
	}
	res := st.resources[name]
	if res == nil {
		return nil, invalid("Resource %s does not exist for stack %s", name, ref) // recorded from AWS
	}
	var result struct{ StackResourceDetail stackResourceXML }
	result.StackResourceDetail = st.resourceXML(res)
	result.StackResourceDetail.LastUpdatedTimestamp = protocol.Time(res.changed)
	result.StackResourceDetail.Metadata = "{}" // recorded from AWS: never omitted
	if res.metadata != nil {
		result.StackResourceDetail.Metadata = jsonText(res.metadata)
	}
	return result, nil
}
