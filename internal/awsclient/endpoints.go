package awsclient

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
)

// EndpointServices lists the service names in Config.Endpoints.
var EndpointServices = []string{
	"acm",
	"apigateway",
	"apigatewaymanagementapi",
	"cloudcontrol",
	"cloudformation",
	"dynamodb",
	"iam",
	"kms",
	"s3",
	"secretsmanager",
	"ssm",
	"sso",
	"sts",
}

// endpoint returns the configured address of a service, or nil. The SDK then reads
// AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE> and the shared configuration itself.
func (c *Config) endpoint(service string) *string {
	if url := c.Endpoints[service]; url != "" {
		return &url
	}
	return nil
}

// setCredentialsEndpoints sets the endpoints of STS and SSO that no argument sets. The SDK resolves
// credentials before it reads AWS_ENDPOINT_URL and a profile's endpoint_url. Without this, the
// calls for a web identity or a profile's role would reach AWS, and all later calls the configured
// endpoint. The SDK's clients decide the precedence: they are asked which endpoint they would use.
func setCredentialsEndpoints(ctx context.Context, base *awsbase.Config) error {
	options := []func(*config.LoadOptions) error{
		config.WithRegion("us-east-1"), // any region: no call is made
		config.WithCredentialsProvider(aws.AnonymousCredentials{}),
	}
	if base.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(base.Profile))
	}
	files, err := base.ResolveSharedConfigFiles()
	if err != nil {
		return fmt.Errorf("shared configuration files: %w", err)
	}
	if len(files) > 0 {
		options = append(options, config.WithSharedConfigFiles(files))
	}
	if files, err = base.ResolveSharedCredentialsFiles(); err != nil {
		return fmt.Errorf("shared credentials files: %w", err)
	}
	if len(files) > 0 {
		options = append(options, config.WithSharedCredentialsFiles(files))
	}
	configured, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil //nolint:nilerr // the same files are read again to find credentials, which reports the error
	}
	if base.StsEndpoint == "" {
		base.StsEndpoint = aws.ToString(sts.NewFromConfig(configured).Options().BaseEndpoint)
	}
	if base.SsoEndpoint == "" {
		base.SsoEndpoint = aws.ToString(sso.NewFromConfig(configured).Options().BaseEndpoint)
	}
	return nil
}
