package entity

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

// warnings returns the pending warnings as diagnostics. Each is reported once, by the write that ends next.
func (s *Services) warnings() diag.Diagnostics {
	var diags diag.Diagnostics
	for _, w := range s.Projects.Warnings() {
		diags.Append(Warning(w))
	}
	return diags
}

// Warning is the diagnostic of a warning.
func Warning(w projects.Warning) diag.Diagnostic {
	return diag.NewWarningDiagnostic(w.Summary(), w.Detail())
}
