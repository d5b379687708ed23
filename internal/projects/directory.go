package projects

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// The directory of projects is a stack of the hub. It is created with the first project and never deleted.
//
// A hub without a directory stack is either new or wrong: another account's, or one whose directory was deleted by hand. The two look the
// same to DescribeStacks, and taking the second for the first loses every project. The mirror tells them apart: it keeps the listings after
// the stack is gone. A project that is managed already cannot be in a new hub (UnknownProjectError.NoDirectory).

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

// listing looks a project up in the directory's template; *UnknownProjectError when it isn't there.
func (s *Service) listing(ctx context.Context, h *hub, name string) (*model.Listing, error) {
	read, err := s.readDirectory(ctx, h)
	if err != nil {
		return nil, err
	}
	if read == nil {
		return nil, &UnknownProjectError{Project: name, NoDirectory: true}
	}
	for _, listing := range read.contents.Listings {
		if listing.Name == name {
			return &listing, nil
		}
	}
	unknown := &UnknownProjectError{Project: name}
	if read.doubtful {
		return nil, &staleDirectoryError{unknown}
	}
	return nil, unknown
}

// staleDirectoryError says that a project was looked up in a template of the directory that may be stale.
type staleDirectoryError struct{ error }

func (e *staleDirectoryError) Unwrap() error { return e.error }

// readDirectory reads the directory's template; nil without an error for a hub that has never held a project. It returns a
// *DirectoryMissingError when the mirror lists projects although there is no stack.
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
		case time.Since(since) >= commit.StalePatience:
			return nil, h.error(&DirectoryMissingError{Projects: listed})
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
				return &template.ExistsError{ID: model.ID{Kind: model.KindProject, Name: listing.Name}}
			case other.AccountID == listing.AccountID && model.NamesCollide(other.Name, listing.Name):
				return &CollisionError{listing.Name, other.Name, listing.AccountID}
			}
		}
	}
	err = s.commit(ctx, h.directory, template.Change{Op: template.Create, Entity: listing, Origin: s.config.Origin})
	var exists *template.ExistsError
	if errors.As(err, &exists) { // since it was read
		return &template.ExistsError{ID: model.ID{Kind: model.KindProject, Name: listing.Name}, Origin: exists.Origin}
	}
	return err
}

// UnknownProjectError is returned when the hub does not have a project.
type UnknownProjectError struct {
	Project string
	// NoDirectory says that the hub has no directory of projects: it has never held a project. To a caller that manages the project
	// already, the hub is the wrong one.
	NoDirectory bool
}

func (e *UnknownProjectError) Error() string {
	if e.NoDirectory {
		return fmt.Sprintf("the hub has no directory, so no project %q", e.Project)
	}
	return fmt.Sprintf("the directory has no project %q", e.Project)
}

// DirectoryMissingError is returned when the hub has lost the stack of its directory.
type DirectoryMissingError struct{ Projects int }

func (e *DirectoryMissingError) Error() string {
	return fmt.Sprintf("the stack %s does not exist, although the mirror lists %d projects", directoryStack, e.Projects)
}

// Explain implements model.Explainer.
func (e *DirectoryMissingError) Explain() model.Explanation {
	return model.Explanation{
		Cause: fmt.Sprintf("The hub has no stack %s, although its table lists %d projects: the stack was deleted.",
			directoryStack, e.Projects),
		Changed: model.ChangedNothing,
		Remedy: "Restore the stack from its last template, which CloudFormation keeps for 90 days: find its ID with aws cloudformation " +
			"list-stacks, read the template with aws cloudformation get-template --stack-name ID, and create the stack from it, " +
			"with the parameter Revision set to the value in the template's revision marker. If the projects are to be forgotten, " +
			"delete the item with pk DIRECTORY and sk BODY#0 from the hub's table.",
	}
}

// missingTable is the *HubError for a table that does not exist; nil for any other error.
func (h *hub) missingTable(err error) error {
	var missing *mirror.TableMissingError
	if !errors.As(err, &missing) {
		return nil
	}
	return h.error(&HubFieldError{"table", fmt.Sprintf("the DynamoDB table %q does not exist in %s", missing.Table, h.at)})
}

// error makes an error with the hub a *HubError.
func (h *hub) error(err error) error {
	return &HubError{Hub: h.name, Parameter: hubParameter(h.name), At: h.at, Err: err}
}
