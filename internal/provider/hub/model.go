package hub

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/hub"
)

// Model is the model of stowage_hub in state, plan and configuration.
type Model struct {
	entity.Base
	entity.Timed
	entity.Tagged
	Name                types.String `tfsdk:"name"`
	OrganizationID      types.String `tfsdk:"organization_id"`
	AccountIDs          types.Set    `tfsdk:"account_ids"`
	Live                types.Object `tfsdk:"live"`
	Operators           types.Object `tfsdk:"operators"`
	DriftCheckHours     types.Int64  `tfsdk:"drift_check_hours"`
	AlarmActions        types.Set    `tfsdk:"alarm_actions"`
	RelayPackage        types.String `tfsdk:"relay_package"`
	AllowRelayDowngrade types.Bool   `tfsdk:"allow_relay_downgrade"`
	TableName           types.String `tfsdk:"table_name"`
	EventBusARN         types.String `tfsdk:"event_bus_arn"`
	WebSocketURL        types.String `tfsdk:"websocket_url"`
	BoardURL            types.String `tfsdk:"board_url"`
	OperatorRoleARN     types.String `tfsdk:"operator_role_arn"`
	PlannerRoleARN      types.String `tfsdk:"planner_role_arn"`
	RelayVersion        types.String `tfsdk:"relay_version"`
}

// The nested attributes.
type (
	live struct {
		OIDCIssuer      types.String `tfsdk:"oidc_issuer"`
		OIDCClientID    types.String `tfsdk:"oidc_client_id"`
		OIDCAudience    types.Set    `tfsdk:"oidc_audience"`
		ProjectsClaim   types.String `tfsdk:"projects_claim"`
		BoardDomain     types.Object `tfsdk:"board_domain"`
		WebSocketDomain types.Object `tfsdk:"websocket_domain"`
	}
	domain struct {
		Name           types.String `tfsdk:"name"`
		CertificateARN types.String `tfsdk:"certificate_arn"`
	}
	operators struct {
		HCPTerraform  types.Object `tfsdk:"hcp_terraform"`
		GitHubActions types.Object `tfsdk:"github_actions"`
		Principals    types.Set    `tfsdk:"principals"`
	}
	hcpTerraform struct {
		Organization types.String `tfsdk:"organization"`
		Workspaces   types.Set    `tfsdk:"workspaces"`
	}
	gitHubActions struct {
		Repositories types.Set `tfsdk:"repositories"`
	}
)

var (
	stringSet   = types.SetType{ElemType: types.StringType}
	domainTypes = map[string]attr.Type{"name": types.StringType, "certificate_arn": types.StringType}
	liveTypes   = map[string]attr.Type{
		"oidc_issuer": types.StringType, "oidc_client_id": types.StringType, "oidc_audience": stringSet,
		"projects_claim": types.StringType, "board_domain": types.ObjectType{AttrTypes: domainTypes},
		"websocket_domain": types.ObjectType{AttrTypes: domainTypes},
	}
	hcpTypes      = map[string]attr.Type{"organization": types.StringType, "workspaces": stringSet}
	gitHubTypes   = map[string]attr.Type{"repositories": stringSet}
	operatorTypes = map[string]attr.Type{
		"hcp_terraform":  types.ObjectType{AttrTypes: hcpTypes},
		"github_actions": types.ObjectType{AttrTypes: gitHubTypes},
		"principals":     stringSet,
	}
)

// as reads a nested attribute into a struct; ok is false for null and unknown.
func as(ctx context.Context, from types.Object, into any, diags *diag.Diagnostics) (ok bool) {
	if !entity.Known(from) {
		return false
	}
	diags.Append(from.As(ctx, into, basetypes.ObjectAsOptions{})...)
	return true
}

