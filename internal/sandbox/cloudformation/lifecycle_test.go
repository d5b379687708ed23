package cloudformation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	one   = `{"Resources":{"A":{"Type":"AWS::SSM::Parameter","Properties":{"Name":"a","Type":"String","Value":"1"}}}}`
	two   = `{"Resources":{"A":{"Type":"AWS::SSM::Parameter","Properties":{"Name":"a","Type":"String","Value":"2"}},"B":{"Type":"AWS::SSM::Parameter","Properties":{"Name":"b","Type":"String","Value":"1"}}}}`
	three = `{"Resources":{"A":{"Type":"AWS::SSM::Parameter","Properties":{"Name":"a","Type":"String","Value":"2"}},"C":{"Type":"AWS::SSM::Parameter","Properties":{"Name":"c","Type":"String","Value":"1"}}}}`
)

func parameterTemplate(attributes string) string {
	return `{"Parameters":{"Revision":{"Type":"String"}},"Resources":{"A":{"Type":"AWS::SSM::Parameter",` + attributes +
		`"Properties":{"Name":"a","Type":"String","Value":{"Ref":"Revision"}}}}}`
}

func TestStaleReads_LostUpdate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit("s", "first", "CREATE", one)
	// A reads the base here. B commits. A's change set is created after that from A's old base, and
	// nothing prevents it.
	w.commit("s", "of-b", "UPDATE", two)
	late := w.prepare("s", "of-a", "UPDATE", three)
	changes, _ := w.ok("DescribeChangeSet", "ChangeSetName", late)["Changes"].([]any)
	var removed []string
	for _, c := range changes {
		rc := c.(map[string]any)["ResourceChange"].(map[string]any)
		if rc["Action"] == "Remove" {
			removed = append(removed, fmt.Sprint(rc["LogicalResourceId"]))
		}
	}
	if !slices.Equal(removed, []string{"B"}) {
		t.Errorf("the change set removes %v; only that tells A of B's commit", removed)
	}
	w.ok("ExecuteChangeSet", "ChangeSetName", late)
	w.wantStatus("s", "UPDATE_COMPLETE")
	if _, there := w.types["AWS::SSM::Parameter"].live["b"]; there {
		t.Error("B's resource survived A's execution")
	}
}

func TestExecute_OneOfTwo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit("s", "first", "CREATE", one)
	a := w.prepare("s", "a", "UPDATE", two)
	b := w.prepare("s", "b", "UPDATE", three)
	w.ok("ExecuteChangeSet", "ChangeSetName", a, "ClientRequestToken", "t1")
	w.refused("ChangeSetNotFound", "ChangeSet ["+b+"] does not exist", "ExecuteChangeSet", "ChangeSetName", b)
	w.ok("ExecuteChangeSet", "ChangeSetName", a, "ClientRequestToken", "t1") // repeated request
	w.refused(
		"InvalidChangeSetStatus",
		"ChangeSet ["+a+"] cannot be executed in its current execution status of [EXECUTE_COMPLETE]",
		"ExecuteChangeSet", "ChangeSetName", a, "ClientRequestToken", "t2",
	)
	if got := w.stack("s")["ChangeSetId"]; got != a {
		t.Errorf("ChangeSetId %v, want %s", got, a)
	}
	c := w.prepare("s", "c", "UPDATE", three)
	w.ok("UpdateStack", "StackName", "s", "TemplateBody", one)
	w.refused(
		"InvalidChangeSetStatus",
		"ChangeSet ["+c+"] cannot be executed in its current execution status of [OBSOLETE]", "ExecuteChangeSet",
		"ChangeSetName", c,
	)
	if got, ok := w.stack("s")["ChangeSetId"]; ok {
		t.Errorf("after a direct update ChangeSetId is %v", got)
	}
}

func TestChangeSetNamesCollide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit("s", "first", "CREATE", one)
	id := w.prepare("s", "next", "UPDATE", two, "ClientToken", "x")
	again := w.ok("CreateChangeSet", "StackName", "s", "ChangeSetName", "next", "TemplateBody", two, "ClientToken", "x")
	if again["Id"] != id {
		t.Errorf("the same request made %v, want %s", again["Id"], id)
	}
	w.refused(
		"AlreadyExistsException",
		"ChangeSet next cannot be created due to a mismatch with existing attribute Template", "CreateChangeSet",
		"StackName", "s", "ChangeSetName", "next", "TemplateBody", three,
	)
}

