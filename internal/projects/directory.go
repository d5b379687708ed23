package projects

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	smithytime "github.com/aws/smithy-go/time"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/stack"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// directoryName is the mirror's partition of the directory, a name that no project can have.
const directoryName = "directory"

// directory is the directory of projects: a stack of the hub. It is created with the first project
// and never deleted. Its handle is that of a project with one stack, which holds entries and no
// project.
//
// A hub without a directory stack is either new or wrong: another account's, or one whose directory
// was deleted by hand. DescribeStacks can't distinguish them, and mistaking the second for the
// first loses every project. The mirror can: it keeps the entries after the stack is deleted. A
// project that is already managed cannot be in a new hub (model.NotFoundDirectory).
type directory struct {
	project *project
	shard   *shard

	mu     sync.Mutex // guards lookup
	lookup lookup
}

func newDirectory(hub *hub, account *awsclient.Account) *directory {
	proj := newProject(hub, directoryName)
	env := template.Env{
		Project: directoryName, AccountID: hub.settings.AccountID, Region: hub.settings.Region,
		Partition: hub.config.Clients.Partition(),
	}
	sh := &shard{project: proj, env: env, account: account}
	sh.attach(stack.Config{
		Config: commit.Config{
			Stack: directoryStack, RevisionMarkerName: "/stowage/" + directoryName + "/revision", Create: true,
			Description: "The directory of Stowage's projects",
		},
		TemplateBucket: hub.settings.TemplateBucket,
	})
	return &directory{project: proj, shard: proj.keep(sh)}
}

// list returns the directory, sorted by name, according to the read mode.
func (dir *directory) list(ctx context.Context) ([]model.DirectoryEntry, error) {
	snapshot, err := dir.project.hub.mirrored(ctx, directoryName)
	if err != nil {
		return nil, err
	}
	read, err := dir.shard.read(ctx, snapshot)
	if err != nil {
		return nil, err
	}
	if read == nil {
		if read, err = dir.read(ctx); err != nil || read == nil {
			return nil, err
		}
	}
	return read.contents.DirectoryEntries, nil
}

// entry returns a project's entry in the directory's template, or a model.NotFoundProject or
// model.NotFoundDirectory error.
func (dir *directory) entry(ctx context.Context, name string) (*model.DirectoryEntry, error) {
	read, err := dir.read(ctx)
	if err != nil {
		return nil, err
	}
	if read == nil {
		return nil, &model.NotFoundError{Kind: model.NotFoundDirectory, Project: name}
	}
	for _, entry := range read.contents.DirectoryEntries {
		if entry.Name == name {
			return &entry, nil
		}
	}
	unknown := &model.NotFoundError{Kind: model.NotFoundProject, Project: name}
	if read.maybeStale {
		return nil, &staleDirectoryError{unknown}
	}
	dir.missed(read.contents.DirectoryEntries)
	return nil, unknown
}

// staleDirectoryError is returned when a project is missing from a directory template that may be
// stale.
type staleDirectoryError struct{ error }

func (e *staleDirectoryError) Unwrap() error { return e.error }

// read reads the directory's template; nil without an error for a hub that has never held a
// project. It returns an ErrDirectoryLost error when the mirror lists projects although there is no
// stack.
func (dir *directory) read(ctx context.Context) (*shardRead, error) {
	var since time.Time
	for {
		read, err := dir.shard.readTemplate(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading the directory of projects: %w", err)
		}
		if read != nil {
			return read, nil
		}
		// The first project may just have been created: then the mirror has what CloudFormation
		// does not show yet.
		listed, err := dir.listed(ctx)
		switch {
		case err != nil:
			return nil, err
		case listed == 0:
			return nil, nil //nolint:nilnil // no directory and no error: the hub is new
		case since.IsZero():
			since = time.Now()
		case time.Since(since) >= cfn.StalePatience:
			return nil, dir.project.hub.error(directoryLost(listed))
		}
		if err := smithytime.SleepWithContext(ctx, commit.BusyPause); err != nil {
			return nil, err
		}
	}
}

// listed returns the number of projects in the mirror's copy of the directory.
func (dir *directory) listed(ctx context.Context) (int, error) {
	hub := dir.project.hub
	snapshot, err := hub.table.ReadWithin(ctx, directoryName, mirrorBound)
	if err != nil {
		return 0, hub.error(
			fmt.Errorf("the hub has no stack %s, and whether it lost it cannot be determined: %w", directoryStack, err),
		)
	}
	if body := snapshot.Bodies[0]; body != nil {
		return len(body.Contents.DirectoryEntries), nil
	}
	return 0, nil
}

// register adds a project to the directory, unless it is listed already or its names could collide
// with another project's.
func (dir *directory) register(ctx context.Context, entry model.DirectoryEntry) error {
	read, err := dir.read(ctx)
	if err != nil {
		return err
	}
	if read != nil {
		for _, other := range read.contents.DirectoryEntries {
			switch {
			case other == entry:
				return nil // the project's own stack decides whether the project exists
			case other.Name == entry.Name:
				return &model.ConflictError{Kind: model.ConflictExists, ID: model.ID{Kind: model.KindProject, Name: entry.Name}}
			case other.AccountID == entry.AccountID && model.NamesCollide(other.Name, entry.Name):
				return namesCollide(entry, other)
			}
		}
	}
	change := template.Change{Op: template.Create, Entity: entry, Origin: dir.project.hub.config.Origin}
	err = dir.shard.commit(ctx, change)
	var exists *model.ConflictError
	if errors.As(err, &exists) && exists.Kind == model.ConflictExists { // since the directory was read
		return &model.ConflictError{
			Kind: model.ConflictExists, ID: model.ID{Kind: model.KindProject, Name: entry.Name},
			Origin: exists.Origin,
		}
	}
	return err
}

// remove removes a project from the directory.
func (dir *directory) remove(ctx context.Context, entry model.DirectoryEntry) error {
	return dir.shard.commit(ctx, template.Change{Op: template.Delete, Entity: entry})
}
