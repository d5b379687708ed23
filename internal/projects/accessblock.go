package projects

import (
	"context"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// accessBlockTimeout bounds what a look at the account's settings may take: nobody waits longer for a warning.
const accessBlockTimeout = 5 * time.Second

// AccessBlock is what S3 blocks for an account as a whole.
type AccessBlock = account.AccessBlock

// AccessBlock reads what S3 blocks for the account of a project as a whole. It costs one call each time.
func (s *Service) AccessBlock(ctx context.Context, p model.Project) (AccessBlock, error) {
	reached, err := s.config.Clients.Project(ctx, p.AccountID, p.Region, s.config.RoleName)
	if err != nil {
		return AccessBlock{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, accessBlockTimeout)
	defer cancel()
	return account.ReadAccessBlock(ctx, reached.SDK(), reached.S3, reached.ID)
}

// warnOfAccess warns when the account of a project that was just made or changed doesn't block public access, or doesn't say. It never fails.
func (s *Service) warnOfAccess(ctx context.Context, project string, reached *awsclient.Account) {
	ctx, cancel := context.WithTimeout(ctx, accessBlockTimeout)
	defer cancel()
	block, err := account.ReadAccessBlock(ctx, reached.SDK(), reached.S3, reached.ID)
	missing := block.Missing()
	if err != nil {
		missing = nil
	}
	if err != nil || len(missing) > 0 {
		s.warn(AccessBlockWarning{project, reached.ID, missing, err})
	}
}