func TestUpdate_FailureLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const revision1 = `{"Parameters":{"R":{"Type":"String"}},"Resources":{"A":{"Type":"AWS::SSM::Parameter","Properties":{"Name":"a","Type":"String","Value":{"Ref":"R"}}}}}`
	const revision2 = `{"Parameters":{"R":{"Type":"String"}},"Resources":{"A":{"Type":"AWS::SSM::Parameter","Properties":{"Name":"a","Type":"String","Value":{"Ref":"R"}}},` +
		`"B":{"Type":"AWS::S3::Bucket","DeletionPolicy":"RetainExceptOnCreate","Properties":{"BucketName":"b"}},` +
		`"C":{"Type":"AWS::S3::Bucket","DependsOn":["A","B"],"Properties":{"BucketName":"c"}}}}`
	w.commit(
		"s", "first", "CREATE", revision1, "Parameters.member.1.ParameterKey", "R",
		"Parameters.member.1.ParameterValue", "1", "NotificationARNs.member.1",
		"arn:aws:sns:eu-west-1:111122223333:old",
	)
	before := w.stack("s")
	w.failWhen(map[string]string{"create c": "no c today"})
	id := w.commit(
		"s", "second", "UPDATE", revision2, "Parameters.member.1.ParameterKey", "R",
		"Parameters.member.1.ParameterValue", "2", "NotificationARNs.member.1",
		"arn:aws:sns:eu-west-1:111122223333:new",
	)
	w.wantStatus("s", "UPDATE_ROLLBACK_COMPLETE")
	after := w.stack("s")
	for _, member := range []string{"Parameters", "NotificationARNs", "Tags"} {
		if diff := cmp.Diff(before[member], after[member]); diff != "" {
			t.Errorf("%s was not rolled back: %s", member, diff)
		}
	}
	if got := w.ok("GetTemplate", "StackName", "s")["TemplateBody"]; got != revision1 {
		t.Errorf("the template after the rollback is %v", got)
	}
	if got := w.types["AWS::SSM::Parameter"].live["a"]["Value"]; got != "1" {
		t.Errorf("the parameter's value is %v", got)
	}
	if buckets := w.types["AWS::S3::Bucket"].live; len(buckets) != 0 {
		t.Errorf("buckets left behind: %v", buckets)
	}
	if got := w.ok("DescribeChangeSet", "ChangeSetName", id)["ExecutionStatus"]; got != "EXECUTE_FAILED" {
		t.Errorf("the change set is %v", got)
	}
	want := []string{
		"s UPDATE_IN_PROGRESS User Initiated",
		"A UPDATE_IN_PROGRESS", "B CREATE_IN_PROGRESS", "B CREATE_IN_PROGRESS Resource creation Initiated",
		"A UPDATE_COMPLETE", "B CREATE_COMPLETE",
		"C CREATE_IN_PROGRESS", "C CREATE_FAILED no c today",
		"s UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [C].",
		"A UPDATE_IN_PROGRESS", "A UPDATE_COMPLETE",
		"s UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
		"B DELETE_IN_PROGRESS", "B DELETE_COMPLETE",
		"s UPDATE_ROLLBACK_COMPLETE",
	}
	events := w.events("s")
	if diff := cmp.Diff(want, events[len(events)-len(want):]); diff != "" {
		t.Error(diff)
	}
	w.failWhen(nil)
	w.commit(
		"s", "third", "UPDATE", revision2, "Parameters.member.1.ParameterKey", "R",
		"Parameters.member.1.ParameterValue", "3",
	)
	w.wantStatus("s", "UPDATE_COMPLETE")
}

func TestUpdate_SiblingsCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.failWhen(map[string]string{"create a": "broken"})
	w.ok("CreateStack", "StackName", "s", "TemplateBody", two)
	w.wantStatus("s", "ROLLBACK_COMPLETE")
	want := []string{
		"s CREATE_IN_PROGRESS User Initiated", "A CREATE_IN_PROGRESS", "B CREATE_IN_PROGRESS", "A CREATE_FAILED broken",
		"B CREATE_FAILED Resource creation cancelled",
		"s ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [A, B]. Rollback requested by user.",
		"s ROLLBACK_COMPLETE",
	}
	if diff := cmp.Diff(want, w.events("s")); diff != "" {
		t.Error(diff)
	}
	id := fmt.Sprint(w.stack("s")["StackId"])
	w.refused("ValidationError", "Stack:"+id+" is in ROLLBACK_COMPLETE state and can not be updated.",
		"CreateChangeSet", "StackName", "s", "ChangeSetName", "x", "TemplateBody", one)
	w.ok("DeleteStack", "StackName", "s")
	w.refused("ValidationError", "Stack with id s does not exist", "DescribeStacks", "StackName", "s")
	w.wantStatus(id, "DELETE_COMPLETE")
}