// settingsOf returns the settings in a model. Unknown and null values become zero values.
func settingsOf(ctx context.Context, m *Model, tags map[string]string) (hub.Settings, diag.Diagnostics) {
	var diags diag.Diagnostics
	s := hub.Settings{
		Name: m.Name.ValueString(), OrganizationID: m.OrganizationID.ValueString(), AccountIDs: entity.Strings(m.AccountIDs),
		AlarmActions: entity.Strings(m.AlarmActions), Tags: tags,
	}
	if hours := m.DriftCheckHours; entity.Known(hours) && hours.ValueInt64() != hub.DefaultDriftCheckHours {
		s.DriftCheckHours = new(int(hours.ValueInt64()))
	}
	var l live
	if as(ctx, m.Live, &l, &diags) {
		s.Live = &hub.Live{
			OIDCIssuer: l.OIDCIssuer.ValueString(), OIDCClientID: l.OIDCClientID.ValueString(),
			OIDCAudience: entity.Strings(l.OIDCAudience), ProjectsClaim: l.ProjectsClaim.ValueString(),
			BoardDomain:     domainOf(ctx, l.BoardDomain, &diags),
			WebSocketDomain: domainOf(ctx, l.WebSocketDomain, &diags),
		}
		if slices.Equal(s.Live.OIDCAudience, []string{s.Live.OIDCClientID}) {
			s.Live.OIDCAudience = nil
		}
		if s.Live.ProjectsClaim == hub.DefaultProjectsClaim {
			s.Live.ProjectsClaim = ""
		}
	}
	var o operators
	if as(ctx, m.Operators, &o, &diags) {
		s.Operators.Principals = entity.Strings(o.Principals)
		var hcp hcpTerraform
		if as(ctx, o.HCPTerraform, &hcp, &diags) {
			s.Operators.HCPTerraform = &hub.HCPTerraform{
				Organization: hcp.Organization.ValueString(), Workspaces: entity.Strings(hcp.Workspaces),
			}
		}
		var github gitHubActions
		if as(ctx, o.GitHubActions, &github, &diags) {
			s.Operators.GitHubActions = &hub.GitHubActions{Repositories: entity.Strings(github.Repositories)}
		}
	}
	return s, diags
}

func domainOf(ctx context.Context, value types.Object, diags *diag.Diagnostics) *hub.Domain {
	var d domain
	if !as(ctx, value, &d, diags) {
		return nil
	}
	return &hub.Domain{Name: d.Name.ValueString(), CertificateARN: d.CertificateARN.ValueString()}
}

// fillSettings sets the arguments from a hub's settings, except tags.
func fillSettings(m *Model, s hub.Settings) {
	m.Name, m.OrganizationID = types.StringValue(s.Name), entity.Optional(s.OrganizationID)
	m.AccountIDs, m.AlarmActions = entity.StringSet(s.AccountIDs), entity.StringSet(s.AlarmActions)
	m.DriftCheckHours = types.Int64Value(hub.DefaultDriftCheckHours)
	if s.DriftCheckHours != nil {
		m.DriftCheckHours = types.Int64Value(int64(*s.DriftCheckHours))
	}
	m.Live = types.ObjectNull(liveTypes)
	if s.Live != nil {
		m.Live = liveValue(*s.Live)
	}
	switch {
	case s.Operators.Any(), entity.Known(m.Operators): // an empty object stays one
		m.Operators = operatorsValue(s.Operators)
	default:
		m.Operators = types.ObjectNull(operatorTypes)
	}
}

func liveValue(l hub.Live) types.Object {
	audience, claim := l.OIDCAudience, l.ProjectsClaim
	if len(audience) == 0 {
		audience = []string{l.OIDCClientID}
	}
	if claim == "" {
		claim = hub.DefaultProjectsClaim
	}
	return types.ObjectValueMust(liveTypes, map[string]attr.Value{
		"oidc_issuer": types.StringValue(l.OIDCIssuer), "oidc_client_id": types.StringValue(l.OIDCClientID),
		"oidc_audience": entity.StringSet(audience), "projects_claim": types.StringValue(claim),
		"board_domain": domainValue(l.BoardDomain), "websocket_domain": domainValue(l.WebSocketDomain),
	})
}

func domainValue(d *hub.Domain) types.Object {
	if d == nil {
		return types.ObjectNull(domainTypes)
	}
	return types.ObjectValueMust(domainTypes, map[string]attr.Value{
		"name": types.StringValue(d.Name), "certificate_arn": types.StringValue(d.CertificateARN),
	})
}

func operatorsValue(o hub.Operators) types.Object {
	hcp, github := types.ObjectNull(hcpTypes), types.ObjectNull(gitHubTypes)
	if o.HCPTerraform != nil {
		hcp = types.ObjectValueMust(hcpTypes, map[string]attr.Value{
			"organization": types.StringValue(o.HCPTerraform.Organization),
			"workspaces":   entity.StringSet(o.HCPTerraform.Workspaces),
		})
	}
	if o.GitHubActions != nil {
		github = types.ObjectValueMust(gitHubTypes, map[string]attr.Value{
			"repositories": entity.StringSet(o.GitHubActions.Repositories),
		})
	}
	return types.ObjectValueMust(operatorTypes, map[string]attr.Value{
		"hcp_terraform": hcp, "github_actions": github, "principals": entity.StringSet(o.Principals),
	})
}
