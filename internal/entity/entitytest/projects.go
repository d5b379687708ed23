// Package entitytest lets tests act on Terraform objects as Terraform does, over the provider
// protocol and without AWS. Projects keeps projects in memory; Terraform plans, applies, reads and
// imports.
package entitytest

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Projects keeps each project in memory as a template, so its errors are the real ones.
type Projects struct {
	// Origin is the origin of created entities.
	Origin string
	// Fail is called before each call with the method's name. Its error becomes the call's. Nil:
	// nothing fails.
	Fail func(ctx context.Context, method string) error
	// Location is the location of the hub.
	Location projects.HubLocation
	// Relay is what the hub's relay recorded about itself; nil for nothing.
	Relay *mirror.Health
	// Exist are the buckets of the account that are not in the project, by physical name.
	Exist map[string]*template.Live
	// Missing are the slots whose access keys no longer exist, by user.
	Missing map[string][]model.Slot
	// Drifted is the drift in AWS, which a repair removes.
	Drifted map[model.ID][]template.LiveDifference
	// Pending are the warnings that the next call of Warnings returns.
	Pending []projects.Warning

	mu        sync.Mutex // protects the fields below
	templates map[string]*template.Template
	envs      map[string]template.Env
	written   []model.Entity
}

var _ entity.Projects = (*Projects)(nil)

// NewProjects returns projects with one project, acme, without entities.
func NewProjects() *Projects {
	p := &Projects{templates: map[string]*template.Template{}, envs: map[string]template.Env{}, Origin: "test"}
	p.Location = projects.HubLocation{AccountID: "000000000000", Region: "eu-west-1"}
	acme := model.Project{Name: "acme", AccountID: "111122223333", Region: "eu-west-1", OnDelete: model.Refuse}
	if err := p.CreateProject(context.Background(), acme); err != nil {
		panic("entitytest: " + err.Error())
	}
	p.written = nil
	return p
}

func (p *Projects) begin(ctx context.Context, method string) error {
	if p.Fail != nil {
		return p.Fail(ctx, method)
	}
	return nil
}

// Read implements entity.Projects.
func (p *Projects) Read(ctx context.Context, project string) (*projects.View, error) {
	if err := p.begin(ctx, "Read"); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.templates[project]
	if t == nil {
		return nil, &model.NotFoundError{Kind: model.NotFoundProject, Project: project}
	}
	contents, err := template.Parse(t, p.envs[project])
	if err != nil {
		return nil, err
	}
	if contents, err = template.Parse(t, p.envs[project].With(published(contents))); err != nil {
		return nil, err
	}
	name := "stowage-" + project + "-0"
	return &projects.View{Contents: *contents, Live: maps.Clone(p.Drifted), Stacks: []projects.Stack{
		{
			Name:     name,
			ID:       "arn:aws:cloudformation:eu-west-1:111122223333:stack/" + name + "/1",
			Status:   "UPDATE_COMPLETE",
			Revision: 7,
			Usage:    contents.Usage,
		},
	}}, nil
}

// published returns the outputs for the users' access keys. The id of a key contains its slot and
// creation time.
func published(contents *template.Contents) map[string]string {
	outputs := map[string]string{}
	for _, user := range contents.Users {
		if user.AccessKey == nil {
			continue
		}
		value := "secret=arn:aws:secretsmanager:eu-west-1:111122223333:secret:" + template.SecretName(
			contents.Env.Project, user.Name,
		) + "-AbCdEf"
		for slot, key := range user.AccessKey.Keys {
			value += fmt.Sprintf(" %s=AKIA%s%d", slot, slot, key.Created.Unix())
		}
		outputs[template.UserOutput(user.Name)] = value
	}
	return outputs
}

// Hub implements entity.Projects.
func (p *Projects) Hub(ctx context.Context) (projects.HubLocation, error) {
	return p.Location, p.begin(ctx, "Hub")
}

// Health implements entity.Projects.
func (p *Projects) Health(ctx context.Context) (*projects.HubHealth, error) {
	health := &projects.HubHealth{Name: "stowage", Location: p.Location, TableName: "stowage", Relay: p.Relay}
	return health, p.begin(ctx, "Health")
}

// List implements entity.Projects.
func (p *Projects) List(ctx context.Context) ([]model.DirectoryEntry, error) {
	if err := p.begin(ctx, "List"); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var listings []model.DirectoryEntry
	for name, env := range p.envs {
		listings = append(listings, model.DirectoryEntry{Name: name, AccountID: env.AccountID, Region: env.Region})
	}
	return listings, nil
}

