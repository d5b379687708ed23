package cloudformation_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

const (
	dependent = `{"Resources":{"A":{"Type":"AWS::SNS::Topic","Properties":{"TopicName":"a","DisplayName":"1"}},
		"B":{"Type":"AWS::SNS::Topic","Properties":{"TopicName":"b","DisplayName":{"Fn::GetAtt":["A","DisplayName"]}}}}}`
	dependentChanged = `{"Resources":{"A":{"Type":"AWS::SNS::Topic","Properties":{"TopicName":"a","DisplayName":"2"}},
		"B":{"Type":"AWS::SNS::Topic","Properties":{"TopicName":"b","DisplayName":{"Fn::GetAtt":["A","DisplayName"]}}}}}`
	dependentMarked = `{"Resources":{"A":{"Type":"AWS::SNS::Topic","Metadata":{"M":"1"},"Properties":{"TopicName":"a","DisplayName":"1"}},
		"B":{"Type":"AWS::SNS::Topic","Properties":{"TopicName":"b","DisplayName":{"Fn::GetAtt":["A","DisplayName"]}}}}}`
)

// answered returns DescribeChangeSet as "Status: reason", then "Action id Replacement" for each
// change.
func (w *world) answered(arn string, values bool) []string {
	w.t.Helper()
	set := w.ok("DescribeChangeSet", "ChangeSetName", arn, "IncludePropertyValues", fmt.Sprint(values))
	lines := []string{strings.TrimSpace(fmt.Sprintf("%s: %s", set["Status"], orEmpty(set["StatusReason"])))}
	changes, _ := set["Changes"].([]any)
	for _, c := range changes {
		change := at(c, "ResourceChange")
		line := fmt.Sprintf(
			"%s %s %s", at(change, "Action"), at(change, "LogicalResourceId"), orEmpty(at(change, "Replacement")),
		)
		if at(change, "BeforeContext") != nil {
			line += " before"
		}
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return lines
}

func TestSwitches(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		on     cloud.Switch
		answer func(w *world) []string
		off    []string
		want   []string
	}{
		"additions": {
			cloud.AdditionsHaveReplacement,
			func(w *world) []string { return w.answered(w.prepare("s", "c", "CREATE", one), true) },
			[]string{"CREATE_COMPLETE:", "Add A"}, []string{"CREATE_COMPLETE:", "Add A True"},
		},
		"dependents": {
			cloud.DependentsListedWithValues,
			func(w *world) []string {
				w.commit("s", "c", "CREATE", dependent)
				return w.answered(w.prepare("s", "u", "UPDATE", dependentChanged), true)
			},
			[]string{"CREATE_COMPLETE:", "Modify A False before"},
			[]string{"CREATE_COMPLETE:", "Modify A False before", "Modify B False before"},
		},
		"metadata": {
			cloud.MetadataChangesLackContext,
			func(w *world) []string {
				w.commit("s", "c", "CREATE", dependent)
				return w.answered(w.prepare("s", "u", "UPDATE", dependentMarked), true)
			},
			[]string{"CREATE_COMPLETE:", "Modify A False before"}, []string{"CREATE_COMPLETE:", "Modify A False"},
		},
		"policies": {
			cloud.PolicyChangesUnlisted,
			func(w *world) []string {
				w.commit("s", "c", "CREATE", one)
				kept := strings.Replace(one, `"Type"`, `"DeletionPolicy":"Retain","Type"`, 1)
				id := fmt.Sprint(w.ok("CreateChangeSet", "StackName", "s", "ChangeSetName", "u", "TemplateBody", kept)["Id"])
				return w.answered(id, true)
			},
			[]string{"CREATE_COMPLETE:", "Modify A False before"},
			[]string{"FAILED: The submitted information didn't contain changes. Submit different information to create a change set."},
		},
		"reasons": {
			cloud.FailureReasonNeedsPlainDescribe,
			func(w *world) []string {
				w.commit("s", "c", "CREATE", one)
				id := fmt.Sprint(w.ok("CreateChangeSet", "StackName", "s", "ChangeSetName", "u", "TemplateBody", one)["Id"])
				return []string{w.answered(id, true)[0], w.answered(id, false)[0][:27]}
			},
			[]string{"FAILED: The submitted information didn't contain changes. Submit different information to create a change set.", "FAILED: The submitted infor"},
			[]string{"FAILED:", "FAILED: The submitted infor"},
		},
		"incomplete": {
			cloud.ValuesIncomplete,
			func(w *world) []string {
				id := w.prepare("s", "c", "CREATE", one)
				return append(w.answered(id, true), w.answered(id, false)...)
			},
			[]string{"CREATE_COMPLETE:", "Add A", "CREATE_COMPLETE:", "Add A"},
			[]string{
				"CREATE_COMPLETE: [WARN] --include-property-values option can return incomplete ChangeSet data because: Logical Id: A, failed property validation",
				"CREATE_COMPLETE:", "Add A",
			},
		},
		"tokens": {
			cloud.ExecuteRefusesRepeatedToken,
			func(w *world) []string {
				id := w.prepare("s", "c", "CREATE", one)
				w.ok("ExecuteChangeSet", "ChangeSetName", id, "ClientRequestToken", "t")
				_, err := w.call("ExecuteChangeSet", "ChangeSetName", id, "ClientRequestToken", "t")
				if err == nil {
					return []string{"done"}
				}
				return []string{err.Code}
			},
			[]string{"done"}, []string{"TokenAlreadyExistsException"},
		},
		"new sets": {
			cloud.NewChangeSetsNotFoundAtFirst,
			func(w *world) []string {
				id := fmt.Sprint(w.ok("CreateChangeSet", "StackName", "s", "ChangeSetName", "c", "ChangeSetType", "CREATE", "TemplateBody", one)["Id"])
				_, err := w.call("DescribeChangeSet", "ChangeSetName", id)
				first := "found"
				if err != nil {
					first = err.Code
				}
				return append([]string{first}, w.answered(id, true)...)
			},
			[]string{"found", "CREATE_COMPLETE:", "Add A"}, []string{"ChangeSetNotFound", "CREATE_COMPLETE:", "Add A"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, on := range []bool{false, true} {
				w, want := newWorld(t), test.off
				if on {
					want = test.want
					if err := w.w.SetSwitches(test.on); err != nil {
						t.Fatal(err)
					}
				}
				if got := test.answer(w); strings.Join(got, "\n") != strings.Join(want, "\n") {
					t.Errorf("on %t: got\n%q, want\n%q", on, got, want)
				}
			}
		})
	}
}

// The execution updates a dependent that the description with values omits.
func TestSwitches_Dependent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit("s", "c", "CREATE", dependent)
	id := w.prepare("s", "u", "UPDATE", dependentChanged)
	if got := w.answered(id, false); len(got) != 3 || got[2] != "Modify B False" {
		t.Errorf("without values: %q", got)
	}
	w.ok("ExecuteChangeSet", "ChangeSetName", id)
	w.wantStatus("s", "UPDATE_COMPLETE")
	live := w.types["AWS::SNS::Topic"].live["arn:aws:sns:"+region+":"+account+":b"]
	if live["DisplayName"] != "2" {
		t.Errorf("the dependent is %v", live)
	}
}

func TestSetSwitches_Unknown(t *testing.T) {
	t.Parallel()
	if err := newWorld(t).w.SetSwitches("nonsense"); err == nil {
		t.Error("a switch that does not exist was turned on")
	}
}