func TestRollback_Continued(t *testing.T) {
	t.Parallel()
	for _, skip := range []bool{false, true} {
		w := newWorld(t)
		w.commit("s", "first", "CREATE", one)
		w.failWhen(map[string]string{"create b": "broken", "rollback a": "stuck"})
		// B waits for A, so that A is updated before B fails.
		w.commit("s", "second", "UPDATE", strings.Replace(two, `"B":{`, `"B":{"DependsOn":"A",`, 1))
		w.wantStatus("s", "UPDATE_ROLLBACK_FAILED")
		id := fmt.Sprint(w.stack("s")["StackId"])
		w.refused("ValidationError", "Stack:"+id+" is in UPDATE_ROLLBACK_FAILED state and can not be updated.",
			"UpdateStack", "StackName", "s", "TemplateBody", three)
		if skip {
			w.ok("ContinueUpdateRollback", "StackName", "s", "ResourcesToSkip.member.1", "A")
		} else {
			w.failWhen(nil)
			w.ok("ContinueUpdateRollback", "StackName", "s")
		}
		w.wantStatus("s", "UPDATE_ROLLBACK_COMPLETE")
		want := "1"
		if skip {
			want = "2" // skipped: the stack's record of it is wrong
		}
		if got := w.types["AWS::SSM::Parameter"].live["a"]["Value"]; got != want {
			t.Errorf("skip %v: the value is %v, want %s", skip, got, want)
		}
	}
}

func TestUpdate_FailedCleanupDeletion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit("s", "first", "CREATE", two)
	w.failWhen(map[string]string{"delete b": "not empty"})
	w.commit("s", "second", "UPDATE", strings.Replace(one, `"1"`, `"2"`, 1))
	w.wantStatus("s", "UPDATE_COMPLETE")
	failures := 0
	for _, e := range w.events("s") {
		if e == "B DELETE_FAILED not empty" {
			failures++
		}
	}
	if failures != 3 {
		t.Errorf("%d failed deletions, want 3: %v", failures, w.events("s"))
	}
	if _, there := w.types["AWS::SSM::Parameter"].live["b"]; !there {
		t.Error("b is gone")
	}
	w.refused(
		"ValidationError", "Resource B does not exist for stack s", "DescribeStackResource", "StackName", "s",
		"LogicalResourceId", "B",
	)
}

