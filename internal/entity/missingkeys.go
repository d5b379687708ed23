package entity

import (
	"context"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/unchanged"
)

type keysOf struct{ project, user string }

type keysRead struct {
	missing []model.Slot
	err     error
}

// MissingKeys returns the slots of a user whose access keys no longer exist in IAM. It is called
// once per call of Terraform, and only for a plan that changes keys: an unchanged user costs
// nothing.
func (s *Services) MissingKeys(ctx context.Context, project, user string) ([]model.Slot, error) {
	read := unchanged.Once(ctx, keysOf{project, user}, func() keysRead {
		missing, err := s.Projects.MissingKeys(ctx, project, user)
		return keysRead{missing, err}
	})
	return read.missing, read.err
}
