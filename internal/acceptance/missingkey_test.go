package acceptance_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

// TestAccProjectUser_MissingKey deletes a leaked key in IAM. The replacement creates another one.
func TestAccProjectUser_MissingKey(t *testing.T) {
	x := newTenant(t)
	configuration := func(key string) string {
		return x.in(acmeProject, userOf("partner", "access_key = "+key, afterProject))
	}
	var secret string
	resource.ParallelTest(t, x.testCase(
		resource.TestStep{
			Config: configuration("{}"),
			Check: resource.TestCheckResourceAttrWith(partner, "secret_arn", func(arn string) error {
				secret = arn
				return nil
			}),
			PostApplyFunc: func() { x.deleteKeys(x.in("acme-partner")) },
		},
		resource.TestStep{
			Config: configuration(`{ replacement_trigger = "leaked" }`),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(partner, at("access_keys"), knownvalue.MapExact(map[string]knownvalue.Check{
					"b": knownvalue.ObjectPartial(map[string]knownvalue.Check{"status": knownvalue.StringExact("active")}),
				})),
			},
			Check: resource.TestCheckResourceAttrWith(partner, "secret_arn", func(arn string) error {
				if arn != secret {
					t.Errorf("the ARN of the secret changed from %s to %s", secret, arn)
				}
				return nil
			}),
		},
	))
}

func (c *clients) deleteKeys(user string) {
	c.w.t.Helper()
	out, err := c.iam.ListAccessKeys(c.w.t.Context(), &iam.ListAccessKeysInput{UserName: aws.String(user)})
	for _, key := range must(c.w, out, err).AccessKeyMetadata {
		_, err := c.iam.DeleteAccessKey(
			c.w.t.Context(), &iam.DeleteAccessKeyInput{UserName: aws.String(user), AccessKeyId: key.AccessKeyId},
		)
		if err != nil {
			c.w.t.Fatal(err)
		}
	}
}