func TestDeletionPolicies(t *testing.T) {
	t.Parallel()
	bucket := func(policy string) string {
		return `"` + policy + `":{"Type":"AWS::S3::Bucket","DeletionPolicy":"` + policy + `","Properties":{"BucketName":"` + strings.ToLower(
			policy,
		) + `"}}`
	}
	carrier := `"A":{"Type":"AWS::SSM::Parameter","Properties":{"Name":"a","Type":"String","Value":"1"}}`
	all := `{"Resources":{` + bucket("Delete") + "," + bucket(
		"Retain",
	) + "," + bucket("RetainExceptOnCreate") + "," + carrier + `}}`
	for name, test := range map[string]struct {
		run  func(w *world)
		left []string
	}{
		"removal": {func(w *world) {
			w.commit("s", "first", "CREATE", all)
			w.commit("s", "second", "UPDATE", `{"Resources":{`+carrier+`}}`)
			w.wantStatus("s", "UPDATE_COMPLETE")
		}, []string{"retain", "retainexceptoncreate"}},
		"stack deletion": {func(w *world) {
			w.commit("s", "first", "CREATE", all)
			w.ok("DeleteStack", "StackName", "s")
		}, []string{"retain", "retainexceptoncreate"}},
		"rolled back creation": {func(w *world) {
			w.failWhen(map[string]string{"create a": "broken"})
			w.ok("CreateStack", "StackName", "s", "TemplateBody", strings.Replace(all, `"A":{`, `"A":{"DependsOn":["Delete","Retain","RetainExceptOnCreate"],`, 1))
			w.wantStatus("s", "ROLLBACK_COMPLETE")
		}, []string{"retain"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			test.run(w)
			w.ok("ListStacks") // due entries run before a request
			var left []string
			for id := range w.types["AWS::S3::Bucket"].live {
				left = append(left, id)
			}
			slices.Sort(left)
			if diff := cmp.Diff(test.left, left); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUpdate_ReplacementOrder(t *testing.T) {
	t.Parallel()
	topic := func(name, policy string) string {
		return `{"Resources":{"T":{"Type":"AWS::SNS::Topic",` + policy + `"Properties":{"TopicName":"` + name + `"}}}}`
	}
	w := newWorld(t)
	w.commit("s", "first", "CREATE", topic("t1", ""))
	w.commit("s", "second", "UPDATE", topic("t2", ""))
	w.wantStatus("s", "UPDATE_COMPLETE")
	want := []string{
		"s UPDATE_IN_PROGRESS User Initiated",
		"T UPDATE_IN_PROGRESS Requested update requires the creation of a new physical resource; hence creating one.",
		"T UPDATE_IN_PROGRESS Resource creation Initiated", "T UPDATE_COMPLETE",
		"s UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "T DELETE_IN_PROGRESS", "T DELETE_COMPLETE", "s UPDATE_COMPLETE",
	}
	events := w.events("s")
	if diff := cmp.Diff(want, events[len(events)-len(want):]); diff != "" {
		t.Error(diff)
	}
	w.commit("s", "third", "UPDATE", topic("t3", `"UpdateReplacePolicy":"Retain",`))
	w.wantStatus("s", "UPDATE_COMPLETE")
	if live := w.types["AWS::SNS::Topic"].live; len(live) != 2 {
		t.Errorf("UpdateReplacePolicy Retain left %v", live)
	}
	w.failWhen(map[string]string{"update t4": "broken"})
	w.commit("s", "fourth", "UPDATE", topic("t4", ""))
	w.wantStatus("s", "UPDATE_ROLLBACK_COMPLETE")
	if got := w.ok("DescribeStackResource", "StackName", "s", "LogicalResourceId", "T")["StackResourceDetail"].(map[string]any)["PhysicalResourceId"]; got != "arn:aws:sns:eu-west-1:111122223333:t3" {
		t.Errorf("after the rollback it is %v", got)
	}
}

func TestNotifications_NotAnUpdate(t *testing.T) {
	t.Parallel()
	const base = `{"Resources":{"A":{"Type":"AWS::SSM::Parameter","Properties":{"Name":"a","Type":"String","Value":"1"}}}}`
	for name, test := range map[string]struct {
		template string
		update   bool
	}{
		"the same":              {base, false},
		"other white space":     {strings.ReplaceAll(base, "{", "{\n "), false},
		"an output":             {strings.TrimSuffix(base, "}") + `,"Outputs":{"O":{"Value":"x"}}}`, false},
		"top-level Metadata":    {strings.TrimSuffix(base, "}") + `,"Metadata":{"x":1}}`, false},
		"a description":         {strings.TrimSuffix(base, "}") + `,"Description":"x"}`, false},
		"DependsOn":             {strings.Replace(base, `"Properties"`, `"DependsOn":[],"Properties"`, 1), false},
		"DeletionPolicy":        {strings.Replace(base, `"Properties"`, `"DeletionPolicy":"Retain","Properties"`, 1), true},
		"UpdateReplacePolicy":   {strings.Replace(base, `"Properties"`, `"UpdateReplacePolicy":"Retain","Properties"`, 1), true},
		"a resource's Metadata": {strings.Replace(base, `"Properties"`, `"Metadata":{"x":1},"Properties"`, 1), true},
		"a property":            {strings.Replace(base, `"1"`, `"2"`, 1), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.commit("s", "first", "CREATE", base)
			id := w.ok("CreateChangeSet", "StackName", "s", "ChangeSetName", "x", "TemplateBody", test.template)["Id"]
			set := w.ok("DescribeChangeSet", "ChangeSetName", fmt.Sprint(id))
			if test.update != (set["Status"] == "CREATE_COMPLETE") {
				t.Errorf("change set %v: %v", set["Status"], set["StatusReason"])
			}
			if _, err := w.call("UpdateStack", "StackName", "s", "TemplateBody", test.template); test.update != (err == nil) {
				t.Errorf("UpdateStack: %v", err)
			} else if err != nil && err.Message != "No updates are to be performed." {
				t.Error(err)
			}
		})
	}
}

func TestStaleReads_BeforeLastOperation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.commit("s", "first", "CREATE", one)
	w.commit("s", "second", "UPDATE", two)
	w.stale = true
	if got := w.stack("s"); got["ChangeSetId"] != first || got["StackStatus"] != "CREATE_COMPLETE" {
		t.Errorf("a stale read shows %v in %v", got["ChangeSetId"], got["StackStatus"])
	}
	if got := w.ok("GetTemplate", "StackName", "s")["TemplateBody"]; got != one {
		t.Errorf("a stale read shows the template %v", got)
	}
	w.stale = false
	if got := w.ok("GetTemplate", "StackName", "s")["TemplateBody"]; got != two {
		t.Errorf("the template is %v", got)
	}
}

func TestNotifications(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit("s", "first", "CREATE", one)
	w.messages = nil
	const topic = "arn:aws:sns:eu-west-1:111122223333:stacks"
	id := w.prepare(
		"s", "second", "UPDATE", strings.Replace(one, `"1"`, `"it's\n2"`, 1), "NotificationARNs.member.1", topic,
	)
	w.ok("ExecuteChangeSet", "ChangeSetName", id, "ClientRequestToken", "token-1")
	w.wantStatus("s", "UPDATE_COMPLETE")
	if len(w.messages) != 5 {
		t.Fatalf("%d messages, want one for each of 5 events: %q", len(w.messages), w.messages)
	}
	at := fmt.Sprint(w.ok("DescribeStackEvents", "StackName", "s")["StackEvents"].([]any)[3].(map[string]any)["Timestamp"])
	want := topic + `
StackId='` + fmt.Sprint(w.stack("s")["StackId"]) + `'
Timestamp='` + at + `'
EventId='A-UPDATE_IN_PROGRESS-` + at + `'
LogicalResourceId='A'
Namespace='111122223333'
PhysicalResourceId='a'
PrincipalId='AIDAME'
ResourceProperties='{"Name":"a","Type":"String","Value":"it's\n2"}'
ResourceStatus='UPDATE_IN_PROGRESS'
ResourceStatusReason=''
ResourceType='AWS::SSM::Parameter'
StackName='s'
ClientRequestToken='token-1'
`
	if diff := cmp.Diff(want, w.messages[1]); diff != "" {
		t.Error(diff)
	}
	far := w.prepare("s", "third", "UPDATE", one, "NotificationARNs.member.1", "arn:aws:sns:us-east-1:111122223333:stacks")
	w.refused("ValidationError", "Invalid parameter: TopicArn", "ExecuteChangeSet", "ChangeSetName", far)
	w.refused(
		"InvalidChangeSetStatus", "An operation on this ChangeSet is currently in progress.", "DeleteChangeSet",
		"ChangeSetName", far,
	)
}

func TestValidationBeforeDeployment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.types["AWS::SSM::Parameter"].live["a"] = map[string]any{}
	const reason = "The following hook(s)/validation failed: [AWS::EarlyValidation::%s]. To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information."
	for name, test := range map[string]struct{ template, check string }{
		"taken":   {one, "ResourceExistenceCheck"},
		"unknown": {strings.Replace(one, `"Value"`, `"Valeu"`, 1), "PropertyValidation"},
		"kind":    {strings.Replace(one, `"1"`, `["1"]`, 1), "PropertyValidation"},
	} {
		id := w.ok("CreateChangeSet", "StackName", name, "ChangeSetName", "x", "ChangeSetType", "CREATE", "TemplateBody", test.template)["Id"]
		set := w.ok("DescribeChangeSet", "ChangeSetName", fmt.Sprint(id))
		if set["Status"] != "FAILED" || set["StatusReason"] != fmt.Sprintf(reason, test.check) {
			t.Errorf("%s: %v %v", name, set["Status"], set["StatusReason"])
		}
	}
	id := fmt.Sprint(
		w.ok("CreateChangeSet", "StackName", "told", "ChangeSetName", "x", "ChangeSetType", "CREATE", "TemplateBody", one)["Id"],
	)
	told, _ := w.ok("DescribeEvents", "ChangeSetName", id, "Filters.FailedEvents", "true")["OperationEvents"].([]any)
	if len(told) != 1 {
		t.Fatalf("findings %v", told)
	}
	if f := told[0].(map[string]any); f["LogicalResourceId"] != "A" ||
		f["ValidationStatusReason"] != "Resource of type 'AWS::SSM::Parameter' with identifier 'a' already exists." {
		t.Errorf("finding %v", f)
	}
	w.ok(
		"CreateChangeSet", "StackName", "unchecked", "ChangeSetName", "x", "ChangeSetType", "CREATE",
		"TemplateBody", one, "DisableValidation", "true",
	)
	if got := w.ok("DescribeChangeSet", "StackName", "unchecked", "ChangeSetName", "x")["Status"]; got != "CREATE_COMPLETE" {
		t.Errorf("without validation the change set is %v", got)
	}
	w.ok(
		"CreateStack", "StackName", "direct", "TemplateBody",
		strings.Replace(one, `"Name":"a"`, `"Name":"z","Title":"a"`, 1),
	)
	events := w.events("direct")
	if want := "A CREATE_FAILED Properties validation failed for resource A with message:\n#: extraneous key [Title] is not permitted"; !slices.Contains(
		events, want,
	) {
		t.Errorf("events %q", events)
	}
}

func TestTemplates_URLAndYAML(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	big := strings.Replace(one, `"1"`, `"`+strings.Repeat("x", 52_000)+`"`, 1)
	w.objects["templates/a b.json"] = big
	w.ok("CreateStack", "StackName", "s", "TemplateURL", "https://templates.s3.eu-west-1.amazonaws.com/a%20b.json")
	w.wantStatus("s", "CREATE_COMPLETE")
	if _, err := w.call("UpdateStack", "StackName", "s", "TemplateBody", big); err == nil ||
		!strings.Contains(err.Message, "less than or equal to 51200") {
		t.Errorf("an inline template of more than 51,200 bytes: %v", err)
	}
	const yaml = "# by hand\nDescription: edited\nParameters:\n  P:\n    Type: String\n    Default: 'x'\nResources:\n  A:\n    Type: AWS::SSM::Parameter\n    Properties:\n      Name: a\n" +
		"      Type: String\n      Value: !Sub \"${P}-y\" \n    Metadata:\n      list:\n      - 1\n      - k: true\n        l: z\n"
	w.ok("UpdateStack", "StackName", "s", "TemplateBody", yaml)
	w.wantStatus("s", "UPDATE_COMPLETE")
	if got := w.types["AWS::SSM::Parameter"].live["a"]["Value"]; got != "x-y" {
		t.Errorf("the value is %v", got)
	}
	if got := w.ok("GetTemplate", "StackName", "s")["TemplateBody"]; got != yaml {
		t.Errorf("the template came back as %v", got)
	}
	detail, _ := w.ok("DescribeStackResource", "StackName", "s", "LogicalResourceId", "A")["StackResourceDetail"].(map[string]any)
	if detail["Metadata"] != `{"list":[1,{"k":true,"l":"z"}]}` {
		t.Errorf("metadata %v", detail["Metadata"])
	}
}

func TestVirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.w.Latency.ResourceMin, w.w.Latency.ResourceMax = 10*time.Second, 10*time.Second
		id := fmt.Sprint(
			w.ok("CreateChangeSet", "StackName", "s", "ChangeSetName", "x", "ChangeSetType", "CREATE", "TemplateBody", two)["Id"],
		)
		if got := w.ok("DescribeChangeSet", "ChangeSetName", id)["Status"]; got != "CREATE_IN_PROGRESS" {
			t.Errorf("the change set is %v at first", got)
		}
		w.refused(
			"InvalidChangeSetStatus",
			"ChangeSet ["+id+"] cannot be executed in its current status of [CREATE_IN_PROGRESS]", "ExecuteChangeSet",
			"ChangeSetName", id,
		)
		w.pass(5 * time.Second)
		w.ok("ExecuteChangeSet", "ChangeSetName", id)
		w.wantStatus("s", "CREATE_IN_PROGRESS")
		w.refused(
			"ValidationError",
			"Stack:"+fmt.Sprint(w.stack("s")["StackId"])+" is in CREATE_IN_PROGRESS state and can not be updated.",
			"CreateChangeSet", "StackName", "s", "ChangeSetName", "y", "TemplateBody", three,
		)
		w.pass(5 * time.Second)
		w.wantStatus("s", "CREATE_IN_PROGRESS")
		w.pass(5 * time.Second)
		w.wantStatus("s", "CREATE_COMPLETE") // both resources concurrently, not one after the other
		w.pass(91 * 24 * time.Hour)
		stackID := fmt.Sprint(w.stack("s")["StackId"])
		w.ok("DeleteStack", "StackName", "s")
		w.wantStatus("s", "DELETE_IN_PROGRESS")
		w.pass(10 * time.Second)
		w.wantStatus(stackID, "DELETE_COMPLETE")
		w.pass(91 * 24 * time.Hour)
		w.refused("ValidationError", "Stack with id "+stackID+" does not exist", "DescribeStacks", "StackName", stackID)
	})
}

