package hub

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
)

// DataModel is the model of the data source stowage_hub.
type DataModel struct {
	ID        types.String `tfsdk:"id"`
	Name      types.String `tfsdk:"name"`
	AccountID types.String `tfsdk:"account_id"`
	Region    types.String `tfsdk:"region"`
	TableName types.String `tfsdk:"table_name"`
	Healthy   types.Bool   `tfsdk:"healthy"`
	Health    *Health      `tfsdk:"health"`
}

// Health is what the relay recorded about itself.
type Health struct {
	RelayVersion      types.String `tfsdk:"relay_version"`
	LastSweep         types.String `tfsdk:"last_sweep"`
	LastComparison    types.String `tfsdk:"last_comparison"`
	LastEvent         types.String `tfsdk:"last_event"`
	Connections       types.Int64  `tfsdk:"connections"`
	Projects          types.Int64  `tfsdk:"projects"`
	RepairedProjects  types.Int64  `tfsdk:"repaired_projects"`
	Failures          types.Int64  `tfsdk:"failures"`
	LastFailure       types.String `tfsdk:"last_failure"`
	LastFailureReason types.String `tfsdk:"last_failure_reason"`
}

// sweepLate is the age of the last sweep from which a hub is not healthy. Sweeps run every minute,
// and the hub's alarm has the same limit.
const sweepLate = 10 * time.Minute

// NewDataSource returns the data source stowage_hub.
func NewDataSource() datasource.DataSource {
	return entity.NewDataSource(entity.Lookup[DataModel]{
		Name: "hub", Title: "Hub",
		Description: "Provides the hub of the provider argument `hub`, and the health of its relay. The credentials that plan projects can read it.",
		Attributes:  dataAttributes(),
		Read:        readHealth,
	})
}

func dataAttributes() map[string]schema.Attribute {
	health := map[string]schema.Attribute{}
	for name, description := range map[string]string{
		"relay_version":       "Version of the relay that runs.",
		"last_sweep":          "Time of the last sweep, in RFC 3339 format. The relay sweeps every minute: it repairs what was lost, and sends heartbeats to web clients.",
		"last_comparison":     "Time of the last sweep that compared all stacks with the mirror, which happens every 5 minutes. Null before the first.",
		"last_event":          "Time of the last event about a stack, to the minute. Null before the first.",
		"last_failure":        "Time of the last failed sweep. Null if none has failed.",
		"last_failure_reason": "Error of the last failed sweep. Null if none has failed.",
	} {
		health[name] = schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	for name, description := range map[string]string{
		"connections":       "Number of connected web clients at the last sweep.",
		"projects":          "Number of projects at the last comparison.",
		"repaired_projects": "Number of projects for which the mirror was behind at the last comparison. More than a few mean that events do not arrive.",
		"failures":          "Number of failed sweeps since the last successful one.",
	} {
		health[name] = schema.Int64Attribute{Computed: true, MarkdownDescription: description}
	}
	return map[string]schema.Attribute{
		"id":         schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the hub."},
		"name":       schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the hub."},
		"account_id": schema.StringAttribute{Computed: true, MarkdownDescription: "ID of the hub's AWS account."},
		"region":     schema.StringAttribute{Computed: true, MarkdownDescription: "AWS region of the hub."},
		"table_name": schema.StringAttribute{
			Computed: true, MarkdownDescription: "Name of the DynamoDB table that mirrors the projects.",
		},
		"healthy": schema.BoolAttribute{
			Computed:            true,
			MarkdownDescription: "Whether the last sweep succeeded, and is at most 10 minutes ago.",
		},
		"health": schema.SingleNestedAttribute{
			Computed: true, MarkdownDescription: "What the relay recorded about itself. Null if it has not run yet.",
			Attributes: health,
		},
	}
}

func readHealth(ctx context.Context, s *entity.Services, m *DataModel) (diag.Diagnostics, error) {
	found, err := s.Projects.Health(ctx)
	if err != nil {
		return nil, err
	}
	m.ID, m.Name = types.StringValue(found.Name), types.StringValue(found.Name)
	m.AccountID, m.Region = types.StringValue(found.Location.AccountID), types.StringValue(found.Location.Region)
	m.TableName, m.Healthy = types.StringValue(found.TableName), types.BoolValue(false)
	relay := found.Relay
	if relay == nil {
		return nil, nil
	}
	m.Healthy = types.BoolValue(relay.Failures == 0 && time.Since(relay.Swept) <= sweepLate)
	m.Health = &Health{
		RelayVersion: types.StringValue(relay.RelayVersion),
		LastSweep:    timeValue(relay.Swept), LastComparison: timeValue(relay.Compared), LastEvent: timeValue(relay.Event),
		Connections: types.Int64Value(int64(relay.Connections)), Projects: types.Int64Value(int64(relay.Projects)),
		RepairedProjects: types.Int64Value(int64(relay.Repaired)), Failures: types.Int64Value(int64(relay.Failures)),
		LastFailure: timeValue(relay.Failed), LastFailureReason: entity.Optional(relay.Failure),
	}
	return nil, nil
}

// timeValue returns a time in RFC 3339 format, null for the zero time.
func timeValue(at time.Time) types.String {
	if at.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(at.UTC().Format(time.RFC3339))
}
