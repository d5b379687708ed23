package cloudformation_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestTemplates_Refused(t *testing.T) {
	t.Parallel()
	resource := func(properties string) string {
		return `"A":{"Type":"AWS::SSM::Parameter","Properties":{"Type":"String",` + properties + `}}`
	}
	many := make([]string, 501)
	for i := range many {
		many[i] = fmt.Sprintf(`"R%d":{"Type":"AWS::SNS::Topic"}`, i)
	}
	for name, test := range map[string]struct{ template, code, message string }{
		"a list":              {`["x"]`, "ValidationError", "Template format error: unsupported structure."},
		"plain text":          {`nothing`, "ValidationError", "Template format error: unsupported structure."},
		"broken JSON":         {`{"Resources":}`, "ValidationError", "Template format error: JSON not well-formed. (line 1, column 14)"},
		"no resources":        {`{"Resources":{}}`, "ValidationError", "Template format error: At least one Resources member must be defined."},
		"a string":            {`{"Resources":{"A":"x"}}`, "ValidationError", "Template format error: Any Resources member must be an object."},
		"a name":              {`{"Resources":{"AWS::NoValue":{"Type":"AWS::SNS::Topic"}}}`, "ValidationError", "Template format error: Resource name AWS::NoValue is non alphanumeric."},
		"a parameter":         {`{"Parameters":{"AWS::NoValue":{"Type":"String"}},"Resources":{"A":{"Type":"AWS::SNS::Topic"}}}`, "ValidationError", "Template format error: Parameter name AWS::NoValue is non alphanumeric."},
		"no type":             {`{"Resources":{"A":{}}}`, "ValidationError", "Template format error: [/Resources/A] Every Resources object must contain a Type member."},
		"a missing target":    {`{"Resources":{` + resource(`"Value":{"Ref":"X"}`) + `}}`, "ValidationError", "Template format error: Unresolved resource dependencies [X] in the Resources block of the template"},
		"a missing Sub":       {`{"Resources":{` + resource(`"Value":{"Fn::Sub":"${X.Arn}"}`) + `}}`, "ValidationError", "Template format error: Unresolved resource dependencies [X] in the Resources block of the template"},
		"a circle":            {`{"Resources":{` + resource(`"Value":{"Ref":"B"}`) + `,"B":{"Type":"AWS::SNS::Topic","DependsOn":"A"}}}`, "ValidationError", "Circular dependency between resources: [A, B]"},
		"an attribute":        {`{"Resources":{` + resource(`"Value":{"Fn::GetAtt":["B","No"]}`) + `,"B":{"Type":"AWS::SNS::Topic"}}}`, "ValidationError", "Template error: resource B does not support attribute type No in Fn::GetAtt"},
		"too many":            {`{"Resources":{` + strings.Join(many, ",") + `}}`, "ValidationError", "Template format error: Number of resources, 501, is greater than maximum allowed, 500"},
		"an unknown type":     {`{"Resources":{"A":{"Type":"AWS::EC2::Instance"}}}`, "SandboxNotModelled", "the sandbox does not model the resource type AWS::EC2::Instance (A)"},
		"a transform":         {`{"Transform":"X","Resources":{"A":{"Type":"AWS::SNS::Topic"}}}`, "SandboxNotModelled", "the sandbox does not model the template section Transform"},
		"no value":            {`{"Parameters":{"Input":{"Type":"String"}},"Resources":{"A":{"Type":"AWS::SNS::Topic"}}}`, "ValidationError", "Parameters: [Input] must have values"},
		"a default's kind":    {`{"Parameters":{"Value":{"Type":"Number","Default":"x"}},"Resources":{"A":{"Type":"AWS::SNS::Topic"}}}`, "ValidationError", "Parameter 'Value' must be a number."},
		"an IAM name":         {`{"Resources":{"U":{"Type":"AWS::IAM::User","Properties":{"UserName":"u"}}}}`, "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]"},
		"an IAM user":         {`{"Resources":{"U":{"Type":"AWS::IAM::User"}}}`, "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]"},
		"a dynamic reference": {`{"Resources":{` + resource(`"Value":"{{resolve:ssm:x}}"`) + `}}`, "SandboxNotModelled", "the sandbox does not model dynamic references ({{resolve:...}})"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.commit("s", "first", "CREATE", one)
			w.refused(test.code, test.message, "UpdateStack", "StackName", "s", "TemplateBody", test.template)
			w.refused(
				test.code, test.message, "CreateChangeSet", "StackName", "s", "ChangeSetName", "x", "TemplateBody",
				test.template,
			)
		})
	}
}

func TestIntrinsicFunctions(t *testing.T) {
	t.Parallel()
	const template = `{"Parameters":{"P":{"Type":"String","Default":"p"},"L":{"Type":"CommaDelimitedList","Default":"x, y"}},
		"Mappings":{"M":{"p":{"k":"mapped"}}},
		"Conditions":{"Yes":{"Fn::Equals":[{"Ref":"P"},"p"]},"No":{"Fn::Not":[{"Condition":"Yes"}]}},
		"Resources":{"T":{"Type":"AWS::SNS::Topic","Properties":{"TopicName":"t"}},"Z":{"Type":"AWS::SNS::Topic","Condition":"No"},
		"A":{"Type":"AWS::SSM::Parameter","Properties":{"Name":"a","Type":"String","Description":{"Ref":"AWS::NoValue"},"Value":%s}}},
		"Outputs":{"O":{"Value":{"Ref":"T"}}}}`
	for expression, want := range map[string]string{
		`{"Ref":"P"}`:                      "p",
		`{"Ref":"T"}`:                      "arn:aws:sns:eu-west-1:111122223333:t",
		`{"Ref":"AWS::Region"}`:            "eu-west-1",
		`{"Fn::GetAtt":["T","TopicName"]}`: "t",
		`{"Fn::GetAtt":"T.TopicName"}`:     "t",
		`{"Fn::Sub":"${P}-${T.TopicName}-${!P}-${AWS::AccountId}"}`:             "p-t-${P}-111122223333",
		`{"Fn::Sub":["${X}-${P}",{"X":{"Ref":"T"}}]}`:                           "arn:aws:sns:eu-west-1:111122223333:t-p",
		`{"Fn::Join":["/",["a",{"Ref":"P"},{"Fn::GetAtt":["T","TopicName"]}]]}`: "a/p/t",
		`{"Fn::If":["Yes","y","n"]}`:                                            "y",
		`{"Fn::If":["No","y","n"]}`:                                             "n",
		`{"Fn::Select":["1",{"Ref":"L"}]}`:                                      "y",
		`{"Fn::Select":[2,{"Fn::Split":[":",{"Ref":"T"}]}]}`:                    "sns",
		`{"Fn::FindInMap":["M",{"Ref":"P"},"k"]}`:                               "mapped",
	} {
		t.Run(expression, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.commit("s", "first", "CREATE", fmt.Sprintf(template, expression))
			w.wantStatus("s", "CREATE_COMPLETE")
			if got := w.types["AWS::SSM::Parameter"].live["a"]["Value"]; got != want {
				t.Errorf("got %v, want %s", got, want)
			}
			if n := len(w.types["AWS::SNS::Topic"].live); n != 1 {
				t.Errorf("%d topics: a condition was ignored", n)
			}
			outputs, _ := w.stack("s")["Outputs"].([]any)
			if len(outputs) != 1 {
				t.Errorf("outputs %v", outputs)
			}
		})
	}
}