func TestImports(t *testing.T) {
	t.Parallel()
	const adopted = `"B":{"Type":"AWS::S3::Bucket","DeletionPolicy":"Retain","Properties":{"BucketName":"legacy"}}`
	template := strings.TrimSuffix(one, "}}") + "," + adopted + "}}"
	w := newWorld(t)
	w.types["AWS::S3::Bucket"].live["legacy"] = map[string]any{"untouched": "yes"}
	w.commit("s", "first", "CREATE", one)
	id := w.prepare(
		"s", "take", "IMPORT", template, "ResourcesToImport.member.1.ResourceType", "AWS::S3::Bucket",
		"ResourcesToImport.member.1.LogicalResourceId", "B",
		"ResourcesToImport.member.1.ResourceIdentifier.entry.1.key", "BucketName",
		"ResourcesToImport.member.1.ResourceIdentifier.entry.1.value", "legacy",
	)
	w.ok("ExecuteChangeSet", "ChangeSetName", id)
	w.wantStatus("s", "IMPORT_COMPLETE")
	other := w.ok("CreateChangeSet", "StackName", "other", "ChangeSetName", "x", "ChangeSetType", "CREATE", "TemplateBody", `{"Resources":{`+adopted+`}}`,
		"ImportExistingResources", "true")["Id"]
	if got := w.ok("DescribeChangeSet", "ChangeSetName", fmt.Sprint(other)); got["Status"] != "FAILED" {
		t.Errorf("a bucket of another stack was adopted: %v", got)
	}
	w.ok("DeleteStack", "StackName", "s")
	id = w.prepare("third", "x", "CREATE", template, "ImportExistingResources", "true")
	changes, _ := w.ok("DescribeChangeSet", "ChangeSetName", id)["Changes"].([]any)
	var actions []string
	for _, c := range changes {
		rc := c.(map[string]any)["ResourceChange"].(map[string]any)
		actions = append(actions, fmt.Sprint(rc["LogicalResourceId"], " ", rc["Action"]))
	}
	if diff := cmp.Diff([]string{"A Add", "B Import"}, actions); diff != "" {
		t.Error(diff)
	}
	w.ok("ExecuteChangeSet", "ChangeSetName", id)
	w.wantStatus("third", "CREATE_COMPLETE")
	if got := w.types["AWS::S3::Bucket"].live["legacy"]["untouched"]; got != "yes" {
		t.Errorf("an import changed the bucket: %v", got)
	}
}

