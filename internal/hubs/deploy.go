package hubs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/stack"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Create deploys a new hub. It completes one whose creation was interrupted, and takes over one
// with the same settings. Any other hub or resource that has the name is an *ExistsError. Something
// that cannot be used is a *PrerequisiteError, before anything is made.
func (s *Service) Create(ctx context.Context, settings hub.Settings, p Package) (*Hub, error) {
	return s.deploy(ctx, settings, p, func(d *deployment, r *reading) error { return d.mayCreate(ctx, r) })
}

// Update changes the settings and the relay of a hub, and repairs its template. It returns a
// *NotFoundError without a hub, and a *DowngradeError or a *model.NewerFormatError for a hub of a
// newer version, unless allowDowngrade is set.
func (s *Service) Update(
	ctx context.Context, settings hub.Settings, p Package, allowDowngrade bool,
) (*Hub, error) {
	return s.deploy(ctx, settings, p, func(d *deployment, r *reading) error { return d.mayUpdate(r, allowDowngrade) })
}

// deployment brings a hub to its settings.
type deployment struct {
	*Service
	at       hub.Place
	settings hub.Settings
	relay    Package
	stack    *stack.Stack
	known    *lastKnown
}

// maxOvertaken is how often a deployment starts again because another writer has changed the stack.
const maxOvertaken = 10

// deploy reads the hub, asks whether it may be changed, and changes it. It starts again when
// another writer was faster.
func (s *Service) deploy(
	ctx context.Context, settings hub.Settings, p Package, may func(*deployment, *reading) error,
) (*Hub, error) {
	at, err := s.where(ctx)
	if err != nil {
		return nil, err
	}
	if err := checkPackage(p); err != nil {
		return nil, err
	}
	if problems := settings.Problems(at.Region); len(problems) > 0 {
		return nil, &PrerequisiteError{
			Attribute: problems[0].Field, Cause: model.Sentences(problems[0].Field + ": " + problems[0].Reason),
			Remedy: "Correct the setting.",
		}
	}
	handle := s.handle(settings.Name, at)
	d := &deployment{Service: s, at: at, settings: settings, relay: p, stack: handle.stack, known: handle.known}
	for overtaken := 0; ; overtaken++ {
		read, err := s.read(ctx, settings.Name, at)
		if err != nil {
			return nil, err
		}
		if err := may(d, read); err != nil {
			return nil, err
		}
		deployed, err := d.advance(ctx, read)
		if !model.IsConflict(err, model.ConflictStackChanged) || overtaken == maxOvertaken {
			return deployed, err
		}
	}
}

// mayCreate refuses names that are in use.
func (d *deployment) mayCreate(ctx context.Context, r *reading) error {
	name := d.settings.Name
	exists := func(by string, importable bool) error {
		return &ExistsError{Name: name, Place: d.at, By: by, Importable: importable}
	}
	switch {
	case r.newer != nil:
		return exists("the stack "+hub.StackName(name)+" is a hub of a newer version of Stowage", false)
	case r.deployed == nil:
		by, err := d.leftover(ctx)
		if err != nil || by == "" {
			return err
		}
		return exists(by, false)
	case r.deployed.Relay != (hub.Relay{}) && !same(r.deployed.Settings, d.settings):
		return exists("the stack "+hub.StackName(name)+" is a hub with other settings", true)
	}
	return d.keepsNewer(r)
}

// mayUpdate refuses hubs that do not exist or that are newer.
func (d *deployment) mayUpdate(r *reading, allowDowngrade bool) error {
	switch {
	case r.newer != nil && allowDowngrade:
		return nil
	case r.newer != nil:
		return r.newer
	case r.deployed == nil:
		return &NotFoundError{Name: d.settings.Name, Place: d.at}
	case allowDowngrade:
		return nil
	}
	return d.keepsNewer(r)
}

// keepsNewer refuses to replace a newer relay.
func (d *deployment) keepsNewer(r *reading) error {
	if hub.OlderRelay(d.relay.Relay.Version, r.deployed.Relay.Version) {
		return &DowngradeError{
			Name: d.settings.Name, Deployed: r.deployed.Relay.Version, Wanted: d.relay.Relay.Version,
		}
	}
	return nil
}

// same reports whether two settings have the same values.
func same(a, b hub.Settings) bool {
	left, errLeft := json.Marshal(a)
	right, errRight := json.Marshal(b)
	return errLeft == nil && errRight == nil && bytes.Equal(left, right)
}

// advance makes what is missing: the artifact bucket in a first commit, then the relay's package in
// it, then the rest in a second commit.
func (d *deployment) advance(ctx context.Context, r *reading) (*Hub, error) {
	shared, err := d.prerequisites(ctx, r)
	if err != nil {
		return nil, err
	}
	from, made := r.template, ""
	if r.deployed == nil && r.newer == nil {
		if from, err = d.commit(ctx, from, hub.Foundation(d.at, d.settings)); err != nil {
			return nil, err
		}
		made = "The artifact bucket of the hub was created: the next apply continues from there."
	}
	if r.deployed == nil || r.deployed.Relay.Hash != d.relay.Relay.Hash {
		if err := d.upload(ctx); err != nil {
			return nil, after(err, made)
		}
	}
	want := hub.Compile(d.at, d.settings, d.relay.Relay, shared)
	if _, err := d.commit(ctx, from, want); err != nil {
		return nil, after(err, made)
	}
	return d.result(ctx)
}

// after adds what was made before an error; "" is nothing.
func after(err error, made string) error {
	if made == "" || model.IsConflict(err, model.ConflictStackChanged) {
		return err
	}
	return model.AfterChange(err, made)
}

// commit commits a template on the one that was read, and returns what the stack then has.
func (d *deployment) commit(ctx context.Context, read, want *template.Template) (*template.Template, error) {
	change := hub.Change(d.settings.Name, read, want)
	if err := d.stack.Commit(ctx, change); err != nil {
		return nil, fmt.Errorf("committing the hub %q: %w", d.settings.Name, err)
	}
	return change.Replacement.Next, nil
}

// result returns the hub after the last commit. Its outcome is known, unless another writer has
// changed the stack since.
func (d *deployment) result(ctx context.Context) (*Hub, error) {
	read, err := readingOf(d.known.take(), d.settings.Name, d.at)
	if err == nil && read.deployed == nil {
		read, err = d.read(ctx, d.settings.Name, d.at)
	}
	switch {
	case err != nil:
		return nil, err
	case read.newer != nil:
		return nil, read.newer
	case read.deployed == nil:
		return nil, &NotFoundError{Name: d.settings.Name, Place: d.at}
	}
	return read.hub(d.at), nil
}
