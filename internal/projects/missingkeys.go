package projects

import (
	"context"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// MissingKeys returns the slots of a user whose access keys no longer exist in IAM, because they
// were deleted outside CloudFormation. It costs one call. Keys that cannot be listed count as
// existing, as they did before roles were allowed to list them: this is logged.
func (s *Service) MissingKeys(ctx context.Context, project, user string) ([]model.Slot, error) {
	t, err := s.reader.target(ctx, project)
	if err != nil {
		return nil, err
	}
	credentials := t.view.Contents.Credentials[user]
	existing, err := account.ListKeys(ctx, t.project.first().account.IAM, model.UserName(project, user))
	if err != nil {
		s.process.config.Warn(ctx, "The access keys of a user could not be listed", map[string]any{
			"project": project, "user": user, "error": err.Error(),
		})
		return nil, nil //nolint:nilerr // logged above
	}
	var missing []model.Slot
	for slot, id := range credentials.KeyIDs {
		if _, there := existing[id]; !there {
			missing = append(missing, slot)
		}
	}
	slices.Sort(missing)
	return missing, nil
}
