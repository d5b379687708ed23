package projects

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/stowage/terraform-provider-stowage/internal/account"
)

// SecretARNError says that something is no ARN of a secret.
type SecretARNError struct{ ARN string }

func (e *SecretARNError) Error() string {
	return fmt.Sprintf("%q is not the ARN of a secret (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME)", e.ARN)
}

// AccessKey is an access key of a user, with its secret.
type AccessKey = account.AccessKey

// Credentials reads the current access key of a user, in the account that the ARN of its secret names. It keeps nothing. It returns
// *SecretARNError, account.ErrNotAnAccessKey and wrapped errors of the SDK.
func (s *Service) Credentials(ctx context.Context, secretARN string) (AccessKey, error) {
	at, err := arn.Parse(secretARN)
	if err != nil || at.Service != "secretsmanager" || at.AccountID == "" || at.Region == "" {
		return AccessKey{}, &SecretARNError{secretARN}
	}
	reached, err := s.config.Clients.Project(ctx, at.AccountID, at.Region, s.config.RoleName)
	if err != nil {
		return AccessKey{}, err
	}
	return account.ReadAccessKey(ctx, reached.SecretsManager, secretARN)
}
