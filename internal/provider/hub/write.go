package hub

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/hubs"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// read sets all attributes.
func read(ctx context.Context, s *entity.Services, m *Model) (exists bool, err error) {
	h, err := find(ctx, s, m)
	if h == nil || err != nil {
		return false, err
	}
	fill(s, m, h)
	m.Drift = entity.Optional(strings.Join(h.Drift, "\n"))
	return true, nil
}

// find reads the hub of a model; nil if it was deleted. A hub that is missing in another account or
// Region than that of the state was not: Terraform would create it again.
func find(ctx context.Context, s *entity.Services, m *Model) (*hubs.Hub, error) {
	h, err := s.Hubs.Read(ctx, m.Name.ValueString())
	var missing *hubs.NotFoundError
	if !errors.As(err, &missing) {
		return h, err //nolint:wrapcheck // it explains itself
	}
	bus, noARN := arn.Parse(m.EventBusARN.ValueString())
	if noARN != nil { // an import, or a hub without its stack
		if m.ID.IsNull() {
			return nil, err //nolint:wrapcheck // it explains itself
		}
		return nil, nil
	}
	if bus.AccountID != missing.Place.AccountID || bus.Region != missing.Place.Region {
		return nil, otherPlace(m.Name.ValueString(), bus, missing.Place)
	}
	return nil, nil
}

// otherPlace is the error for a hub that is looked for in another account or Region than its own.
func otherPlace(name string, bus arn.ARN, at hub.Place) error {
	own := projects.HubLocation{AccountID: bus.AccountID, Region: bus.Region}
	used := projects.HubLocation{AccountID: at.AccountID, Region: at.Region}
	return &model.ExplainedError{
		Text: fmt.Sprintf("the hub %q is in %s, and was looked for in %s", name, own, used),
		Explanation: model.Explanation{
			Cause: fmt.Sprintf("It is in %s. The provider now uses %s, which has no such hub. "+
				"This is not taken for a deletion: Terraform would create the hub again.", own, used),
			Changed: model.ChangedNothing,
			Remedy:  "Check the credentials and the provider arguments profile, assume_role and region.",
		},
	}
}

// fill sets all attributes but drift from a hub.
func fill(s *entity.Services, m *Model, h *hubs.Hub) {
	fillSettings(m, h.Settings)
	m.Fill(s, h.Settings.Tags)
	if m.AllowRelayDowngrade.IsNull() {
		m.AllowRelayDowngrade = allowsNone
	}
	m.TableName, m.EventBusARN = entity.Optional(h.TableName), entity.Optional(h.EventBusARN)
	m.WebSocketURL, m.BoardURL = entity.Optional(h.WebSocketURL), entity.Optional(h.BoardURL)
	m.OperatorRoleARN, m.PlannerRoleARN = entity.Optional(h.OperatorRoleARN), entity.Optional(h.PlannerRoleARN)
	m.RelayVersion = entity.Optional(h.Relay.Version)
}

func (r relays) create(ctx context.Context, s *entity.Services, m *Model) error {
	settings, err := wanted(ctx, m, m.PlannedTags())
	if err != nil {
		return err
	}
	pkg, err := r.deployable(m)
	if err != nil {
		return err
	}
	h, err := s.Hubs.Create(ctx, settings, pkg)
	if err != nil {
		return err //nolint:wrapcheck // it explains itself
	}
	fill(s, m, h)
	return nil
}

// update applies the difference between the prior model and the planned one to the hub as it is now.
func (r relays) update(ctx context.Context, s *entity.Services, prior, m *Model) error {
	pkg, err := r.deployable(m)
	if err != nil {
		return err
	}
	now, err := find(ctx, s, prior)
	if err != nil {
		return err
	}
	if now == nil {
		return deleted
	}
	before, err := wanted(ctx, prior, s.WithoutIgnored(prior.PlannedTags()))
	if err != nil {
		return err
	}
	after, err := wanted(ctx, m, s.Preserve(m.PlannedTags(), now.Settings.Tags))
	if err != nil {
		return err
	}
	merged, conflicts := model.Merge(settings{before}, settings{after}, settings{now.Settings})
	if len(conflicts) > 0 {
		return &model.FieldConflictError{ID: settings{after}.ID(), Conflicts: conflicts}
	}
	result, _ := merged.(settings)
	h, err := s.Hubs.Update(ctx, result.Settings, pkg, m.AllowRelayDowngrade.ValueBool())
	if err != nil {
		return err //nolint:wrapcheck // it explains itself
	}
	written := *h
	written.Settings = after // the next read shows what another writer changed
	fill(s, m, &written)
	return nil
}

// deleted is the error for a hub that was deleted after the plan was made.
var deleted error = &model.ExplainedError{
	Text: "the hub does not exist any more",
	Explanation: model.Explanation{
		Cause:   "It does not exist any more: it was deleted after the plan was made.",
		Changed: model.ChangedNothing,
		Remedy:  "Run plan again: it shows what will be created.",
	},
}

// settings are the settings of a hub in the form that model.Merge takes.
type settings struct{ hub.Settings }

// ID implements model.Entity.
func (s settings) ID() model.ID { return model.ID{Kind: "hub", Name: s.Name} }

// Problems implements model.Entity.
func (s settings) Problems() []model.Problem { return s.Settings.Problems("") }

// wanted returns the settings of a planned model, which has no unknown values.
func wanted(ctx context.Context, m *Model, tags map[string]string) (hub.Settings, error) {
	s, diags := settingsOf(ctx, m, tags)
	if diags.HasError() {
		return s, errors.New(text(diags))
	}
	return s, nil
}

func text(diags diag.Diagnostics) string {
	var texts []string
	for _, d := range diags {
		texts = append(texts, d.Summary()+": "+d.Detail())
	}
	return strings.Join(texts, "; ")
}

// remove deletes the hub of a model.
func remove(ctx context.Context, s *entity.Services, m *Model) error {
	h, err := find(ctx, s, m)
	if h == nil || err != nil {
		return err
	}
	return s.Hubs.Delete(ctx, m.Name.ValueString()) //nolint:wrapcheck // it explains itself
}
