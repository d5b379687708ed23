package awsclient

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Account is one AWS account in one region, with a client for each service used there. All clients
// share credentials, retry settings, user agent and log. It is safe for concurrent use.
type Account struct {
	ID     string // 12 digits; empty for a hub account whose ID was not requested
	Region string

	ACM            *acm.Client
	APIGateway     *apigateway.Client
	CloudControl   *cloudcontrol.Client
	CloudFormation *cloudformation.Client
	DynamoDB       *dynamodb.Client
	IAM            *iam.Client
	KMS            *kms.Client
	S3             *s3.Client
	SecretsManager *secretsmanager.Client
	SSM            *ssm.Client
	STS            *sts.Client

	sdk aws.Config
}

// SDK returns the clients' configuration, for services without a client here: credentials, region,
// retries, user agent and log.
func (a *Account) SDK() aws.Config { return a.sdk.Copy() }

// Connections returns a client of the management API of a WebSocket API's stage. endpoint is the
// stage's, such as https://API.execute-api.REGION.amazonaws.com/STAGE.
func (a *Account) Connections(endpoint string) *apigatewaymanagementapi.Client {
	return apigatewaymanagementapi.NewFromConfig(
		a.sdk, func(o *apigatewaymanagementapi.Options) { o.BaseEndpoint = aws.String(endpoint) },
	)
}

func newAccount(id string, sdk aws.Config, c *Config) *Account {
	return &Account{
		ID:     id,
		Region: sdk.Region,
		sdk:    sdk,
		ACM:    acm.NewFromConfig(sdk, func(o *acm.Options) { replace(&o.BaseEndpoint, c.endpoint("acm")) }),
		APIGateway: apigateway.NewFromConfig(
			sdk, func(o *apigateway.Options) { replace(&o.BaseEndpoint, c.endpoint("apigateway")) },
		),
		CloudControl: cloudcontrol.NewFromConfig(
			sdk, func(o *cloudcontrol.Options) { replace(&o.BaseEndpoint, c.endpoint("cloudcontrol")) },
		),
		CloudFormation: cloudformation.NewFromConfig(
			sdk, func(o *cloudformation.Options) { replace(&o.BaseEndpoint, c.endpoint("cloudformation")) },
		),
		DynamoDB: dynamodb.NewFromConfig(
			sdk, func(o *dynamodb.Options) { replace(&o.BaseEndpoint, c.endpoint("dynamodb")) },
		),
		IAM: iam.NewFromConfig(sdk, func(o *iam.Options) { replace(&o.BaseEndpoint, c.endpoint("iam")) }),
		KMS: kms.NewFromConfig(sdk, func(o *kms.Options) { replace(&o.BaseEndpoint, c.endpoint("kms")) }),
		S3: s3.NewFromConfig(sdk, func(o *s3.Options) {
			replace(&o.BaseEndpoint, c.endpoint("s3"))
			o.UsePathStyle = c.S3UsePathStyle
		}),
		SecretsManager: secretsmanager.NewFromConfig(
			sdk, func(o *secretsmanager.Options) { replace(&o.BaseEndpoint, c.endpoint("secretsmanager")) },
		),
		SSM: ssm.NewFromConfig(sdk, func(o *ssm.Options) { replace(&o.BaseEndpoint, c.endpoint("ssm")) }),
		STS: newSTS(sdk, c),
	}
}

func newSTS(sdk aws.Config, c *Config) *sts.Client {
	return sts.NewFromConfig(sdk, func(o *sts.Options) {
		replace(&o.BaseEndpoint, c.endpoint("sts"))
		if c.STSRegion != "" {
			o.Region = c.STSRegion
		}
	})
}

func replace(endpoint **string, with *string) {
	if with != nil {
		*endpoint = with
	}
}
