package hub

import (
	"context"
	"fmt"
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// problems lists what is invalid in a model.
func problems(ctx context.Context, s *entity.Services, m *Model) ([]model.Problem, diag.Diagnostics) {
	settings, diags := settingsOf(ctx, m, m.PlannedTags())
	var found []model.Problem
	for _, problem := range settings.Problems(s.Region) {
		// Either argument may still become the one that is set.
		if problem.Field == "organization_id" && (m.OrganizationID.IsUnknown() || !known(ctx, m.AccountIDs)) {
			continue
		}
		found = append(found, problem)
	}
	return found, diags
}

// known reports whether a value contains no unknown value.
func known(ctx context.Context, value attr.Value) bool {
	raw, err := value.ToTerraformValue(ctx)
	return err == nil && raw.IsFullyKnown()
}

// plan sets the computed attributes.
func (r relays) plan(ctx context.Context, p *entity.PlanRequest[Model]) diag.Diagnostics {
	m := p.Plan
	diags := planAudience(ctx, m)
	m.TableName = types.StringUnknown()
	if entity.Known(m.Name) {
		m.TableName = types.StringValue(hub.TableName(m.Name.ValueString()))
	}
	m.EventBusARN = types.StringUnknown()
	var prior live
	hadLive := false
	if p.InPlace() {
		m.TableName, m.EventBusARN = p.State.TableName, p.State.EventBusARN
		hadLive = as(ctx, p.State.Live, &prior, &diags)
	}
	var wanted live
	hasLive := as(ctx, m.Live, &wanted, &diags)
	address := func(state func(*Model) types.String, same bool) types.String {
		switch {
		case m.Live.IsNull():
			return types.StringNull()
		case hasLive && hadLive && same:
			return state(p.State)
		}
		return types.StringUnknown()
	}
	m.BoardURL = address(func(s *Model) types.String { return s.BoardURL }, wanted.BoardDomain.Equal(prior.BoardDomain))
	m.WebSocketURL = address(
		func(s *Model) types.String { return s.WebSocketURL }, wanted.WebSocketDomain.Equal(prior.WebSocketDomain),
	)
	m.OperatorRoleARN, m.PlannerRoleARN = types.StringUnknown(), types.StringUnknown()
	if known(ctx, m.Operators) {
		settings, more := settingsOf(ctx, m, nil)
		diags.Append(more...)
		switch {
		case !settings.Operators.Any():
			m.OperatorRoleARN, m.PlannerRoleARN = types.StringNull(), types.StringNull()
		case p.InPlace() && !p.State.OperatorRoleARN.IsNull():
			m.OperatorRoleARN, m.PlannerRoleARN = p.State.OperatorRoleARN, p.State.PlannerRoleARN
		}
	}
	if p.State == nil && entity.Known(m.Name) {
		p.Services.PlansHub(m.Name.ValueString())
	}
	return append(diags, r.planRelay(ctx, p)...)
}

// planAudience sets the default of the audience, the client ID.
func planAudience(ctx context.Context, m *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	var l live
	if !as(ctx, m.Live, &l, &diags) || diags.HasError() || !l.OIDCAudience.IsUnknown() && !l.OIDCAudience.IsNull() {
		return diags
	}
	attributes := m.Live.Attributes()
	attributes["oidc_audience"] = types.SetUnknown(types.StringType)
	if entity.Known(l.OIDCClientID) {
		attributes["oidc_audience"] = entity.StringSet([]string{l.OIDCClientID.ValueString()})
	}
	m.Live, diags = types.ObjectValue(liveTypes, attributes)
	return diags
}

// planRelay plans which version of the relay the hub will have. A plan that changes nothing else
// keeps the relay of a newer provider. One that would replace it by an older one is refused.
func (r relays) planRelay(ctx context.Context, p *entity.PlanRequest[Model]) diag.Diagnostics {
	m := p.Plan
	m.RelayVersion = types.StringUnknown()
	if m.RelayPackage.IsUnknown() {
		return nil
	}
	pkg, err := r.find(m)
	if err != nil {
		return diag.Diagnostics{unusable(m, err)}
	}
	m.RelayVersion = types.StringValue(pkg.Version)
	if !p.InPlace() || m.AllowRelayDowngrade.IsUnknown() || m.AllowRelayDowngrade.ValueBool() {
		return nil
	}
	deployed := p.State.RelayVersion.ValueString()
	if !hub.OlderRelay(pkg.Version, deployed) {
		return nil
	}
	now, diags := settingsOf(ctx, p.State, p.State.PlannedTags())
	wanted, more := settingsOf(ctx, m, m.PlannedTags())
	diags.Append(more...)
	if reflect.DeepEqual(now, wanted) && p.State.Drift.IsNull() && known(ctx, m.Live) && known(ctx, m.Operators) {
		m.RelayVersion = p.State.RelayVersion
		diags.AddWarning("Hub Has a Newer Relay", fmt.Sprintf(
			"The relay of the hub %q has version %s, and this provider deploys %s. It is kept.\n\n"+
				"Use the newer version of the provider for changes of the hub.",
			m.Name.ValueString(), deployed, pkg.Version))
		return diags
	}
	diags.AddAttributeError(path.Root("relay_version"), "Unable to Downgrade Hub", fmt.Sprintf(
		"The relay of the hub %q has version %s, and this provider would replace it by %s. Nothing was changed.\n\n"+
			"Use the version of the provider that deployed it, or a newer one. To downgrade the relay, set allow_relay_downgrade = true.",
		m.Name.ValueString(), deployed, pkg.Version))
	return diags
}
