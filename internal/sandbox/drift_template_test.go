package sandbox_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// TestDrift_CompiledTemplates deploys templates as Stowage compiles them, and finds them in sync.
func TestDrift_CompiledTemplates(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"quickstart", "partner"} {
		text, err := os.ReadFile("../template/testdata/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		template := strings.NewReplacer(
			`"arn:aws:kms:eu-west-1:111122223333:key/1234"`, `{"Fn::GetAtt":["Key","Arn"]}`,
			`"s-0123456789abcdef0"`, `{"Fn::GetAtt":["SftpServer","ServerId"]}`,
			`"arn:aws:iam::444455556666:role/partner"`, `"arn:aws:iam::444455556666:root"`,
		).Replace(string(text))
		box := sandbox.New(sandbox.Options{Seed: 1, Answers: unproven.Answers{unproven.DriftUnlistedTypes: unproven.Detected}})
		c := config("111122223333", func(c *aws.Config) {
			c.HTTPClient = &http.Client{Transport: simulate.NewTransport(box)}
		})
		p := &partner{T: t, config: c, stacks: cloudformation.NewFromConfig(c)}
		_, err = p.stacks.CreateStack(t.Context(), &cloudformation.CreateStackInput{
			StackName: aws.String("partner"), TemplateBody: &template,
			Tags:         []types.Tag{{Key: aws.String("of-the-stack"), Value: aws.String("1")}},
			Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam},
		})
		p.must(err)
		p.wantStatus("CREATE_COMPLETE")
		d := &drifting{partner: p, box: box}
		status := d.detect()
		// The alias refers to its key by ID, as AWS returns it.
		if status.StackDriftStatus != types.StackDriftStatusInSync || d.modified() != "" {
			t.Errorf("%s is %s: %s", name, status.StackDriftStatus, d.modified())
		}
		uncovered := 1 // the access key
		if name == "quickstart" {
			uncovered = 0
		}
		listed, err := p.stacks.ListStackResources(
			t.Context(), &cloudformation.ListStackResourcesInput{StackName: aws.String("partner")},
		)
		p.must(err)
		if got := len(d.drifts()); got != len(listed.StackResourceSummaries)-uncovered {
			t.Errorf("%s: %d of %d resources were checked", name, got, len(listed.StackResourceSummaries))
		}
	}
}
