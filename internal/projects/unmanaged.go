package projects

import (
	"context"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Unmanaged returns the physical names of the buckets in the account and region of a project that
// belong to no project, sorted. It costs one call of S3 for up to 1,000 buckets, and the reading of
// the other projects in that account and region.
func (s *Service) Unmanaged(ctx context.Context, project string) ([]string, error) {
	t, err := s.reader.target(ctx, project)
	if err != nil {
		return nil, err
	}
	env := t.view.Contents.Env
	managed := map[string]bool{}
	addBuckets(managed, t.view)
	all, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, other := range all {
		if other.Name == project || other.AccountID != env.AccountID || other.Region != env.Region {
			continue
		}
		view, err := s.Read(ctx, other.Name)
		if model.IsNotFound(err, model.NotFoundProject, model.NotFoundStack) {
			continue // it is being created or deleted
		}
		if err != nil {
			return nil, err
		}
		addBuckets(managed, view)
	}
	buckets := account.Buckets{S3: t.project.first().account.S3, AccountID: env.AccountID}
	names, err := buckets.InRegion(ctx)
	if err != nil {
		return nil, err
	}
	var unmanaged []string
	for _, name := range names {
		if !managed[name] {
			unmanaged = append(unmanaged, name)
		}
	}
	return unmanaged, nil
}

// addBuckets adds the physical names of a project's buckets.
func addBuckets(names map[string]bool, view *View) {
	names[view.Contents.LogBucket], names[view.Contents.TemplateBucket] = true, true
	for _, b := range view.Contents.Buckets {
		names[b.BucketName] = true
	}
}
