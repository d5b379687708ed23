package awsclient

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
	"github.com/hashicorp/aws-sdk-go-base/v2/diag"
	"github.com/hashicorp/aws-sdk-go-base/v2/logging"
)

// renewBefore is how long before their expiry assumed credentials are renewed, so that they do not
// expire during a call.
const renewBefore = 2 * time.Minute

// resolve finds credentials and settings as the aws provider does, without two features of
// aws-sdk-go-base. assumeChain assumes the chain of roles instead, with one call per hop and the
// full number of attempts. The logger of aws-sdk-go-base shows bodies, and fails a call with a line
// over 64 KiB.
func resolve(ctx context.Context, c *Config) (aws.Config, []Warning, error) {
	ctx, logger := logging.NewTfLogger(ctx)
	base := &awsbase.Config{
		AccessKey:                      c.AccessKey,
		SecretKey:                      c.SecretKey,
		Token:                          c.Token,
		Profile:                        c.Profile,
		Region:                         c.Region,
		SharedConfigFiles:              c.SharedConfigFiles,
		SharedCredentialsFiles:         c.SharedCredentialsFiles,
		APNInfo:                        c.apnInfo(),
		UserAgent:                      c.products(),
		CallerName:                     "Stowage provider",
		CallerDocumentationURL:         "the provider's documentation",
		CustomCABundle:                 c.CustomCABundle,
		EC2MetadataServiceEndpoint:     c.EC2MetadataServiceEndpoint,
		EC2MetadataServiceEndpointMode: c.EC2MetadataServiceEndpointMode,
		HTTPClient:                     c.HTTPClient,
		HTTPProxy:                      c.HTTPProxy,
		HTTPSProxy:                     c.HTTPSProxy,
		HTTPProxyMode:                  awsbase.HTTPProxyModeSeparate,
		NoProxy:                        c.NoProxy,
		Insecure:                       c.Insecure,
		IamEndpoint:                    c.Endpoints["iam"],
		SsoEndpoint:                    c.Endpoints["sso"],
		StsEndpoint:                    c.Endpoints["sts"],
		StsRegion:                      c.STSRegion,
		Logger:                         logger,
		SuppressDebugLog:               true,
		MaxRetries:                     c.MaxRetries,
		RetryMode:                      aws.RetryMode(strings.ToLower(c.RetryMode)),
		TokenBucketRateLimiterCapacity: c.TokenBucketRateLimiterCapacity,
		UseDualStackEndpoint:           c.UseDualStackEndpoint,
		UseFIPSEndpoint:                c.UseFIPSEndpoint,
		SkipCredsValidation:            true, // New asks AWS once
	}
	if base.MaxRetries == 0 {
		base.MaxRetries = DefaultMaxRetries
	}
	if skip := c.SkipMetadataAPICheck; skip != nil {
		base.EC2MetadataServiceEnableState = imds.ClientEnabled
		if *skip {
			base.EC2MetadataServiceEnableState = imds.ClientDisabled
		}
	}
	if c.CustomCABundle != "" && c.HTTPClient != nil {
		base.CustomCABundle = "" // the SDK cannot add certificates to another client
	}
	if w := c.AssumeRoleWithWebIdentity; w != nil {
		base.AssumeRoleWithWebIdentity = &awsbase.AssumeRoleWithWebIdentity{
			RoleARN: w.RoleARN, Duration: w.Duration, Policy: w.Policy, PolicyARNs: w.PolicyARNs, SessionName: w.SessionName,
			WebIdentityToken: w.WebIdentityToken, WebIdentityTokenFile: w.WebIdentityTokenFile,
		}
	}

	if err := setCredentialsEndpoints(ctx, base); err != nil {
		return aws.Config{}, nil, &CredentialsError{Err: err}
	}
	_, sdk, diags := awsbase.GetAwsConfig(ctx, base)
	if err := diagnosed(diags, c); err != nil {
		return aws.Config{}, nil, err
	}
	sdk.APIOptions = append(slices.Clone(sdk.APIOptions), addCallLog, explainFailures)
	sdk.Logger = sdkLog{}
	return sdk, warnings(diags), nil
}