func (p *Projects) edit(ctx context.Context, method, project string, change template.Change) error {
	if err := p.begin(ctx, method); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.templates[project]
	if t == nil {
		return &model.NotFoundError{Kind: model.NotFoundProject, Project: project}
	}
	change.Origin = p.Origin
	edited, err := template.Edit(t, p.envs[project], []template.Change{change})
	if err != nil {
		return err
	}
	if edited.Errors[0] != nil {
		return edited.Errors[0]
	}
	p.templates[project] = edited.Template
	p.written = append(p.written, change.Entity)
	return nil
}

// gone is an entity with an id only.
type gone struct{ id model.ID }

func (g gone) ID() model.ID              { return g.id }
func (g gone) Problems() []model.Problem { return nil }

// optionsOf returns the options of a write. Other callers create with their own incarnation.
func optionsOf(options []projects.WriteOption) projects.WriteOptions {
	o := projects.WriteOptions{Incarnation: "by-another"}
	for _, set := range options {
		set(&o)
	}
	return o
}

// Create implements entity.Projects.
func (p *Projects) Create(ctx context.Context, project string, e model.Entity, options ...projects.WriteOption) error {
	return p.edit(
		ctx, "Create", project,
		template.Change{Op: template.Create, Entity: e, Incarnation: optionsOf(options).Incarnation},
	)
}

// TakesOver implements entity.Projects.
func (p *Projects) TakesOver(view *projects.View, e model.Entity) bool {
	return view.Contents.TakesOver(e, p.Origin)
}

// Credentials implements entity.Projects. The only secret is that of the user partner.
func (p *Projects) Credentials(ctx context.Context, secretARN string) (account.AccessKey, error) {
	if err := p.begin(ctx, "Credentials"); err != nil {
		return account.AccessKey{}, err
	}
	if secretARN != SecretARN {
		return account.AccessKey{}, account.ErrNotAnAccessKey
	}
	return account.AccessKey{ID: "AKIAPARTNER", Secret: "a-secret", UserName: "acme-partner", Region: "eu-west-1"}, nil
}

// SecretARN is the ARN of the secret of the user partner.
const SecretARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:stowage/acme/partner-AbCdEf"

// Update implements entity.Projects.
func (p *Projects) Update(
	ctx context.Context, project string, planned model.Entity, options ...projects.WriteOption,
) error {
	o := optionsOf(options)
	if o.Repair {
		delete(p.Drifted, planned.ID())
	}
	change := template.Change{
		Op: template.Update, Entity: planned, Prior: o.Prior, Incarnation: o.Incarnation, AnyIncarnation: !o.Held,
	}
	if o.Prior != nil {
		change.Target = planned
	}
	before, ok := o.Prior.(model.User)
	if !ok {
		return p.edit(ctx, "Update", project, change)
	}
	for _, step := range model.KeySteps(before, planned.(model.User)) { //nolint:forcetypeassert // as prior is
		change.Entity = step
		if err := p.edit(ctx, "Update", project, change); err != nil {
			return err
		}
		change.Prior = step
	}
	return nil
}

// Delete implements entity.Projects.
func (p *Projects) Delete(ctx context.Context, project string, id model.ID, options ...projects.WriteOption) error {
	o := optionsOf(options)
	return p.edit(ctx, "Delete", project, template.Change{
		Op: template.Delete, Entity: gone{id}, Incarnation: o.Incarnation, AnyIncarnation: !o.Held,
	})
}

// Existing implements entity.Projects: Exist are the buckets that exist, by physical name.
func (p *Projects) Existing(ctx context.Context, _, _, bucket string) (*template.Live, error) {
	if err := p.begin(ctx, "Existing"); err != nil {
		return nil, err
	}
	live := p.Exist[bucket]
	if live == nil {
		return nil, &account.UnadoptableError{
			Bucket: bucket, Missing: true, Cause: "There is no bucket " + bucket + ".", Remedy: "Check the ID.",
		}
	}
	return live, nil
}

// CheckDrift implements entity.Projects.
func (p *Projects) CheckDrift(ctx context.Context, _ string) error { return p.begin(ctx, "CheckDrift") }

