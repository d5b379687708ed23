package cloudformation_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPolicyOnlyUpdate(t *testing.T) {
	t.Parallel()
	const carrier = `"A":{"Type":"AWS::SSM::Parameter","Properties":{"Name":"a","Type":"String","Value":"1"}}`
	bucket := func(policies string) string {
		return `"B":{"Type":"AWS::S3::Bucket",` + policies + `"Properties":{"BucketName":"b"}}`
	}
	resources := func(texts ...string) string { return `{"Resources":{` + strings.Join(texts, ",") + `}}` }
	w := newWorld(t)
	w.commit("s", "first", "CREATE", resources(carrier, bucket(`"DeletionPolicy":"Delete",`)))

	retained := resources(carrier, bucket(`"DeletionPolicy":"Retain","UpdateReplacePolicy":"Retain",`))
	id := fmt.Sprint(w.ok("CreateChangeSet", "StackName", "s", "ChangeSetName", "second", "TemplateBody", retained)["Id"])
	set := w.ok("DescribeChangeSet", "ChangeSetName", id, "IncludePropertyValues", "true")
	changes, _ := set["Changes"].([]any)
	if len(changes) != 1 {
		t.Fatalf("changes: %v", changes)
	}
	change, _ := changes[0].(map[string]any)["ResourceChange"].(map[string]any)
	delete(change, "Details")
	want := map[string]any{
		"Action":             "Modify",
		"LogicalResourceId":  "B",
		"PhysicalResourceId": "b",
		"ResourceType":       "AWS::S3::Bucket",
		"Replacement":        "False",
		"Scope":              []any{"DeletionPolicy", "UpdateReplacePolicy"},
		"BeforeContext":      `{"DeletionPolicy":"Delete","Properties":{"BucketName":"b"}}`,
		"AfterContext":       `{"DeletionPolicy":"Retain","Properties":{"BucketName":"b"},"UpdateReplacePolicy":"Retain"}`,
	}
	if diff := cmp.Diff(want, change); diff != "" {
		t.Error(diff)
	}

	w.ok("ExecuteChangeSet", "ChangeSetName", id)
	w.wantStatus("s", "UPDATE_COMPLETE")
	w.commit("s", "third", "UPDATE", resources(carrier))
	w.wantStatus("s", "UPDATE_COMPLETE")
	if _, kept := w.types["AWS::S3::Bucket"].live["b"]; !kept {
		t.Error("the bucket was deleted although its DeletionPolicy was changed to Retain before")
	}
}
