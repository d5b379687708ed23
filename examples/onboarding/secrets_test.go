package onboarding_test

import (
	"maps"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/stowage/terraform-provider-stowage/examples/onboarding"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/evaluate"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

// TestTopic_OnlyTheHubSubscribes evaluates the topic's policy together with an identity policy that
// allows everything.
func TestTopic_OnlyTheHubSubscribes(t *testing.T) {
	w := newWorld(t, onboarding.Account)
	const topic = "arn:aws:sns:" + region + ":" + account + ":stowage-events"
	out, err := sns.NewFromConfig(w.sdk(account)).GetTopicAttributes(
		t.Context(), &sns.GetTopicAttributesInput{TopicArn: aws.String(topic)},
	)
	must(t, err)
	if out.Attributes["KmsMasterKeyId"] == "" {
		t.Error("the topic is not encrypted")
	}
	policy, err := policydoc.Parse(out.Attributes["Policy"], policydoc.Resource)
	must(t, err)
	all, err := policydoc.Parse(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, policydoc.Identity,
	)
	must(t, err)
	const function, queue = "arn:aws:lambda:" + region + ":" + sandbox.HubAccount + ":function:relay", "arn:aws:sqs:" + region + ":" + sandbox.HubAccount + ":relay"
	for name, test := range map[string]struct {
		by, protocol, endpoint string
		want                   bool
	}{
		"function of the hub":                      {sandbox.HubAccount, "lambda", function, true},
		"queue of the hub":                         {sandbox.HubAccount, "sqs", queue, true},
		"mail address, by the hub":                 {sandbox.HubAccount, "email", "someone@example.com", false},
		"website, by the hub":                      {sandbox.HubAccount, "https", "https://example.com", false},
		"function of another account, by the hub":  {sandbox.HubAccount, "lambda", "arn:aws:lambda:" + region + ":444455556666:function:x", false},
		"mail address, by an administrator":        {account, "email", "someone@example.com", false},
		"function of the hub, by an administrator": {account, "lambda", function, false},
		"function of the hub, by another account":  {"444455556666", "lambda", function, false},
	} {
		request := evaluate.Request{
			Principal: "arn:aws:sts::" + test.by + ":assumed-role/admin/x",
			Role:      "arn:aws:iam::" + test.by + ":role/admin",
			Action:    "sns:Subscribe",
			Resource:  topic,
			Context: map[string][]string{
				"aws:PrincipalAccount": {
					test.by,
				},
				"aws:SecureTransport": {"true"},
				"sns:Protocol":        {test.protocol},
				"sns:Endpoint":        {test.endpoint},
			},
		}
		policies := evaluate.Policies{Identity: []*policydoc.Document{all}, Resource: policy, ResourceAccount: account}
		if got := evaluate.Evaluate(request, policies); got.Allowed != test.want {
			t.Errorf("%s: allowed %v", name, got.Allowed)
		}
	}
}

// TestEvents_OnlyTheProvisionerReads evaluates both roles' policies for the calls that return
// properties of resources.
func TestEvents_OnlyTheProvisionerReads(t *testing.T) {
	w := newWorld(t, onboarding.Account)
	const stack = "arn:aws:cloudformation:" + region + ":" + account + ":stack/stowage-acme-0/1"
	for role, want := range map[string]map[string]bool{
		"StowageProvisioner": {"cloudformation:DescribeStackEvents": true, "cloudformation:DescribeEvents": true, "cloudformation:DescribeChangeSet": true},
		"StowageReader":      {},
	} {
		documents := w.policies(role)
		got := map[string]bool{}
		for _, action := range []string{"cloudformation:DescribeStackEvents", "cloudformation:DescribeEvents", "cloudformation:DescribeChangeSet", "cloudformation:DescribeStackResource"} {
			request := evaluate.Request{
				Principal: "arn:aws:sts::" + account + ":assumed-role/" + role + "/x", Action: action, Resource: stack,
			}
			if evaluate.Evaluate(request, evaluate.Policies{Identity: documents}).Allowed {
				got[action] = true
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s may read %v, want %v", role, got, want)
		}
	}
}

// sdk returns the SDK's configuration with the fixed credentials of an account.
func (w *world) sdk(id string) aws.Config {
	access, secret := sandbox.StaticCredentials(id)
	return aws.Config{
		Region: region, HTTPClient: &http.Client{Transport: simulate.NewTransport(w.box)},
		Credentials: credentials.NewStaticCredentialsProvider(access, secret, ""),
	}
}
