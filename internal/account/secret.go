package account

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// AccessKey is the content of a user's secret. It is never put into a log or an error.
type AccessKey struct {
	ID       string `json:"access_key_id"`
	Secret   string `json:"secret_access_key"`
	UserName string `json:"user_name"`
	Region   string `json:"region"`
}

// ErrNotAnAccessKey is returned for a secret that holds something other than an access key.
var ErrNotAnAccessKey error = &model.ExplainedError{
	Text: "the secret doesn't hold an access key that Stowage has made",
	Explanation: model.Explanation{
		Attribute: "secret_arn",
		Cause:     "The secret holds something else than the access key of a project's user.",
		Remedy:    "Set secret_arn = stowage_project_user.<NAME>.secret_arn.",
	},
}

// ReadAccessKey reads the current access key from a user's secret. It returns ErrNotAnAccessKey for
// other contents, and wrapped SDK errors, which never contain the secret's value.
func ReadAccessKey(ctx context.Context, client *secretsmanager.Client, arn string) (AccessKey, error) {
	out, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(arn)})
	if err != nil {
		return AccessKey{}, unreadableSecret(arn, err)
	}
	var key AccessKey
	if json.Unmarshal([]byte(aws.ToString(out.SecretString)), &key) != nil || key.ID == "" || key.Secret == "" {
		return AccessKey{}, ErrNotAnAccessKey // the reason could contain a part of the secret
	}
	return key, nil
}

func unreadableSecret(arn string, err error) error {
	return &model.ExplainedError{
		Text: "reading the secret " + arn,
		Explanation: model.Explanation{
			Attribute: "secret_arn",
			Cause:     "AWS refused to return the secret, or did not answer.",
			Remedy: "Check that the user still has an access key, and that the provider's role in the project's account may call " +
				"secretsmanager:GetSecretValue on the secret and kms:Decrypt with the project's key.\n\nOriginal error: " + err.Error(),
		},
		Err: err,
	}
}
