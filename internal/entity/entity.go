package entity

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/hubs"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// Projects is what Terraform objects need of projects; package projects implements it. All methods
// are safe for concurrent use. A write that returns nil is in the template. One that fails is not,
// except with a *commit.OutcomeUnknownError.
type Projects interface {
	// Read returns the current project, or a model.NotFoundProject error if the directory was read
	// and does not have it.
	Read(ctx context.Context, project string) (*projects.View, error)
	// Hub returns the account and region of the hub.
	Hub(ctx context.Context) (projects.HubLocation, error)
	// Health returns the hub and what its relay recorded about itself.
	Health(ctx context.Context) (*projects.HubHealth, error)
	// List returns the directory.
	List(ctx context.Context) ([]model.DirectoryEntry, error)

	// Create creates an entity with a new incarnation, or takes over the one reported by TakesOver.
	Create(ctx context.Context, project string, e model.Entity, options ...projects.WriteOption) error
	// Update applies the change from the prior entity of the plan to e. It returns a
	// *model.FieldConflictError for fields that another writer has changed since, and a
	// model.ConflictOwner error for another incarnation.
	Update(ctx context.Context, project string, e model.Entity, options ...projects.WriteOption) error
	// Existing reads a bucket of the project's account that is to be adopted under a name, or
	// returns why it cannot be.
	Existing(ctx context.Context, project, name, bucket string) (*projects.ExistingBucket, error)
	// Unmanaged returns the buckets in the account and region of a project that belong to no project.
	Unmanaged(ctx context.Context, project string) ([]string, error)
	// Adopt brings it into the project and makes it what the plan says.
	Adopt(ctx context.Context, project string, a projects.Adoption) error
	// Delete removes an entity as the template's on_delete demands. It succeeds if the entity is
	// gone, and returns a model.ConflictOwner error for another incarnation.
	Delete(ctx context.Context, project string, id model.ID, options ...projects.WriteOption) error

	CreateProject(ctx context.Context, p model.Project, options ...projects.WriteOption) error
	UpdateProject(ctx context.Context, p model.Project, options ...projects.WriteOption) error
	DeleteProject(ctx context.Context, name string, options ...projects.WriteOption) error

	// TakesOver reports whether creating an entity takes over the one in a view.
	TakesOver(view *projects.View, e model.Entity) bool

	// AccessBlock reads what S3 blocks for a project's whole account.
	AccessBlock(ctx context.Context, p model.Project) (projects.AccessBlock, error)

	// Credentials reads a user's current access key from its secret.
	Credentials(ctx context.Context, secretARN string) (projects.AccessKey, error)

	// CheckDrift compares a project with AWS, once per process. Reads then have the result.
	CheckDrift(ctx context.Context, project string) error
	// DetectDrift compares a project with AWS now. progress gets a line for each step.
	DetectDrift(ctx context.Context, project string, progress func(string)) ([]projects.StackDrift, error)

	// MissingKeys returns the slots of a user whose access keys no longer exist in IAM.
	MissingKeys(ctx context.Context, project, user string) ([]model.Slot, error)

	// Warnings returns each warning for writers once, although nothing failed.
	Warnings() []projects.Warning
}

// Hubs is what the resource of hubs needs; package hubs implements it. All methods are safe for
// concurrent use.
type Hubs interface {
	// Read returns a hub, or a *hubs.NotFoundError.
	Read(ctx context.Context, name string) (*hubs.Hub, error)
	// Create creates a hub, or completes an interrupted creation. It returns a *hubs.ExistsError for
	// a name in use.
	Create(ctx context.Context, settings hub.Settings, p hubs.Package) (*hubs.Hub, error)
	// Update changes a hub to the settings and the package. It returns a *hubs.DowngradeError for an
	// older package, unless allowed.
	Update(ctx context.Context, settings hub.Settings, p hubs.Package, allowDowngrade bool) (*hubs.Hub, error)
	// Delete deletes a hub. It returns a *hubs.HoldsProjectsError for one that holds projects.
	Delete(ctx context.Context, name string) error
}

// Services is what the provider block passes to every object.
type Services struct {
	Projects Projects
	Hubs     Hubs
	// Region is the provider's region, the default of projects.
	Region string
	// RoleName is the role to assume in a project's account; "" for the provider's own credentials.
	RoleName    string
	DefaultTags map[string]string
	IgnoreTags  IgnoreTags
	// CommitTimeout limits a create, update or delete of an object without timeouts; 0 means
	// DefaultTimeout.
	CommitTimeout time.Duration
	// DetectDrift makes the first read of each project compare it with AWS.
	DetectDrift bool
	// NewIncarnation draws the incarnation of a new object; nil for random ones.
	NewIncarnation func() string

	claims *claims // nil: duplicate resources are not detected
}

