//go:build browser

package board_test

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/stowage/terraform-provider-stowage/internal/cmd/localhub/localhubtest"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// TestAHandEditAppears has a person change templates by the CloudFormation API, without any provider.
func TestAHandEditAppears(t *testing.T) {
	h := localhubtest.Start(t)
	p := startChromium(t).open(t, h.Address(h.Token(nil, "acme")), desktop)
	s := h.Provider("run-1")
	must(t, s.CreateProject(t.Context(), project("acme")))
	for _, name := range []string{"inbox", "outbox"} {
		must(t, s.Create(t.Context(), "acme", bucket("acme", name)))
	}
	p.until(row("inbox") + " && " + row("outbox"))

	byHand(t, h, func(resources map[string]json.RawMessage) {
		delete(resources, "Bucketinbox")
		delete(resources, "BucketPolicyinbox")
	})
	p.until("!" + row("inbox") + " && " + row("outbox"))
	p.until(`[...document.querySelectorAll("#commits li")].some((li) => li.innerText.includes("bucket inbox removed") && li.innerText.includes("by hand"))`)

	byHand(t, h, func(resources map[string]json.RawMessage) {
		var b struct {
			Type, DeletionPolicy, UpdateReplacePolicy string
			Metadata                                  json.RawMessage
			Properties                                map[string]any
		}
		must(t, json.Unmarshal(resources["Bucketoutbox"], &b))
		b.Properties["VersioningConfiguration"] = map[string]string{"Status": "Suspended"}
		var err error
		resources["Bucketoutbox"], err = json.Marshal(b)
		must(t, err)
	})
	p.until(`document.querySelector("#attention").innerText.includes("Changed by hand")`)
	p.picture("handedit")
}

// byHand changes the resources of acme's template as a person does.
func byHand(t *testing.T, h localhubtest.Hub, change func(resources map[string]json.RawMessage)) {
	t.Helper()
	access, secret := sandbox.StaticCredentials(account)
	client := cloudformation.New(cloudformation.Options{
		Region: region, BaseEndpoint: aws.String(h.Endpoint), Credentials: credentials.NewStaticCredentialsProvider(access, secret, ""),
	})
	stack := aws.String("stowage-acme-0")
	got, err := client.GetTemplate(t.Context(), &cloudformation.GetTemplateInput{StackName: stack})
	must(t, err)
	var sections, resources map[string]json.RawMessage
	must(t, json.Unmarshal([]byte(aws.ToString(got.TemplateBody)), &sections))
	must(t, json.Unmarshal(sections["Resources"], &resources))
	change(resources)
	sections["Resources"], err = json.Marshal(resources)
	must(t, err)
	body, err := json.Marshal(sections)
	must(t, err)
	_, err = client.UpdateStack(t.Context(), &cloudformation.UpdateStackInput{
		StackName: stack, TemplateBody: aws.String(string(body)), Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityNamedIam},
		Parameters: []cfntypes.Parameter{{ParameterKey: aws.String(template.RevisionParameter), UsePreviousValue: aws.Bool(true)}},
	})
	must(t, err)
}
