// Package detectdrift implements the action stowage_detect_drift: it compares a project with AWS.
package detectdrift

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// Model is the model of stowage_detect_drift.
type Model struct {
	Project types.String `tfsdk:"project"`
}

// Detection is the action.
type Detection struct{ services *entity.Services }

var _ action.ActionWithConfigure = (*Detection)(nil)

// New returns stowage_detect_drift.
func New() action.Action { return &Detection{} }

// Metadata implements action.Action.
func (*Detection) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_detect_drift"
}

// Schema implements action.Action.
func (*Detection) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Compares all stacks of a project with AWS now, and reports what differs. It changes nothing. " +
			"The mirror keeps the result, so the board and the next plan show it, and applying that plan repairs it. " +
			"See the guide \"Changes outside of Terraform\".",
		Attributes: map[string]schema.Attribute{
			"project": schema.StringAttribute{Required: true, MarkdownDescription: "Name of the project."},
		},
	}
}

// Configure implements action.ActionWithConfigure.
func (d *Detection) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	if req.ProviderData == nil {
		return
	}
	services, ok := req.ProviderData.(*entity.Services)
	if !ok {
		resp.Diagnostics.AddError(
			"Unexpected Provider Data",
			fmt.Sprintf(
				"The action got a %T from the provider, not its services. This is a bug in the provider, please report it.",
				req.ProviderData,
			),
		)
		return
	}
	d.services = services
}

// Invoke implements action.Action.
func (d *Detection) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var m Model
	if resp.Diagnostics.Append(req.Config.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	project := m.Project.ValueString()
	stacks, err := d.services.Projects.DetectDrift(ctx, project, func(line string) {
		resp.SendProgress(action.InvokeProgressEvent{Message: line})
	})
	for _, stack := range stacks {
		for _, line := range report(stack) {
			resp.SendProgress(action.InvokeProgressEvent{Message: line})
		}
	}
	if err != nil {
		attribute, detail := entity.Explained(err)
		if attribute == "" {
			attribute = "project"
		}
		resp.Diagnostics.AddAttributeError(path.Root(attribute), "Unable to Detect Drift", fmt.Sprintf(
			"The project %q could not be compared with AWS. %s", project, detail))
	}
}

// report returns the drift of a stack for display, one line for each difference.
func report(stack projects.StackDrift) []string {
	var lines []string
	for _, difference := range stack.Differences {
		lines = append(lines, difference.String())
	}
	if stack.Omitted > 0 {
		lines = append(lines, fmt.Sprintf("%s: %d more differences", stack.Stack, stack.Omitted))
	}
	var uncovered []string
	for _, name := range slices.Sorted(maps.Keys(stack.Uncovered)) {
		uncovered = append(uncovered, fmt.Sprintf("%d of %s", stack.Uncovered[name], name))
	}
	if len(uncovered) > 0 {
		lines = append(lines, stack.Stack+": not compared: "+strings.Join(uncovered, ", "))
	}
	return lines
}
