package localhubtest

import (
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// ByHand changes the resources of a stack's template as a user does in the console, without the
// provider.
func (h Hub) ByHand(accountID, stack string, change func(resources map[string]json.RawMessage)) {
	h.t.Helper()
	access, secret := sandbox.StaticCredentials(accountID)
	client := cloudformation.New(cloudformation.Options{
		Region:       Region,
		BaseEndpoint: aws.String(h.Endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider(access, secret, ""),
	})
	got, err := client.GetTemplate(h.t.Context(), &cloudformation.GetTemplateInput{StackName: &stack})
	must(h.t, err)
	var sections, resources map[string]json.RawMessage
	must(h.t, json.Unmarshal([]byte(aws.ToString(got.TemplateBody)), &sections))
	must(h.t, json.Unmarshal(sections["Resources"], &resources))
	change(resources)
	sections["Resources"], err = json.Marshal(resources)
	must(h.t, err)
	body, err := json.Marshal(sections)
	must(h.t, err)
	_, err = client.UpdateStack(h.t.Context(), &cloudformation.UpdateStackInput{
		StackName:    &stack,
		TemplateBody: aws.String(string(body)),
		Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam},
		Parameters: []types.Parameter{
			{ParameterKey: aws.String(template.RevisionParameter), UsePreviousValue: aws.Bool(true)},
		},
	})
	must(h.t, err)
}
