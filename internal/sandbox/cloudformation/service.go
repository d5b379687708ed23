package cloudformation

import (
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

// Service is CloudFormation in all accounts and regions of a world.
type Service struct {
	w       *cloud.World
	query   protocol.Query
	regions map[place]*region
}

// New returns the service. It finds resource types, objects, roles and topics through the world on
// demand.
func New(w *cloud.World) *Service {
	return &Service{
		w:       w,
		query:   protocol.Query{Namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/", Version: "2010-05-15"},
		regions: map[place]*region{},
	}
}

// Handle answers one request of the query protocol.
func (s *Service) Handle(r *cloud.Request) (*cloud.Response, error) {
	operation, ok := operations[r.Operation]
	if !ok {
		return nil, cloud.NotModelled("CloudFormation's %s", r.Operation)
	}
	if unknown := protocol.Unknown(r.Form, operation.parameters...); unknown != "" {
		return nil, cloud.NotModelled("the parameter %s of CloudFormation's %s", unknown, r.Operation)
	}
	if err := checkArguments(r.Form); err != nil {
		return nil, err
	}
	result, err := operation.handle(s, r)
	if err != nil {
		return nil, err
	}
	return s.query.Result(r, result) //nolint:wrapcheck // says what it is
}

// list is a list that AWS omits when it is empty; others become an empty element.
type list[T any] struct {
	Members []T `xml:"member"`
}

func some[T any](members []T) *list[T] {
	if len(members) == 0 {
		return nil
	}
	return &list[T]{members}
}

// WriteError encodes an error of the query protocol.
func (s *Service) WriteError(r *cloud.Request, e *cloud.Error) *cloud.Response {
	return s.query.Error(r, e)
}

var operations = map[string]struct {
	handle     func(*Service, *cloud.Request) (any, error)
	parameters []string
}{
	"CreateStack": {
		(*Service).createStack,
		[]string{
			"StackName", "TemplateBody", "TemplateURL", "Parameters", "DisableRollback", "NotificationARNs",
			"Capabilities", "RoleARN", "OnFailure", "StackPolicyBody", "StackPolicyURL", "Tags", "ClientRequestToken",
			"EnableTerminationProtection", "RetainExceptOnCreate", "DeploymentConfig",
		},
	},
	"UpdateStack": {
		(*Service).updateStack,
		[]string{
			"StackName", "TemplateBody", "TemplateURL", "UsePreviousTemplate", "Parameters", "Capabilities",
			"RoleARN", "StackPolicyBody", "StackPolicyURL", "StackPolicyDuringUpdateBody",
			"StackPolicyDuringUpdateURL", "NotificationARNs", "Tags", "DisableRollback", "ClientRequestToken",
			"RetainExceptOnCreate", "DeploymentConfig", "DeploymentConfig",
		},
	},
	"DeleteStack": {
		(*Service).deleteStack,
		[]string{"StackName", "RetainResources", "RoleARN", "ClientRequestToken", "DeletionMode", "DeploymentConfig"},
	},
	"CreateChangeSet": {
		(*Service).createChangeSet,
		[]string{
			"StackName", "ChangeSetName", "ChangeSetType", "TemplateBody", "TemplateURL", "UsePreviousTemplate",
			"Parameters", "Capabilities", "Tags", "NotificationARNs", "RoleARN", "ClientToken", "Description",
			"ResourcesToImport", "ImportExistingResources", "OnStackFailure", "DisableValidation",
			"IncludeNestedStacks", "DeploymentConfig", "DeploymentMode",
		},
	},
	"DescribeChangeSet": {
		(*Service).describeChangeSet,
		[]string{"StackName", "ChangeSetName", "IncludePropertyValues", "NextToken"},
	},
	"ExecuteChangeSet": {(*Service).executeChangeSet, []string{
		"StackName", "ChangeSetName", "ClientRequestToken", "DisableRollback", "RetainExceptOnCreate",
	}},
	"DeleteChangeSet":     {(*Service).deleteChangeSet, []string{"StackName", "ChangeSetName"}},
	"ListChangeSets":      {(*Service).listChangeSets, []string{"StackName", "NextToken"}},
	"DescribeStacks":      {(*Service).describeStacks, []string{"StackName", "NextToken"}},
	"ListStacks":          {(*Service).listStacks, []string{"StackStatusFilter", "NextToken"}},
	"DescribeStackEvents": {(*Service).describeStackEvents, []string{"StackName", "NextToken"}},
	"DescribeEvents": {
		(*Service).describeEvents,
		[]string{"StackName", "ChangeSetName", "Filters", "NextToken"},
	},
	"GetTemplate":        {(*Service).getTemplate, []string{"StackName", "ChangeSetName", "TemplateStage"}},
	"GetTemplateSummary": {(*Service).getTemplateSummary, []string{"StackName", "TemplateBody", "TemplateURL"}},
	"ValidateTemplate":   {(*Service).validateTemplate, []string{"TemplateBody", "TemplateURL"}},
	"ListStackResources": {(*Service).listStackResources, []string{"StackName", "NextToken"}},
	"DescribeStackResources": {
		(*Service).describeStackResources,
		[]string{"StackName", "LogicalResourceId", "PhysicalResourceId"},
	},
	"DescribeStackResource": {(*Service).describeStackResource, []string{"StackName", "LogicalResourceId"}},
	"ContinueUpdateRollback": {
		(*Service).continueUpdateRollback,
		[]string{"StackName", "ResourcesToSkip", "ClientRequestToken", "RoleARN"},
	},
	"CancelUpdateStack": {(*Service).cancelUpdateStack, []string{"StackName", "ClientRequestToken"}},
	"UpdateTerminationProtection": {
		(*Service).updateTerminationProtection,
		[]string{"StackName", "EnableTerminationProtection"},
	},
	"SetStackPolicy":   {(*Service).setStackPolicy, []string{"StackName", "StackPolicyBody", "StackPolicyURL"}},
	"GetStackPolicy":   {(*Service).getStackPolicy, []string{"StackName"}},
	"DetectStackDrift": {(*Service).detectStackDrift, []string{"StackName", "LogicalResourceIds"}},
	"DetectStackResourceDrift": {
		(*Service).detectResourceDrift, []string{"StackName", "LogicalResourceId"},
	},
	"DescribeStackDriftDetectionStatus": {(*Service).describeDetection, []string{"StackDriftDetectionId"}},
	"DescribeStackResourceDrifts": {
		(*Service).describeResourceDrifts,
		[]string{"StackName", "StackResourceDriftStatusFilters", "MaxResults", "NextToken"},
	},
	"DescribeAccountLimits": {(*Service).describeAccountLimits, []string{"NextToken"}},
}