// DetectDrift implements entity.Projects: Drifted is what is found.
func (p *Projects) DetectDrift(
	ctx context.Context, project string, progress func(string),
) ([]projects.StackDrift, error) {
	if err := p.begin(ctx, "DetectDrift"); err != nil {
		return nil, err
	}
	found := projects.StackDrift{Stack: "stowage-" + project + "-0"}
	progress(found.Stack + ": comparing with AWS")
	for _, differences := range p.Drifted {
		found.Differences = append(found.Differences, differences...)
	}
	return []projects.StackDrift{found}, nil
}

// MissingKeys implements entity.Projects: Missing are the slots.
func (p *Projects) MissingKeys(ctx context.Context, _, user string) ([]model.Slot, error) {
	return p.Missing[user], p.begin(ctx, "MissingKeys")
}

// Unmanaged implements entity.Projects.
func (p *Projects) Unmanaged(ctx context.Context, _ string) ([]string, error) {
	return slices.Sorted(maps.Keys(p.Exist)), p.begin(ctx, "Unmanaged")
}

// Adopt implements entity.Projects.
func (p *Projects) Adopt(ctx context.Context, project string, a projects.Adoption) error {
	view, err := p.Read(ctx, project)
	if err != nil {
		return err
	}
	if err := p.edit(ctx, "Adopt", project, template.Change{
		Op:          template.Adopt,
		Entity:      a.Live.Entity(view.Contents.Env, a.Planned.Name, a.Planned.UnmodeledSettings),
		Live:        a.Live,
		Incarnation: a.Incarnation,
	}); err != nil {
		return err
	}
	return p.Update(ctx, project, a.Planned, projects.As(a.Incarnation), projects.From(a.Prior))
}

// CreateProject implements entity.Projects.
func (p *Projects) CreateProject(ctx context.Context, project model.Project, options ...projects.WriteOption) error {
	p.mu.Lock()
	if _, ok := p.templates[project.Name]; !ok {
		p.templates[project.Name] = template.Seed(template.RevisionMarkerName(project.Name, 0), "test")
		p.envs[project.Name] = template.Env{
			Project: project.Name, AccountID: project.AccountID, Region: project.Region, Partition: "aws",
			Shared: template.Shared{
				KeyARN:       "arn:aws:kms:" + project.Region + ":" + project.AccountID + ":key/1",
				SFTPServerID: "s-0123456789abcdef0",
			},
		}
	}
	p.mu.Unlock()
	return p.edit(ctx, "CreateProject", project.Name, template.Change{
		Op: template.Create, Entity: project, Incarnation: optionsOf(options).Incarnation,
	})
}

// UpdateProject implements entity.Projects.
func (p *Projects) UpdateProject(ctx context.Context, planned model.Project, options ...projects.WriteOption) error {
	o := optionsOf(options)
	if o.Repair {
		delete(p.Drifted, planned.ID())
	}
	return p.edit(ctx, "UpdateProject", planned.Name, template.Change{
		Op: template.Update, Entity: planned, Prior: o.Prior, Incarnation: o.Incarnation, AnyIncarnation: !o.Held,
	})
}

// DeleteProject implements entity.Projects.
func (p *Projects) DeleteProject(ctx context.Context, name string, options ...projects.WriteOption) error {
	o := optionsOf(options)
	err := p.edit(ctx, "DeleteProject", name, template.Change{
		Op: template.Delete, Entity: model.Project{Name: name}, Incarnation: o.Incarnation, AnyIncarnation: !o.Held,
	})
	if err == nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.templates, name)
		delete(p.envs, name)
	}
	return err
}

// Rewrite edits a project's template by hand: it replaces every from by to.
func (p *Projects) Rewrite(project, from, to string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	t, err := template.Decode(bytes.ReplaceAll(p.templates[project].Encode(), []byte(from), []byte(to)))
	if err == nil {
		p.templates[project] = t
	}
	return err
}

// Written returns the entities of all changes so far.
func (p *Projects) Written() []model.Entity {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.written
}

// AccessBlock implements entity.Projects: nothing is blocked.
func (p *Projects) AccessBlock(ctx context.Context, _ model.Project) (account.AccessBlock, error) {
	return account.AccessBlock{}, p.begin(ctx, "AccessBlock")
}

// Warnings implements entity.Projects.
func (p *Projects) Warnings() []projects.Warning {
	p.mu.Lock()
	defer p.mu.Unlock()
	pending := p.Pending
	p.Pending = nil
	return pending
}
