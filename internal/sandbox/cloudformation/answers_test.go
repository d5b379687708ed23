package cloudformation_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

func TestArguments_Refused(t *testing.T) {
	t.Parallel()
	topics := make([]string, 0, 12)
	for i := range 6 {
		topics = append(topics, fmt.Sprintf("NotificationARNs.member.%d", i+1), "arn:aws:sns:eu-west-1:111122223333:t")
	}
	tags := make([]string, 0, 204)
	for i := range 51 {
		tags = append(
			tags, fmt.Sprintf("Tags.member.%d.Key", i+1), fmt.Sprint("k", i),
			fmt.Sprintf("Tags.member.%d.Value", i+1), "v",
		)
	}
	one := func(key, value string) []string {
		return []string{"Tags.member.1.Key", key, "Tags.member.1.Value", value}
	}
	for name, test := range map[string]struct {
		arguments []string
		message   string
	}{
		"topics":         {topics, "at 'notificationARNs' failed to satisfy constraint: Member must have length less than or equal to 5"},
		"tags":           {tags, "at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50"},
		"reserved tag":   {one("aws:x", "v"), "aws: prefixed tag key names are not allowed"},
		"empty key":      {one("", "v"), "at 'tags.1.member.key'"},
		"long key":       {one(strings.Repeat("k", 129), "v"), "at 'tags.1.member.key'"},
		"empty value":    {one("k", ""), "at 'tags.1.member.value'"},
		"long value":     {one("k", strings.Repeat("v", 257)), "at 'tags.1.member.value'"},
		"token":          {[]string{"ClientRequestToken", "a b"}, "at 'clientRequestToken' failed to satisfy constraint: Member must satisfy regular expression pattern"},
		"long token":     {[]string{"ClientRequestToken", strings.Repeat("t", 129)}, "at 'clientRequestToken'"},
		"template's own": {[]string{"TemplateBody", `{"Description":"` + strings.Repeat("d", 1025) + `","Resources":{"A":{"Type":"AWS::SNS::Topic"}}}`}, "'Description' length is greater than 1024."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			arguments := append(
				[]string{"StackName", "s", "TemplateBody", `{"Resources":{"A":{"Type":"AWS::SNS::Topic"}}}`},
				test.arguments...)
			_, err := w.call("CreateStack", arguments...)
			if err == nil || err.Code != "ValidationError" || !strings.Contains(err.Message, test.message) {
				t.Errorf("got %v, want something about %q", err, test.message)
			}
		})
	}
}

// CreateChangeSet refuses such templates before it creates a stack.
func TestTemplates_RefusedAtOnce(t *testing.T) {
	t.Parallel()
	value := func(v string) string {
		return `{"Conditions":{"Never":{"Fn::Equals":["a","b"]}},"Mappings":{"M":{"k":{"v":"x"}}},"Resources":{
			"Not":{"Type":"AWS::SNS::Topic","Condition":"Never"},
			"A":{"Type":"AWS::SSM::Parameter","DependsOn":"Not","Properties":{"Type":"String","Value":` + v + `}}}}`
	}
	for name, test := range map[string]struct{ template, message string }{
		"index":           {value(`{"Fn::Select":["x",["a"]]}`), "Template error: Fn::Select requires a list argument with two elements: an integer index and a list"},
		"out of range":    {value(`{"Fn::Select":["1",["a"]]}`), "Template error: Fn::Select cannot select nonexistent value at index 1"},
		"list":            {value(`{"Fn::Select":["0"]}`), "Template error: Fn::Select requires a list argument with two elements: an integer index and a list"},
		"mapping":         {value(`{"Fn::FindInMap":["M","no","v"]}`), "Template error: Unable to get mapping for M::no::v"},
		"attribute":       {value(`{"Fn::GetAtt":["A"]}`), "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute"},
		"false condition": {value(`{"Ref":"Not"}`), "Template format error: Unresolved resource dependencies [Not] in the Resources block of the template"},
		"output of it": {strings.TrimSuffix(value(`"v"`), "}") + `,"Outputs":{"O":{"Value":{"Ref":"Not"}}}}`,
			"Template format error: Unresolved resource dependencies [Not] in the Outputs block of the template"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.refused(
				"ValidationError", test.message, "CreateChangeSet", "StackName", "s", "ChangeSetName", "c",
				"ChangeSetType", "CREATE", "TemplateBody", test.template,
			)
			w.refused("ValidationError", "Stack with id s does not exist", "DescribeStacks", "StackName", "s")
		})
	}
	w := newWorld(t)
	w.commit("s", "c", "CREATE", value(`{"Fn::If":["Never",{"Ref":"Not"},"v"]}`)) // ignores the other branch
	w.wantStatus("s", "CREATE_COMPLETE")
}

