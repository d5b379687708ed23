package hubs

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/stowage/terraform-provider-stowage/internal/hub"
)

// leftover returns what has a name of the new hub without being in its stack; "" for nothing. A
// deleted hub leaves its table and its bucket behind. A hub made by hand has a parameter.
func (d *deployment) leftover(ctx context.Context) (string, error) {
	name := d.settings.Name
	_, err := d.account.SSM.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(hub.ParameterName(name))})
	switch {
	case err == nil:
		return fmt.Sprintf("the SSM parameter %s is that of a hub without a stack", hub.ParameterName(name)), nil
	case code(err) != "ParameterNotFound":
		return "", fmt.Errorf("looking for the parameter of the hub %q: %w", name, err)
	}
	bucket := hub.ArtifactBucket(name, d.at)
	_, err = d.account.S3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String(bucket)})
	switch {
	case err == nil, code(err) == "Forbidden":
		return fmt.Sprintf("the S3 bucket %s exists and is in no stack of a hub", bucket), nil
	case code(err) != "NotFound":
		return "", fmt.Errorf("looking for the bucket %s: %w", bucket, err)
	}
	table := hub.TableName(name)
	_, err = d.account.DynamoDB.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(table)})
	switch {
	case err == nil:
		return fmt.Sprintf("the DynamoDB table %s exists and is in no stack of a hub", table), nil
	case code(err) != "ResourceNotFoundException":
		return "", fmt.Errorf("looking for the table %s: %w", table, err)
	}
	return "", nil
}