func TestMetadataAndRefsInContexts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit(
		"s", "first", "CREATE", parameterTemplate(`"Metadata":{"v":1},`), "Parameters.member.1.ParameterKey",
		"Revision", "Parameters.member.1.ParameterValue", "7",
	)
	id := w.prepare(
		"s", "second", "UPDATE", parameterTemplate(`"Metadata":{"v":2},`), "Parameters.member.1.ParameterKey",
		"Revision", "Parameters.member.1.ParameterValue", "8",
	)
	changes, _ := w.ok("DescribeChangeSet", "ChangeSetName", id, "IncludePropertyValues", "true")["Changes"].([]any)
	rc := changes[0].(map[string]any)["ResourceChange"].(map[string]any)
	for member, want := range map[string]any{
		"BeforeContext": `{"Metadata":{"v":1},"Properties":{"Name":"a","Type":"String","Value":"7"}}`,
		"AfterContext":  `{"Metadata":{"v":2},"Properties":{"Name":"a","Type":"String","Value":"8"}}`,
		"Scope":         []any{"Metadata", "Properties"},
	} {
		if diff := cmp.Diff(want, rc[member]); diff != "" {
			t.Errorf("%s: %s", member, diff)
		}
	}
}

func TestWithoutRollbackAFailureStands(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit("s", "first", "CREATE", one)
	w.failWhen(map[string]string{"update a": "broken"})
	id := w.prepare("s", "second", "UPDATE", two)
	w.ok("ExecuteChangeSet", "ChangeSetName", id, "DisableRollback", "true")
	w.wantStatus("s", "UPDATE_FAILED")
	if got := w.ok("GetTemplate", "StackName", "s")["TemplateBody"]; got != two {
		t.Errorf("the template is %v", got)
	}
	w.failWhen(nil)
	w.ok("UpdateStack", "StackName", "s", "TemplateBody", two) // A is still to be updated
	w.wantStatus("s", "UPDATE_COMPLETE")
	if got := w.types["AWS::SSM::Parameter"].live["a"]["Value"]; got != "2" {
		t.Errorf("the value is %v", got)
	}
}

