package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// ListKeys returns the statuses of a user's access keys by ID: "Active" or "Inactive". A user that
// does not exist has none. It costs one call, as a user has at most two keys.
func ListKeys(ctx context.Context, client *iam.Client, user string) (map[string]string, error) {
	out, err := client.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: aws.String(user)})
	var missing *types.NoSuchEntityException
	if errors.As(err, &missing) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing the access keys of the user %s: %w", user, err)
	}
	keys := map[string]string{}
	for _, key := range out.AccessKeyMetadata {
		keys[aws.ToString(key.AccessKeyId)] = string(key.Status)
	}
	return keys, nil
}