// NewWalk returns a copy for one walk of Terraform, without any plans.
func (s *Services) NewWalk() *Services {
	return &Services{
		Projects: s.Projects, Hubs: s.Hubs, Region: s.Region, RoleName: s.RoleName,
		DefaultTags: s.DefaultTags, IgnoreTags: s.IgnoreTags,
		CommitTimeout: s.CommitTimeout, DetectDrift: s.DetectDrift, NewIncarnation: s.NewIncarnation, claims: &claims{},
	}
}

// services returns the data that Terraform passes to a Configure method; nil before the provider is
// configured.
func services(data any, diags *diag.Diagnostics) *Services {
	if data == nil {
		return nil
	}
	s, ok := data.(*Services)
	if !ok {
		diags.AddError(
			"Unexpected Provider Data",
			fmt.Sprintf(
				"The object got a %T from the provider, not its services. This is a bug in the provider, please report it.",
				data,
			),
		)
	}
	return s
}

// IdentityAttribute is one attribute of an identity. Import IDs join the parts with slashes.
type IdentityAttribute struct {
	Name        string
	Description string
	// Optional parts are last and may contain slashes.
	Optional bool
}

// Object describes one Terraform object. M is its model: a struct that embeds Common, Timed if the
// object has timeouts, and Tagged if the entity has tags.
type Object[M any] struct {
	// Name is the type's name without the provider's prefix: project_bucket.
	Name string
	// Title is the name in summaries of diagnostics: Project Bucket.
	Title string
	// Kind is the kind of the entity.
	Kind        model.Kind
	Description string
	// Attributes are the attributes that the envelope does not add.
	Attributes map[string]schema.Attribute
	// Identity lists the attributes that identify an entity; the first is the project's name.
	Identity []IdentityAttribute
	// Replaces lists the other attributes that cannot be changed in place.
	Replaces []string

	// Entity converts any model to an entity; unknown and null values become zero values. tags are
	// the entity's tags, with those of the provider.
	Entity func(ctx context.Context, s *Services, m *M, tags map[string]string) (model.Entity, diag.Diagnostics)
	// Plan sets the computed attributes of p.Plan.
	Plan func(ctx context.Context, p *PlanRequest[M]) diag.Diagnostics
	// NeedsUpdate reports whether time alone requires a change of an entity; nil if it never does.
	// This is evaluated when the entity is read, and stored with the state, so planning again
	// during the apply has the same result.
	NeedsUpdate func(e model.Entity, now time.Time) bool
	// Adoption is how existing entities come in; nil: they cannot.
	Adoption *Adoption[M]
	// FromEntity sets all attributes of the object from an entity of the viewed project. m holds the
	// previously written values, or after an import the identity alone.
	FromEntity func(ctx context.Context, m *M, view *projects.View, e model.Entity) diag.Diagnostics
}

// PlanRequest is a plan for one object.
type PlanRequest[M any] struct {
	Services *Services
	Config   *M
	Plan     *M
	// State is the current state; nil when the object is created.
	State *M
	// Replaced lists the attributes whose change replaces the object. Terraform then plans again,
	// without State.
	Replaced []string
	// Replaces is set for the second plan of a replacement, which has no State.
	Replaces bool
	// Moved is set when a moved block brought the state from another provider. State then has the
	// settings of the entity that exists, which Terraform does not know.
	Moved bool
	// AsOf is when a change was found to be due; the zero time if none is.
	AsOf time.Time
	// View is the current project; nil if it does not exist or its name is unknown.
	View *projects.View
}

// InPlace reports whether the plan updates the existing object, or changes nothing. Computed
// attributes that never change then keep their values.
func (p *PlanRequest[M]) InPlace() bool { return p.State != nil && len(p.Replaced) == 0 }

// Common has the attributes of every object. Models embed it.
type Common struct {
	ID types.String `tfsdk:"id"`
	// Drift lists, one per line, the differences from what the provider created; null if there are
	// none.
	Drift types.String `tfsdk:"drift"`
	// Incarnation is that of the entity that the object created: see ownership.go.
	Incarnation types.String `tfsdk:"incarnation"`
}

func (c *Common) common() *Common { return c }

// Model is a pointer to the model of an object.
type Model[M any] interface {
	*M
	common() *Common
}