func TestCreate_FailureDeletesStack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.failWhen(map[string]string{"create b": "broken"})
	id := w.prepare("s", "first", "CREATE", two, "OnStackFailure", "DELETE")
	w.ok("ExecuteChangeSet", "ChangeSetName", id)
	w.wantStatus(fmt.Sprint(w.ok("DescribeChangeSet", "ChangeSetName", id)["StackId"]), "DELETE_COMPLETE")
	w.refused("ValidationError", "Stack with id s does not exist", "DescribeStacks", "StackName", "s")
	if live := w.types["AWS::SSM::Parameter"].live; len(live) != 0 {
		t.Errorf("left behind: %v", live)
	}
}

func TestUpdate_Cancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.commit("s", "first", "CREATE", one)
		w.wantStatus("s", "CREATE_COMPLETE")
		w.w.Latency.ResourceMin, w.w.Latency.ResourceMax = 10*time.Second, 10*time.Second
		w.ok("UpdateStack", "StackName", "s", "TemplateBody", two)
		w.wantStatus("s", "UPDATE_IN_PROGRESS")
		id := fmt.Sprint(w.stack("s")["StackId"])
		w.refused(
			"ValidationError", "Stack ["+id+"] cannot be deleted while in status UPDATE_IN_PROGRESS", "DeleteStack",
			"StackName", "s",
		)
		w.pass(6 * time.Second)
		w.ok("CancelUpdateStack", "StackName", "s")
		w.pass(time.Minute)
		w.wantStatus("s", "UPDATE_ROLLBACK_COMPLETE")
		if diff := cmp.Diff(
			map[string]any{"Name": "a", "Type": "String", "Value": "1"}, w.types["AWS::SSM::Parameter"].live["a"],
		); diff != "" {
			t.Error(diff)
		}
		if _, there := w.types["AWS::SSM::Parameter"].live["b"]; there {
			t.Error("b was left behind")
		}
	})
}

func TestListsComeInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	resources := make([]string, 250)
	for i := range resources {
		resources[i] = fmt.Sprintf(`"R%03d":{"Type":"AWS::SNS::Topic","Properties":{"TopicName":"t%d"}}`, i, i)
	}
	id := w.prepare("s", "first", "CREATE", `{"Resources":{`+strings.Join(resources, ",")+`}}`)
	pages := func(operation, member string, parameters ...string) (sizes []int) {
		token := []string{}
		for {
			answer := w.ok(operation, append(slices.Clone(parameters), token...)...)
			list, _ := answer[member].([]any)
			sizes = append(sizes, len(list))
			next, more := answer["NextToken"].(string)
			if !more {
				return sizes
			}
			token = []string{"NextToken", next}
		}
	}
	if diff := cmp.Diff([]int{100, 100, 50}, pages("DescribeChangeSet", "Changes", "ChangeSetName", id)); diff != "" {
		t.Error(diff)
	}
	w.ok("ExecuteChangeSet", "ChangeSetName", id)
	if diff := cmp.Diff(
		[]int{100, 100, 50}, pages("ListStackResources", "StackResourceSummaries", "StackName", "s"),
	); diff != "" {
		t.Error(diff)
	}
	if got := pages("DescribeStackEvents", "StackEvents", "StackName", "s"); len(got) != 8 || got[7] != 53 {
		t.Errorf("events in pages of %v, want 753 in all", got)
	}
	if list, _ := w.ok("DescribeStackResources", "StackName", "s")["StackResources"].([]any); len(list) != 100 {
		t.Errorf("DescribeStackResources gives %d, AWS the first 100", len(list))
	}
}
