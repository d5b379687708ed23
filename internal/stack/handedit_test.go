package stack_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// TestHandEdits_NotInChangeSets edits by hand what no change set of a later commit shows. A
// stack tag or parameter value lets AWS accept the edit as an update. The next commit of a process
// that remembers the stack reverts none of it.
func TestHandEdits_NotInChangeSets(t *testing.T) {
	colour := func(value string) []types.Parameter {
		return []types.Parameter{{ParameterKey: aws.String("Colour"), ParameterValue: aws.String(value)}}
	}
	edits := map[string]struct {
		parameters []types.Parameter
		tags       []types.Tag
		edit       func(sections map[string]any)
		want       string // in the template
	}{
		"an output, beside a stack tag": {
			colour("red"), []types.Tag{{Key: aws.String("owner"), Value: aws.String("ops")}},
			func(sections map[string]any) { section(sections, "Outputs")["Hue"] = map[string]any{"Value": "red"} },
			`"Hue"`,
		},
		"an output, beside a parameter's value": {
			colour("green"), nil,
			func(sections map[string]any) {
				section(sections, "Outputs")["Hue"] = map[string]any{"Value": map[string]any{"Ref": "Colour"}}
			},
			`"Hue"`,
		},
		"a deletion policy, beside a parameter's value": {
			colour("green"), nil,
			func(sections map[string]any) {
				section(sections, "Resources")["Theirs"].(map[string]any)["DeletionPolicy"] = "Retain"
			},
			`"DeletionPolicy":"Retain","Properties":{"Name":"/theirs/colour"`,
		},
		"a condition, beside a parameter's value": {
			colour("green"), nil,
			func(sections map[string]any) {
				section(sections, "Conditions")["Green"] = map[string]any{
					"Fn::Equals": []any{map[string]any{"Ref": "Colour"}, "green"},
				}
			},
			`"Green"`,
		},
	}
	for name, test := range edits {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				s := w.process()
				w.filled(s)
				w.byHand(colour("red"), func(sections map[string]any) {
					section(sections, "Parameters")["Colour"] = map[string]any{"Type": "String"}
					section(sections, "Resources")["Theirs"] = map[string]any{
						"Type": "AWS::SSM::Parameter",
						"Properties": map[string]any{
							"Name": "/theirs/colour", "Type": "String", "Value": map[string]any{"Ref": "Colour"},
						},
					}
				})
				w.settled()
				must(t, s.Commit(t.Context(), create(user("first"))))

				w.byHandTagged(test.parameters, test.tags, test.edit)
				w.settled()
				if !strings.Contains(w.compactTemplate(), test.want) {
					t.Fatalf("the edit did not work: %s", w.compactTemplate())
				}
				must(t, s.Commit(t.Context(), create(user("second"))))
				if !strings.Contains(w.compactTemplate(), test.want) {
					t.Errorf(
						"%s is gone after the next commit of a process that remembered the stack: %s", test.want,
						w.compactTemplate(),
					)
				}
			})
		})
	}
}

// settled waits for the end of an update made by hand.
func (w *world) settled() {
	w.t.Helper()
	for range 100 {
		time.Sleep(time.Minute)
		if strings.HasSuffix(string(w.described().StackStatus), "_COMPLETE") {
			return
		}
	}
	w.t.Fatalf("the stack is %s", w.described().StackStatus)
}

// compactTemplate returns the stack's template with sorted keys and without white space.
func (w *world) compactTemplate() string {
	w.t.Helper()
	got, err := w.client().CloudFormation.GetTemplate(
		w.t.Context(), &cloudformation.GetTemplateInput{StackName: aws.String(stackName)},
	)
	must(w.t, err)
	var value any
	must(w.t, json.Unmarshal([]byte(aws.ToString(got.TemplateBody)), &value))
	compact, err := json.Marshal(value)
	must(w.t, err)
	return string(compact)
}
