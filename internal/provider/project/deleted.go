package project

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// warnOfDeleted warns about what applying cannot bring back of a project's own resources that were
// deleted in AWS.
func warnOfDeleted(p *entity.PlanRequest[Model]) diag.Diagnostics {
	if p.View == nil || p.State.Drift.IsNull() {
		return nil
	}
	var lost []string
	for _, d := range p.View.LiveDriftOf(model.Project{Name: p.State.Name.ValueString()}.ID()) {
		if !d.Deleted() {
			continue
		}
		switch d.Type {
		case "AWS::S3::Bucket":
			lost = append(lost, d.LogicalID+", a bucket, with everything in it. It is created again, empty.")
		case "AWS::Logs::LogGroup":
			lost = append(lost, d.LogicalID+", a log group, with its logs. It is created again, empty.")
		case "AWS::Transfer::Server":
			lost = append(
				lost, d.LogicalID+", the SFTP server, with its users. Another one is created, with another host name and other host keys. "+
					"The users are created on it when their own drift is repaired.",
			)
		}
	}
	if len(lost) == 0 {
		return nil
	}
	return diag.Diagnostics{diag.NewWarningDiagnostic("Resources of Project Were Deleted Outside of Terraform", fmt.Sprintf(
		"These resources of the project %q were deleted in AWS:\n\n* %s\n\nApplying this plan creates them again.",
		p.State.Name.ValueString(), strings.Join(lost, "\n* "),
	))}
}
