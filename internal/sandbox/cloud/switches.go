package cloud

import (
	"fmt"
	"slices"
)

// Switch names a question to AWS that has two answers: AWS has given both at different times, or no source proves one.
// A switch that is on gives the other answer.
type Switch string

// The switches. Each name says what AWS does when the switch is on.
const (
	AdditionsHaveReplacement        Switch = "additions_have_replacement"
	DependentsListedWithValues      Switch = "dependents_listed_with_values"
	ExecuteRefusesRepeatedToken     Switch = "execute_refuses_repeated_token"
	FailureReasonNeedsPlainDescribe Switch = "failure_reason_needs_plain_describe"
	MetadataChangesLackContext      Switch = "metadata_changes_lack_context"
	NewChangeSetsNotFoundAtFirst    Switch = "new_change_sets_not_found_at_first"
	PolicyChangesUnlisted           Switch = "policy_changes_unlisted"
	ValuesIncomplete                Switch = "values_incomplete"
)

// SwitchRule describes a switch: both answers and where they come from.
type SwitchRule struct {
	Name   Switch `json:"name"`
	Off    string `json:"off"`
	On     string `json:"on"`
	Source string `json:"source"`
}

var switchRules = []SwitchRule{
	{
		AdditionsHaveReplacement,
		"DescribeChangeSet with property values gives no Replacement for an Add",
		"it gives Replacement True for an Add",
		"both recorded by LocalStack's tests: without since 2025-05-19, with until 2025-05-05 (test_change_set_fn_get_attr and others)",
	},
	{
		DependentsListedWithValues,
		"DescribeChangeSet with property values leaves out a resource that only refers by Fn::GetAtt to a property that changes in place",
		"it lists the resource as Modify",
		"off recorded by LocalStack's test_change_set_fn_get_attr, 2025-04-08; on unconfirmed",
	},
	{
		ExecuteRefusesRepeatedToken,
		"ExecuteChangeSet with the ClientRequestToken of the execution that runs succeeds",
		"it answers TokenAlreadyExistsException",
		"on is listed among the errors of ExecuteChangeSet in the SDK's model; both unconfirmed",
	},
	{
		FailureReasonNeedsPlainDescribe,
		"DescribeChangeSet with property values gives the StatusReason of a set that failed",
		"only DescribeChangeSet without property values gives it",
		"on reported for 2024 (boto3 issue 4178)",
	},
	{
		MetadataChangesLackContext,
		"DescribeChangeSet gives a BeforeContext for a resource of which only the metadata changes",
		"it gives none",
		"no recording exists, both are deduced",
	},
	{
		NewChangeSetsNotFoundAtFirst,
		"DescribeChangeSet finds a set as soon as CreateChangeSet has answered",
		"the first description of a set answers ChangeSetNotFound",
		"CloudFormation's API is eventually consistent; how long is unconfirmed",
	},
	{
		PolicyChangesUnlisted,
		"A change of only DeletionPolicy or UpdateReplacePolicy is an update and is listed as Modify",
		"it is no update and is not listed",
		"off recorded by LocalStack's test_update_with_previous_parameter_value, 2025-08-08, and measured in ministack pull request 1646; " +
			"on is what the user guide says",
	},
	{
		ValuesIncomplete,
		"DescribeChangeSet with property values lists every change whose values can be computed",
		"it leaves one change out and says so in the StatusReason of a set that is CREATE_COMPLETE",
		"the text is recorded by LocalStack (exports_imports) and reported in aws-cdk-cli issue 1780; which change is left out is unconfirmed",
	},
}

// SwitchRules lists all switches by name.
func SwitchRules() []SwitchRule { return slices.Clone(switchRules) }

// SetSwitches turns the named switches on and all others off.
func (w *World) SetSwitches(on ...Switch) error {
	set := make(map[Switch]bool, len(on))
	for _, name := range on {
		if !slices.ContainsFunc(switchRules, func(r SwitchRule) bool { return r.Name == name }) {
			return fmt.Errorf("there is no switch %q", name)
		}
		set[name] = true
	}
	w.switches = set
	return nil
}

// On reports whether a switch is on.
func (w *World) On(name Switch) bool { return w.switches[name] }

// Switches lists the switches that are on, by name.
func (w *World) Switches() []Switch {
	on := []Switch{}
	for _, r := range switchRules {
		if w.switches[r.Name] {
			on = append(on, r.Name)
		}
	}
	return on
}
