package hubs

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
)

// gatewayLogs reports whether API Gateway has a role for logs in the account and region.
func (d *deployment) gatewayLogs(ctx context.Context) (bool, error) {
	account, err := d.account.APIGateway.GetAccount(ctx, &apigateway.GetAccountInput{})
	if err != nil {
		return false, fmt.Errorf("reading the settings of API Gateway: %w", err)
	}
	return aws.ToString(account.CloudwatchRoleArn) != "", nil
}
