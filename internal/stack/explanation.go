package stack

import (
	"fmt"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Explain implements model.Explainer.
func (e *ChangedError) Explain() model.Explanation {
	return model.Explanation{
		Cause:  fmt.Sprintf("The stack %s has changed since it was read, so it was not deleted.", e.Stack),
		Remedy: "Apply again.",
	}
}
