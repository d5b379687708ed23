package judge_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/judge"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// dataOf is a folder with the layout of cfn-lint's data and the type AWS::SQS::Queue.
const dataOf = "testdata/cfnlint"

func policyOf(t *testing.T, statements string) []judge.Policy {
	t.Helper()
	document, err := policydoc.Parse(`{"Version":"2012-10-17","Statement":[`+statements+`]}`, policydoc.Identity)
	if err != nil {
		t.Fatal(err)
	}
	return []judge.Policy{{Name: "P", Document: document}}
}

func TestMissingRights(t *testing.T) {
	asked, err := judge.HandlerRights(dataOf, []string{"AWS::SQS::Queue"})
	if err != nil {
		t.Fatal(err)
	}
	want := []judge.HandlerRight{
		{Type: "AWS::SQS::Queue", Handler: "create", Action: "sqs:CreateQueue"},
		{Type: "AWS::SQS::Queue", Handler: "create", Action: "sqs:TagQueue"},
		{Type: "AWS::SQS::Queue", Handler: "read", Action: "sqs:GetQueueAttributes"},
		{Type: "AWS::SQS::Queue", Handler: "delete", Action: "sqs:DeleteQueue"},
	}
	if !slices.Equal(asked, want) {
		t.Fatalf("asked for: %v", asked)
	}
	const all = `{"Effect":"Allow","Action":["sqs:createqueue","sqs:GetQueueAttributes"],"Resource":"*"},
		{"Effect":"Deny","Action":"sqs:TagQueue","Resource":"*"}`
	exceptions := []judge.RightException{
		{Type: "AWS::SQS::Queue", Handlers: []string{"create"}, Action: "sqs:Tag*"},
		{Type: "AWS::SQS::Queue", Handlers: []string{"update"}, Action: "sqs:DeleteQueue"},
	}
	missing, unused := judge.MissingRights(asked, policyOf(t, all), exceptions)
	if len(missing) != 1 || missing[0].ID != "sqs:DeleteQueue" || len(unused) != 1 ||
		unused[0].Action != "sqs:DeleteQueue" {
		t.Errorf("missing %v, unused %v", missing, unused)
	}
	missing, _ = judge.MissingRights(asked, policyOf(t, all), nil)
	if len(missing) != 2 {
		t.Errorf("without exceptions missing %v: what is denied is not allowed", missing)
	}
	if _, err := judge.HandlerRights(dataOf, []string{"AWS::None::None"}); err == nil {
		t.Error("a type without a schema was taken for one that asks for nothing")
	}
}

func TestUnknownResources(t *testing.T) {
	reference, err := judge.ReadReference(dataOf)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ action, resource, want string }{
		"resource of the type":       {"sqs:CreateQueue", `"arn:aws:sqs:*:111122223333:queue/x*"`, ""},
		"pattern that includes it":   {"sqs:CreateQueue", `"arn:aws:sqs:*:*:*"`, ""},
		"everything":                 {"sqs:CreateQueue", `"*"`, ""},
		"one of several":             {"sqs:CreateQueue", `["arn:aws:sqs:*:*:other/*","arn:aws:sqs:*:*:queue/*"]`, ""},
		"resource of another type":   {"sqs:CreateQueue", `"arn:aws:sqs:*:*:other/*"`, "none of the statement's resources"},
		"another service":            {"sqs:CreateQueue", `"arn:aws:sns:*:*:queue/*"`, "none of the statement's resources"},
		"no resource, on one":        {"sqs:ListQueues", `"arn:aws:sqs:*:*:queue/*"`, "takes no resource"},
		"no resource, on all":        {"sqs:ListQueues", `"*"`, ""},
		"action that does not exist": {"sqs:MakeQueue", `"*"`, "no such action"},
	} {
		t.Run(name, func(t *testing.T) {
			findings := judge.UnknownResources(
				policyOf(t, `{"Sid":"S","Effect":"Allow","Action":"`+test.action+`","Resource":`+test.resource+`}`),
				reference,
			)
			got := ""
			for _, f := range findings {
				got += f.Text
			}
			if test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("findings %q, want %q", got, test.want)
			}
		})
	}
}

// Every line has a reason.
func TestRightExceptions(t *testing.T) {
	exceptions, err := judge.RightExceptions()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range exceptions {
		if !strings.HasSuffix(e.Reason, ".") || !strings.Contains(e.Action, ":") || !strings.HasPrefix(e.Type, "AWS::") {
			t.Errorf("%+v", e)
		}
	}
}
