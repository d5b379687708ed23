package cloudformation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestStackPolicies(t *testing.T) {
	t.Parallel()
	const protect = `{"Statement":[{"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"*"},` +
		`{"Effect":"Deny","Action":%s,"Principal":"*","Resource":"*","Condition":{"StringEquals":{"ResourceType":["AWS::S3::Bucket"]}}}]}`
	bucket := func(name, more string) string {
		return `{"Resources":{"A":{"Type":"AWS::SSM::Parameter","Properties":{"Name":"a","Type":"String","Value":"1"}},` +
			`"B":{"Type":"AWS::S3::Bucket","Properties":{"BucketName":"` + name + `"` + more + `}}}}`
	}
	for name, test := range map[string]struct {
		policy, template, reason string
	}{
		"replacement": {fmt.Sprintf(protect, `["Update:Replace","Update:Delete"]`), bucket("c", ""), "Action denied by stack policy: Statement [#2] does not allow [Update:Replace] for resource [LogicalResourceId/B]"},
		"removal":     {fmt.Sprintf(protect, `"Update:Delete"`), one, "Action denied by stack policy: Statement [#2] does not allow [Update:Delete] for resource [LogicalResourceId/B]"},
		"change":      {fmt.Sprintf(protect, `"Update:*"`), bucket("b", `,"Tags":[]`), "Action denied by stack policy: Statement [#2] does not allow [Update:Modify] for resource [LogicalResourceId/B]"},
		"allowed":     {fmt.Sprintf(protect, `"Update:Replace"`), bucket("b", `,"Tags":[]`), ""},
		"by default":  {`{"Statement":[{"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"LogicalResourceId/A"}]}`, bucket("c", ""), "Action not allowed by stack policy: No statement allows [Update:Replace] for resource [LogicalResourceId/B]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.commit("s", "first", "CREATE", bucket("b", ""))
			w.ok("SetStackPolicy", "StackName", "s", "StackPolicyBody", test.policy)
			w.commit("s", "second", "UPDATE", test.template)
			if test.reason == "" {
				w.wantStatus("s", "UPDATE_COMPLETE")
				return
			}
			w.wantStatus("s", "UPDATE_ROLLBACK_COMPLETE")
			if want := "B UPDATE_FAILED " + test.reason; !slices.Contains(w.events("s"), want) {
				t.Errorf("no event %q in %q", want, w.events("s"))
			}
			if _, there := w.types["AWS::S3::Bucket"].live["b"]; !there {
				t.Error("the bucket is gone")
			}
		})
	}
}

func TestStackPolicyDocuments(t *testing.T) {
	t.Parallel()
	const allow = `{"Statement":[{"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"*"}]}`
	w := newWorld(t)
	w.ok("CreateStack", "StackName", "s", "TemplateBody", one, "StackPolicyBody", allow)
	if got := w.ok("GetStackPolicy", "StackName", "s")["StackPolicyBody"]; got != allow {
		t.Errorf("policy %v", got)
	}
	for name, body := range map[string]string{
		"no JSON":        "nonsense",
		"principal":      strings.Replace(allow, `"Principal":"*"`, `"Principal":"x"`, 1),
		"action":         strings.Replace(allow, "Update:*", "Delete:*", 1),
		"unknown member": `{"Unknown":1}`,
	} {
		t.Log(name)
		w.refused(
			"ValidationError", "Error validating stack policy: Invalid stack policy", "SetStackPolicy", "StackName",
			"s", "StackPolicyBody", body,
		)
	}
	w.refused(
		"ValidationError",
		"You cannot specify both StackPolicyURL and StackPolicyBody",
		"SetStackPolicy",
		"StackName",
		"s",
		"StackPolicyBody",
		allow,
		"StackPolicyURL",
		"https://x.s3.amazonaws.com/y",
	)
	deny := strings.Replace(allow, "Allow", "Deny", 1)
	w.ok("SetStackPolicy", "StackName", "s", "StackPolicyBody", deny)
	w.ok("UpdateStack", "StackName", "s", "TemplateBody", two, "StackPolicyDuringUpdateBody", allow)
	w.wantStatus("s", "UPDATE_COMPLETE")
	if got := w.ok("GetStackPolicy", "StackName", "s")["StackPolicyBody"]; got != deny {
		t.Errorf("the temporary policy stayed: %v", got)
	}
}

func TestTerminationProtection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit("s", "first", "CREATE", one)
	w.ok("UpdateTerminationProtection", "StackName", "s", "EnableTerminationProtection", "true")
	w.refused(
		"ValidationError", "Stack [s] cannot be deleted while TerminationProtection is enabled", "DeleteStack",
		"StackName", "s",
	)
	w.ok("UpdateTerminationProtection", "StackName", "s", "EnableTerminationProtection", "false")
	w.ok("DeleteStack", "StackName", "s")
	w.refused("ValidationError", "Stack with id s does not exist", "DescribeStacks", "StackName", "s")
}
