package projectbucket

import (
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// warnOfDeleted warns that applying creates a bucket again that was deleted in AWS, with its data.
func warnOfDeleted(p *entity.PlanRequest[Model]) diag.Diagnostics {
	if p.View == nil || p.State.Drift.IsNull() {
		return nil
	}
	drift := p.View.LiveDriftOf(model.Bucket{Name: p.State.Name.ValueString()}.ID())
	if !slices.ContainsFunc(drift, func(d template.LiveDifference) bool {
		return d.Deleted() && d.Type == "AWS::S3::Bucket"
	}) {
		return nil
	}
	return diag.Diagnostics{diag.NewWarningDiagnostic("Project Bucket Was Deleted Outside of Terraform", fmt.Sprintf(
		"The bucket %s was deleted in AWS, and everything in it with it. Applying this plan creates it again, empty.",
		p.State.BucketName.ValueString(),
	))}
}