// Warning is a problem with the arguments that does not stop the provider.
type Warning struct {
	Summary, Detail string
}

func warnings(diags diag.Diagnostics) []Warning {
	var w []Warning
	for _, d := range diags.Warnings() {
		w = append(w, Warning{d.Summary(), d.Detail()})
	}
	return w
}

// diagnosed converts the first error of aws-sdk-go-base to one of this package's types.
func diagnosed(diags diag.Diagnostics, c *Config) error {
	if !diags.HasError() {
		return nil
	}
	d := diags.Errors()[0]
	err := errors.New(d.Summary() + ": " + d.Detail())
	if with, ok := d.(diag.DiagnosticWithErr); ok && with.Err() != nil {
		err = with.Err()
	}
	if d.Summary() == "Cannot assume IAM Role with web identity" && c.AssumeRoleWithWebIdentity != nil {
		return &AssumeRoleError{RoleARN: c.AssumeRoleWithWebIdentity.RoleARN, WebIdentity: true, Err: err}
	}
	return &CredentialsError{Err: err}
}

// assumeChain assumes the roles of the chain immediately, one after the other, so that an error
// names the failed hop.
func assumeChain(ctx context.Context, sdk aws.Config, c *Config) (aws.Config, error) {
	for i, role := range c.AssumeRole {
		credentials, err := assume(ctx, newSTS(sdk, c), role)
		if err != nil {
			return aws.Config{}, &AssumeRoleError{RoleARN: role.RoleARN, Hop: i + 1, Hops: len(c.AssumeRole), Err: err}
		}
		sdk.Credentials = credentials
	}
	return sdk, nil
}

// assume returns self-renewing credentials after it has retrieved the first ones.
func assume(ctx context.Context, client *sts.Client, role AssumeRole) (aws.CredentialsProvider, error) {
	provider := stscreds.NewAssumeRoleProvider(client, role.RoleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = role.SessionName
		o.Duration = role.Duration
		o.ExternalID = optional(role.ExternalID)
		o.Policy = optional(role.Policy)
		o.SourceIdentity = optional(role.SourceIdentity)
		o.TransitiveTagKeys = role.TransitiveTagKeys
		for _, arn := range role.PolicyARNs {
			o.PolicyARNs = append(o.PolicyARNs, types.PolicyDescriptorType{Arn: &arn})
		}
		for _, key := range slices.Sorted(maps.Keys(role.Tags)) {
			o.Tags = append(o.Tags, types.Tag{Key: &key, Value: aws.String(role.Tags[key])})
		}
	})
	first, err := provider.Retrieve(ctx) // not through the cache, which would continue after ctx ends
	if err != nil {
		return nil, err
	}
	cache := aws.NewCredentialsCache(
		&begun{first: &first, next: provider},
		func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = renewBefore },
	)
	if _, err := cache.Retrieve(ctx); err != nil { // returns the first credentials while they are fresh
		return nil, err
	}
	return cache, nil
}

// begun is a provider with its first credentials. The cache above it calls it one at a time.
type begun struct {
	first *aws.Credentials
	next  aws.CredentialsProvider
}

// Retrieve implements aws.CredentialsProvider.
func (b *begun) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if first := b.first; first != nil {
		b.first = nil
		return *first, nil
	}
	return b.next.Retrieve(ctx)
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// apnInfo returns the start of the user agent: APN/1.0 Stowage/1.0 Terraform/<version>
// stowage/<version>.
func (c *Config) apnInfo() *awsbase.APNInfo {
	info := &awsbase.APNInfo{PartnerName: "Stowage"}
	if c.TerraformVersion != "" {
		info.Products = append(info.Products, awsbase.UserAgentProduct{Name: "Terraform", Version: c.TerraformVersion})
	}
	info.Products = append(info.Products, awsbase.UserAgentProduct{Name: "stowage", Version: c.Version})
	return info
}

func (c *Config) products() awsbase.UserAgentProducts {
	var products awsbase.UserAgentProducts
	for _, p := range c.UserAgent {
		products = append(products, awsbase.UserAgentProduct(p))
	}
	return products
}
