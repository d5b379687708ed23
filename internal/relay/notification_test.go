package relay

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
)

const (
	stackID = "arn:aws:cloudformation:eu-west-1:111122223333:stack/stowage-acme-0/9aae5050-5e4b-11ee-a58b-0ad65c6599e9"
	otherID = "arn:aws:cloudformation:eu-west-1:111122223333:stack/stowage-evil-0/00000000-5e4b-11ee-a58b-0ad65c6599e9"
)

// text returns a notification as CloudFormation writes it; changed are pairs of a key and another
// value.
func text(changed ...string) string {
	lines := [][2]string{
		{"StackId", stackID},
		{"Timestamp", "2026-09-28T22:04:31.607Z"},
		{"EventId", "00551c40-5e4b-11ee-a58b-0ad65c6599e9"},
		{
			"LogicalResourceId",
			"stowage-acme-0",
		},
		{"Namespace", "111122223333"},
		{"PhysicalResourceId", stackID},
		{"PrincipalId", "AIDAEXAMPLE"},
		{"ResourceProperties", "null"},
		{"ResourceStatus", "UPDATE_IN_PROGRESS"},
		{"ResourceStatusReason", "User Initiated"},
		{
			"ResourceType",
			"AWS::CloudFormation::Stack",
		},
		{"StackName", "stowage-acme-0"},
		{"ClientRequestToken", "Console-ExecuteChangeSet-1"},
	}
	var b strings.Builder
	for _, line := range lines {
		for i := 0; i < len(changed); i += 2 {
			if changed[i] == line[0] {
				line[1] = changed[i+1]
			}
		}
		b.WriteString(line[0] + "='" + line[1] + "'\n")
	}
	return b.String()
}

func TestNotifications_StackItself(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a stack":                          {text(), stackID},
		"without the last line break":      {strings.TrimSuffix(text(), "\n"), stackID},
		"with other line breaks":           {strings.ReplaceAll(text(), "\n", "\r\n"), stackID},
		"in another order":                 {"ResourceType='AWS::CloudFormation::Stack'\nStackId='" + stackID + "'\nPhysicalResourceId='" + stackID + "'\n", stackID},
		"with keys of the future":          {strings.ReplaceAll(text(), "StackName=", "Future='x'\nStackName="), stackID},
		"quotes and lines in a reason":     {text("ResourceStatusReason", "it's 'odd'\nStackId='"+otherID+"'\nResourceType='AWS::S3::Bucket"), stackID},
		"a resource":                       {text("PhysicalResourceId", "acme-inbox", "ResourceType", "AWS::S3::Bucket"), ""},
		"a nested stack":                   {text("PhysicalResourceId", otherID), ""},
		"a resource that poses as a stack": {text("PhysicalResourceId", "x", "ResourceType", "AWS::S3::Bucket", "ResourceProperties", "{}'\nResourceType='AWS::CloudFormation::Stack"), ""},
		"keys within lines":                {"x StackId='" + stackID + "' PhysicalResourceId='" + stackID + "' ResourceType='AWS::CloudFormation::Stack'", ""},
		"nothing":                          {"", ""},
		"something else":                   {`{"AlarmName":"x"}`, ""},
		"empty values":                     {text("StackId", "", "PhysicalResourceId", ""), ""},
		"cut off":                          {text()[:120], ""},
	} {
		if got := stackRefOfText(c.text).stackID; got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestNotifications_EndOfOperation(t *testing.T) {
	for status, want := range map[string]bool{
		"UPDATE_COMPLETE": true, "UPDATE_ROLLBACK_COMPLETE": true, "DELETE_COMPLETE": true, "CREATE_COMPLETE": true,
		"UPDATE_IN_PROGRESS": false, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": false, "UPDATE_ROLLBACK_FAILED": false, "": false,
	} {
		if got := stackRefOfText(text("ResourceStatus", status)); got.ended != want {
			t.Errorf("%s: %v", status, got.ended)
		}
	}
}

// FuzzNotification checks that only the first line with a stack ID in a text determines the stack.
func FuzzNotification(f *testing.F) {
	f.Add(text())
	f.Add(text("ResourceProperties", `{"A":"it's\nStackId='x'"}`))
	f.Add("StackId='\n'='")
	f.Fuzz(func(t *testing.T, s string) {
		id := stackRefOfText(s).stackID
		if id == "" {
			return
		}
		i := strings.Index("\n"+s, "\nStackId='"+id+"'")
		if i < 0 {
			i = strings.Index("\n"+s, "\nStackId='"+id) // the text ends within the value
		}
		if i < 0 || !strings.Contains("\n"+s, "\nPhysicalResourceId='"+id) ||
			!strings.Contains("\n"+s, "\nResourceType='"+cfn.StackType) {
			t.Errorf("%q was taken from %q", id, s)
		}
		// Values that users write do not change the stack.
		if again := stackRefOfText(text("ResourceStatusReason", s, "ResourceProperties", s)).stackID; again != stackID {
			t.Errorf("%q in a value made it %q", s, again)
		}
	})
}

func TestEvents_Bus(t *testing.T) {
	e := events.EventBridgeEvent{
		Source:     "aws.cloudformation",
		DetailType: "CloudFormation Stack Status Change",
		Detail: json.RawMessage(
			`{"stack-id":"` + stackID + `","status-details":{"status":"UPDATE_COMPLETE","status-reason":""},"client-request-token":""}`,
		),
	}
	if got, err := stackRefOfBus(e); err != nil || got != (stackRef{stackID, true}) {
		t.Errorf("got %+v, %v", got, err)
	}
	resource := e
	resource.DetailType = "CloudFormation Resource Status Change"
	forged := e
	forged.Source = "custom.app"
	for name, other := range map[string]events.EventBridgeEvent{"of a resource": resource, "of somebody else": forged} {
		if got, err := stackRefOfBus(other); err != nil || got != (stackRef{}) {
			t.Errorf("an event %s: %+v, %v", name, got, err)
		}
	}
	broken := e
	broken.Detail = json.RawMessage(`{"stack-id":"secret",`)
	if _, err := stackRefOfBus(broken); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a broken event: %v", err)
	}
}
