package entity

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// Projects is what Terraform objects need of the projects: package projects implements it. All methods are safe for concurrent
// use. A write that returns nil is in the template; one that fails, but with a *commit.OutcomeUnknownError, is not.
type Projects interface {
	// Read returns a project as it stands, or a model.NotFoundProject error if the directory was read and doesn't have it.
	Read(ctx context.Context, project string) (*projects.View, error)
	// Hub returns the account and region of the hub.
	Hub(ctx context.Context) (projects.HubLocation, error)
	// List returns the directory.
	List(ctx context.Context) ([]model.Listing, error)

	// Create creates an entity with a new incarnation, or takes over the one that TakesOver reports.
	Create(ctx context.Context, project string, e model.Entity, options ...projects.WriteOption) error
	// Update makes the change from the prior entity, which the plan was made from, to e. It returns a *model.FieldConflictError for
	// what another writer has changed since, and a model.ConflictOwner error for another incarnation.
	Update(ctx context.Context, project string, e model.Entity, options ...projects.WriteOption) error
	// Delete removes an entity; one that is gone is no error, another incarnation is a model.ConflictOwner error. It honours
	// on_delete as the template has it.
	Delete(ctx context.Context, project string, id model.ID, options ...projects.WriteOption) error

	CreateProject(ctx context.Context, p model.Project, options ...projects.WriteOption) error
	UpdateProject(ctx context.Context, p model.Project, options ...projects.WriteOption) error
	DeleteProject(ctx context.Context, name string, options ...projects.WriteOption) error

	// TakesOver reports whether creating an entity takes over the one that a view shows.
	TakesOver(view *projects.View, e model.Entity) bool

	// AccessBlock reads what S3 blocks for the account of a project as a whole.
	AccessBlock(ctx context.Context, p model.Project) (projects.AccessBlock, error)

	// Credentials reads the current access key of a user from its secret.
	Credentials(ctx context.Context, secretARN string) (projects.AccessKey, error)

	// Warnings returns what writers should hear of although nothing failed, each warning once.
	Warnings() []projects.Warning
}

// Services is what the provider block hands to every object.
type Services struct {
	Projects Projects
	// Region is the provider's, for projects that don't name one.
	Region string
	// RoleName is the role that is assumed in a project's account; "" for the provider's own credentials.
	RoleName    string
	DefaultTags map[string]string
	IgnoreTags  IgnoreTags
	// CommitTimeout limits a create, update or delete whose object sets no timeout; 0 means DefaultTimeout.
	CommitTimeout time.Duration
	// NewIncarnation draws the incarnation of a new object; nil: at random.
	NewIncarnation func() string

	claims *claims // nil: nobody looks for two resources of one name
}

// NewWalk is a copy for one walk of Terraform, in which nothing is planned yet.
func (s *Services) NewWalk() *Services {
	return &Services{
		Projects: s.Projects, Region: s.Region, RoleName: s.RoleName, DefaultTags: s.DefaultTags, IgnoreTags: s.IgnoreTags,
		CommitTimeout: s.CommitTimeout, NewIncarnation: s.NewIncarnation, claims: &claims{},
	}
}

// services is the data that Terraform hands to a Configure method; nil before the provider is configured.
func services(data any, diags *diag.Diagnostics) *Services {
	if data == nil {
		return nil
	}
	s, ok := data.(*Services)
	if !ok {
		diags.AddError("Unexpected Provider Data", fmt.Sprintf("The object got a %T from the provider, not its services. This is a bug in the provider, please report it.", data))
	}
	return s
}

// Part is one attribute of an identity. Import ids are the parts, with slashes between them.
type Part struct {
	Name        string
	Description string
	// Optional parts are last, and may hold slashes.
	Optional bool
}

// Object describes one Terraform object. M is its model: a struct that embeds Common, Timed if the object has timeouts, and
// Tagged if the entity has tags.
type Object[M any] struct {
	// Name is the type's name without the provider's: project_bucket.
	Name string
	// Title is the name in summaries of diagnostics: Project Bucket.
	Title string
	// Kind is that of the entity.
	Kind        model.Kind
	Description string
	// Attributes are those that the envelope doesn't add.
	Attributes map[string]schema.Attribute
	// Identity are the attributes that identify an entity; the first is the project's name.
	Identity []Part
	// Replaces are the other attributes that can't be changed in place.
	Replaces []string

	// Entity turns a model into the entity. Values that are unknown or null come out as zero values, so it must do with any
	// model; tags are the entity's tags, those of the provider included.
	Entity func(ctx context.Context, s *Services, m *M, tags map[string]string) (model.Entity, diag.Diagnostics)
	// Plan sets the computed attributes of p.Plan.
	Plan func(ctx context.Context, p *Planning[M]) diag.Diagnostics
	// Due says whether anything of an entity is to change by the mere passing of time; nil: nothing ever is. What is due is
	// found when the entity is read, and kept with the state: so planning it again, while it is applied, finds the same.
	Due func(e model.Entity, now time.Time) bool
	// Fill sets all attributes that are the object's own from an entity of the viewed project. What m holds is how the values
	// were written before, if they were; after an import it holds the identity alone.
	Fill func(ctx context.Context, m *M, view *projects.View, e model.Entity) diag.Diagnostics
}

// Planning is a plan for one object.
type Planning[M any] struct {
	Services *Services
	Config   *M
	Plan     *M
	// State is what stands; nil when it is created.
	State *M
	// Replaced are the attributes whose change replaces the object. Terraform then plans again, with no State.
	Replaced []string
	// Replaces says of a plan with no State that it is the second one of a replacement.
	Replaces bool
	// AsOf is when it was found that something is due; the zero time when nothing is.
	AsOf time.Time
	// View is the project as it stands; nil when it is not there yet, or its name is not known yet.
	View *projects.View
}

// InPlace says whether the plan changes what stands, or nothing: computed attributes that never change keep their values.
func (p *Planning[M]) InPlace() bool { return p.State != nil && len(p.Replaced) == 0 }

// Common are the attributes that every object has. Models embed it.
type Common struct {
	ID types.String `tfsdk:"id"`
	// Drift lists, one per line, how the object differs from what the provider made; null when it does not.
	Drift types.String `tfsdk:"drift"`
	// Incarnation is that of the entity which the object has created: see ownership.go.
	Incarnation types.String `tfsdk:"incarnation"`
}

func (c *Common) common() *Common { return c }

// Model is a pointer to the model of an object.
type Model[M any] interface {
	*M
	common() *Common
}
