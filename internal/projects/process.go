package projects

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
)

// process is what all projects of a Service share.
type process struct {
	config   Config
	tokens   atomic.Int64
	warnings warnings
}

// token returns a token that is unique across engines, calls and processes. CloudFormation refuses
// an operation with a token that the stack has seen before.
func (proc *process) token() string {
	return fmt.Sprintf("%s-%d", proc.config.Writer, proc.tokens.Add(1))
}

// account returns the clients for an account and region, with the role of the configuration.
func (proc *process) account(ctx context.Context, accountID, region string) (*awsclient.Account, error) {
	return proc.config.Clients.Project(ctx, accountID, region, proc.config.RoleName)
}

func (proc *process) credentials(ctx context.Context, secretARN string) (AccessKey, error) {
	at, err := arn.Parse(secretARN)
	if err != nil || at.Service != "secretsmanager" || at.AccountID == "" || at.Region == "" {
		return AccessKey{}, ErrSecretARN
	}
	reached, err := proc.account(ctx, at.AccountID, at.Region)
	if err != nil {
		return AccessKey{}, err
	}
	return account.ReadAccessKey(ctx, reached.SecretsManager, secretARN)
}

func (proc *process) warnMirror(ctx context.Context, doing, partition string, err error) {
	proc.config.Warn(ctx, "The mirror could not be "+doing+"; reads are slower until it is repaired", map[string]any{
		"project": partition, "error": strings.TrimSpace(err.Error()),
	})
}
