package projects

import (
	"context"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Config identifies the hub and configures how its projects are accessed.
type Config struct {
	Clients *awsclient.Clients
	// Hub is the hub's name: its settings are in the SSM parameter /stowage/hub/<name> of the
	// provider's account.
	Hub string
	// RoleName is the role to assume in the projects' accounts; "" for the provider's own
	// credentials.
	RoleName string
	ReadMode ReadMode
	// Origin identifies the configuration that creates entities; "" for none.
	Origin string
	// Run identifies the run that makes the changes (the HCP Terraform run, else ""), for web
	// clients.
	Run string
	// Writer is unique for the process: letters, digits and hyphens.
	Writer string
	// Budget is how much of its limits a stack may use before another is added; zero means
	// template.Budget(). Tests use smaller stacks.
	Budget template.Usage
	// Log writes a message for operators, Warn a warning; nil for none.
	Log, Warn func(ctx context.Context, message string, fields map[string]any)
}

// Service reads and changes projects. It is safe for concurrent use. Its parts do the work; see
// doc.go.
type Service struct {
	process      *process
	registry     *registry
	reader       *reader
	writer       *writer
	lifecycle    *lifecycle
	synchronizer *Synchronizer
}

// New returns a Service. It makes no call: the hub's settings are read when they are first needed.
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

// HubHealth is a hub and what its relay recorded about itself.
type HubHealth struct {
	Name      string
	Location  HubLocation
	TableName string
	Relay     *mirror.Health // nil if the relay has not run yet
}

// Health reads what the hub's relay recorded about itself, with one Query.
func (s *Service) Health(ctx context.Context) (*HubHealth, error) {
	hub, err := s.registry.open(ctx)
	if err != nil {
		return nil, err
	}
	health, err := hub.table.Health(ctx)
	if missing := hub.missingTable(err); missing != nil {
		return nil, missing
	}
	if err != nil {
		return nil, err
	}
	return &HubHealth{Name: hub.name, Location: hub.at, TableName: hub.settings.Table, Relay: health}, nil
}

// List returns the directory of projects, sorted by name.
func (s *Service) List(ctx context.Context) ([]model.DirectoryEntry, error) {
	hub, err := s.registry.open(ctx)
	if err != nil {
		return nil, err
	}
	return hub.directory.list(ctx)
}

// Read returns a project according to the read mode. It returns a model.NotFoundProject error when
// the directory has no such project, and a model.NotFoundStack error when only its stack is
// missing.
func (s *Service) Read(ctx context.Context, name string) (*View, error) {
	return s.reader.read(ctx, name)
}

// WriteOptions identify the caller of a write.
type WriteOptions struct {
	// Held reports whether the caller holds Incarnation. A caller that keeps no state creates with
	// a new incarnation, and changes or deletes an entity of any incarnation.
	Held        bool
	Incarnation string
	// Prior is the entity that the caller knows before an update; nil to replace all settings.
	Prior model.Entity
	// Repair makes an update repair the drift of the entity in AWS, too.
	Repair bool
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

// incarnation returns that of a new entity.
func (o WriteOptions) incarnation() string {
	if o.Held {
		return o.Incarnation
	}
	return NewIncarnation()
}

// held returns the incarnation that the caller holds; nil for any.
func (o WriteOptions) held() *string {
	if o.Held {
		return &o.Incarnation
	}
	return nil
}

// Create adds a bucket, user or permission to a project. An entity that another resource of this
// process has created is refused with a model.ConflictDuplicate error. A project whose stacks have
// no room for it gets another stack.
func (s *Service) Create(ctx context.Context, project string, e model.Entity, options ...WriteOption) error {
	return s.writer.change(ctx, project, template.Change{
		Op: template.Create, Entity: e, Incarnation: optionsOf(options).incarnation(),
	})
}

// Update changes the settings of a bucket, user or permission. A user whose slot gets another key
// is written in two commits: the first empties the slot. A failure between the two appears in the
// next plan, which resumes.
func (s *Service) Update(ctx context.Context, project string, e model.Entity, options ...WriteOption) error {
	o := optionsOf(options)
	change := template.Change{
		Op: template.Update, Entity: e, Prior: o.Prior, Incarnation: o.Incarnation, AnyIncarnation: !o.Held,
	}
	if o.Repair {
		return s.writer.repair(ctx, project, change)
	}
	return s.writer.update(ctx, project, change)
}

// Delete removes a bucket, user or permission. A missing entity counts as deleted; if that is
// uncertain, Delete returns a *commit.StaleTemplateError. A bucket's data is treated according to
// on_delete in the model: with "refuse" a bucket that is not empty is an *account.NotEmptyError.
//
// A bucket is deleted before it is removed from the model. S3 refuses to delete a bucket that
// received data meanwhile, and then nothing has changed. The commit retains the bucket, so it
// touches nothing. After a crash in between, delete again.
func (s *Service) Delete(ctx context.Context, project string, id model.ID, options ...WriteOption) error {
	return s.writer.delete(ctx, project, id, optionsOf(options).held())
}

// CreateProject adds a project to the directory and creates its stack with the key and buckets that
// its entities share. It takes over a directory entry without a stack, which an interrupted
// creation leaves.
func (s *Service) CreateProject(ctx context.Context, p model.Project, options ...WriteOption) error {
	return s.lifecycle.create(ctx, p, optionsOf(options).incarnation())
}

// UpdateProject changes a project's settings, except its account, region and role.
func (s *Service) UpdateProject(ctx context.Context, p model.Project, options ...WriteOption) error {
	o := optionsOf(options)
	change := template.Change{Entity: p, Prior: o.Prior, Incarnation: o.Incarnation, AnyIncarnation: !o.Held}
	if o.Repair {
		return s.lifecycle.repair(ctx, change)
	}
	return s.lifecycle.update(ctx, change)
}

// DeleteProject deletes an empty project, and its log bucket and key according to on_delete. A
// missing project counts as deleted.
func (s *Service) DeleteProject(ctx context.Context, name string, options ...WriteOption) error {
	return s.lifecycle.delete(ctx, name, optionsOf(options).held())
}

// TakesOver reports whether creating an entity takes over the one in a view.
func (s *Service) TakesOver(view *View, e model.Entity) bool {
	return view.Contents.TakesOver(e, s.process.config.Origin)
}

// AccessBlock holds the account-level settings of S3 Block Public Access.
type AccessBlock = account.AccessBlock

// AccessBlock reads the account-level settings of S3 Block Public Access for a project. It costs
// one call each time.
func (s *Service) AccessBlock(ctx context.Context, p model.Project) (AccessBlock, error) {
	reached, err := s.process.account(ctx, p.AccountID, p.Region)
	if err != nil {
		return AccessBlock{}, err
	}
	return readAccessBlock(ctx, reached)
}

// AccessKey is an access key of a user, with its secret.
type AccessKey = account.AccessKey

// Credentials reads the current access key of a user, in the account of its secret's ARN. It stores
// nothing. It returns ErrSecretARN, account.ErrNotAnAccessKey and wrapped errors of the SDK.
func (s *Service) Credentials(ctx context.Context, secretARN string) (AccessKey, error) {
	return s.process.credentials(ctx, secretARN)
}

// Warnings returns the warnings since the last call. Each warning is returned once, to one caller.
func (s *Service) Warnings() []Warning { return s.process.warnings.take() }

// Synchronizer returns the part that keeps the mirror and web clients up to date, for the relay.
func (s *Service) Synchronizer() *Synchronizer { return s.synchronizer }
