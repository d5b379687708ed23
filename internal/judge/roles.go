package judge

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/stowage/terraform-provider-stowage/internal/model/modeltest"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

// Policies returns the managed policies with a name prefix that the template for accounts creates.
func Policies(ctx context.Context, account, prefix string) ([]Policy, error) {
	box := sandbox.New(sandbox.Options{Seed: 1, Onboarding: account})
	key, secret := sandbox.StaticCredentials(modeltest.Account)
	client := iam.New(iam.Options{
		Region: modeltest.Region, Credentials: awscredentials.NewStaticCredentialsProvider(key, secret, ""),
		HTTPClient: &http.Client{Transport: simulate.NewTransport(box)},
	})
	list, err := client.ListPolicies(ctx, &iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal})
	if err != nil {
		return nil, err
	}
	var policies []Policy
	for _, p := range list.Policies {
		name := aws.ToString(p.PolicyName)
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		version, err := client.GetPolicyVersion(
			ctx, &iam.GetPolicyVersionInput{PolicyArn: p.Arn, VersionId: p.DefaultVersionId},
		)
		if err != nil {
			return nil, err
		}
		text, err := url.QueryUnescape(aws.ToString(version.PolicyVersion.Document))
		if err != nil {
			return nil, err
		}
		document, err := policydoc.Parse(text, policydoc.Identity)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		policies = append(policies, Policy{name, document})
	}
	return policies, nil
}
