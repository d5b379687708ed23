package projectbucket

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

func adoption() *entity.Adoption[Model] {
	return &entity.Adoption[Model]{
		Physical: "bucket_name",
		Name:     nameFor,
		Sources:  sources,
		Fields: func(m *Model) entity.AdoptionFields {
			return entity.AdoptionFields{Physical: &m.BucketName, Managed: &m.Managed, Unmodeled: &m.UnmodeledSettings}
		},
		Plan: planAdoption,
	}
}

// planAdoption tells what the adoption of a bucket does besides what the attributes show. there is
// the bucket as it exists.
func planAdoption(p *entity.PlanRequest[Model], there model.Bucket) diag.Diagnostics {
	var diags diag.Diagnostics
	bucket := fmt.Sprintf("The bucket %s", there.BucketName)
	diags.Append(planUnmodeled(p, there)...)
	if p.Plan.OnDelete.ValueString() == string(model.Empty) {
		diags.AddAttributeError(path.Root("on_delete"), "Unable to Adopt Project Bucket", fmt.Sprintf(
			"%s exists, and on_delete = \"empty\" would let the next destroy delete its data. Nothing was changed.\n\n"+
				"Adopt it with \"refuse\" or \"retain\". If its data is to be deleted with it, apply on_delete = \"empty\" after that.", bucket))
	}
	if there.Adoption.Locked() && entity.Known(p.Plan.Versioning) && !p.Plan.Versioning.ValueBool() {
		diags.AddAttributeError(path.Root("versioning"), "Unable to Adopt Project Bucket", bucket+
			" has object lock, so that its versioning cannot be suspended. Nothing was changed.\n\nSet versioning = true.")
	}
	if diags.HasError() {
		return diags
	}
	diags.AddAttributeWarning(path.Root("managed"), "Project Bucket Will Be Adopted", bucket+
		" exists, and this plan adopts it. The apply imports it into the stack of the project as it is, and then makes it what the plan shows. "+
		"The attribute drift lists the settings that change besides the arguments: what exists, and what it becomes. "+
		"Objects, versions and their locks stay as they are."+describeMove(p))
	return append(diags, warnOfExpiration(p, there)...)
}

// planUnmodeled lists the settings that the model cannot express. The summaries name the bucket:
// Terraform shows only one of several warnings with the same summary.
func planUnmodeled(p *entity.PlanRequest[Model], there model.Bucket) diag.Diagnostics {
	var diags diag.Diagnostics
	words := there.Adoption.Unmodeled()
	if len(words) == 0 || p.Plan.UnmodeledSettings.IsUnknown() {
		return diags
	}
	at, settings := path.Root("unmodeled_settings"), "- "+strings.Join(words, "\n- ")
	switch mode := model.Unmodeled(p.Plan.UnmodeledSettings.ValueString()); {
	case mode == model.KeepUnmodeled:
		diags.AddAttributeWarning(at, fmt.Sprintf("Unmodeled Settings of %s Will Be Kept", there.BucketName), fmt.Sprintf(
			"The bucket %s has settings that the arguments cannot express. They stay as they are, and are not compared with the configuration:\n%s",
			there.BucketName,
			settings,
		))
	case mode == model.RemoveUnmodeled && there.Adoption.Locked():
		diags.AddAttributeError(at, "Unable to Adopt Project Bucket", fmt.Sprintf(
			"The bucket %s has object lock without a default retention in days. Object lock can never be removed. Nothing was changed.\n\n"+
				"Set unmodeled_settings = \"keep\", or a default retention in days for the bucket.",
			there.BucketName,
		))
	case mode == model.RemoveUnmodeled:
		diags.AddAttributeWarning(at, fmt.Sprintf("Unmodeled Settings of %s Will Be Removed", there.BucketName), fmt.Sprintf(
			"The bucket %s has settings that the arguments cannot express. The apply REMOVES them:\n%s",
			there.BucketName,
			settings,
		))
	default:
		diags.AddAttributeError(at, "Unable to Adopt Project Bucket", fmt.Sprintf(
			"The bucket %s has settings that the arguments cannot express:\n%s\n\nNothing was changed. "+
				"Set unmodeled_settings = \"keep\" to keep them as they are, or \"remove\" to remove them.", there.BucketName, settings))
	}
	return diags
}

// warnOfExpiration says which data lifecycle rules delete, and which of these rules are new.
func warnOfExpiration(p *entity.PlanRequest[Model], there model.Bucket) diag.Diagnostics {
	var diags diag.Diagnostics
	planned, ok := lifecycleOf(p.Plan.LifecycleRules)
	if !ok {
		return diags
	}
	var texts []string
	for _, rule := range []struct {
		what          string
		days, present int64
	}{
		{"objects %d days after they were written", planned.ExpireAfterDays, there.Lifecycle.ExpireAfterDays},
		{"noncurrent versions after %d days", planned.ExpireNoncurrentAfterDays, there.Lifecycle.ExpireNoncurrentAfterDays},
		{"unfinished uploads after %d days", planned.AbortMultipartAfterDays, there.Lifecycle.AbortMultipartAfterDays},
	} {
		if rule.days == 0 {
			continue
		}
		text := "- " + fmt.Sprintf(rule.what, rule.days)
		switch {
		case rule.present == 0:
			text += " (new: the bucket deletes none of them now)"
		case rule.present != rule.days:
			text += fmt.Sprintf(" (after %d days now)", rule.present)
		default:
			text += " (as now)"
		}
		texts = append(texts, text)
	}
	if len(texts) > 0 {
		diags.AddAttributeWarning(
			path.Root("lifecycle_rules"),
			fmt.Sprintf("Lifecycle Rules of %s Will Delete Data", there.BucketName),
			fmt.Sprintf(
				"Once it is adopted, the lifecycle rules of the bucket %s delete, also of the data that it holds already:\n%s",
				there.BucketName, strings.Join(texts, "\n")),
		)
	}
	return diags
}
