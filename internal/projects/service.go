package projects

import (
	"context"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Config says whose projects they are and how they are reached.
type Config struct {
	Clients *awsclient.Clients
	// Hub is the hub's name: its settings are in the SSM parameter /stowage/hub/<name> of the provider's own account.
	Hub string
	// RoleName is the role that is assumed in the projects' accounts; "" for the provider's own credentials.
	RoleName string
	ReadMode ReadMode
	// Origin marks what this configuration creates; "" for none.
	Origin string
	// Run says which run makes the changes (the HCP Terraform run, else ""), for those who watch.
	Run string
	// Writer is unique for the process: letters, digits and hyphens.
	Writer string
	// Budget is how much of its limits a stack may use before the next one is opened; the zero value stands for
	// template.Budget(). Smaller stacks let tests come to several of them.
	Budget template.Usage
	// Log writes a line for people who watch, Warn one that they should see; nil: none.
	Log, Warn func(ctx context.Context, message string, fields map[string]any)
}

// Service reads and changes projects. It is safe for concurrent use. Its parts do the work; see doc.go.
type Service struct {
	process      *process
	registry     *registry
	reader       *reader
	writer       *writer
	lifecycle    *lifecycle
	synchronizer *synchronizer
}

// New makes a Service. It calls nothing: the hub's settings are read when they are first needed.
func New(config Config) *Service {
	nothing := func(context.Context, string, map[string]any) {}
	if config.Log == nil {
		config.Log = nothing
	}
	if config.Warn == nil {
		config.Warn = config.Log
	}
	proc := &process{config: config}
	known := &registry{process: proc}
	read := &reader{known}
	return &Service{
		process: proc, registry: known, reader: read,
		writer:       &writer{registry: known, reader: read},
		lifecycle:    &lifecycle{registry: known, reader: read},
		synchronizer: &synchronizer{known},
	}
}

// Hub returns the account and region of the hub.
func (s *Service) Hub(ctx context.Context) (HubLocation, error) {
	hub, err := s.registry.open(ctx)
	if err != nil {
		return HubLocation{}, err
	}
	return hub.at, nil
}

// List returns the directory of projects, sorted by name.
func (s *Service) List(ctx context.Context) ([]model.Listing, error) {
	hub, err := s.registry.open(ctx)
	if err != nil {
		return nil, err
	}
	return hub.directory.list(ctx)
}

// Read returns a project as the read mode says. It returns a model.NotFoundProject error when the directory has no such project, and
// a model.NotFoundStack error when the directory has it and its account hasn't.
func (s *Service) Read(ctx context.Context, name string) (*View, error) {
	return s.reader.read(ctx, name)
}

// Create is CreateAs for a caller that keeps no state.
func (s *Service) Create(ctx context.Context, project string, e model.Entity) error {
	return s.CreateAs(ctx, project, e, NewIncarnation())
}

// CreateAs adds a bucket, user or permission to a project, as the holder of a new incarnation (template, Ownership). An entity
// that another resource of this process has created is refused with a model.ConflictDuplicate error. A project whose stacks have no room
// for it gets another stack.
func (s *Service) CreateAs(ctx context.Context, project string, e model.Entity, incarnation string) error {
	return s.writer.change(ctx, project, template.Change{Op: template.Create, Entity: e, Incarnation: incarnation})
}

// Update replaces the settings of a bucket, user or permission, whatever they are and whoever holds it.
func (s *Service) Update(ctx context.Context, project string, e model.Entity) error {
	return s.writer.change(ctx, project, template.Change{Op: template.Update, Entity: e, AnyIncarnation: true})
}

// UpdateAs makes the change from prior to planned, field by field, as the holder of an incarnation. Fields that are the same in
// both keep what another writer has set; one that another writer has changed, too, is a *model.ConflictError. Another
// incarnation is a model.ConflictOwner error. A user whose slot gets another key is written in two commits, of which the first
// empties the slot. A failure in between appears in the next plan, which resumes.
func (s *Service) UpdateAs(ctx context.Context, project string, prior, planned model.Entity, incarnation string) error {
	return s.writer.update(ctx, project, template.Change{
		Op: template.Update, Entity: planned, Prior: prior, Incarnation: incarnation,
	})
}

// Delete removes a bucket, user or permission; what is gone already counts as deleted, unless that is uncertain, which is a
// *commit.StaleTemplateError. A bucket's data is treated as its on_delete says, as it stands in the model: with "refuse" a bucket that holds
// anything is an *account.NotEmptyError.
//
// A bucket is deleted before the model forgets it. S3 refuses to delete one to which data came in the meantime, and then
// nothing has changed; the commit retains and so touches nothing. Whatever crash in between is mended by deleting again.
func (s *Service) Delete(ctx context.Context, project string, id model.ID) error {
	return s.writer.delete(ctx, project, id, nil)
}

// DeleteAs is Delete for the holder of an incarnation (package template, Ownership). An entity of another incarnation is left
// alone, with a model.ConflictOwner error.
func (s *Service) DeleteAs(ctx context.Context, project string, id model.ID, incarnation string) error {
	return s.writer.delete(ctx, project, id, &incarnation)
}

// CreateProject is CreateProjectAs for a caller that keeps no state.
func (s *Service) CreateProject(ctx context.Context, p model.Project) error {
	return s.CreateProjectAs(ctx, p, NewIncarnation())
}

// CreateProjectAs enters a project into the directory and makes its stack with the key and buckets that its entities share.
// A directory entry without a stack, as an interrupted creation leaves it, is taken over.
func (s *Service) CreateProjectAs(ctx context.Context, p model.Project, incarnation string) error {
	return s.lifecycle.create(ctx, p, incarnation)
}

// UpdateProject replaces a project's settings, whatever they are and whoever holds it.
func (s *Service) UpdateProject(ctx context.Context, p model.Project) error {
	return s.lifecycle.update(ctx, template.Change{Entity: p, AnyIncarnation: true})
}

// UpdateProjectAs makes the change from prior to planned as the holder of an incarnation, like UpdateAs.
func (s *Service) UpdateProjectAs(ctx context.Context, prior, planned model.Project, incarnation string) error {
	prior.RoleName, planned.RoleName = "", "" // it stays what it is
	return s.lifecycle.update(ctx, template.Change{Entity: planned, Prior: prior, Incarnation: incarnation})
}

// DeleteProject deletes a project in which nothing is left, with its log bucket and key as its on_delete says. A project that
// is gone already counts as deleted.
func (s *Service) DeleteProject(ctx context.Context, name string) error {
	return s.lifecycle.delete(ctx, name, nil)
}

// DeleteProjectAs is DeleteProject for the holder of an incarnation (package template, Ownership). A project of another
// incarnation is left alone, with a model.ConflictOwner error.
func (s *Service) DeleteProjectAs(ctx context.Context, name, incarnation string) error {
	return s.lifecycle.delete(ctx, name, &incarnation)
}

// TakesOver reports whether creating an entity takes over the one that a view shows.
func (s *Service) TakesOver(view *View, e model.Entity) bool {
	return view.Contents.TakesOver(e, s.process.config.Origin)
}

// AccessBlock is what S3 blocks for an account as a whole.
type AccessBlock = account.AccessBlock

// AccessBlock reads what S3 blocks for the account of a project as a whole. It costs one call each time.
func (s *Service) AccessBlock(ctx context.Context, p model.Project) (AccessBlock, error) {
	reached, err := s.process.account(ctx, p.AccountID, p.Region)
	if err != nil {
		return AccessBlock{}, err
	}
	return readAccessBlock(ctx, reached)
}

// AccessKey is an access key of a user, with its secret.
type AccessKey = account.AccessKey

// Credentials reads the current access key of a user, in the account that the ARN of its secret names. It keeps nothing. It returns
// ErrSecretARN, account.ErrNotAnAccessKey and wrapped errors of the SDK.
func (s *Service) Credentials(ctx context.Context, secretARN string) (AccessKey, error) {
	return s.process.credentials(ctx, secretARN)
}

// Warnings returns what has come up since it was called last. Each warning is returned once, to one caller.
func (s *Service) Warnings() []Warning { return s.process.warnings.take() }

// Live says how web clients are served.
func (s *Service) Live(ctx context.Context) (Live, error) {
	hub, err := s.registry.open(ctx)
	if err != nil {
		return Live{}, err
	}
	return Live{hub.table, hub.pusher}, nil
}

// Publish sends the events of a project, or of the directory, that nobody has sent yet to all that may see it. Clients that have gone are
// removed, those that don't read are left to catch up; both are no failures. Without a WebSocket API it does nothing.
//
// With nothing to send it takes one Query; else two more, a post for each client and 32 KB, and a write.
func (s *Service) Publish(ctx context.Context, project string) error {
	proj, err := s.registry.project(ctx, project)
	if err != nil {
		return err
	}
	return proj.publish(ctx, publishPatience)
}

// Refresh refreshes all stacks of a project; of the directory if name is mirror.Directory. changed says whether this brought the mirror
// forward. It returns a model.NotFoundProject error when neither mirror nor directory have the project.
func (s *Service) Refresh(ctx context.Context, name string) (changed bool, err error) {
	return s.synchronizer.refresh(ctx, name)
}

// RefreshStack refreshes one stack. It is what a notification of the stack leads to: the notification is a reason to look and tells
// nothing. Where the first stack shows that the project has grown, the new stacks are refreshed, too.
//
// It returns a model.NotFoundOwner error for a stack that belongs to no project, and a model.NotFoundProject error when there is no project of that name.
func (s *Service) RefreshStack(ctx context.Context, at StackAddress) (Refreshed, error) {
	return s.synchronizer.refreshStack(ctx, at)
}
