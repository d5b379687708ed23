package projects

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// ErrSecretARN is returned for something that is not the ARN of a secret.
var ErrSecretARN error = &model.ExplainedError{
	Text: "it is not the ARN of a secret (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME)",
	Explanation: model.Explanation{
		Attribute: "secret_arn",
		Cause:     "It is not the ARN of a secret.",
		Remedy:    "Set secret_arn = stowage_project_user.<NAME>.secret_arn.",
	},
}

// AccessKey is an access key of a user, with its secret.
type AccessKey = account.AccessKey

// Credentials reads the current access key of a user, in the account that the ARN of its secret names. It keeps nothing. It returns
// ErrSecretARN, account.ErrNotAnAccessKey and wrapped errors of the SDK.
func (s *Service) Credentials(ctx context.Context, secretARN string) (AccessKey, error) {
	at, err := arn.Parse(secretARN)
	if err != nil || at.Service != "secretsmanager" || at.AccountID == "" || at.Region == "" {
		return AccessKey{}, ErrSecretARN
	}
	reached, err := s.config.Clients.Project(ctx, at.AccountID, at.Region, s.config.RoleName)
	if err != nil {
		return AccessKey{}, err
	}
	return account.ReadAccessKey(ctx, reached.SecretsManager, secretARN)
}