// A set can be executed that creates a stack whose resources all have false conditions.
func TestChangeSetWithoutChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit(
		"s", "c", "CREATE",
		`{"Conditions":{"Never":{"Fn::Equals":["a","b"]}},"Resources":{"A":{"Type":"AWS::SNS::Topic","Condition":"Never"}}}`,
	)
	w.wantStatus("s", "CREATE_COMPLETE")
}

func TestErrors_AttributeOfParameter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit(
		"s",
		"c",
		"CREATE",
		`{"Parameters":{"P":{"Type":"String","Default":"TopicName"}},"Resources":{"A":{"Type":"AWS::SNS::Topic","Properties":{"TopicName":"t"}}},
		"Outputs":{"O":{"Value":{"Fn::GetAtt":["A",{"Ref":"P"}]}}}}`,
	)
	if got := at(w.stack("s"), "Outputs.0.OutputValue"); got != "t" {
		t.Errorf("got %v, want t", got)
	}
}

// A property of AWS that the sandbox lacks is not refused as an error of AWS.
func TestProperties_NotModelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const template = `{"Resources":{"A":{"Type":"AWS::SSM::Parameter","Properties":{"Type":"String","Value":"v","AllowedPattern":"x"}}}}`
	w.refused("SandboxNotModelled", "the sandbox does not model the property AllowedPattern of AWS::SSM::Parameter (A)",
		"CreateStack", "StackName", "s", "TemplateBody", template)
}

// secrets resolve to their ids, shouted.
type secrets struct{}

func (secrets) SecretString(_ cloud.Caller, id string) (string, error) {
	return strings.ToUpper(id), nil
}

// TestDynamicReferencesWhereverTheyStand: in properties, and in lists and maps in them.
func TestDynamicReferencesWhereverTheyStand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.w.SetSecrets(secrets{})
	const reference = `"{{resolve:secretsmanager:a:SecretString}}"`
	w.commit("s", "c", "CREATE", `{"Resources":{
		"P":{"Type":"AWS::SSM::Parameter","Properties":{"Name":"p","Type":"String","Value":`+reference+`}},
		"B":{"Type":"AWS::S3::Bucket","Properties":{"BucketName":"b","Tags":[{"Key":"k","Value":`+reference+`}],"VersioningConfiguration":{"Status":`+reference+`}}}}}`)
	w.wantStatus("s", "CREATE_COMPLETE")
	bucket := w.types["AWS::S3::Bucket"].live["b"]
	got := []any{
		w.types["AWS::SSM::Parameter"].live["p"]["Value"], at(bucket, "Tags.0.Value"),
		at(bucket, "VersioningConfiguration.Status"),
	}
	if fmt.Sprint(got) != "[A A A]" {
		t.Errorf("got %v", got)
	}
}

// An added resource is shown with the old value of a property that changes in the same set.
func TestAddedDependent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit(
		"s", "c", "CREATE",
		`{"Resources":{"A":{"Type":"AWS::SNS::Topic","Properties":{"TopicName":"a","DisplayName":"1"}}}}`,
	)
	id := w.prepare("s", "u", "UPDATE", dependentChanged)
	set := w.ok("DescribeChangeSet", "ChangeSetName", id, "IncludePropertyValues", "true")
	if got := fmt.Sprint(at(set, "Changes.1.ResourceChange.AfterContext")); !strings.Contains(got, `"DisplayName":"1"`) {
		t.Errorf("the context is %s", got)
	}
	w.ok("ExecuteChangeSet", "ChangeSetName", id)
	w.wantStatus("s", "UPDATE_COMPLETE")
	if live := w.types["AWS::SNS::Topic"].live["arn:aws:sns:"+region+":"+account+":b"]; live["DisplayName"] != "2" {
		t.Errorf("it was made as %v", live)
	}
}
