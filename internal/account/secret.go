package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// AccessKey is what the secret of a user holds. It never goes into a log or an error.
type AccessKey struct {
	ID       string `json:"access_key_id"`
	Secret   string `json:"secret_access_key"`
	UserName string `json:"user_name"`
	Region   string `json:"region"`
}

// ErrNotAnAccessKey says that a secret holds something else than an access key.
var ErrNotAnAccessKey = errors.New("the secret doesn't hold an access key that Stowage has made")

// ReadAccessKey reads the current access key from a user's secret. It returns ErrNotAnAccessKey for a secret that holds anything else, and
// wrapped errors of the SDK, none of which show what the secret holds.
func ReadAccessKey(ctx context.Context, client *secretsmanager.Client, arn string) (AccessKey, error) {
	out, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(arn)})
	if err != nil {
		return AccessKey{}, fmt.Errorf("reading the secret %s: %w", arn, err)
	}
	var key AccessKey
	if json.Unmarshal([]byte(aws.ToString(out.SecretString)), &key) != nil || key.ID == "" || key.Secret == "" {
		return AccessKey{}, ErrNotAnAccessKey // the reason could show a part of the secret
	}
	return key, nil
}
