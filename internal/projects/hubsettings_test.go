package projects_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

// hubValue is a valid value of the hub's parameter with some fields replaced; "" leaves a field out.
func hubValue(change map[string]string) string {
	fields := map[string]string{
		"format": `1`, "account_id": `"000000000000"`, "region": `"eu-west-1"`, "table": `"stowage"`,
	}
	maps.Copy(fields, change)
	var members []string
	for _, name := range []string{"format", "account_id", "region", "table", "template_bucket", "management_url"} {
		if fields[name] != "" {
			members = append(members, fmt.Sprintf("%q:%s", name, fields[name]))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

// TestHubSettings_Invalid refuses settings with a malformed or missing field, before any other call.
// The error names the parameter with its account and region, and the field.
func TestHubSettings_Invalid(t *testing.T) {
	for name, c := range map[string]struct {
		value string
		words []string
	}{
		"empty":                    {` `, []string{"expected a JSON object"}},
		"not JSON":                 {`table=stowage`, []string{"expected a JSON object"}},
		"a list":                   {`[]`, []string{"expected a JSON object"}},
		"no account":               {hubValue(map[string]string{"account_id": ""}), []string{`field "account_id": missing`}},
		"an account as a number":   {hubValue(map[string]string{"account_id": `111122223333`}), []string{"account_id"}},
		"an account of 11 digits":  {hubValue(map[string]string{"account_id": `"11112222333"`}), []string{`"11112222333"`, "12 digits"}},
		"no region":                {hubValue(map[string]string{"region": ""}), []string{`field "region": missing`}},
		"an availability zone":     {hubValue(map[string]string{"region": `"eu-west-1a"`}), []string{`"eu-west-1a"`}},
		"a mistyped field":         {strings.Replace(hubValue(nil), "table", "tabel", 1), []string{`field "table": missing`}},
		"a table's ARN":            {hubValue(map[string]string{"table": `"arn:aws:dynamodb:eu-west-1:000000000000:table/stowage"`}), []string{"the name of a DynamoDB table"}},
		"a bucket's URL":           {hubValue(map[string]string{"template_bucket": `"s3://templates"`}), []string{"template_bucket"}},
		"an address without https": {hubValue(map[string]string{"management_url": `"live.example.com/prod"`}), []string{"management_url"}},
		"another account":          {hubValue(map[string]string{"account_id": `"999999999999"`}), []string{"account 999999999999, Region eu-west-1"}},
		"another region":           {hubValue(map[string]string{"region": `"eu-central-1"`}), []string{"account 000000000000, Region eu-central-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, false)
				fill(t, w.process())
				w.setHub(c.value)
				w.resetCalls()
				s := w.process()
				_, readErr := s.Read(t.Context(), "acme")
				_, listErr := s.List(t.Context())
				for action, err := range map[string]error{
					"read": readErr, "list": listErr, "create": s.CreateProject(t.Context(), acme()),
					"delete": s.Delete(t.Context(), "acme", bucket("inbox").ID()), "delete project": s.DeleteProject(t.Context(), "acme"),
				} {
					var hub *projects.HubError
					if !errors.As(err, &hub) {
						t.Errorf("%s: %v", action, err)
						continue
					}
					text := hub.Explain().Cause
					for _, word := range append(c.words, "/stowage/hub/stowage", "account 000000000000, Region eu-west-1") {
						if !strings.Contains(text, word) {
							t.Errorf("%s: %q is not in %s", action, word, text)
						}
					}
				}
				for call, n := range w.calls() {
					if call != "ssm.GetParameter" && !strings.HasPrefix(call, "sts.") {
						t.Errorf("%s was called %d times", call, n)
					}
				}
			})
		})
	}
}

// TestHubSettings_CopiedToAnotherRegion reads settings that were copied to the provider's region
// from the hub's. The mirror and the directory are empty there, which must not be taken for deleted
// projects. The parameter's ARN tells the account where STS is not asked.
func TestHubSettings_CopiedToAnotherPlace(t *testing.T) {
	for name, c := range map[string]struct {
		account, region string
		skip            bool
	}{
		"region":  {sandbox.HubAccount, "us-east-1", false},
		"account": {"999999999999", "eu-west-1", false},
		"account that the provider does not know": {"999999999999", "eu-west-1", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, false)
				must(t, w.process().CreateProject(t.Context(), acme()))
				access, secret := sandbox.StaticCredentials(c.account)
				elsewhere, err := awsclient.New(t.Context(), awsclient.Config{
					Region: c.region, AccessKey: access, SecretKey: secret, Version: "test", SkipRequestingAccountID: c.skip,
					HTTPClient: &http.Client{Transport: simulate.NewTransport(w.box)},
				})
				must(t, err)
				_, err = elsewhere.Hub().SSM.PutParameter(t.Context(), &ssm.PutParameterInput{
					Name:  aws.String("/stowage/hub/" + sandbox.HubName),
					Value: w.hubParameter().Value,
					Type:  ssmtypes.ParameterTypeString,
				})
				must(t, err)
				s := w.process(func(config *projects.Config) { config.Clients = elsewhere })
				_, err = s.Read(t.Context(), "acme")
				settings := projects.HubLocation{AccountID: sandbox.HubAccount, Region: "eu-west-1"}
				if !errors.Is(err, projects.ErrOtherHub) || !strings.Contains(err.Error(), settings.String()) {
					t.Errorf("reading: %v", err)
				}
				if err := s.Delete(t.Context(), "acme", bucket("inbox").ID()); !errors.Is(err, projects.ErrOtherHub) {
					t.Errorf("deleting: %v", err)
				}
			})
		})
	}
}
