package projects

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// The directory of projects is a stack of the hub. It is created with the first project and never deleted.
//
// A hub without a directory stack is either new or wrong: another account's, or one whose directory was deleted by hand. The two look the
// same to DescribeStacks, and taking the second for the first loses every project. The mirror tells them apart: it keeps the listings after
// the stack is gone. A project that is managed already cannot be in a new hub (model.NotFoundDirectory).

// List returns the directory of projects, sorted by name.
func (s *Service) List(ctx context.Context) ([]model.Listing, error) {
	h, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	snapshot, err := s.mirrored(ctx, h, directoryName)
	if err != nil {
		return nil, err
	}
	read, err := s.readShard(ctx, h, h.directory, snapshot)
	if err != nil {
		return nil, err
	}
	if read == nil {
		if read, err = s.readDirectory(ctx, h); err != nil || read == nil {
			return nil, err
		}
	}
	return read.contents.Listings, nil
}

// listing looks a project up in the directory's template; a model.NotFoundProject or model.NotFoundDirectory error when it is not there.
func (s *Service) listing(ctx context.Context, h *hub, name string) (*model.Listing, error) {
	read, err := s.readDirectory(ctx, h)
	if err != nil {
		return nil, err
	}
	if read == nil {
		return nil, &model.NotFoundError{Kind: model.NotFoundDirectory, Project: name}
	}
	for _, listing := range read.contents.Listings {
		if listing.Name == name {
			return &listing, nil
		}
	}
	unknown := &model.NotFoundError{Kind: model.NotFoundProject, Project: name}
	if read.doubtful {
		return nil, &staleDirectoryError{unknown}
	}
	s.missed(read.contents.Listings)
	return nil, unknown
}

// staleDirectoryError says that a project was looked up in a template of the directory that may be stale.
type staleDirectoryError struct{ error }

func (e *staleDirectoryError) Unwrap() error { return e.error }

// readDirectory reads the directory's template; nil without an error for a hub that has never held a project. It returns a
// ErrDirectoryLost error when the mirror lists projects although there is no stack.
func (s *Service) readDirectory(ctx context.Context, h *hub) (*shardRead, error) {
	var since time.Time
	for {
		read, err := s.readTemplate(ctx, h, h.directory)
		if err != nil {
			return nil, fmt.Errorf("reading the directory of projects: %w", err)
		}
		if read != nil {
			return read, nil
		}
		// The first project may just have been created, so that the mirror already has what CloudFormation does not show yet.
		listed, err := s.listed(ctx, h)
		switch {
		case err != nil:
			return nil, err
		case listed == 0:
			return nil, nil //nolint:nilnil // no directory and no error: the hub is new
		case since.IsZero():
			since = time.Now()
		case time.Since(since) >= cfn.StalePatience:
			return nil, h.error(directoryLost(listed))
		}
		timer := time.NewTimer(commit.BusyPause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		case <-timer.C:
		}
	}
}

// listed is the number of projects that the mirror's copy of the directory lists.
func (s *Service) listed(ctx context.Context, h *hub) (int, error) {
	snapshot, err := h.table.ReadWithin(ctx, directoryName, mirrorBound)
	if err != nil {
		return 0, h.error(fmt.Errorf("the hub has no stack %s, and whether it lost it cannot be determined: %w", directoryStack, err))
	}
	if body := snapshot.Bodies[0]; body != nil {
		return len(body.Contents.Listings), nil
	}
	return 0, nil
}

// enter enters a project into the directory, unless it is there already, or its names could collide with another project's.
func (s *Service) enter(ctx context.Context, h *hub, listing model.Listing) error {
	read, err := s.readDirectory(ctx, h)
	if err != nil {
		return err
	}
	if read != nil {
		for _, other := range read.contents.Listings {
			switch {
			case other == listing:
				return nil // what stands in the project's own stack decides whether it exists
			case other.Name == listing.Name:
				return &model.ConflictError{Kind: model.ConflictExists, ID: model.ID{Kind: model.KindProject, Name: listing.Name}}
			case other.AccountID == listing.AccountID && model.NamesCollide(other.Name, listing.Name):
				return namesCollide(listing, other)
			}
		}
	}
	err = s.commit(ctx, h.directory, template.Change{Op: template.Create, Entity: listing, Origin: s.config.Origin})
	var exists *model.ConflictError
	if errors.As(err, &exists) && exists.Kind == model.ConflictExists { // since it was read
		return &model.ConflictError{Kind: model.ConflictExists, ID: model.ID{Kind: model.KindProject, Name: listing.Name}, Origin: exists.Origin}
	}
	return err
}

// missingTable is the *HubError for a table that does not exist; nil for any other error.
func (h *hub) missingTable(err error) error {
	if !model.IsNotFound(err, model.NotFoundTable) {
		return nil
	}
	return h.error(badHubSettings("table", fmt.Sprintf("the DynamoDB table %q does not exist in %s", h.settings.Table, h.at)))
}

// error makes an error with the hub a *HubError.
func (h *hub) error(err error) error {
	return &HubError{Hub: h.name, Parameter: hubParameter(h.name), At: h.at, Err: err}
}
