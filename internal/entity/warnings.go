package entity

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/unchanged"
)

type pendingWarnings struct{}

// warningsOfRead returns the pending warnings as diagnostics, the same ones throughout a call of
// Terraform.
func (s *Services) warningsOfRead(ctx context.Context) diag.Diagnostics {
	return slices.Clone(unchanged.Once(ctx, pendingWarnings{}, s.warnings))
}

// warnings returns the pending warnings as diagnostics. The next write that ends reports each once.
func (s *Services) warnings() diag.Diagnostics {
	var diags diag.Diagnostics
	for _, w := range s.Projects.Warnings() {
		diags.Append(Warning(w))
	}
	return diags
}

// Warning returns the diagnostic of a warning.
func Warning(w projects.Warning) diag.Diagnostic {
	return diag.NewWarningDiagnostic(w.Summary(), w.Detail())
}

// copies warns about copies of an object's AWS resources that a person added to a template of the
// project.
func (o *Object[M]) copies(view *projects.View, n name) diag.Diagnostics {
	ids := view.Contents.CopiesOf(o.id(n))
	if len(ids) == 0 {
		return nil
	}
	return diag.Diagnostics{diag.NewWarningDiagnostic("Copied Resource in the Project's Template", fmt.Sprintf(
		"The metadata of these resources in the template of the project %q refers to the %s %q, but it does not have resources of these names: %s. "+
			"They were added by hand. Stowage neither changes nor deletes them.\n\nRemove the key Stowage from their Metadata to keep them without this warning.",
		n.project(),
		strings.ToLower(o.Title),
		n.String(),
		strings.Join(ids, ", "),
	))}
}
