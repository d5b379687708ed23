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
	synchronizer *Synchronizer
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
		synchronizer: &Synchronizer{known},
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

// WriteOptions say on whose behalf a write is made.
type WriteOptions struct {
	// Held is whether the caller holds Incarnation. A caller that keeps no state creates with a new
	// incarnation, and changes or deletes an entity of any incarnation.
	Held        bool
	Incarnation string
	// Prior is what the caller took an entity to be before an update; nil to replace all settings.
	Prior model.Entity
}

// WriteOption sets WriteOptions.
type WriteOption func(*WriteOptions)

// As makes a write as the holder of an incarnation (package template, Ownership). An update or
// deletion of another incarnation is refused with a model.ConflictOwner error.
func As(incarnation string) WriteOption {
	return func(o *WriteOptions) { o.Held, o.Incarnation = true, incarnation }
}

// From makes an update the difference between prior and the new settings, field by field. Fields
// that are the same in both keep what another writer has set. A field that another writer has
// changed, too, is a *model.ConflictError.
func From(prior model.Entity) WriteOption {
	return func(o *WriteOptions) { o.Prior = prior }
}

func optionsOf(options []WriteOption) WriteOptions {
	var o WriteOptions
	for _, set := range options {
		set(&o)
	}
	return o
}

// incarnation is that of a new entity.
func (o WriteOptions) incarnation() string {
	if o.Held {
		return o.Incarnation
	}
	return NewIncarnation()
}

// held is the incarnation that the caller holds; nil for any.
func (o WriteOptions) held() *string {
	if o.Held {
		return &o.Incarnation
	}
	return nil
}

// Create adds a bucket, user or permission to a project. An entity
// that another resource of this process has created is refused with a model.ConflictDuplicate error. A project whose stacks have no room
// for it gets another stack.
func (s *Service) Create(ctx context.Context, project string, e model.Entity, options ...WriteOption) error {
	return s.writer.change(ctx, project, template.Change{
		Op: template.Create, Entity: e, Incarnation: optionsOf(options).incarnation(),
	})
}

// Update changes the settings of a bucket, user or permission. A user whose slot gets another key is written in two commits, of which
// the first empties the slot. A failure in between appears in the next plan, which resumes.
func (s *Service) Update(ctx context.Context, project string, e model.Entity, options ...WriteOption) error {
	o := optionsOf(options)
	return s.writer.update(ctx, project, template.Change{
		Op: template.Update, Entity: e, Prior: o.Prior, Incarnation: o.Incarnation, AnyIncarnation: !o.Held,
	})
}

// Delete removes a bucket, user or permission; what is gone already counts as deleted, unless that is uncertain, which is a
// *commit.StaleTemplateError. A bucket's data is treated as its on_delete says, as it stands in the model: with "refuse" a bucket that holds
// anything is an *account.NotEmptyError.
//
// A bucket is deleted before the model forgets it. S3 refuses to delete one to which data came in the meantime, and then
// nothing has changed; the commit retains and so touches nothing. A crash in between is repaired by deleting again.
func (s *Service) Delete(ctx context.Context, project string, id model.ID, options ...WriteOption) error {
	return s.writer.delete(ctx, project, id, optionsOf(options).held())
}

// CreateProject enters a project into the directory and makes its stack with the key and buckets that its entities share.
// A directory entry without a stack, as an interrupted creation leaves it, is taken over.
func (s *Service) CreateProject(ctx context.Context, p model.Project, options ...WriteOption) error {
	return s.lifecycle.create(ctx, p, optionsOf(options).incarnation())
}

// UpdateProject changes a project's settings. Its account, region and role stay what they are.
func (s *Service) UpdateProject(ctx context.Context, p model.Project, options ...WriteOption) error {
	o := optionsOf(options)
	return s.lifecycle.update(ctx, template.Change{
		Entity: p, Prior: o.Prior, Incarnation: o.Incarnation, AnyIncarnation: !o.Held,
	})
}

// DeleteProject deletes a project in which nothing is left, with its log bucket and key as its on_delete says. A project that
// is gone already counts as deleted.
func (s *Service) DeleteProject(ctx context.Context, name string, options ...WriteOption) error {
	return s.lifecycle.delete(ctx, name, optionsOf(options).held())
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

// Synchronizer returns the part that keeps the mirror and web clients up to date, for the relay.
func (s *Service) Synchronizer() *Synchronizer { return s.synchronizer }
